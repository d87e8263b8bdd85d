// After a rebuild no visit mixes the scripts of one build with the wasm files of another.
import { expect, test, type Page } from '@playwright/test';
import { answered, ask, ready } from './page.ts';
import { engineOf, newEngine, rebuilt } from './rebuilt.ts';
import { type Build, readBuild, serveBuild } from './servers.ts';

/** The engine folders that a page's own requests, and its scripts, name. */
async function enginesIn(page: Page, nth: number, visit: () => Promise<void>): Promise<string[]> {
  const found = new Set<string>();
  page.on('request', (request) => {
    const folder = /\/(engine-\w+)\//.exec(request.url())?.[1];
    if (folder && !request.serviceWorker()) found.add(folder);
  });
  await visit();
  await ready(page);
  await ask(page, 'Hello');
  await answered(page, nth);
  page.removeAllListeners('request');
  return [...found];
}

test('a visit after a rebuild is wholly of one build', async ({ browser }, { project }) => {
  const first = readBuild('dist');
  const second = rebuilt(first);
  let current: Build = first;
  const server = await serveBuild(() => current, project.name === 'isolated');
  const context = await browser.newContext({ baseURL: server.url });
  try {
    const page = await context.newPage();
    const visit = async () => {
      await page.goto('/?model=tiny&temperature=0');
    };
    expect(await enginesIn(page, 1, visit)).toEqual([engineOf(first)]);
    await page.evaluate(async () => (await navigator.serviceWorker.ready).scope);

    current = second;
    // The old page is whole: its own worker, its own wasm file. Then the new one is offered.
    expect(await enginesIn(page, 2, visit)).toEqual([engineOf(first)]);
    const change = page.getByRole('button', { name: 'Reload' });
    const reload = async () => {
      await Promise.all([page.waitForEvent('load'), change.click()]);
    };
    expect(await enginesIn(page, 3, reload)).toEqual([newEngine]);
  } finally {
    await context.close();
    await server.stop();
  }
});
