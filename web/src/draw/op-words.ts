// One op of the plan in words and numbers: pure functions.
import type { ModelInfo, OpInfo } from '../protocol.ts';
import { bytes as size, count, percent } from './format.ts';

/** What is known of an op for one token. */
export interface OpFacts {
  bytes: number;
  macs: number;
  /** Of this op and all before it. */
  bytesSoFar: number;
  parametersSoFar: number;
  /** Mean of the timed passes; NaN: none was timed. */
  ms: number;
}

/** Parameters that are this op's own; the head's are the embedding's where the file has one for both. */
export function opParameters(op: OpInfo, info: ModelInfo): number {
  if (op.kind === 'embed') return op.n_out * info.n_vocab;
  if (op.kind === 'matmul') return op.logit_rows && info.tied_head ? 0 : op.n_in * op.n_out;
  return op.kind === 'rms_norm' || op.kind === 'bias' ? op.n_out : 0;
}

/** 'Layer 2': where an op stands. */
export function layerWords({ layer }: OpInfo): string {
  return layer < 0 ? 'outside the layers' : `layer ${layer}`;
}

/** '576 → 1536', '576'. */
export function widthWords({ n_in, n_out }: OpInfo): string {
  if (n_in === 0) return `→ ${n_out}`;
  if (n_out === 0 || n_in === n_out) return `${n_in}`;
  return `${n_in} → ${n_out}`;
}

/** One sentence on an op: what it is, and its share of the token. */
export function opWords(ops: readonly OpInfo[], facts: readonly OpFacts[], at: number): string {
  const op = ops[at]!;
  const { bytes, macs, bytesSoFar, parametersSoFar, ms } = facts[at]!;
  const all = facts.at(-1)!.bytesSoFar;
  const total = facts.reduce((sum, each) => sum + (each.ms || 0), 0);
  return [
    `Op ${at + 1} ${op.name}, ${layerWords(op)}: ${op.kind}`,
    ` ${widthWords(op)}${op.type ? ` ${op.type}` : ''}`,
    bytes > 0 ? `, reads ${size(bytes)} (${percent(bytes / all)})` : ', reads no weights',
    macs > 0 ? `, ${count(macs)} multiply-adds` : '',
    Number.isNaN(ms) ? '' : `, ${shortTime(ms)}${total > 0 ? ` (${percent(ms / total)})` : ''}`,
    `. Up to here: ${size(bytesSoFar)}, ${count(parametersSoFar)} parameters.`,
  ].join('');
}

/** '0.0043 ms', '12 ms': two digits, since single ops differ by more from pass to pass. */
export function shortTime(ms: number): string {
  return `${ms < 100 ? Number(ms.toPrecision(2)) : ms.toFixed(0)} ms`;
}
