// Edits go along with their tokens: where a text is cut into other tokens, what an edit is about has
// another position.
import type { Edit, TokenPiece } from '../protocol.ts';
import type { Intervention } from './interventions.ts';
import { commonLength } from './lab-branches.ts';

type Tokens = readonly TokenPiece[];

/**
 * These edits, for the tokens of `to` and not those of `from`: a position becomes that of the same bytes,
 * and part of a token the whole one. A patch stays, since its values were saved at their positions. The
 * same list, if none has moved.
 */
export function movedEdits(
  list: readonly Intervention[],
  from: Tokens,
  to: Tokens,
): readonly Intervention[] {
  const { first, end } = movedEnds(from, to);
  const moved = list.map((one): Intervention => {
    const { edit } = one;
    if (edit.do === 'rope_theta' || edit.do === 'patch') return one;
    const next: Edit = {
      ...edit,
      ...(edit.from === undefined ? {} : { from: first(edit.from) }),
      ...(edit.to === undefined ? {} : { to: end(edit.to) }),
      ...(edit.do === 'mask' ? { keys: [first(edit.keys[0]), end(edit.keys[1])] } : {}),
    };
    return JSON.stringify(next) === JSON.stringify(edit) ? one : { ...one, edit: next };
  });
  return moved.every((one, at) => one === list[at]) ? list : moved;
}

/** Where positions [first, end) of one text are in the other; behind what they share, as far on. */
function movedEnds(from: Tokens, to: Tokens) {
  const same = commonLength(from, to);
  const [ends, others] = [endsOf(from), endsOf(to)];
  const shared = sharedBytes(from, to);
  const last = ends.findLastIndex((end) => end <= shared && others.includes(end));
  const move = (at: number, inOther: (bytes: number) => number) =>
    at <= same ? at : at <= last ? inOther(ends[at]!) : at - last + inOther(ends[last]!);
  return {
    first: (at: number) => move(at, (bytes) => others.findLastIndex((end) => end <= bytes)),
    end: (at: number) => move(at, (bytes) => others.findIndex((end) => end >= bytes)),
  };
}

/** Bytes before each position, and before the end. */
function endsOf(tokens: Tokens): number[] {
  let bytes = 0;
  return [0, ...tokens.map((token) => (bytes += token.bytes.length))];
}

function sharedBytes(a: Tokens, b: Tokens): number {
  const [left, right] = [a, b].map((tokens) => tokens.flatMap(({ bytes }) => [...bytes]));
  const differs = left!.findIndex((byte, at) => byte !== right![at]);
  return differs < 0 ? left!.length : differs;
}
