// How long each op of the plan took, summed over the passes that were timed.
import { rowsOf, workOf } from '../op-work.ts';
import type { OpInfo } from '../protocol.ts';

/** Passes of many rows, and passes of one: they are bounded by different things. */
export type Phase = 'prefill' | 'decode';

/** (nOps) each, summed over the passes in which the op was timed. */
export interface OpTotals {
  ms: Float64Array;
  passes: Float64Array;
  /** Rows that the op worked on. */
  rows: Float64Array;
  /** Weights, keys and values that it read. */
  bytes: Float64Array;
  /** Multiply-adds. */
  macs: Float64Array;
}

export class PassTimes {
  readonly prefill: OpTotals;
  readonly decode: OpTotals;
  readonly #ops: readonly OpInfo[];

  /** `before`: what was timed before. */
  constructor(ops: readonly OpInfo[], before: Record<Phase, OpTotals> | null = null) {
    this.#ops = ops;
    this.prefill = before?.prefill ?? noTotals(ops.length);
    this.decode = before?.decode ?? noTotals(ops.length);
  }

  /** The phase that has been timed: decoding, where both have. */
  get phase(): Phase {
    return this.decode.passes[0]! > 0 || this.prefill.passes[0] === 0 ? 'decode' : 'prefill';
  }

  /** Adds what ops [from, to) took, ms (nOps), in a pass over positions [first, end). */
  add(ms: Float64Array, { first, end }: { first: number; end: number }, from: number, to: number) {
    const pass = { first, rows: end - first, wantsLogits: true };
    const totals = pass.rows === 1 ? this.decode : this.prefill;
    for (let op = from; op < to; ++op) {
      const info = this.#ops[op]!;
      const { bytes, macs } = workOf(info, pass);
      totals.ms[op]! += ms[op]!;
      totals.passes[op]! += 1;
      totals.rows[op]! += rowsOf(info, pass);
      totals.bytes[op]! += bytes;
      totals.macs[op]! += macs;
    }
  }
}

function noTotals(nOps: number): OpTotals {
  const zeros = () => new Float64Array(nOps);
  return { ms: zeros(), passes: zeros(), rows: zeros(), bytes: zeros(), macs: zeros() };
}
