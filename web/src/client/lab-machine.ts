// How fast this machine runs a lab's model.
import type { BenchmarkProgress } from '../protocol.ts';
import type { LabState } from './lab-state.ts';

const tokens = { prompt: 128, generate: 32 };

/** Measures from one thread to all of the page's, in sessions apart, into `run.machine`. */
export async function measureMachine(run: LabState, signal: AbortSignal): Promise<void> {
  const { info, choice } = run.model!;
  const measured = (progress: BenchmarkProgress | null) => {
    run.measuring = progress;
    run.changed();
  };
  measured({ doing: 'getting ready', step: 0, steps: 1, msLeft: null });
  try {
    run.machine = await run.client.benchmark({
      prompt: Math.min(tokens.prompt, info.n_ctx_train >> 1),
      generate: Math.min(tokens.generate, info.n_ctx_train >> 2),
      threads: doublings(choice.nThreads),
      signal,
      onProgress: measured,
    });
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    measured(null);
  }
}

/** 1, 2, 4 ... and n. */
function doublings(n: number): number[] {
  const found: number[] = [];
  for (let each = 1; each < n; each *= 2) found.push(each);
  return [...found, Math.max(1, n)];
}
