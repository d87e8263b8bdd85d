// A browser tab of its own process for an engine that runs in a page.
import { SetupError } from '../../../scripts/setup/process.mjs';

const loadTimeout = 300_000;

/** Opens `url`, then lets `load(page)` make the engine ready: {page, loaded, close()}. */
export async function openTab(browser, url, load) {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  page.setDefaultTimeout(loadTimeout);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()));
  try {
    await page.goto(url);
    const loaded = await load(page);
    return { page, loaded, close: () => context.close() };
  } catch (error) {
    await context.close();
    throw new SetupError([`${url}: ${error.message}`, ...complaints].join('\n  '), {
      cause: error,
    });
  }
}

/** The `open` of an engine that has no page of its own: `load` and `run` are called inside an empty one. */
export function onBlankPage(load, run) {
  return async ({ browser, address, threads, nCtx }) => {
    const options = { threads, nCtx };
    const tab = await openTab(browser, `${address}/blank`, (page) => page.evaluate(load, options));
    return {
      about: tab.loaded,
      close: tab.close,
      run: (work) => tab.page.evaluate(run, work),
    };
  };
}
