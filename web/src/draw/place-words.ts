// Where a pass stands, in words.
import type { OpInfo, TokenPiece } from '../protocol.ts';
import { tokenLabel } from './token-label.ts';

/** 'token 7 “␣dog”', 'tokens 0 “Once” to 3 “␣time”': positions [first, end). */
export function positionWords(tokens: readonly TokenPiece[], first: number, end: number): string {
  const label = (at: number) => tokenLabel(at, tokens[at]?.bytes ?? new Uint8Array());
  return end - first === 1
    ? `token ${label(first)}`
    : `tokens ${label(first)} to ${label(end - 1)}`;
}

/** 'layer 2 · op 14 of 63 attention': the op behind which a pass stands that has run `cursor` ops. */
export function cursorWords(ops: readonly OpInfo[], cursor: number): string {
  if (cursor === 0) return 'before the first op';
  if (cursor === ops.length) return `complete, all ${cursor} ops`;
  const { layer, name } = ops[cursor - 1]!;
  const at = `op ${cursor} of ${ops.length} ${name}`;
  return layer < 0 ? at : `layer ${layer} · ${at}`;
}
