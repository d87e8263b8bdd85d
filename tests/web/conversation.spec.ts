// The conversation as a person keeps it: across tabs, with turns left out, continued.
import { expect, test, type Page } from '@playwright/test';
import { answered, answers, ask, open, ready } from './page.ts';

const goOn = (page: Page) =>
  page.getByRole('button', { name: /go on without the oldest/i }).first();
const questions = (page: Page) => page.getByRole('article', { name: 'You' });

/** Two greedy answers in a context that ends in the middle of the second. */
async function fillContext(page: Page, system = ''): Promise<void> {
  await page.evaluate(
    async ([prompt, first, second]) => {
      const { nanoinfer } = window;
      const messages: Parameters<typeof nanoinfer.chat>[0] = [];
      if (prompt !== '') messages.push({ role: 'system', content: prompt });
      const answer = async (content: string) => {
        messages.push({ role: 'user', content });
        const { ids, text } = await nanoinfer.chat(messages, { sampling: { temperature: 0 } })
          .result;
        messages.push({ role: 'assistant', content: text });
        return ids.length;
      };
      await answer(first);
      const half = Math.floor((await answer(second)) / 2);
      const nCtx = (await nanoinfer.render(messages.slice(0, -1))).length + half;
      await nanoinfer.load('models/glass-qwen2.gguf', { nCtx });
    },
    [system, 'Hello', 'Tell me a story'] as const,
  );
  await ask(page, 'Hello');
  await answered(page);
  await ask(page, 'Tell me a story');
  await answered(page, 2);
  await expect(page.getByRole('log').getByText('The context is full')).toBeVisible();
}

async function setSystemPrompt(page: Page, text: string): Promise<void> {
  await page.getByText('Settings', { exact: true }).click();
  await page.getByRole('textbox', { name: 'System prompt' }).fill(text);
  await page.getByRole('textbox', { name: 'System prompt' }).blur();
}

test('goes on where the context ended, with the system prompt and without the oldest turns', async ({
  page,
}) => {
  await open(page, 'model=tiny&temperature=0');
  await setSystemPrompt(page, 'Be kind.');
  await page.evaluate(() => {
    const { nanoinfer } = window;
    const chat = nanoinfer.chat.bind(nanoinfer);
    nanoinfer.chat = (messages, options) => {
      Object.assign(window, { asked: messages });
      return chat(messages, options);
    };
  });
  await fillContext(page, 'Be kind.');
  const before = await answers(page).last().innerText();
  expect(before.length).toBeGreaterThan(10);
  await goOn(page).click();
  await expect(page.getByRole('button', { name: 'Send', exact: true })).toBeVisible();
  await expect(page.getByRole('log')).toContainText(/left out/i);
  const after = () => answers(page).last().innerText();
  await expect.poll(async () => (await after()).length).toBeGreaterThan(before.length);
  expect((await after()).startsWith(before)).toBe(true);

  const rendered = await page.evaluate(async () => {
    const { asked } = window as unknown as {
      asked: { role: 'system' | 'user'; content: string }[];
    };
    const ids = await window.nanoinfer.render(asked);
    return { roles: asked.map(({ role }) => role), text: await window.nanoinfer.detokenize(ids) };
  });
  expect(rendered.roles[0]).toBe('system');
  expect(rendered.text).toContain('Be kind.');
  expect(rendered.roles.filter((role) => role === 'user').length).toBeLessThan(
    await questions(page).count(),
  );
});

test('an edited question that was left out is asked again', async ({ page }) => {
  await open(page, 'model=tiny&temperature=0');
  await fillContext(page);
  await goOn(page).click();
  await expect(page.getByRole('button', { name: 'Send', exact: true })).toBeVisible();
  await expect(page.getByText(/left out: the model no longer/i).first()).toBeVisible();
  await page.getByRole('button', { name: 'Edit' }).first().click();
  await page.getByRole('textbox', { name: 'Edited message' }).fill('Hello');
  await page.getByRole('button', { name: 'Send edited' }).click();
  await answered(page);
  await expect(questions(page)).toHaveText('Hello');
  await expect(page.getByText(/left out: the model no longer/i)).toHaveCount(0);
  const { promptTokens } = await timings(page);
  const hello = await page.evaluate(
    async () => (await window.nanoinfer.render([{ role: 'user', content: 'Hello' }])).length,
  );
  expect(promptTokens).toBe(hello);
});

function timings(page: Page): Promise<{ promptTokens: number }> {
  return page.evaluate(() => {
    const app = document.querySelector('ni-app') as unknown as {
      chat: { readings: { promptTokens: number } };
    };
    return app.chat.readings;
  });
}

test('two tabs share one conversation: neither writes an old one over a newer', async ({
  context,
}) => {
  const first = await context.newPage();
  await open(first, 'model=tiny&temperature=0');
  const second = await context.newPage();
  await open(second, 'model=tiny&temperature=0');
  await ask(second, 'Hello');
  await answered(second);
  // Loading another model changes nothing that could be saved.
  await first.evaluate(() => window.nanoinfer.load('models/glass-qwen2.gguf'));
  await first.evaluate(() => globalThis.dispatchEvent(new Event('pagehide')));
  await first.bringToFront();
  await first.evaluate(() => globalThis.dispatchEvent(new Event('focus')));
  await expect(questions(first)).toHaveText('Hello');
  await ask(first, 'Tell me a story');
  await answered(first, 2);
  await second.reload();
  await expect(questions(second)).toHaveCount(2);
});

test('what the address asks for is not saved', async ({ page }) => {
  const settings = (key: string) => page.getByRole('spinbutton', { name: key });
  await open(page, 'model=tiny&temperature=0&seed=5');
  await page.getByText('Settings', { exact: true }).click();
  await expect(settings('Temperature')).toHaveValue('0');
  await settings('Top-k').fill('7');
  await settings('Top-k').blur();
  await ask(page, 'Hello');
  await answered(page);
  await page.goto('/?model=tiny');
  await ready(page);
  await page.getByText('Settings', { exact: true }).click();
  await expect(settings('Temperature')).toHaveValue('0.7');
  await expect(settings('Top-k')).toHaveValue('7');
  await expect(page.getByRole('checkbox', { name: /seed/i })).not.toBeChecked();
});

test('nothing can be asked before the conversation of the last visit is there', async ({
  page,
}) => {
  await open(page, 'model=tiny&temperature=0');
  await ask(page, 'Hello');
  await answered(page);
  const before = await answers(page).innerText();
  await page.addInitScript(() => {
    const letRead = new Promise<void>((resolve) => Object.assign(window, { letRead: resolve }));
    const openDatabase = indexedDB.open.bind(indexedDB);
    IDBFactory.prototype.open = function (name, version) {
      const request = openDatabase(name, version);
      Object.defineProperty(request, 'onsuccess', {
        set: (heard: () => void) => void letRead.then(heard),
      });
      return request;
    };
  });
  await page.reload();
  await page.waitForFunction(() => (window as Partial<Window>).nanoinfer?.model);
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill('Tell me a story');
  const send = page.getByRole('button', { name: 'Send', exact: true });
  await expect(send).toBeDisabled();
  await page.evaluate(() => (window as unknown as { letRead: () => void }).letRead());
  await ready(page);
  await expect(answers(page)).toHaveText(before);
  await send.click();
  await answered(page, 2);
  await expect(questions(page)).toHaveText(['Hello', 'Tell me a story']);
});

test('stopping while room is made gives no failure', async ({ page }) => {
  await open(page, 'model=tiny&temperature=0');
  await fillContext(page);
  await page.evaluate(() => {
    const { nanoinfer } = window;
    const render = nanoinfer.render.bind(nanoinfer);
    nanoinfer.render = async (messages) => {
      await new Promise<void>((goOn) => Object.assign(window, { goOn }));
      return render(messages);
    };
  });
  await goOn(page).click();
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.evaluate(() => (window as unknown as { goOn: () => void }).goOn());
  await expect(page.getByRole('button', { name: 'Send', exact: true })).toBeVisible();
  await expect(page.getByRole('log')).toContainText(/stopped/i);
  await expect(page.getByRole('alert')).toHaveCount(0);
});
