// The op inspector: every kind of op, its rows and its arithmetic held against the engine's own.
import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import seriousFaults from './axe.ts';
import {
  expectNoOverflow,
  loadBytes,
  openLab,
  panel,
  select,
  settled,
  stepTo,
  tapValues,
} from './lab-page.ts';
import { chosen } from './lab-panel.ts';

const hash = '#panels=op&text=Once+upon+a+time';
const op = (page: Page) => panel(page, 'Op');
const sixDigits = (x: number) =>
  Number.isInteger(x) && Math.abs(x) < 1e6 ? String(x) : x.toPrecision(6);

async function look(page: Page, name: string, layer: number): Promise<void> {
  await page.evaluate(
    ([wanted, at]) => {
      const { ops } = window.lab;
      const found = ops.findIndex((one) => one.name === wanted && one.layer === at);
      window.lab.select({ op: found, layer: at });
    },
    [name, layer] as const,
  );
  await settled(page);
  await expect(op(page).getByText(name, { exact: true }).first()).toBeVisible();
}

async function choose(page: Page, element: number): Promise<void> {
  const field = op(page).getByRole('spinbutton', { name: 'Element' });
  await field.fill(`${element}`);
  await field.press('Enter');
}

test('shows the products of a cell, in the kernel’s order, to the engine’s bit', async ({
  page,
}) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 9);
  for (const [name, layer, tap, element] of [
    ['attn_output', 1, 'L.1.attn_out', 41],
    ['ffn_down', 2, 'L.2.ffn_out', 95],
    ['output', -1, 'logits', 300],
  ] as const) {
    await look(page, name, layer);
    await choose(page, element);
    const values = await tapValues(page, tap, 8);
    await expect(op(page).getByRole('status')).toHaveText(
      `= ${sixDigits(values[element]!)}, what the engine has, bit for bit.`,
    );
    const cell = await page.evaluate(([one, at]) => window.nanoinfer.trace.cell(one, 8, at), [
      tap,
      element,
    ] as const);
    const block = cell.running.length - 1;
    await op(page).getByRole('slider', { name: 'Block of the running sum' }).press('End');
    const { d, a, dot, running } = cell;
    const words = [running[block - 1], d[block], a[block], dot[block], running[block]].map((x) =>
      sixDigits(x!),
    );
    const terms = op(page).getByRole('group', { name: `Products of block ${block}` });
    for (const word of words) await expect(op(page)).toContainText(word);
    const first = block * cell.block;
    const [w, x] = [cell.weights[first]!, cell.inputs[first]!];
    await expect(terms).toContainText(`${w} · ${x} = ${w * x}`);
  }
});

test('explains each kind of op, and what it comes to is the engine’s', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 9);
  const kinds = await page.evaluate(() => {
    const { ops } = window.lab;
    return ops
      .filter(({ layer }, at) => layer < 1 || at === 0)
      .map(({ name, layer }) => ({ name, layer }));
  });
  for (const { name, layer } of kinds) {
    await look(page, name, layer);
    await expect(op(page).getByRole('alert')).toBeHidden();
    await choose(page, 5);
    const region = op(page).getByRole('region', { name: 'How one element comes about' });
    await expect(region.getByRole('listitem').first()).toBeVisible();
    const status = region.getByRole('status');
    if (await status.isVisible()) await expect(status).toContainText(/bit for bit|by rounding/);
  }
});

test('its rows and its table are the taps’', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 9);
  await look(page, 'swiglu', 1);
  const strip = op(page).getByRole('slider', { name: 'Element of L.1.act' });
  await strip.press('Home');
  await strip.press('ArrowRight');
  await strip.press('ArrowRight');
  const act = await tapValues(page, 'L.1.act', 8);
  const gate = await tapValues(page, 'L.1.gate', 8);
  await expect(strip).toHaveAttribute('aria-valuetext', `L.1.act[2] = ${sixDigits(act[2]!)}`);
  // Under the pointer, the element's value is told and no other is chosen.
  await strip.hover({ position: { x: 4, y: 4 } });
  await expect(op(page).getByText(`L.1.act[0] = ${sixDigits(act[0]!)}`)).toBeVisible();
  await expect(strip).toHaveAttribute('aria-valuetext', `L.1.act[2] = ${sixDigits(act[2]!)}`);
  await page.mouse.move(0, 0);
  await expect(op(page).getByText(`L.1.act[2] = ${sixDigits(act[2]!)}`)).toBeVisible();
  await op(page).getByRole('button', { name: 'Table' }).click();
  for (const element of chosen(4, 80)) {
    const row = op(page).getByRole('row', { name: new RegExp(`^${element} `) });
    await expect(row.getByRole('cell').first()).toHaveText(sixDigits(gate[element]!));
    await expect(row.getByRole('cell').last()).toHaveText(sixDigits(act[element]!));
  }
});

test('names the op that completes what an op works on', async ({ page }) => {
  await openLab(page, hash);
  await loadBytes(page, readFileSync('tests/fixtures/models/qwen2-f32.gguf'), 'qwen2');
  await stepTo(page, 'token', 9);
  const leaves = (words: string) =>
    expect(op(page).getByRole('heading', { name: words, exact: true })).toBeVisible();
  await look(page, 'attn_q', 0);
  await leaves('Leaves, behind attn_q.bias');
  await expect(op(page).getByRole('slider', { name: 'Element of L.0.attn_norm' })).toBeVisible();
  await look(page, 'attn_q.bias', 0);
  await leaves('Leaves');
  await expect(op(page).getByRole('slider', { name: 'Element of L.0.attn_norm' })).toHaveCount(0);
  await look(page, 'attention', 0);
  await leaves('Leaves, behind attention_merge');
});

test('shows the lines that ran, as the pass took them', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 9);
  await page.evaluate(() => window.nanoinfer.kernels()); // The set is chosen by now.
  await look(page, 'attn_q', 1);
  await op(page).getByText('The C++ lines that ran').click();
  const form = op(page).getByRole('group', { name: 'Form of the pass' });
  await expect(form.getByRole('button', { pressed: true })).toHaveText(/Decode.*ran/);
  const { kernels } = await page.evaluate(() => window.nanoinfer.memory());
  const set = op(page).getByRole('group', { name: 'Kernel set' });
  await expect(set.getByRole('button', { pressed: true }).first()).toContainText(kernels);
  await expect(op(page).getByRole('region', { name: 'The op' })).toContainText('matmul_packed');
  await select(page, { position: 3 });
  await expect(form.getByRole('button', { pressed: true })).toHaveText(/Prefill.*ran/);
});

/** The largest difference that the naive version of an op tells of, over the largest |y|. */
async function naiveShare(page: Page, name: string, layer: number): Promise<number> {
  await look(page, name, layer);
  const naive = op(page).getByRole('group').filter({ hasText: 'The naive version' });
  // Open from the op before, it may still be computing.
  if ((await naive.getAttribute('open')) === null)
    await naive.getByText('The naive version').click();
  const told = op(page).getByRole('status').filter({ hasText: 'max |naive − engine|' });
  await expect(told).toBeVisible();
  // A result of the op before is gone by now: it goes with the rows that it was of.
  const text = (await told.innerText()).replace(/\s+/g, ' ');
  if (text.includes('bit for bit')) return 0;
  return Number(/, ([\d.e+-]+) % of/.exec(text)![1]) / 100;
}

test('the naive version of each kind of op comes to what the pass left', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 9);
  for (const [name, layer, most] of [
    ['token_embd', -1, 0],
    ['attn_norm', 1, 1e-6],
    ['attn_q', 1, 2e-3], // Q8_0: the kernel rounds the input to 13 bits.
    ['rope_q', 1, 1e-6],
    ['attention', 2, 1e-6],
    ['attn_residual', 2, 0],
    ['swiglu', 3, 1e-6],
    ['ffn_down', 3, 2e-3],
    ['output', -1, 2e-3],
  ] as const) {
    const share = await naiveShare(page, name, layer);
    expect(share, name).toBeLessThanOrEqual(most);
    if (most > 1e-4) expect(share, `${name} is rounded`).toBeGreaterThan(0);
  }
  await page.evaluate(() => window.lab.setEdits([{ do: 'scale', site: 'L.3.act', by: 0.5 }]));
  expect(await naiveShare(page, 'swiglu', 3)).toBeCloseTo(1, 2);
});

test('RoPE, norms and biases are computed with the file’s own numbers', async ({ page }) => {
  await openLab(page, hash);
  for (const [file, ops] of [
    ['llama-bf16-rope-freqs', ['rope_q', 'attn_norm']],
    ['llama-f32-linear-rope', ['rope_k']],
    ['llama-f32-partial-rope', ['rope_q']],
    ['qwen2-f32', ['attn_q.bias', 'rope_k', 'ffn_norm']],
  ] as const) {
    await loadBytes(page, readFileSync(`tests/fixtures/models/${file}.gguf`), file);
    await stepTo(page, 'token', 9);
    for (const name of ops) {
      expect(await naiveShare(page, name, 0), `${file}, ${name}`).toBeLessThan(2e-6);
    }
  }
});

test('says what has not been computed yet', async ({ page }) => {
  await openLab(page, hash);
  await select(page, { op: 3 });
  await expect(op(page)).toContainText('yet: step on');
});

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [360, 1280]) {
    test(`has no accessibility fault, ${scheme}, ${width} px wide`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 800 });
      await openLab(page, hash);
      await stepTo(page, 'token', 9);
      await look(page, 'ffn_down', 1);
      await expectNoOverflow(page);
      expect(await seriousFaults(page)).toEqual([]);
      await op(page).screenshot({ path: `test-results/lab-op-${scheme}-${width}.png` });
    });
  }
}
