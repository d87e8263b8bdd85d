// A fault inside the engine, made for real: its module is served with another `run`.
import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { answered, ask, open } from './page.ts';

// A wasm module of its own whose one function executes `unreachable`.
const trapping = `
  const bytes = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1,
    116, 0, 0, 10, 5, 1, 3, 0, 0, 11);
  module._ni_session_run = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.t;`;
// As after a fault in one of its threads: that thread never comes to the barrier.
const losingThreads = `
  for (const thread of threads) thread.terminate();`;
const inStackOverflow = `
  module._ni_session_run = function run() { return run() + 1; };`;

const modules = '**/nanoinfer-*.mjs';

async function breakEngine(context: BrowserContext, fault: string): Promise<void> {
  await context.route(modules, async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace(
      'export default Module;',
      `const threads = [];
       export default async (options) => {
         const { Worker } = globalThis;
         globalThis.Worker = class extends Worker {
           constructor(...args) { super(...args); threads.push(this); }
         };
         const module = await Module(options);
         ${fault}
         return module;
       };`,
    );
    await route.fulfill({ response, body });
  });
}

/** How each of several calls that wait at once ends. */
function endings(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const { nanoinfer } = window;
    const chat = nanoinfer.chat([{ role: 'user', content: 'Hello' }]);
    const read = async () => {
      let n = 0;
      for await (const { id } of chat) n += id;
      return n;
    };
    const waiting = [chat.result, read(), nanoinfer.tokenize('a'), nanoinfer.memory()];
    const settled = await Promise.allSettled(waiting);
    return settled.map((one) =>
      one.status === 'rejected' ? (one.reason as { code: string }).code : 'no error',
    );
  });
}

// The service worker would answer instead of the test.
test.use({ serviceWorkers: 'block' });

for (const [name, fault] of [
  ['a trap', trapping],
  ['a stack overflow', inStackOverflow],
] as const) {
  test(`${name} rejects all that waits, and a fresh engine can be started`, async ({
    page,
    context,
  }) => {
    await breakEngine(context, fault);
    await open(page, 'model=tiny&temperature=0');
    expect(await endings(page)).toEqual(['trap', 'trap', 'trap', 'trap']);
    await expect(page.getByRole('alert')).toContainText(/internal fault/);
    await expect(page.getByRole('button', { name: 'Send', exact: true })).toBeDisabled();

    await context.unroute(modules);
    await page.getByRole('button', { name: 'Start a fresh engine' }).click();
    await ask(page, 'Hello');
    await answered(page);
    await expect(page.getByRole('alert')).toHaveCount(0);
  });
}

test('a trap while an answer is cancelled is no cancelled answer', async ({ page, context }) => {
  await breakEngine(context, trapping);
  await open(page, 'model=tiny');
  const code = await page.evaluate(() => {
    const chat = window.nanoinfer.chat([{ role: 'user', content: 'Hello' }], {
      signal: AbortSignal.abort(),
    });
    return chat.result.then(
      ({ reason }) => reason as string,
      (error: unknown) => (error as { code: string }).code,
    );
  });
  expect(code).toBe('trap');
});

test('a fresh engine has the choices of the one that was lost', async ({ page, context }) => {
  await breakEngine(context, trapping);
  await open(page, 'model=tiny');
  await page.evaluate(() =>
    window.nanoinfer.load('models/glass-qwen2.gguf', { nCtx: 96, threads: 1 }),
  );
  expect(await endings(page)).toContain('trap');
  await context.unroute(modules);
  await page.getByRole('button', { name: 'Start a fresh engine' }).click();
  await ask(page, 'Hello');
  await answered(page);
  const { nCtx, threads } = await page.evaluate(() => {
    const { session } = window.nanoinfer.model!;
    return { nCtx: session.n_ctx, threads: session.n_threads };
  });
  expect(nCtx).toBe(96);
  expect(threads).toBe(1);
});

test('a lost thread of the engine leaves no promise waiting', async ({ page, context }, {
  project,
}) => {
  test.skip(project.name === 'plain', 'there are no threads');
  await breakEngine(context, losingThreads);
  await open(page, 'model=tiny&threads=2');
  expect(await endings(page)).toEqual(Array(4).fill('unresponsive'));
  await expect(page.getByRole('button', { name: 'Start a fresh engine' })).toBeVisible();
});
