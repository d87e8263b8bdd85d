// Prefill of a prompt, then decode at that context, by several engines in turns.
import { inTurns, warmUp, withContestants } from './contestants.mjs';
import { readRate } from './programs.mjs';
import { spreadIds, textPrompt } from './prompts.mjs';

const spareTokens = 32; // an engine may want room beyond the last token
const timedTokens = 16; // decoded while every op is timed

/** {entrants: [{name, about, runs: [{prefillMs, decodeMs, load}]}], opTimes, memory, readRate} */
export async function speed(cell, lab) {
  const { prompt, generate, repeats } = cell;
  const result = await withContestants(
    cell,
    lab,
    prompt + generate + spareTokens,
    async (contestants) => {
      const takesText = cell.entrants.some(({ engine }) => engine === 'wllama-latest');
      const start = takesText ? await textPrompt(prompt, contestants) : { ids: [] };
      const ids = [...start.ids, ...spreadIds(prompt + generate + timedTokens, contestants)];
      const work = { ids: ids.slice(0, prompt + generate), prompt, text: start.text };
      for (const { about, run } of contestants) {
        if (!about.warm) await warmUp(() => run(shortened(work, takesText)));
      }
      const runs = await inTurns(contestants, repeats, ({ run }) => run(work));
      const ours = contestants.find((contestant) => contestant.opTimes);
      return {
        entrants: contestants.map(({ name, about }, i) => ({ name, about, runs: runs[i] })),
        memory: await ours?.memory(),
        timedTokens,
        opTimes: await ours?.opTimes({ ...work, ids: ids.slice(0, prompt + timedTokens) }),
      };
    },
  );
  const weights = result.entrants.find(({ about }) => about.weightsBytes)?.about.weightsBytes;
  if (!cell.readRate || !weights) return result;
  return { ...result, readRate: await readRate(weights, cell.entrants[0].threads) };
}

/** The same shape of work, less of it. An engine that takes a text takes all of it. */
function shortened({ ids, prompt, text }, takesText) {
  const n = takesText ? prompt : Math.min(prompt, 128);
  return { ids: [...ids.slice(0, n), ...ids.slice(prompt, prompt + 16)], prompt: n, text };
}
