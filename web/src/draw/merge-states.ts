import type { MergeStep } from '../protocol.ts';

/** Where byte-pair encoding stands behind one join. */
export interface MergeState {
  /** The rank of the join; null: before the first, every unit stands for itself. */
  rank: number | null;
  /** What they are joined to so far, in order. */
  parts: readonly Uint8Array[];
  /** Which of the parts the join has made. */
  made: number;
}

/** Of what encoding joins: single bytes, or characters of a sentencepiece vocabulary. */
export type MergeUnit = 'byte' | 'character';

/** From a token's single units to it. */
export function mergeStates(
  bytes: Uint8Array,
  merges: readonly MergeStep[],
  unit: MergeUnit,
): MergeState[] {
  const begins = (byte: number) => unit === 'byte' || (byte & 0xc0) !== 0x80;
  let starts = [...bytes.keys()].filter((at) => at === 0 || begins(bytes[at]!));
  const state = (rank: number | null, made: number): MergeState => ({
    rank,
    parts: starts.map((start, i) => bytes.subarray(start, starts[i + 1])),
    made,
  });
  const states = [state(null, -1)];
  for (const { pos, rank } of merges) {
    const made = starts.indexOf(pos);
    starts = starts.filter((_, i) => i !== made + 1);
    states.push(state(rank, made));
  }
  return states;
}
