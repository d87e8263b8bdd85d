// What is kept of a run unless more is asked for: the richest of these sets that holds enough positions.
import type { Kept, KeepRequest } from '../protocol.ts';
import type { Trace } from './trace.ts';

const maxBytes = 96 * 2 ** 20;
const enoughPositions = 256;

const everyNorm = ['embd', 'L.*.*', 'final_norm'];
const sets: readonly Pick<KeepRequest, 'values' | 'norms'>[] = [
  { values: ['embd', 'L.*.*', 'final_norm', 'logits'], norms: [] },
  {
    values: ['embd', 'L.*.q_rot', 'L.*.z', 'L.*.resid_mid', 'L.*.resid_post', 'final_norm'],
    norms: everyNorm,
  },
  { values: ['embd', 'L.*.q_rot', 'L.*.resid_post', 'final_norm'], norms: everyNorm },
  { values: ['final_norm'], norms: everyNorm },
];

/** Keeps what the model's size allows, and these taps besides; the engine says what that is. */
export async function keepWhatFits(
  trace: Trace,
  nCtx: number,
  besides: readonly string[],
): Promise<Kept> {
  const wanted = Math.min(nCtx, enoughPositions);
  for (const { values, norms } of sets) {
    const request = { values: [...values, ...besides], norms, maxBytes };
    if ((await trace.estimate(request)).positions >= wanted) return trace.keep(request);
  }
  const { norms } = sets.at(-1)!;
  return trace.keep({ values: [...besides], norms, maxBytes });
}
