// Breaks of a run, and what has met one, in words.
import type { Break, BreakHit, OpInfo, TokenPiece } from '../protocol.ts';
import { value } from './format.ts';
import { positionWords } from './place-words.ts';

/** 'before layer 2', 'before op 15 of 88 ffn_norm, layer 0', 'when the norm of L.2.z is above 12'. */
export function breakWords({ at, when = 'always', limit }: Break, ops: readonly OpInfo[]): string {
  if (when === 'norm_above') return `when the norm of ${at} is above ${limit ?? 0}`;
  if (when === 'non_finite') return `when ${at} holds a NaN or an infinity`;
  if (typeof at === 'string') return `behind ${at}`;
  const next = ops[at + 1];
  if (!next) return 'at the end of each pass';
  if (next.layer !== ops[at]!.layer) {
    return next.layer < 0 ? 'behind the last layer' : `before layer ${next.layer}`;
  }
  return `before op ${at + 2} of ${ops.length} ${next.name}, layer ${next.layer}`;
}

/** Why the run stands: 'L.2.z at token 3 “␣time” has a norm of 14.2, above 12'. */
export function hitWords(
  hit: BreakHit,
  breaks: readonly Break[],
  ops: readonly OpInfo[],
  tokens: readonly TokenPiece[],
): string {
  const met = breaks[hit.index];
  const where = `${hit.tap ?? ops[hit.op]!.name} at ${positionWords(tokens, hit.position, hit.position + 1)}`;
  if (met?.when === 'norm_above') {
    return `${where} has a norm of ${value(hit.value)}, above ${met.limit ?? 0}`;
  }
  if (met?.when === 'non_finite') return `${where} holds ${value(hit.value)} at ${hit.element}`;
  return met ? `stopped ${breakWords(met, ops)}` : `stopped behind ${where}`;
}
