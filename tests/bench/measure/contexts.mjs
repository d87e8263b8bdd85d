// Decode at long contexts. The context is filled once; every run goes on from there.
import { inTurns, warmUp, withContestants } from './contestants.mjs';
import { spreadIds } from './prompts.mjs';

/** {contexts: [{context, entrants: [{name, about, runs: [{decodeMs, load}]}]}]} */
export function contexts(cell, lab) {
  const { generate, repeats } = cell;
  const longest = Math.max(...cell.contexts);
  return withContestants(cell, lab, longest + generate, async (contestants) => {
    const ids = spreadIds(longest + generate, contestants);
    const measured = [];
    for (const context of cell.contexts) {
      const decodeFrom = async ({ hold, decode }) => {
        await hold(ids.slice(0, context));
        return { decodeMs: await decode(ids.slice(context, context + generate)) };
      };
      for (const contestant of contestants) await warmUp(() => decodeFrom(contestant));
      const runs = await inTurns(contestants, repeats, decodeFrom);
      const entrants = contestants.map(({ name, about }, i) => ({ name, about, runs: runs[i] }));
      measured.push({ context, entrants });
    }
    return { contexts: measured };
  });
}
