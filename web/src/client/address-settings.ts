// Sampling that the page's address asks for lies over the saved settings and is never saved itself.
import type { SamplingParams } from '../protocol.ts';
import type { Settings } from './conversation.ts';

export type AddressSampling = Readonly<Partial<SamplingParams>>;

/** The settings that hold now. */
export function withAddress(saved: Settings, address: AddressSampling): Settings {
  return {
    ...saved,
    sampling: { ...saved.sampling, ...address },
    fixedSeed: saved.fixedSeed || address.seed !== undefined,
  };
}

/** What to save after a change, and what still comes from the address: what was not changed. */
export function changedSettings(
  changed: Settings,
  saved: Settings,
  address: AddressSampling,
): { saved: Settings; address: AddressSampling } {
  const still = Object.fromEntries(
    Object.entries(address).filter(
      ([key, value]) =>
        changed.sampling[key as keyof SamplingParams] === value &&
        (key !== 'seed' || changed.fixedSeed),
    ),
  ) as AddressSampling;
  const own = Object.fromEntries(
    Object.keys(still).map((key) => [key, saved.sampling[key as keyof SamplingParams]]),
  );
  return {
    saved: {
      ...changed,
      sampling: { ...changed.sampling, ...own },
      fixedSeed: still.seed === undefined ? changed.fixedSeed : saved.fixedSeed,
    },
    address: still,
  };
}
