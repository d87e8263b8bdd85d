// Wrong files, wrong addresses, too long prompts: a clear message, and the page goes on.
import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { answered, answers, ask, open } from './page.ts';

const good = readFileSync('tests/fixtures/models/llama-q4_0.gguf');

async function choose(page: Page, name: string, buffer: Buffer): Promise<void> {
  await page.getByRole('button', { name: /^Model:/ }).click();
  await page
    .getByLabel('Model file')
    .setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
}

/** After trouble the model in use still answers. */
async function stillChats(page: Page, n: number): Promise<void> {
  await ask(page, 'Hello');
  await answered(page, n);
}

const badFiles: [string, Buffer, RegExp][] = [
  ['notes.txt', Buffer.from('These are my notes.\n'.repeat(20)), /not a GGUF file/i],
  ['page.html.gguf', Buffer.from('<!DOCTYPE html><html></html>'.repeat(4)), /GGUF/i],
  ['empty.gguf', Buffer.alloc(0), /empty|ends|GGUF/i],
  ['cut-in-header.gguf', good.subarray(0, 700), /ends/i],
  ['cut-in-weights.gguf', good.subarray(0, good.length - 5000), /ends|file/i],
  [
    'architecture.gguf',
    Buffer.from(good.toString('latin1').replace('llama', 'mamba'), 'latin1'),
    /architecture/i,
  ],
];

for (const [name, bytes, message] of badFiles) {
  test(`refuses ${name} with a clear message`, async ({ page }) => {
    await open(page, 'model=tiny&temperature=0');
    await stillChats(page, 1);
    await choose(page, name, bytes);
    await expect(page.getByRole('alert').filter({ hasText: message }).first()).toBeVisible();
    await expect(answers(page)).toHaveCount(1); // the conversation is kept
    await stillChats(page, 2);
  });
}

test('an address that gives 404 or a web page is named as such', async ({ page }) => {
  await open(page, 'model=tiny&temperature=0');
  await page.route('**/page.gguf', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><p>Sign in</p>' }),
  );
  for (const [url, message] of [
    ['/models/missing.gguf', /404/],
    ['/page.gguf', /web page|HTML/i],
  ] as const) {
    await page.getByRole('button', { name: /^Model:/ }).click();
    await page.getByRole('textbox', { name: 'Model URL' }).fill(new URL(url, page.url()).href);
    await page.getByRole('button', { name: 'Open' }).click();
    await expect(page.getByRole('alert').filter({ hasText: message }).first()).toBeVisible();
  }
  await stillChats(page, 1);
});

test('another host that does not allow it is named, and the page goes on', async ({ page }) => {
  await open(page, 'model=tiny&temperature=0');
  await page.route('https://models.example/**', (route) => route.abort('failed'));
  await page.getByRole('button', { name: /^Model:/ }).click();
  await page.getByRole('textbox', { name: 'Model URL' }).fill('https://models.example/a.gguf');
  await page.getByRole('button', { name: 'Open' }).click();
  await expect(
    page
      .getByRole('alert')
      .filter({ hasText: /models\.example/ })
      .first(),
  ).toBeVisible();
  await stillChats(page, 1);
});

test('a prompt longer than the context says both lengths', async ({ page }) => {
  await open(page, 'model=tiny&n_ctx=64&temperature=0');
  await ask(page, 'Once upon a time there was a very small fox. '.repeat(30));
  await expect(
    page
      .getByRole('alert')
      .filter({ hasText: /\d+ tokens.*64|64.*\d+ tokens/ })
      .first(),
  ).toBeVisible();
});

test('a trap ends the engine, rejects what waits, and a fresh one can be started', async ({
  page,
}) => {
  await open(page, 'model=tiny&temperature=0');
  const code = await page.evaluate(async () => {
    const { nanoinfer } = window;
    const workers = nanoinfer as unknown as { error: unknown };
    const waiting = nanoinfer.chat([{ role: 'user', content: 'Hello' }], { maxTokens: 2000 });
    waiting.result.catch(() => undefined);
    await nanoinfer.load('models/glass-llama.gguf'); // a fresh worker takes the old one's place
    try {
      await waiting.result;
      return `ended ${String(workers.error)}`;
    } catch (thrown) {
      return (thrown as { code: string }).code;
    }
  });
  expect(['replaced', 'ended null']).toContain(code);
  await stillChats(page, 1);
});
