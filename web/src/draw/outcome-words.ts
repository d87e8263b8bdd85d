// How an opened experiment came out, in words.
import type { TokenPiece } from '../protocol.ts';
import { visibleText } from './token-label.ts';

interface Outcome {
  same: number;
  of: number;
  given: number;
  first: { position: number; expected: number | null; actual: number | null } | null;
  logits: boolean | null;
  sameModel: boolean;
  sameEngine: boolean;
}

/** 'Reproduced 64 of 64 tokens, and the logits behind them bit for bit.' */
export function outcomeWords(outcome: Outcome, tokens: readonly TokenPiece[]): string {
  const { same, of, given, first, logits } = outcome;
  const behind = given > 0 ? ` behind ${given} that were given` : '';
  const head = `Reproduced ${same} of ${of} tokens${behind}`;
  if (!first) {
    if (logits === null) return `${head}.`;
    return logits
      ? `${head}, and the logits behind them bit for bit.`
      : `${head}, but the logits behind them are others. ${reasonWords(outcome)}`;
  }
  const piece = tokens[first.position];
  const actual =
    first.actual === null
      ? 'there is none'
      : `it is id ${first.actual}${piece ? ` ${visibleText(piece.bytes)}` : ''}`;
  const expected = first.expected === null ? 'another prompt' : `id ${first.expected}`;
  return `${head}. The first difference is at position ${first.position}: expected ${expected}, ${actual}. ${reasonWords(outcome)}`;
}

function reasonWords({ sameModel, sameEngine }: Outcome): string {
  if (!sameModel) return 'The model file is another one than the link’s.';
  if (!sameEngine) return 'The model file is the same; the link was made by another version.';
  return 'The model file and the version are the same.';
}
