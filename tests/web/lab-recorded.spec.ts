// A recorded run plays without a model: what it shows is what the engine had, and no engine is fetched.
import { readFileSync } from 'node:fs';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { expect, test, type Browser, type Page } from '@playwright/test';
import { panels } from '../../web/src/elements/lab/panels.ts';
import seriousFaults from './axe.ts';
import { expectNoOverflow, openLab, panel, place, press, settled, stepTo } from './lab-page.ts';
import { chosen, tableRows } from './lab-panel.ts';

const text = '&text=Once+upon+a+time';
const tokens = 16;

/** Records the run that a page shows, as its panel Share does it. */
async function recorded(page: Page): Promise<Buffer> {
  const downloading = page.waitForEvent('download');
  await panel(page, 'Share').getByRole('button', { name: 'Save this run' }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe('run.nirun');
  return readFileSync(await download.path());
}

/** One that the tests share: drawn, timed, and with an edit. */
async function makeRun(browser: Browser, baseURL: string): Promise<Buffer> {
  const page = await browser.newPage({ baseURL });
  await openLab(page, `#panels=map,share${text}`, '&temperature=0.8&seed=5');
  await page.evaluate(() => window.lab.setEdits([{ do: 'scale', site: 'L.1.z', head: 0, by: 2 }]));
  await stepTo(page, 'token', tokens);
  await settled(page);
  const file = await recorded(page);
  await page.close();
  return file;
}

let file: Buffer;

test.beforeAll(async ({ browser }, { project }) => {
  file = await makeRun(browser, project.use.baseURL!);
});

const address = '/runs/run.nirun';

/** Opens the lab with a recorded run of this content. Returns what was asked for that is of an engine. */
async function play(page: Page, content: Buffer | Uint8Array, hash = ''): Promise<string[]> {
  const engine: string[] = [];
  page.context().on('request', (request) => {
    if (/\.(wasm|gguf)(\?|$)|\/engine/.test(request.url())) engine.push(request.url());
  });
  await page.context().route(/\.(wasm|gguf)(\?|$)/, (route) => route.abort());
  await page.route(`**${address}`, (route) => route.fulfill({ body: Buffer.from(content) }));
  await page.goto(`/lab.html?run=${encodeURIComponent(address)}${hash}`);
  return engine;
}

const banner = (page: Page) => page.getByRole('region', { name: 'Recorded run', exact: true });

test('it plays without a model, and no engine is fetched', async ({ page }) => {
  const engine = await play(page, file);
  await settled(page);
  await expect(banner(page)).toContainText(/Glass, 16 tokens, \d{4}-\d\d-\d\d; no model is loaded/);
  await expect(page.getByRole('button', { name: /^Model: No model/ })).toBeVisible();
  await expect(place(page)).toContainText('the recording ends here');
  await expect(panel(page, 'Share')).toBeVisible(); // It has the panels with which it was saved.

  await press(page, 'r');
  expect(await page.evaluate(() => window.lab.tokens.length)).toBe(7);
  await press(page, 'F10');
  await press(page, 'F11');
  await press(page, 'k');
  await press(page, 'k');
  expect(await page.evaluate(() => window.lab.place.end)).toBe(8);
  await press(page, 'j');
  expect(await page.evaluate(() => window.lab.place.end)).toBe(7);
  await page.evaluate(() => window.lab.runTokens(100));
  await settled(page);
  expect(await page.evaluate(() => window.lab.place.end)).toBe(tokens);
  await press(page, 'k');
  await expect(place(page)).toContainText('the recording ends here');
  expect(await page.evaluate(() => window.lab.error)).toBeNull();
  expect(engine).toEqual([]);
});
