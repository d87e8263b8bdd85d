// Loading as a person sees it: what a model needs, how far it has come, what is kept.
import { readFileSync } from 'node:fs';
import { expect, test, type Locator, type Page } from '@playwright/test';
import { hugeHeader } from './gguf.ts';
import { answered, ask, open, ready } from './page.ts';
import { serve } from './servers.ts';

const model = 'tests/fixtures/models/llama-q4_0.gguf';
const otherModel = 'tests/fixtures/models/llama-q8_0.gguf';

const openPicker = (page: Page) => page.getByRole('button', { name: /^Model:/ }).click();
const panel = (page: Page) => page.getByRole('region', { name: /^Loading / });
const loadButton = (page: Page) => page.getByRole('button', { name: 'Load', exact: true });

const bytesIn = async (locator: Locator): Promise<number> => {
  const text = await locator.innerText();
  const [, value, unit] = /([\d.]+) (kB|MB|GB)/.exec(text)!;
  return Number(value) * { kB: 1e3, MB: 1e6, GB: 1e9 }[unit as 'kB' | 'MB' | 'GB'];
};

interface Dropped {
  name: string;
  path: string;
  lastModified?: number;
}

/** Drops a file on the page; without one, a folder. */
async function drop(page: Page, file: Dropped | null): Promise<void> {
  const base64 = file ? readFileSync(file.path).toString('base64') : '';
  await page.evaluate(
    ([name, lastModified, data]) => {
      const transfer = new DataTransfer();
      const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
      transfer.items.add(new File([bytes], name, { lastModified }));
      const event = new DragEvent('drop', { dataTransfer: transfer, cancelable: true });
      if (data === '') {
        const items = [{ webkitGetAsEntry: () => ({ isDirectory: true }) }];
        Object.defineProperty(event, 'dataTransfer', {
          value: { types: ['Files'], files: transfer.files, items },
        });
      }
      globalThis.dispatchEvent(event);
    },
    [file?.name ?? 'a folder', file?.lastModified ?? 1, base64] as const,
  );
}

test('says what a model needs, takes a choice, keeps it, and lets it be deleted', async ({
  page,
}) => {
  await open(page, 'model=tiny&temperature=0');
  await drop(page, { name: 'mine.gguf', path: model });
  await expect(panel(page)).toContainText('Memory needed');
  const sum = panel(page).locator('.sum');
  const before = await bytesIn(sum);
  await page.getByRole('combobox', { name: 'Context' }).selectOption('256');
  expect(await bytesIn(sum)).toBeLessThan(before);
  const needed = await bytesIn(sum);
  await page.getByRole('checkbox', { name: 'Keep it on this device' }).check();
  await loadButton(page).click();
  await expect(page.getByRole('button', { name: 'Model: mine. Choose another' })).toBeVisible();
  const { nCtx, kept, memory } = await page.evaluate(async () => {
    const loaded = window.nanoinfer.model!;
    const memory = await window.nanoinfer.memory();
    return { nCtx: loaded.session.n_ctx, kept: loaded.kept, memory };
  });
  expect(nCtx).toBe(256);
  expect(kept?.bytes).toBe(readFileSync(model).length);
  const promised = memory.weightsBytes + memory.kvBytesMax + memory.scratchBytes;
  expect(Math.abs(needed - promised)).toBeLessThan(0.01 * promised);

  await openPicker(page);
  const row = page.getByRole('listitem').filter({ hasText: 'mine' });
  expect(await bytesIn(row)).toBeCloseTo(readFileSync(model).length, -4);
  await row.getByRole('button', { name: 'Delete mine' }).click();
  await row.getByRole('button', { name: 'Really delete mine' }).click();
  await expect(row).toHaveCount(0);
  await page.getByRole('button', { name: 'Close' }).click();
  await ask(page, 'Hello');
  await answered(page);
  expect(await page.evaluate(() => window.nanoinfer.keptModels())).toEqual([]);
});

test('a dropped file is what is read, even where one of its name is kept', async ({ page }) => {
  await open(page, 'model=tiny');
  const types = () =>
    page.evaluate(() => Object.keys(window.nanoinfer.model?.info.types ?? {}).join());
  await drop(page, { name: 'same.gguf', path: model });
  await page.getByRole('checkbox', { name: 'Keep it on this device' }).check();
  await loadButton(page).click();
  await expect.poll(types).toContain('Q4_0');
  await drop(page, { name: 'same.gguf', path: otherModel });
  await loadButton(page).click();
  await expect.poll(types).toContain('Q8_0');
  // And the same file again, which is kept: still the one that was given.
  await drop(page, { name: 'same.gguf', path: model });
  await loadButton(page).click();
  await expect.poll(types).toContain('Q4_0');
});

test('a dropped folder is named as one', async ({ page }) => {
  await open(page, 'model=tiny');
  await drop(page, null);
  await expect(page.getByRole('alert')).toContainText('This is a folder');
});

test('shows bytes, rate, phase and the memory needed on the way', async ({ page }) => {
  // A server that waits behind the header, and at other pieces: the load can be looked at.
  const body = readFileSync('public/models/glass-qwen2.gguf');
  const holds: (() => void)[] = [];
  const release = async (n: number) => {
    await expect.poll(() => holds.length).toBe(n + 1);
    holds[n]!();
  };
  const server = await serve((_, response) => {
    response.writeHead(200, {
      'Content-Length': body.length,
      'Access-Control-Allow-Origin': '*',
    });
    const pieces = 40;
    const size = Math.ceil(body.length / pieces);
    let sent = 0;
    const send = (): void => {
      if (sent === pieces) return void response.end();
      response.write(body.subarray(sent * size, ++sent * size));
      if ([4, 20, 30].includes(sent)) holds.push(send);
      else setTimeout(send, 100);
    };
    send();
  });
  try {
    await open(page, 'model=tiny');
    await openPicker(page);
    await page.getByRole('textbox', { name: 'Model URL' }).fill(`${server.url}/slow.gguf`);
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    await page.getByRole('checkbox', { name: 'Keep it on this device' }).uncheck();
    await loadButton(page).click();
    await release(0);
    await expect(panel(page)).toContainText('Reading the weights');
    await expect(panel(page)).toContainText(/\d+ kB of \d+ kB · [\d.]+ [kM]B\/s/);
    await expect(panel(page)).toContainText(/Memory needed: [\d.]+ MB/);
    const bar = page.getByRole('progressbar', { name: 'Loading' });
    const share = await bar.evaluate((node: HTMLProgressElement) => node.value);
    expect(share).toBeGreaterThan(0);
    await release(1);
    await expect
      .poll(() => bar.evaluate((node: HTMLProgressElement) => node.value))
      .not.toBe(share);
    await release(2);
    await expect(page.getByRole('button', { name: 'Model: slow. Choose another' })).toBeVisible();
  } finally {
    await server.stop();
  }
});

test('a model beyond 4 GB is refused at its header, and the one in use stays', async ({ page }) => {
  const header = hugeHeader(5);
  const server = await serve((_, response) => {
    response.writeHead(200, { 'Access-Control-Allow-Origin': '*' });
    response.write(header); // and nothing more: the header decides
  });
  try {
    await open(page, 'model=tiny&temperature=0');
    await openPicker(page);
    await page.getByRole('textbox', { name: 'Model URL' }).fill(`${server.url}/huge.gguf`);
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    const alert = page.getByRole('alert').filter({ hasText: /5\.\d\d GB.*at most 4\.29 GB/ });
    await expect(alert).toContainText('out_of_memory');
    await expect(alert).toContainText('The model in use stays');
    await ask(page, 'Hello');
    await answered(page);
  } finally {
    await server.stop();
  }
});

test('a visit that ends during a load does not count as a crash', async ({ page }) => {
  await open(page, 'model=tiny');
  await page.evaluate(() => window.nanoinfer.load('models/glass-qwen2.gguf', { keep: true }));
  await page.goto('/', { waitUntil: 'commit' });
  // Chromium refuses a reload in the moment between the old page and the new one.
  await expect(() => page.reload()).toPass();
  await ready(page);
  expect(await page.evaluate(() => window.nanoinfer.model?.kept)).not.toBeNull();
});

test('nor does one that ends before the page is drawn', async ({ page }) => {
  await page.addInitScript(() => {
    const setItem = Storage.prototype.setItem.bind(sessionStorage);
    Storage.prototype.setItem = (key, value) => {
      setItem(key, value);
      if (key !== 'nanoinfer-loading' || 'mark' in window) return;
      // The visit ends at once.
      dispatchEvent(new PageTransitionEvent('pagehide'));
      Object.assign(window, { mark: sessionStorage.getItem(key) });
    };
  });
  await open(page, 'model=tiny');
  expect(await page.evaluate(() => (window as unknown as { mark: unknown }).mark)).toBeNull();
});
