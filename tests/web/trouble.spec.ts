// Wrong files, wrong addresses, too long prompts: a clear message, and the page goes on.
import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { answered, answers, ask, open } from './page.ts';
import { serveBody } from './servers.ts';

const good = readFileSync('tests/fixtures/models/llama-q4_0.gguf');
const allowed = { 'Access-Control-Allow-Origin': '*' };

async function choose(page: Page, name: string, buffer: Buffer): Promise<void> {
  await page.getByRole('button', { name: /^Model:/ }).click();
  await page
    .getByLabel('Model file')
    .setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
}

async function openUrl(page: Page, url: string): Promise<void> {
  await page.getByRole('button', { name: /^Model:/ }).click();
  await page.getByRole('textbox', { name: 'Model URL' }).fill(url);
  await page.getByRole('button', { name: 'Open', exact: true }).click();
}

/** After trouble the model in use still answers. */
async function stillChats(page: Page, n: number): Promise<void> {
  await ask(page, 'Hello');
  await answered(page, n);
}

/** The first tensor's type, which stands after its name, dimensions and sizes, becomes another. */
function withTypeNumber(file: Buffer, type: number): Buffer {
  const changed = Buffer.from(file);
  const name = Buffer.from('token_embd.weight');
  const at = changed.indexOf(name) + name.length + 4 + 2 * 8;
  changed.writeUInt32LE(type, at);
  return changed;
}

const badFiles: [string, Buffer, RegExp][] = [
  ['notes.txt', Buffer.from('These are my notes.\n'.repeat(20)), /not a GGUF file/i],
  ['page.html.gguf', Buffer.from('<!DOCTYPE html><html></html>'.repeat(4)), /GGUF/i],
  ['empty.gguf', Buffer.alloc(0), /The file is empty/],
  ['cut-in-header.gguf', good.subarray(0, 700), /ends/i],
  ['cut-in-weights.gguf', good.subarray(0, good.length - 5000), /ends before its last tensor/],
  [
    'architecture.gguf',
    Buffer.from(good.toString('latin1').replace('llama', 'mamba'), 'latin1'),
    /architecture/i,
  ],
  ['type.gguf', withTypeNumber(good, 99), /type/i],
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
    await openUrl(page, new URL(url, page.url()).href);
    await expect(page.getByRole('alert').filter({ hasText: message }).first()).toBeVisible();
  }
  await stillChats(page, 1);
});

test('another host is named where it does not let this page read, and used where it does', async ({
  page,
}) => {
  const [closed, ajar] = [await serveBody(good), await serveBody(good, allowed)];
  try {
    await open(page, 'model=tiny&temperature=0');
    await openUrl(page, `${closed.url}/a.gguf`);
    const alert = page.getByRole('alert').filter({ hasText: /CORS/ });
    await expect(alert).toContainText('does not let other sites read the file');
    await expect(alert).toContainText(closed.url);
    await stillChats(page, 1);
    await openUrl(page, `${ajar.url}/b.gguf`);
    await page.getByRole('button', { name: 'Load', exact: true }).click();
    await expect(page.getByRole('button', { name: 'Model: b. Choose another' })).toBeVisible();
    await stillChats(page, 2);
  } finally {
    await closed.stop();
    await ajar.stop();
  }
});

test('a link to a model of another host asks nobody before the person agrees', async ({
  page,
  context,
}) => {
  const server = await serveBody(good, allowed);
  const asked: string[] = [];
  context.on('request', (request) => {
    if (request.url().startsWith(server.url)) asked.push(request.url());
  });
  try {
    await page.goto(`/?model=${encodeURIComponent(`${server.url}/linked.gguf`)}`);
    const agree = page.getByRole('button', { name: /^Fetch it from/ });
    await expect(agree).toBeVisible();
    expect(asked).toEqual([]);
    await agree.click();
    await page.getByRole('button', { name: 'Load', exact: true }).click();
    await expect(page.getByRole('button', { name: /^Model: linked/ })).toBeVisible();
    expect(new Set(asked)).toEqual(new Set([`${server.url}/linked.gguf`]));
  } finally {
    await server.stop();
  }
});

test('a prompt longer than the context says both lengths, and the page goes on', async ({
  page,
}) => {
  await open(page, 'model=tiny&n_ctx=96&temperature=0');
  await stillChats(page, 1);
  const long = 'Once upon a time there was a very small fox. '.repeat(30);
  await ask(page, long);
  await expect(
    page
      .getByRole('alert')
      .filter({ hasText: /\d+ tokens long, and the context holds 96/ })
      .first(),
  ).toBeVisible();
  await expect(answers(page)).toHaveCount(1);
  await expect(page.getByRole('article', { name: 'You' })).toHaveCount(2);
  await page.getByRole('button', { name: 'Edit' }).last().click();
  await page.getByRole('textbox', { name: 'Edited message' }).fill('Hi');
  await page.getByRole('button', { name: 'Send edited' }).click();
  await answered(page, 2);
});
