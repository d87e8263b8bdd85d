// What the tests of recorded runs share: making one, opening it, and a file with another run.json.
import { readFileSync } from 'node:fs';
import { expect, type Browser, type Page } from '@playwright/test';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { openLab, panel, settled, stepTo } from './lab-page.ts';

/** What the run begins with, as a field of the lab's link. */
export const text = '&text=Once+upon+a+time';
/** How many tokens it computes. */
export const tokens = 16;

/** Records the run that a page shows, as its panel Share does it. */
export async function recorded(page: Page): Promise<Buffer> {
  const downloading = page.waitForEvent('download');
  await panel(page, 'Share').getByRole('button', { name: 'Save this run' }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe('run.nirun');
  return readFileSync(await download.path());
}

/** A page with the run that the tests share, computed: drawn, timed, and with an edit. */
export async function liveRun(browser: Browser, baseURL: string, hash: string): Promise<Page> {
  const page = await browser.newPage({ baseURL });
  await openLab(page, hash, '&temperature=0.8&seed=5');
  await page.evaluate(() => window.lab.setEdits([{ do: 'scale', site: 'L.1.z', head: 0, by: 2 }]));
  await stepTo(page, 'token', tokens);
  await settled(page);
  return page;
}

/** That run as a recording. */
export async function makeRun(browser: Browser, baseURL: string): Promise<Buffer> {
  const page = await liveRun(browser, baseURL, `#panels=map,share${text}`);
  const file = await recorded(page);
  await page.close();
  return file;
}

/** Where the page fetches a recording from. */
export const address = '/runs/run.nirun';

/** Opens the lab with a recorded run of this content. Returns what was asked for that is of an engine. */
export async function play(page: Page, content: Buffer | Uint8Array, hash = ''): Promise<string[]> {
  const engine: string[] = [];
  page.context().on('request', (request) => {
    if (/\.(wasm|gguf)(\?|$)|\/engine(-\w+)?\//.test(request.url())) engine.push(request.url());
  });
  await page.context().route(/\.(wasm|gguf)(\?|$)/, (route) => route.abort());
  await page.route(`**${address}`, (route) => route.fulfill({ body: Buffer.from(content) }));
  await page.goto(`/lab.html?run=${encodeURIComponent(address)}${hash}`);
  return engine;
}

/** Drops a file of this content on the page. */
export async function drop(page: Page, content: Buffer): Promise<void> {
  const data = await page.evaluateHandle((bytes) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], 'a.nirun'));
    return transfer;
  }, content.toString('base64'));
  await page.dispatchEvent('body', 'drop', { dataTransfer: data });
}

export const banner = (page: Page) =>
  page.getByRole('region', { name: 'Recorded run', exact: true });

interface RunJson {
  v: number;
  engine?: { commit: string; changed: boolean };
  kept: { values: string[] };
  plan: { ops: unknown[] };
  model: { info: { n_layers: number; n_rot: number } };
  answers: {
    call: string;
    args: { name?: string };
    result: Record<string, [first: number, length: number]>;
  }[];
}

/** The recording with another run.json. */
export function changed(file: Uint8Array, change: (run: RunJson) => void): Uint8Array {
  const parts = unzipSync(file);
  const run = JSON.parse(Buffer.from(parts['run.json']!).toString()) as RunJson;
  change(run);
  return zipSync({ ...parts, 'run.json': strToU8(JSON.stringify(run)) });
}
