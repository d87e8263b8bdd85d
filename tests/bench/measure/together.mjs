// Several sequences decoded together against one alone. The page holds one conversation, so a worker
// of the benchmark's own drives the engine's C ABI.
/* global window */
import { openTab } from '../engines/tab.mjs';
import { serve } from '../server.mjs';

/** {alone: [ms...], together: [ms...]}, each for `generate` passes. */
export async function together(cell, { browser, pathOf }) {
  const { sequences, context, generate, repeats } = cell;
  const server = await serve(pathOf(cell));
  try {
    const tab = await openTab(browser, `${server.address}/blank`, (page) =>
      page.evaluate(
        (job) =>
          new Promise((resolve, reject) => {
            const worker = new window.Worker('/bench/sequences-worker.mjs', { type: 'module' });
            worker.onmessage = ({ data }) =>
              data.error ? reject(new Error(data.error)) : resolve(data);
            worker.onerror = ({ message }) => reject(new Error(message));
            worker.postMessage(job);
          }),
        { sequences, context, generate, repeats, threads: cell.entrants[0].threads },
      ),
    );
    await tab.close();
    return tab.loaded;
  } finally {
    server.close();
  }
}
