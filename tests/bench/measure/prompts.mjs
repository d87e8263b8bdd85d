// The tokens that engines are given: the same ones for all.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, SetupError } from '../../../scripts/setup/process.mjs';

/** n ids from all over the vocabulary: which they are makes no difference to the work. */
export function spreadIds(n, contestants) {
  const nVocab = Math.min(...contestants.map(({ about }) => about.nVocab ?? Infinity), 1 << 15);
  return Array.from({ length: n }, (_, i) => (i * 7919 + 1) % nVocab);
}

/**
 * n tokens of an ordinary text and that text, for engines that take no ids. They begin where their
 * text alone gives the same ids again.
 */
export async function textPrompt(n, contestants) {
  const text = readFileSync(join(root, 'tests/fixtures/text/ordinary.txt'), 'utf8');
  const { tokens } = contestants.find((contestant) => contestant.tokens) ?? {};
  if (!tokens) throw new SetupError('--only wllama-latest: it gives no tokens; add ours');
  for (let start = 0; start < 100; start++) {
    const { again, ...prompt } = await tokens({ text, start, n });
    if (prompt.ids.length < n) break;
    if (again.join() === prompt.ids.join()) return prompt;
  }
  throw new SetupError(`--prompt ${n}: the text has no such piece`);
}
