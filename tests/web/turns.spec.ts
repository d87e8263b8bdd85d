// No turn is lost: whatever fails, and whoever writes meanwhile.
import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import type { NiApp } from '../../web/src/elements/ni-app.ts';
import { answered, answerEndlessly, answers, ask, chooseModel, open, ready } from './page.ts';
import { serveHalf } from './servers.ts';

const questions = (page: Page) => page.getByRole('article', { name: 'You' });
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const message = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true });

/** More than the context of 256 tokens holds. */
const tooLong = 'word '.repeat(400);

test('a full disk brings no old conversation back', async ({ page }) => {
  await open(page, 'model=tiny&temperature=0');
  await ask(page, 'Hello');
  await answered(page);
  await page.evaluate(() => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('', 'QuotaExceededError');
    };
  });
  await ask(page, 'Tell me a story');
  await answered(page, 2);
  await page.evaluate(async () => {
    await new Promise((resolve) => setTimeout(resolve, 600)); // until all would be written
    dispatchEvent(new Event('focus'));
    await new Promise((resolve) => setTimeout(resolve, 200));
  });
  await expect(questions(page)).toHaveCount(2);
});

test('another tab has the whole answer as soon as it is written', async ({ context }) => {
  const [a, b] = [await context.newPage(), await context.newPage()];
  await open(a, 'model=tiny&temperature=0');
  await ask(a, 'Hello');
  await answered(a);
  await open(b, 'model=tiny&temperature=0');
  await expect(answers(b)).toHaveCount(1);
  await ask(a, 'Tell me a story');
  await answered(a, 2);
  await expect(answers(b)).toHaveCount(2);
  await expect(answers(b).last()).toHaveText(await answers(a).last().innerText());
});

test('a message that no room can be made for leaves the turns before it', async ({ page }) => {
  await open(page, 'model=tiny&n_ctx=256&temperature=0');
  for (const [n, text] of ['Hello', 'Hi'].entries()) {
    await ask(page, text);
    await answered(page, n + 1);
  }
  await ask(page, tooLong);
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('context');
  await button(page, 'Go on without the oldest turns').click();
  await expect(alert).toContainText('context');
  await page.evaluate(async () => {
    const { chat } = document.querySelector<NiApp>('ni-app')!;
    while (chat.running) await new Promise(requestAnimationFrame);
  });
  await expect(alert).toContainText('context');
  const left = await page.evaluate(
    () => document.querySelector<NiApp>('ni-app')!.chat.turns.filter((one) => one.leftOut).length,
  );
  expect(left).toBe(0);
});

test('an answer stays where a new one cannot be had', async ({ page }) => {
  await open(page, 'model=tiny&n_ctx=256&temperature=0');
  await ask(page, 'Hello');
  await answered(page);
  const text = await answers(page).innerText();
  await page.getByText('Settings', { exact: true }).click();
  await page.getByRole('textbox', { name: 'System prompt' }).fill(tooLong);
  await page.getByRole('textbox', { name: 'System prompt' }).blur();
  await button(page, 'Regenerate').click();
  await expect(page.getByRole('alert')).toContainText('context');
  await expect(answers(page)).toHaveText(text);
});

test('an edit waits for the answer that is being written, and for a model', async ({ page }) => {
  await open(page, 'model=tiny&temperature=0');
  await ask(page, 'Hello');
  await answered(page);
  await button(page, 'Edit').click();
  const edited = page.getByRole('textbox', { name: 'Edited message' });
  await edited.fill('Tell me a story');
  await page.evaluate(() => {
    const { nanoinfer } = window;
    const chat = nanoinfer.chat.bind(nanoinfer);
    nanoinfer.chat = (...given) => {
      const stream = chat(...given);
      const held = new Promise((letEnd) => Object.assign(window, { letEnd }));
      return { result: stream.result.finally(() => held) } as unknown as typeof stream;
    };
  });
  await ask(page, 'Hi');
  await expect(button(page, 'Send edited')).toBeDisabled();
  await edited.press('Enter');
  await expect(edited).toHaveValue('Tell me a story');
  await page.evaluate(() => (window as unknown as { letEnd: () => void }).letEnd());
  await answered(page, 2);

  const server = await serveHalf(readFileSync('public/models/glass-qwen2.gguf'));
  try {
    await chooseModel(page, `${server.url}/half.gguf`);
    await page.waitForFunction(() => window.nanoinfer.model === null);
    await edited.press('Enter');
    await expect(questions(page)).toHaveCount(1); // beside the editor
    await expect(edited).toHaveValue('Tell me a story');

    // Another is chosen meanwhile, and given up: the model in use has still made room.
    await chooseModel(page, 'models/glass-llama.gguf', { ask: true });
    await expect(button(page, 'Load')).toBeVisible();
    await page.locator('ni-load-panel').getByRole('button', { name: 'Cancel' }).click();
    await expect(page.getByRole('alert')).toContainText('made room');
    await button(page, 'Start a fresh engine').click();
    await expect(button(page, 'Send edited')).toBeEnabled();
  } finally {
    await server.stop();
  }
});

test('two settings of one moment both hold', async ({ page }) => {
  await open(page, 'model=tiny');
  await page.getByText('Settings', { exact: true }).click();
  await page.getByRole('spinbutton', { name: 'Seed' }).fill('7');
  // The click takes the focus from the field: its change and the box's come with no frame between.
  await page.getByRole('checkbox', { name: /seed/i }).evaluate((box: HTMLInputElement) => {
    box.focus();
    box.click();
  });
  await ask(page, 'Hello');
  await answered(page);
  await expect(page.getByText(/tok\/s · seed 7/)).toBeVisible();
});

test('keys of an input method neither send nor stop nor close', async ({ page }) => {
  await open(page, 'model=tiny&temperature=0');
  await message(page).fill('こん');
  const press = (name: string, init: Record<string, string | number | boolean>) =>
    page.getByRole('textbox', { name, exact: true }).evaluate((field, given) => {
      field.dispatchEvent(
        new KeyboardEvent('keydown', { ...given, bubbles: true, cancelable: true }),
      );
    }, init);
  await press('Message', { key: 'Enter', ['keyCode']: 229 });
  await press('Message', { key: 'Enter', isComposing: true });
  await expect(questions(page)).toHaveCount(0);
  await message(page).press('Enter');
  await answered(page);
  await button(page, 'Edit').click();
  await page.getByRole('textbox', { name: 'Edited message' }).fill('こんにちは');
  await press('Edited message', { key: 'Escape', isComposing: true });
  await expect(page.getByRole('textbox', { name: 'Edited message' })).toHaveValue('こんにちは');
});

test('what ended an answer is told, and that a model has come', async ({ page }) => {
  await open(page, 'model=tiny&n_ctx=64&temperature=0');
  await answerEndlessly(page);
  await ask(page, 'Tell me a story');
  await answered(page);
  const told = page.getByRole('status').filter({ hasText: /./ });
  await expect(told.filter({ hasText: 'The context is full' }).first()).toBeAttached();
  await page.reload();
  await ready(page);
  await expect(told.filter({ hasText: /^\s*Ready: Glass/ }).first()).toBeAttached();
});

test('an answer that was cut inside a character goes on before it', async ({ page }) => {
  await open(page, 'model=tiny&temperature=0');
  await page.evaluate(() => {
    const { chat } = document.querySelector<NiApp>('ni-app')!;
    const turn = (id: number, role: 'user' | 'assistant', content: string) => ({
      ...{ id, role, content, leftOut: false, seed: null, timings: null },
      reason: role === 'user' ? null : ('context' as const),
    });
    const turns = [turn(1, 'user', 'A'), turn(2, 'assistant', 'B'), turn(3, 'user', 'Drink?')];
    chat.conversation = {
      ...chat.conversation,
      turns: [...turns, turn(4, 'assistant', 'caf\uFFFD')],
    };
    const { nanoinfer } = window;
    const answer = nanoinfer.chat.bind(nanoinfer);
    nanoinfer.chat = (messages, options) => {
      Object.assign(window, { soFar: options?.answerSoFar });
      return answer(messages, { ...options, maxTokens: 4 });
    };
    chat.goOn();
  });
  await page.waitForFunction(() => 'soFar' in window);
  expect(await page.evaluate(() => (window as unknown as { soFar: string }).soFar)).toBe('caf');
});
