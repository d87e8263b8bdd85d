// Kept models: never a part of one, never two of one, and a full disk is said to be full.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { place } from './lab-page.ts';
import { chooseModel, open, ready } from './page.ts';
import { serve, serveBody, serveHalf } from './servers.ts';

const body = readFileSync('public/models/glass-qwen2.gguf');

const keptModels = (page: Page) => page.evaluate(() => window.nanoinfer.keptModels());
const storedFiles = (page: Page) =>
  page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('models', { create: true });
    const names: string[] = [];
    for await (const name of folder.keys()) names.push(name);
    return names;
  });

test('a download whose line drops is never offered as complete', async ({ page }) => {
  const server = await serveHalf(body, true);
  try {
    await open(page, 'model=tiny');
    const code = await page.evaluate((url) => {
      return window.nanoinfer.load(url, { keep: true }).then(
        () => 'loaded',
        (error: unknown) => (error as { code: string }).code,
      );
    }, `${server.url}/half.gguf`);
    expect(code).toBe('network');
    expect(await keptModels(page)).toEqual([]);
    expect(await storedFiles(page)).toEqual([]);
  } finally {
    await server.stop();
  }
});

test('a page that is closed during a download offers nothing when it is opened again', async ({
  context,
}) => {
  const server = await serveHalf(body);
  try {
    const page = await context.newPage();
    await open(page, 'model=tiny');
    await page.evaluate((url) => {
      window.nanoinfer.load(url, { keep: true }).catch(() => undefined);
    }, `${server.url}/half.gguf`);
    await expect.poll(() => storedFiles(page)).toHaveLength(1);
    await page.close({ runBeforeUnload: false });
    const again = await context.newPage();
    await open(again, 'model=tiny');
    expect(await keptModels(again)).toEqual([]);
    await expect
      .poll(async () => [await keptModels(again), await storedFiles(again)].flat())
      .toEqual([]);
  } finally {
    await server.stop();
  }
});

test('a second tab lists and loads while the first still downloads', async ({ context }) => {
  const rest: (() => void)[] = [];
  const server = await serve((_, response) => {
    response.writeHead(200, {
      'Content-Length': body.length,
      'Access-Control-Allow-Origin': '*',
    });
    response.write(body.subarray(0, body.length / 2));
    rest.push(() => response.end(body.subarray(body.length / 2)));
  });
  const url = `${server.url}/shared.gguf`;
  try {
    const first = await context.newPage();
    await open(first, 'model=tiny');
    const loading = first.evaluate(async (from) => {
      const { kept } = await window.nanoinfer.load(from, { keep: true });
      return kept?.bytes;
    }, url);
    await expect.poll(() => storedFiles(first)).toHaveLength(1);

    const second = await context.newPage();
    await open(second, 'model=tiny');
    expect(await keptModels(second)).toEqual([]);
    const notice = second.evaluate(async (from) => {
      return (await window.nanoinfer.load(from, { keep: true })).notice;
    }, url);
    await expect.poll(() => rest.length).toBe(2);
    rest[1]!();
    expect(await notice).toContain('another tab is using the same model');
    rest[0]!();
    expect(await loading).toBe(body.length);
    expect(await keptModels(second)).toHaveLength(1);
  } finally {
    await server.stop();
  }
});

test('says when the browser has no room for a model, and loads it all the same', async ({
  page,
  context,
  baseURL,
}) => {
  const server = await serveBody(body, { 'Access-Control-Allow-Origin': '*' });
  const devtools = await context.newCDPSession(page);
  await open(page, 'model=tiny');
  await devtools.send('Storage.overrideQuotaForOrigin', { origin: baseURL!, quotaSize: 200_000 });
  const { kept, notice } = await page.evaluate(
    (url) => window.nanoinfer.load(url, { keep: true }),
    `${server.url}/large.gguf`,
  );
  await server.stop();
  expect(kept).toBeNull();
  expect(notice).toMatch(/storage is full|the browser offers \d+ MB/);
  await expect(
    page.getByRole('status').filter({ hasText: 'Not kept on this device' }),
  ).toBeVisible();
  await page.reload();
  await ready(page);
  expect(await keptModels(page)).toEqual([]);
});

test('what was prepared for another load gives its file back', async ({ page }) => {
  const server = await serveBody(body, { 'Access-Control-Allow-Origin': '*' });
  const url = `${server.url}/kept.gguf`;
  await open(page, 'model=tiny');
  await page.evaluate((from) => window.nanoinfer.load(from, { keep: true }), url);
  await server.stop();
  const engine = readdirSync('dist').find((name) => name.startsWith('engine-'))!;
  const loaded = await page.evaluate(
    async ([kept, folder]) => {
      const Client = window.nanoinfer.constructor as new (settings: object) => Window['nanoinfer'];
      const engineUrl = new URL(`${folder}/`, document.baseURI).href;
      // Prepared: the kept file, up to its header. Asked for: it, another engine, another file.
      const loads: [source: string, options: object][] = [
        [kept, {}],
        [kept, { simd: 'simd128' }],
        ['models/glass-qwen2.gguf', {}],
      ];
      const results: unknown[] = [];
      for (const [source, options] of loads) {
        const client = new Client({ engineUrl, load: {} });
        client.prepare({ kind: 'url', url: kept });
        const loaded = await client.load(source, { nCtx: 64, ...options });
        const ids = await client.tokenize('Tom');
        await client.prefill(ids);
        results.push([loaded.kept !== null, loaded.build.simd, client.model?.session.n_ctx]);
      }
      return results;
    },
    [url, engine] as const,
  );
  expect(loaded).toEqual([
    [true, 'relaxed', 64],
    [true, 'simd128', 64],
    [false, 'relaxed', 64],
  ]);
});

test('a second tab takes a load in the first for no crash', async ({ context }) => {
  const server = await serveHalf(body);
  try {
    const page = await context.newPage();
    await open(page, 'model=tiny');
    await page.evaluate(() => window.nanoinfer.load('models/glass-llama.gguf', { keep: true }));
    await chooseModel(page, `${server.url}/half.gguf`);
    await expect(page.getByRole('progressbar', { name: 'Loading' })).toBeVisible();
    const other = await context.newPage();
    await open(other, '');
    expect(await other.evaluate(() => window.nanoinfer.model?.origin)).toContain('glass-llama');
  } finally {
    await server.stop();
  }
});

test('a load that is given up behind its header says what became of the model in use', async ({
  page,
}) => {
  const server = await serveHalf(body);
  try {
    await page.goto('/lab.html?model=tiny');
    await page.evaluate(() => window.nanoinfer.ready);
    await chooseModel(page, `${server.url}/half.gguf`);
    await page.waitForFunction(() => window.nanoinfer.model === null);
    await expect(place(page)).toBeHidden();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect(page.getByRole('alert')).toContainText('made room for one that did not load');
    await page.getByRole('button', { name: 'Start a fresh engine' }).click();
    await expect(place(page)).toBeVisible();
    await expect(page.getByRole('alert')).toHaveCount(0);
  } finally {
    await server.stop();
  }
});
