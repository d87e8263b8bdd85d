// The Residual stream panel: norms, lens and parts of a logit against the engine's own.
import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { loadBytes, panel, select, settled, stepTo, tapValues } from './lab-page.ts';
import { chosen, expectLooks, expectShown, keepOnly, openPanel, tableRows } from './lab-panel.ts';

const name = 'Residual stream';
const view = (page: Page) => panel(page, name);
const button = (page: Page, words: string) =>
  view(page).getByRole('button', { name: words, exact: true });
const norm = (values: number[]) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));

test('norms and the lens are the engine’s', async ({ page }) => {
  await openPanel(page, 'residual', 10);
  await expect(view(page).getByText('Followed:')).toBeVisible();
  const rows = await tableRows(page, name);
  const nLayers = await page.evaluate(() => window.lab.model!.info.n_layers);
  expect(rows).toHaveLength(nLayers + 1);
  const top = await page.evaluate(() => window.nanoinfer.trace.top(5));
  for (const layer of chosen(3, nLayers, 5)) {
    const row = rows[layer + 1]!;
    expect(row[0]).toBe(`L.${layer}.resid_post`);
    for (const [i, tap] of ['attn_out', 'ffn_out', 'resid_post'].entries()) {
      expectShown(row[i + 1], norm(await tapValues(page, `L.${layer}.${tap}`, 9)));
    }
    const lens = await page.evaluate(
      async ([tap, id]) => {
        const { top, logits } = await window.nanoinfer.trace.lens(tap, 9, { all: true });
        return { top, logit: logits![id]! };
      },
      [`L.${layer}.resid_post`, top[0]!.id] as const,
    );
    expectShown(row[4], lens.logit);
    lens.top.forEach(({ p }, i) => expectShown(row[7 + 2 * i], p));
  }
  const last = rows.at(-1)!;
  top.forEach(({ p }, i) => expectShown(last[7 + 2 * i], p));
});

test('the parts of a logit sum to it, and heads to their layer’s attention', async ({ page }) => {
  await openPanel(page, 'residual', 11);
  await select(page, { layer: 1 });
  await button(page, 'What adds to a logit').click();
  await expect(view(page).getByRole('list', { name: 'Heads of the layer' })).toBeVisible();
  await button(page, 'L.0 attention').click();
  await expect(view(page)).toContainText('Heads of layer 0,');
  await expect(button(page, 'L.0 attention')).toHaveAttribute('aria-pressed', 'true');
  await button(page, 'L.1 attention').click();
  await expect(view(page)).toContainText('Heads of layer 1,');
  const rows = await tableRows(page, name);
  const number = (row: string[]) => Number(row[1]);
  const heads = rows.filter(([head]) => head!.includes('head'));
  const parts = rows.filter(([head]) => !head!.includes('head'));
  const sum = (list: string[][]) => list.reduce((total, row) => total + number(row), 0);
  const top = await page.evaluate(() => window.nanoinfer.trace.top(1));
  expect(sum(parts)).toBeCloseTo(top[0]!.logit, 3);
  const attention = parts.find(([head]) => head === 'L.1 attention')!;
  expect(sum(heads)).toBeCloseTo(number(attention), 3);
});

test('a token of the prompt has parts too', async ({ page }) => {
  await openPanel(page, 'residual', 9);
  const position = 2;
  await select(page, { position, layer: 2 });
  await button(page, 'What adds to a logit').click();
  await expect(view(page)).toContainText('Heads of layer 2,');
  const likeliest = await page.evaluate(async (at) => {
    const last = window.lab.model!.info.n_layers - 1;
    return (await window.nanoinfer.trace.lens(`L.${last}.resid_post`, at, { top: 1 })).top[0]!;
  }, position);
  const rows = await tableRows(page, name);
  const sum = (kind: RegExp) =>
    rows.filter(([head]) => kind.test(head!)).reduce((total, row) => total + Number(row[1]), 0);
  // The head's inputs are rounded to 13 bits.
  expect(sum(/^(embd|.* attention|.* MLP)$/)).toBeCloseTo(likeliest.logit, 2);
  expect(sum(/^L\.2 head/)).toBeCloseTo(sum(/^L\.2 attention/), 3);
});

test('what adds to a logit says what has to be kept', async ({ page }) => {
  await openPanel(page, 'residual', 6);
  await keepOnly(page, { values: ['embd', 'L.*.resid_post', 'final_norm'] });
  await button(page, 'What adds to a logit').click();
  await expect(view(page)).toContainText(/L\.0\.resid_mid, L\.1\.resid_mid, .*are not kept/);
  await button(page, 'Norms and lens').click();
  await expect(view(page).getByRole('list', { name: 'Layers' })).toBeVisible();
});

test('asks before it tells what comes next', async ({ page }) => {
  await openPanel(page, 'residual', 8);
  await button(page, 'What comes next?').click();
  const choices = view(page).getByRole('group', { name: 'What comes next?' }).getByRole('button');
  await expect(choices).toHaveCount(5);
  await expect(choices.filter({ hasText: '%' })).toHaveCount(0);
  const [best] = await page.evaluate(() => window.nanoinfer.trace.top(1));
  await choices.first().click();
  await expect(choices.filter({ hasText: '%' })).toHaveCount(5);
  await expect(
    choices.filter({ hasText: `${(best!.p * 100).toFixed(1)} %` }).first(),
  ).toBeVisible();
  await expect(view(page).getByRole('status')).toContainText('of 1 right');
  await page.evaluate(() => window.lab.step('token'));
  await settled(page);
  await expect(choices.filter({ hasText: '%' })).toHaveCount(0);
});

test('shows the layers that have run, and no more', async ({ page }) => {
  await openPanel(page, 'residual', 8);
  await page.evaluate(async () => {
    const { lab } = window;
    await lab.step('op');
    const done = lab.tap('L.1.resid_post')!.op;
    while (lab.place.cursor <= done) await lab.step('op');
  });
  await settled(page);
  const layers = view(page).getByRole('list', { name: 'Layers' }).getByRole('listitem');
  await expect(layers).toHaveCount(3);
  await button(page, 'What adds to a logit').click();
  await expect(view(page)).toContainText('The last layer has not run yet');
});

test('looks well', async ({ page }) => {
  await openPanel(page, 'residual', 12);
  await expectLooks(page, name, ['Norms and lens', 'What adds to a logit', 'What comes next?']);
});

test('another model follows a token of its own', async ({ page }) => {
  await openPanel(page, 'residual', 8);
  const list = view(page).getByRole('list', { name: 'Layers' });
  await list.getByRole('listitem').first().getByRole('button').last().click();
  await expect(button(page, 'Follow the likeliest')).toBeVisible();
  await loadBytes(page, readFileSync('tests/fixtures/models/llama-f32.gguf'), 'small');
  await stepTo(page, 'token', 6);
  await settled(page);
  await expect(view(page).getByText('Followed:')).toBeVisible();
  await expect(button(page, 'Follow the likeliest')).toHaveCount(0);
});
