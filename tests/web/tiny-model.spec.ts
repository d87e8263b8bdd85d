// The page on its built-in model: what a first visit is, and every act in a conversation.
import { expect, test } from '@playwright/test';
import { answered, answers, ask, open } from './page.ts';

test('a first visit explains itself, and chats at once', async ({ page }) => {
  await page.goto('/?temperature=0');
  await expect(page.getByRole('textbox', { name: 'Message', exact: true })).toBeVisible();
  await page.evaluate(() => window.nanoinfer.ready);
  await ask(page, 'Hello');
  await answered(page);
  await expect(answers(page)).toContainText(/\w/);
});

test('says which engine runs and why', async ({ page }, { project }) => {
  await open(page, 'model=tiny');
  const { choice, session } = await page.evaluate(() => window.nanoinfer.ready);
  const isolated = project.name === 'isolated';
  expect(choice.isolated).toBe(isolated);
  expect(choice.threads).toBe(isolated);
  expect(session.n_threads).toBe(isolated ? choice.nThreads : 1);
  expect(choice.reason.length).toBeGreaterThan(20);
  await expect(page.getByRole('region', { name: 'Timings' })).toContainText(/\d+ threads?/);
});

test('regenerates, edits, copies and clears', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, 'model=tiny&temperature=0');
  await ask(page, 'Hello');
  await answered(page);
  const first = await answers(page).innerText();

  await page.getByRole('button', { name: 'Regenerate' }).click();
  await answered(page);
  expect(await answers(page).innerText()).toBe(first); // greedy: the same again

  await page.getByRole('button', { name: 'Copy' }).last().click();
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await expect.poll(async () => (await clipboard()).trim()).toBe(first.trim());

  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('textbox', { name: 'Edited message' }).fill('Tell me a story');
  await page.getByRole('button', { name: 'Send edited' }).click();
  await answered(page);
  await expect(page.getByRole('article', { name: 'You' })).toHaveText('Tell me a story');
  expect(await answers(page).innerText()).not.toBe(first);

  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(answers(page)).toHaveCount(0);
});

test('the same seed gives the same text', async ({ page }) => {
  await open(page, 'model=tiny');
  const texts = await page.evaluate(async () => {
    const once = async (seed: number) => {
      const options = { sampling: { temperature: 1, seed }, maxTokens: 40 };
      const messages = [{ role: 'user' as const, content: 'Tell me a story' }];
      return (await window.nanoinfer.chat(messages, options).result).text;
    };
    return [await once(7), await once(7), await once(8)];
  });
  expect(texts[0]).toBe(texts[1]);
  expect(texts[0]).not.toBe(texts[2]);
});
