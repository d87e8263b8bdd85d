// How fast this machine runs a lab's model.
import type { BenchmarkOptions, BenchmarkProgress, BenchmarkResult } from '../protocol.ts';
import type { LabState } from './lab-state.ts';

const tokens = { prompt: 128, generate: 32 };
/** Of two kernel sets, of which one may be slow by far. */
const fewTokens = { prompt: 32, generate: 16 };

/** Measures from one thread to all of the page's, in sessions apart, into `run.machine`. */
export async function measureMachine(run: LabState, signal: AbortSignal): Promise<void> {
  const { choice } = run.model!;
  await measured(
    run,
    signal,
    'machine',
    tokens,
    { threads: doublings(choice.nThreads) },
    (result) => {
      run.machine = result;
    },
  );
}

/** Measures with both kernel sets, by turns, with as many threads as the page uses, into `run.race`. */
export async function raceKernels(
  run: LabState,
  kernels: readonly [string, string],
  signal: AbortSignal,
): Promise<void> {
  const threads = [Math.max(1, run.model!.choice.nThreads)];
  await measured(
    run,
    signal,
    'kernels',
    fewTokens,
    { threads, kernels },
    (result) => (run.race = result),
  );
}

async function measured(
  run: LabState,
  signal: AbortSignal,
  what: 'machine' | 'kernels',
  { prompt, generate }: typeof tokens,
  lanes: BenchmarkOptions,
  use: (result: BenchmarkResult) => void,
): Promise<void> {
  const { n_ctx_train: most } = run.model!.info;
  const tell = (progress: BenchmarkProgress | null) => {
    run.measuring = progress && { ...progress, what };
    run.changed();
  };
  tell({ doing: 'getting ready', step: 0, steps: 1, msLeft: null });
  try {
    const result = await run.client.benchmark({
      prompt: Math.min(prompt, most >> 1),
      generate: Math.min(generate, most >> 2),
      ...lanes,
      signal,
      onProgress: tell,
    });
    use(result);
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    tell(null);
  }
}

/** 1, 2, 4 ... and n. */
function doublings(n: number): number[] {
  const found: number[] = [];
  for (let each = 1; each < n; each *= 2) found.push(each);
  return [...found, Math.max(1, n)];
}
