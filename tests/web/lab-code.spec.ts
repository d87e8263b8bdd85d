// A reader's own sampler: it draws only after a click, and what is wrong with it costs it alone.
import { expect, test, type Page } from '@playwright/test';
import seriousFaults from './axe.ts';
import { expectNoOverflow, openLab, panel, settled, stepTo } from './lab-page.ts';

const hash = '#panels=code&text=Once+upon+a+time';
const code = (page: Page) => panel(page, 'Code');

async function use(page: Page, text: string): Promise<void> {
  await code(page).getByRole('textbox', { name: 'Code of the sampler' }).fill(text);
  await code(page).getByRole('button', { name: 'Use this code' }).click();
}

const ids = (page: Page) => page.evaluate(() => window.lab.tokens.map(({ id }) => id));

test('draws with the reader’s code, the same again, and goes back to the engine’s', async ({
  page,
}) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 7);
  await page.evaluate(() => window.lab.runTokens(5));
  await settled(page);
  const greedy = await ids(page);
  await page.evaluate(() => window.lab.restart());
  await stepTo(page, 'token', 7);

  await use(page, 'lab.sampler((logits, ctx) => logits.indexOf(Math.min(...logits)));');
  await expect(code(page).getByRole('status')).toContainText('Your code draws');
  const least = await page.evaluate(async () => {
    const logits = await window.nanoinfer.logits();
    return logits.indexOf(Math.min(...logits));
  });
  await page.evaluate(() => window.lab.step('token'));
  expect((await ids(page))[7]).toBe(least);

  await use(page, 'lab.sampler((logits, ctx, rng) => Math.floor(rng() * logits.length));');
  await settled(page);
  const random = async () => {
    await page.evaluate(() => window.lab.restart());
    await stepTo(page, 'token', 12);
    return ids(page);
  };
  const once = await random();
  expect(await random()).toEqual(once);
  expect(new Set(once.slice(7)).size).toBeGreaterThan(2);

  await code(page).getByRole('button', { name: 'Back to the engine’s sampler' }).click();
  expect(await random()).toEqual(greedy);
});

test('says on which line the code is wrong, and ends what does not end', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 7);
  const before = await ids(page);
  const alert = code(page).getByRole('alert');
  await use(page, '// one\nlab.sampler((logits) => {\n  return nowhere;\n});');
  await expect(alert).toContainText('nowhere is not defined (line 3)');
  await use(page, '\nconst = 5;');
  await expect(alert).toContainText('(line 2)');
  await use(page, '1 + 1;');
  await expect(alert).toContainText('lab.sampler(');
  await use(page, 'lab.sampler(() => -1);');
  await expect(alert).toContainText('got -1');
  await use(page, 'lab.sampler(() => { for (;;); });');
  await expect(alert).toContainText('was ended. The model is still there.');
  expect(await ids(page)).toEqual(before);

  // While it runs: the run stops, and goes on with the engine's.
  await use(page, 'lab.sampler((l, ctx) => { if (ctx.position > 8) for (;;); return 5; });');
  await expect(code(page).getByRole('status')).toContainText('Your code draws');
  await page.evaluate(() => window.lab.runTokens(9));
  await expect(page.getByRole('alert').first()).toContainText('longer than 2000 ms');
  expect((await ids(page)).length).toBe(9);
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await code(page).getByRole('button', { name: 'Back to the engine’s sampler' }).click();
  await page.evaluate(() => window.lab.runTokens(3));
  expect((await ids(page)).length).toBeGreaterThan(9);
});

test('is whole and accessible on a narrow page', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 800 });
  await openLab(page, hash);
  await expectNoOverflow(page);
  expect(await seriousFaults(page)).toEqual([]);
});
