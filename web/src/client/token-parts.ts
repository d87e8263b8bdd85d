// What a token is made of, in tokens.
import type { MergeStep } from '../protocol.ts';

/** The ids that a token's last merge joins; null: `merges` do not lead to it. */
export function mergedParts(id: number, merges: readonly MergeStep[]): [number, number] | null {
  const last = merges.at(-1);
  const areTokens = last !== undefined && last.left >= 0 && last.right >= 0;
  return areTokens && last.result === id ? [last.left, last.right] : null;
}
