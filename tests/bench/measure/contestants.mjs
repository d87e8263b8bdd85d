// Engines side by side on one file, and taking turns.
import { loadavg } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { openEngine } from '../engines/index.mjs';
import { serve } from '../server.mjs';

const warmMs = 3000; // Browsers compile hot functions better after a while.
const pauseMs = 250; // Threads that wait in a spin for more work go to sleep.

/** What an entrant is called in tables; the threads only where they differ. */
export function nameOf({ engine, threads }, entrants) {
  const differ = entrants.some((other) => other.threads !== threads);
  return differ ? `${engine}, ${threads} thread${threads === 1 ? '' : 's'}` : engine;
}

/** Opens all entrants of a cell, hands them to `use`, and closes them. */
export async function withContestants(cell, lab, nCtx, use) {
  const model = lab.pathOf(cell);
  const server = await serve(model);
  const opened = [];
  try {
    for (const entrant of cell.entrants) {
      const name = lab.engineFor(entrant.engine);
      const where = { ...lab, address: server.address, model, threads: entrant.threads, nCtx };
      const handle = await openEngine(name, where);
      opened.push({ ...handle, name: nameOf(entrant, cell.entrants) });
    }
    return await use(opened);
  } finally {
    for (const { close } of opened) await close();
    server.close();
  }
}

/** Lets `act` run until what it runs is compiled well and its memory is there. */
export async function warmUp(act) {
  const start = Date.now();
  do await act();
  while (Date.now() - start < warmMs);
}

/**
 * Runs all contestants in turns, A B C, then C B A, and so on, so that what slows the machine down
 * slows all of them: a list of results for each, in the contestants' order.
 */
export async function inTurns(contestants, repeats, act) {
  const runs = contestants.map(() => []);
  const order = contestants.map((_, i) => i);
  for (let round = 0; round < repeats; round++) {
    for (const i of round % 2 === 0 ? order : order.toReversed()) {
      await setTimeout(pauseMs);
      runs[i].push({ ...(await act(contestants[i])), load: loadavg()[0] });
      process.stdout.write('.');
    }
  }
  process.stdout.write('\n');
  return runs;
}
