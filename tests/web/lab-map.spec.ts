// The map of the plan: each op once, with the engine's own bytes, times and norms.
import { expect, test, type Page } from '@playwright/test';
import seriousFaults from './axe.ts';
import { expectNoOverflow, openLab, panel, press, settled, stepTo, tapValues } from './lab-page.ts';
import { chosen } from './lab-panel.ts';

const hash = '#panels=map&text=Once+upon+a+time';
const map = (page: Page) => panel(page, 'Map');
const plan = (page: Page) => map(page).getByRole('group', { name: 'Map of the ops' });
const selected = (page: Page) => page.evaluate(() => window.lab.selection.op);
const colourBy = (page: Page, name: string) =>
  map(page).getByRole('combobox', { name: 'Colour by' }).selectOption(name);

/** A row of the table, by its op: column label -> text. */
async function tableRow(page: Page, op: number): Promise<Record<string, string>> {
  const columns = await map(page).getByRole('columnheader').allTextContents();
  const name = await page.evaluate((at) => `${at + 1} ${window.lab.ops[at]!.name}`, op);
  const row = map(page).getByRole('row', { name: new RegExp(`^${name} `) });
  const cells = await row.getByRole('cell').allTextContents();
  return Object.fromEntries(cells.map((text, i) => [columns[i + 1]!, text]));
}

const sixDigits = (x: number) => (Number.isInteger(x) && Math.abs(x) < 1e6 ? x : x.toPrecision(6));

test('its numbers are the plan’s, the engine’s clock’s and the taps’', async ({ page }) => {
  await openLab(page, hash);
  await expect(map(page)).toContainText('No pass has been timed yet');
  await stepTo(page, 'token', 10);
  await expect(map(page)).toContainText('the mean of 6 passes of one token');
  await colourBy(page, 'norm');
  await settled(page);
  await map(page).getByRole('button', { name: 'Table' }).click();
  const facts = await page.evaluate(() => {
    const { ops, times, model, plan: all } = window.lab;
    return { ops: [...ops], ms: [...times!.decode.ms], info: model!.info, taps: all!.taps };
  });
  const position = 9;
  const looked = new Set([...chosen(10, facts.ops.length), facts.ops.length - 1]);
  let bytesSoFar = 0;
  for (const [op, { bytes, bytes_per_pos: each, type, n_out: nOut }] of facts.ops.entries()) {
    bytesSoFar += bytes + each * (position + 1);
    if (!looked.has(op)) continue;
    const row = await tableRow(page, op);
    expect(row['Read (bytes)']).toBe(`${bytes + each * (position + 1)}`);
    expect(row['Read so far (bytes)']).toBe(`${bytesSoFar}`);
    expect(row['Type']).toBe(type ?? '');
    expect(row['Out']).toBe(`${nOut}`);
    expect(row['Time a pass (ms)']).toBe(`${sixDigits(facts.ms[op]! / 6)}`);
    const tap = facts.taps.find((one) => one.op === op);
    if (!tap) expect(row['Norm']).toBe('');
    else {
      const values = await tapValues(page, tap.name, position);
      const norm = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
      expect(Number(row['Norm'])).toBeCloseTo(norm, 3);
    }
  }
  const last = await tableRow(page, facts.ops.length - 1);
  expect(Number(last['Parameters so far'])).toBe(facts.info.n_params);
});

test('points at ops by keys, and looks at one', async ({ page }) => {
  await openLab(page, hash);
  await press(page, 'F11');
  await plan(page).focus();
  await page.keyboard.press('Home');
  await expect(map(page).getByRole('status')).toContainText('Op 1 token_embd');
  await page.keyboard.press('ArrowRight');
  await expect(map(page).getByRole('status')).toContainText(
    'Op 2 attn_norm, layer 0: rms_norm 128',
  );
  await page.keyboard.press('ArrowDown');
  await expect(map(page).getByRole('status')).toContainText('attn_norm, layer 1');
  const before = await selected(page);
  await page.keyboard.press('Enter');
  expect(await selected(page)).not.toBe(before);
  expect(await page.evaluate(() => window.lab.ops[window.lab.selection.op])).toMatchObject({
    name: 'attn_norm',
    layer: 1,
  });
  expect(await page.evaluate(() => window.lab.selection.layer)).toBe(1);
});

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [360, 1280]) {
    test(`has no accessibility fault, ${scheme}, ${width} px wide`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 800 });
      await openLab(page, hash);
      await press(page, 'k');
      await expectNoOverflow(page);
      expect(await seriousFaults(page)).toEqual([]);
      await map(page).getByRole('button', { name: 'Table' }).click();
      expect(await seriousFaults(page)).toEqual([]);
    });
  }
}

test('shares of the first op that was timed are shares', async ({ page }) => {
  await openLab(page, '#panels=map,perf&text=Once+upon+a+time');
  await press(page, 'o');
  for (const title of ['Map', 'Performance']) {
    await expect(panel(page, title)).not.toContainText(/e\+|NaN/);
  }
  await press(page, 'k'); // One op may take less than a tick of the clock.
  await expect(panel(page, 'Performance')).toContainText('%');
});
