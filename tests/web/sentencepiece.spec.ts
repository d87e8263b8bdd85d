// A vocabulary of the sentencepiece kind: its module comes with the model, works with no network,
// and is renewed with the page.
import { expect, test } from '@playwright/test';
import { sentencepieceModel } from './gguf.ts';
import { answered, answers, ask, open, ready } from './page.ts';
import { rebuilt } from './rebuilt.ts';
import { type Build, readBuild, serveBuild } from './servers.ts';

const path = '/models/pieces.gguf';

test('works online, offline, and offline after the page was rebuilt', async ({ browser }, {
  project,
}) => {
  const first: Build = new Map([...readBuild('dist'), [path, sentencepieceModel()]]);
  let current = first;
  const server = await serveBuild(() => current, project.name === 'isolated');
  const context = await browser.newContext({ baseURL: server.url });
  try {
    const page = await context.newPage();
    await open(page, 'model=tiny&temperature=0');
    const modules: string[] = [];
    context.on('request', (request) => {
      if (request.url().includes('sentencepiece')) modules.push(request.url());
    });
    await page.evaluate(async () => (await navigator.serviceWorker.ready).scope);
    expect(modules, 'not fetched before a model needs it').toEqual([]);
    const found = await page.evaluate(async (url) => {
      const { kept } = await window.nanoinfer.load(url, { keep: true });
      const ids = await window.nanoinfer.tokenize(' Hello  wörld <tool>');
      const reserved = await window.nanoinfer.tokenize('[INST]');
      return { kept, back: await window.nanoinfer.detokenize(ids), reserved: reserved.length };
    }, path.slice(1));
    expect(found.back).toBe(' Hello  wörld <tool>');
    expect(found.reserved).toBeGreaterThan(1);
    expect(found.kept).not.toBeNull();
    await ask(page, 'Hello');
    await answered(page);

    current = new Map(); // the server has nothing any more
    const offline = await context.newPage();
    await offline.goto('/');
    await ready(offline);
    await expect(offline.getByRole('button', { name: /^Model: pieces/ })).toBeVisible();
    expect(
      await offline.evaluate(() => window.nanoinfer.tokenize('Hello').then((x) => x.length)),
    ).toBeGreaterThan(0);

    current = new Map([...rebuilt(first), [path, first.get(path)!]]);
    await offline.reload();
    const change = offline.getByRole('button', { name: 'Reload' });
    await Promise.all([offline.waitForEvent('load'), change.click()]);
    await expect.poll(() => extras(offline)).toBe('engine-newengine000');
    current = new Map();
    await offline.close();
    await page.close();
    const again = await context.newPage();
    await again.goto('/');
    await ready(again);
    await again.getByRole('textbox', { name: 'Message', exact: true }).fill('Hello');
    await again.getByRole('button', { name: 'Send', exact: true }).click();
    await expect(answers(again).last()).toHaveAttribute('aria-busy', 'false');
    await expect(again.getByRole('button', { name: /^Model: pieces/ })).toBeVisible();
  } finally {
    await context.close();
    await server.stop();
  }
});

/** The engine's folders for which the module is stored. */
function extras(page: import('@playwright/test').Page): Promise<string> {
  return page
    .evaluate(async () => {
      const cache = await caches.open('nanoinfer-extras');
      const folders = (await cache.keys()).map(({ url }) => url.split('/').at(-2)!);
      return [...new Set(folders)].join();
    })
    .catch(() => 'reloading');
}

test('an answer that goes on keeps the space before its next word', async ({ page }) => {
  await open(page, 'model=tiny');
  await page.route('**/pieces.gguf', (route) => route.fulfill({ body: sentencepieceModel() }));
  const { whole, parts } = await page.evaluate(async () => {
    const { nanoinfer } = window;
    await nanoinfer.load('pieces.gguf');
    const messages = [{ role: 'user' as const, content: 'Hello' }];
    const options = { sampling: { temperature: 0 } };
    const begun = await nanoinfer.chat(messages, { ...options, maxTokens: 4 }).result;
    // What comes next as ids and as text: a piece that begins a word brings its space.
    const next = nanoinfer.chat(messages, { ...options, maxTokens: 8, answerSoFar: begun.text });
    const { text, ids } = await next.result;
    const first = await nanoinfer.tokenize('x');
    const whole = await nanoinfer.detokenize([...first, ...ids]);
    return { whole, parts: `x${text}` };
  });
  expect(parts).toBe(whole);
});
