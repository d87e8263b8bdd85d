// What a pass asks of an op: a pure function on the plan's own numbers.
import type { OpInfo } from './protocol.ts';

/** One pass: rows from position `first` on; the last of them may want logits. */
export interface PassRows {
  first: number;
  rows: number;
  wantsLogits: boolean;
}

/** How many of a pass's rows an op works on. */
export function rowsOf(op: OpInfo, { rows, wantsLogits }: PassRows): number {
  return op.logit_rows ? Number(wantsLogits) : rows;
}

/** Bytes of weights, keys and values that it reads, each counted once a pass; multiply-adds. */
export function workOf(op: OpInfo, pass: PassRows): { bytes: number; macs: number } {
  const n = rowsOf(op, pass);
  if (n === 0) return { bytes: 0, macs: 0 };
  const { first } = pass;
  const seen = n * first + (n * (n + 1)) / 2; // positions, over all rows
  return {
    bytes: op.bytes * (op.kind === 'embed' ? n : 1) + op.bytes_per_pos * (first + n),
    macs: op.macs * n + op.macs_per_pos * seen,
  };
}
