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
