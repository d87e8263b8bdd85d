// Attention probabilities of many heads, asked for row by row and held until the run is computed
// again: what a head's matrix and the grid of heads are made of.
import type { LabRun } from './lab-run.ts';

/** One head's probabilities at one position. */
export interface HeadRow {
  /** Position of the first key that is held here. */
  first: number;
  probs: Float32Array;
  /** What goes to position 0, to the position before, to itself, and behind earlier copies of the token. */
  scores: Record<ScoreName, number>;
}

export const scoreNames = ['first', 'before', 'itself', 'repeat'] as const;
export type ScoreName = (typeof scoreNames)[number];

export interface Head {
  layer: number;
  head: number;
}

const keysPerRow = 512;
const rowsPerBatch = 32;
const maxRows = 20_000;

export class HeadRows {
  readonly #run: LabRun;
  #rows = new Map<string, HeadRow>();
  #epoch = -1;

  constructor(run: LabRun) {
    this.#run = run;
  }

  row({ layer, head }: Head, position: number): HeadRow | undefined {
    return this.#epoch === this.#run.epoch
      ? this.#rows.get(`${layer}/${head}/${position}`)
      : undefined;
  }

  /**
   * Asks for what is not there yet of these heads at positions [first, end). Ends early, with what it
   * has, when `signal` says so or the run is computed again.
   */
  async fill(
    heads: readonly Head[],
    first: number,
    end: number,
    {
      signal,
      onProgress,
    }: { signal: AbortSignal; onProgress: (done: number, all: number) => void },
  ): Promise<void> {
    const { epoch } = this.#run;
    if (this.#epoch !== epoch || this.#rows.size > maxRows) this.#rows.clear();
    this.#epoch = epoch;
    const missing = heads.flatMap((head) =>
      Array.from({ length: end - first }, (_, i) => ({ head, position: first + i })).filter(
        ({ position }) => !this.row(head, position),
      ),
    );
    for (let at = 0; at < missing.length; at += rowsPerBatch) {
      if (signal.aborted || this.#run.epoch !== epoch) return;
      const batch = missing.slice(at, at + rowsPerBatch);
      await Promise.all(batch.map(({ head, position }) => this.#read(head, position)));
      onProgress(Math.min(missing.length, at + rowsPerBatch), missing.length);
    }
  }

  async #read(head: Head, position: number): Promise<void> {
    const { trace, tokens, epoch } = this.#run;
    const { probs } = await trace.attention(head.layer, head.head, position);
    if (this.#epoch !== epoch) return;
    const first = Math.max(0, probs.length - keysPerRow);
    const id = tokens[position]?.id;
    const scores = {
      first: probs[0]!,
      before: probs[position - 1] ?? 0,
      itself: probs[position]!,
      repeat: probs.reduce(
        (sum, p, key) => (tokens[key - 1]?.id === id && key > 0 ? sum + p : sum),
        0,
      ),
    };
    this.#rows.set(`${head.layer}/${head.head}/${position}`, {
      first,
      probs: probs.slice(first),
      scores,
    });
  }

  /** (n, n) probabilities of queries and keys [first, first + n); not a number: not there. */
  square(head: Head, first: number, n: number): Float32Array {
    const square = new Float32Array(n * n).fill(NaN);
    for (let query = 0; query < n; ++query) {
      const row = this.row(head, first + query);
      for (let key = 0; row && key <= query; ++key) {
        square[query * n + key] = row.probs[first + key - row.first] ?? NaN;
      }
    }
    return square;
  }

  /** The mean of a score over those of positions [first, end) that are there; not a number: none is. */
  mean(head: Head, score: ScoreName, first: number, end: number): number {
    let sum = 0;
    let n = 0;
    for (let position = first; position < end; ++position) {
      const row = this.row(head, position);
      if (!row) continue;
      sum += row.scores[score];
      n += 1;
    }
    return sum / n;
  }
}
