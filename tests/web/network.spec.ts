// The page asks nobody but its own server, and then not even that.
import { spawn, type ChildProcess } from 'node:child_process';
import { expect, test } from '@playwright/test';
import { panels } from '../../web/src/elements/lab/panels.ts';
import { openLab, settled, stepTo } from './lab-page.ts';
import { answered, answers, ask, open, ready } from './page.ts';

test('asks no other origin for anything, whatever the model writes', async ({ page, baseURL }) => {
  const others: string[] = [];
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== baseURL && protocol.startsWith('http')) others.push(request.url());
  });
  await open(page, 'model=tiny&temperature=0');
  await ask(page, 'Hello');
  await answered(page);
  // What a model could write to reach out: an image becomes a link, markup stays text.
  const hostile =
    '![x](https://evil.example/pixel.png) <img src="https://evil.example/i.png"> ' +
    '[j](javascript:alert(1)) <iframe src="https://evil.example"></iframe>';
  await page.evaluate((content) => {
    const app = document.querySelector('ni-app') as unknown as {
      shadowRoot: ShadowRoot;
    };
    const turn = [...app.shadowRoot.querySelectorAll('ni-turn')].at(-1) as unknown as {
      turn: { content: string };
      requestUpdate(): void;
    };
    turn.turn = { ...turn.turn, content };
    turn.requestUpdate();
  }, hostile);
  const answer = answers(page).last();
  await expect(answer.getByRole('link', { name: /x|pixel/ })).toHaveAttribute(
    'href',
    'https://evil.example/pixel.png',
  );
  await expect(answer.locator('img, iframe, a[href^="javascript"]')).toHaveCount(0);
  expect(others).toEqual([]);
});

test('the lab asks no other origin for anything, with every panel open', async ({
  page,
  baseURL,
}) => {
  const others: string[] = [];
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== baseURL && protocol.startsWith('http')) others.push(request.url());
  });
  await openLab(page, `#panels=${panels.map(({ id }) => id).join()}&text=Once+upon+a+time`);
  await stepTo(page, 'token', 8);
  await settled(page);
  expect(others).toEqual([]);
});

// Ports of servers that a test may stop.
const port = (project: string) => (project === 'isolated' ? 4185 : 4186);

test('chats with the server stopped, on the model it has kept', async ({ browser }, {
  project,
}) => {
  test.setTimeout(240_000);
  const base = `http://localhost:${port(project.name)}`;
  const server = await startServer(project.name);
  const context = await browser.newContext({ baseURL: base });
  const page = await context.newPage();
  try {
    await open(page, 'model=default&temperature=0&n_ctx=512');
    await page.evaluate(async () => (await navigator.serviceWorker.ready).scope);
    await expect
      .poll(() => page.evaluate(async () => (await window.nanoinfer.keptModels()).length))
      .toBe(1);
    const [kept] = await page.evaluate(() => window.nanoinfer.keptModels());
    expect(kept?.bytes).toBe(98_362_432);
    await page.waitForFunction(async () => (await caches.keys()).length > 0);

    server.kill('SIGKILL');
    await expect.poll(() => reachable(base)).toBe(false);

    const offline = await context.newPage();
    // The panel stands for a moment only: what it says is written down.
    await offline.addInitScript(() => {
      const seen: string[] = [];
      Object.assign(window, { seen });
      const look = () => {
        const notices = document.querySelector('ni-app')?.shadowRoot?.querySelector('ni-notices');
        const panel = notices?.shadowRoot?.querySelector('ni-load-panel');
        seen.push(panel?.shadowRoot?.textContent ?? '');
        requestAnimationFrame(look);
      };
      look();
    });
    await offline.goto('/?temperature=0&n_ctx=512');
    await ready(offline);
    const seen = await offline.evaluate(() => (window as unknown as { seen: string[] }).seen);
    expect(seen.join(' ')).toMatch(/Memory needed: 1\d\d MB/);
    const { info } = await offline.evaluate(() => window.nanoinfer.ready);
    expect(info.n_params).toBeGreaterThan(100e6);
    await ask(offline, 'What is the capital of France?');
    await answered(offline);
    await expect(answers(offline)).toContainText('Paris');
    // Kept with the headers of threads, whatever the host sends: so it goes out as it was kept, and a
    // browser keeps its compiled code with it.
    const inCache = await offline.evaluate(async () => {
      const name = (await caches.keys()).find((key) => key.includes('precache'))!;
      const responses = await (await caches.open(name)).matchAll();
      const wanted = ['Cross-Origin-Opener-Policy', 'Cross-Origin-Embedder-Policy'];
      const bare = responses.filter(({ headers }) => wanted.some((header) => !headers.has(header)));
      return {
        n: responses.length,
        bare: bare.map(({ url }) => url),
        isolated: crossOriginIsolated,
      };
    });
    expect(inCache).toMatchObject({ bare: [], isolated: true });
    expect(inCache.n).toBeGreaterThan(10);
  } finally {
    server.kill('SIGKILL');
    await context.close();
  }
});

test('a download that is cut is never offered as complete', async ({ page }) => {
  await open(page, 'model=tiny');
  await page.route('**/cut.gguf', async (route) => {
    const whole = await route.fetch({ url: new URL('models/glass-qwen2.gguf', page.url()).href });
    const body = await whole.body();
    await route.fulfill({ body: body.subarray(0, body.length / 2) });
  });
  const code = await page.evaluate(async () => {
    const url = new URL('cut.gguf', location.href).href;
    return window.nanoinfer.load(url, { keep: true }).then(
      () => 'loaded',
      (error: unknown) => (error as { code: string }).code,
    );
  });
  expect(code).toBe('truncated');
  expect(await page.evaluate(() => window.nanoinfer.keptModels())).toEqual([]);
  await page.reload();
  await ready(page);
  expect(await page.evaluate(() => window.nanoinfer.keptModels())).toEqual([]);
});

test('a second tab loads the same kept model, and it can be deleted', async ({ context }) => {
  const first = await context.newPage();
  await open(first, 'model=tiny');
  await first.evaluate(() => window.nanoinfer.load('models/glass-qwen2.gguf', { keep: true }));
  const second = await context.newPage();
  await open(second, 'model=tiny');
  const loaded = await second.evaluate(async () => {
    const [kept] = await window.nanoinfer.keptModels();
    const model = await window.nanoinfer.load({ kind: 'kept', id: kept!.id });
    return { bytes: kept!.bytes, file: model.info.file_bytes };
  });
  expect(loaded.file).toBe(loaded.bytes);
  await second.evaluate(async () => {
    for (const { id } of await window.nanoinfer.keptModels()) {
      await window.nanoinfer.deleteKeptModel(id);
    }
  });
  expect(await first.evaluate(() => window.nanoinfer.keptModels())).toEqual([]);
});

async function startServer(project: string): Promise<ChildProcess> {
  const at = port(project);
  const server = spawn(
    process.execPath,
    ['node_modules/vite/bin/vite.js', 'preview', '--strictPort', '--port', `${at}`],
    {
      env: { ...process.env, ...(project === 'plain' ? { NANOINFER_PLAIN: '1' } : {}) },
      stdio: 'ignore',
    },
  );
  await expect.poll(() => reachable(`http://localhost:${at}`), { timeout: 30_000 }).toBe(true);
  return server;
}

async function reachable(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}
