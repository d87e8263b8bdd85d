import type { LoadOptions, SamplingParams } from '../protocol.ts';

/** What the page's address asks for. */
export interface PageOptions {
  /** 'tiny', 'default' or an address; null: nothing is asked for. */
  model: string | null;
  /** A recorded run's address, which is played in a model's place. */
  run: string | null;
  load: LoadOptions;
  sampling: Partial<SamplingParams>;
}

/** ?model= ?run= ?threads= ?simd= ?n_ctx= ?temperature= ?seed= ; what is not a usable value is ignored. */
export function pageOptions(search: string): PageOptions {
  const query = new URLSearchParams(search);
  const number = (name: string, min: number, max: number): number | undefined => {
    const text = query.get(name);
    const value = Number(text);
    return text !== null && text !== '' && value >= min && value <= max ? value : undefined;
  };
  const options: PageOptions = {
    model: query.get('model'),
    run: query.get('run'),
    load: {},
    sampling: {},
  };
  const threads = number('threads', 0, 64);
  const nCtx = number('n_ctx', 1, 1 << 20);
  const temperature = number('temperature', 0, 5);
  const seed = number('seed', 0, 2 ** 32 - 1);
  const simd = query.get('simd');
  if (threads !== undefined) options.load.threads = Math.floor(threads);
  if (nCtx !== undefined) options.load.nCtx = Math.floor(nCtx);
  if (simd === 'simd128' || simd === 'relaxed') options.load.simd = simd;
  if (temperature !== undefined) options.sampling.temperature = temperature;
  if (seed !== undefined) options.sampling.seed = Math.floor(seed);
  return options;
}
