// The RoPE panel: how pairs were turned, from the engine's q and q_rot; theta as an edit.
import { readFileSync } from 'node:fs';
import { expect, type Locator, test, type Page } from '@playwright/test';
import { loadBytes, outcome, panel, select, settled, stepTo, tapValues } from './lab-page.ts';
import { chosen, expectLooks, expectShown, openPanel, tableRows } from './lab-panel.ts';

const name = 'RoPE';
const view = (page: Page) => panel(page, name);
const button = (page: Page, words: string | RegExp) =>
  view(page).getByRole('button', { name: words, exact: typeof words === 'string' });

const facts = (page: Page) =>
  page.evaluate(() => {
    const { head_dim, rope_pairs } = window.lab.model!.info;
    return { size: head_dim, pairs: rope_pairs };
  });

/** As a hand that has moved it and not let go. */
const holdAt = (slider: Locator, at: string) =>
  slider.evaluate((input: HTMLInputElement, value) => {
    input.value = value;
    input.dispatchEvent(new Event('input'));
  }, at);

const wrap = (angle: number) => (angle + 4 * Math.PI) % (2 * Math.PI);

test('pairs were turned as its table says', async ({ page }) => {
  await openPanel(page, 'rope', 12);
  await select(page, { layer: 1, head: 2 });
  await expect(view(page).getByText('Layer 1, head 2 at 11')).toBeVisible();
  const { size, pairs } = await facts(page);
  const rows = await tableRows(page, name);
  expect(rows).toHaveLength(size / 2);
  const [q, turned] = [await tapValues(page, 'L.1.q', 11), await tapValues(page, 'L.1.q_rot', 11)];
  for (const j of chosen(5, size / 2)) {
    const [a, b] = pairs === 'adjacent' ? [2 * j, 2 * j + 1] : [j, j + size / 2];
    const angle = (row: number[]) => Math.atan2(row[2 * size + b]!, row[2 * size + a]!);
    expect(rows[j]![1]).toBe(`${a}, ${b}`);
    expectShown(rows[j]![4], wrap(angle(turned) - angle(q)));
    const apart = Math.abs(Number(rows[j]![3]) - Number(rows[j]![4]));
    expect(Math.min(apart, 2 * Math.PI - apart), 'as the formula').toBeLessThan(1e-3);
  }
});

test('the least turn is not said to be none', async ({ page }) => {
  await openPanel(page, 'rope', 8);
  await select(page, { position: 1 });
  await expect(view(page).getByText('head 0 at 1')).toBeVisible();
  const dials = view(page).getByRole('group', { name: 'Pairs' }).getByRole('button');
  await expect(dials.last()).toContainText('<0.1°');
  await expect(dials.filter({ hasText: / 0\.0°|\D0\.0°/ })).toHaveCount(0);
});

test('q·k over distance is the engine’s, and the moved key passes its own point', async ({
  page,
}) => {
  await openPanel(page, 'rope', 12);
  await button(page, 'q·k over distance').click();
  await view(page).getByRole('spinbutton', { name: 'Moved key' }).fill('4');
  await page.keyboard.press('Tab');
  const rows = await tableRows(page, name);
  const raw = await page.evaluate(async () => [
    ...(await window.nanoinfer.trace.attention(0, 0, 11)).raw,
  ]);
  for (const distance of chosen(6, 12)) expectShown(rows[distance]![2], raw[11 - distance]!);
  expect(Number(rows[7]![3])).toBeCloseTo(raw[4]!, 3);

  await view(page).getByRole('combobox', { name: 'Pair' }).selectOption('pair 3');
  const pair = await tableRows(page, name);
  expect(Number(pair[7]![3])).toBeCloseTo(Number(pair[7]![2]), 3);
});

test('theta is an edit, and goes back', async ({ page }) => {
  await openPanel(page, 'rope', 9);
  const clean = await outcome(page);
  const slider = view(page).getByRole('slider', { name: 'Theta, as a power of ten' });
  await slider.fill('3');
  await expect(view(page).getByRole('list', { name: 'Edits in force' })).toContainText('1000');
  await settled(page);
  const edits = await page.evaluate(() => window.lab.edits);
  expect(edits).toEqual([{ do: 'rope_theta', theta: 1000 }]);
  expect((await outcome(page)).logits).not.toBe(clean.logits);
  await expect(view(page).getByText('θ = 1000.')).toBeVisible();
  await button(page, /^The model’s own/).click();
  await settled(page);
  expect(await outcome(page)).toEqual(clean);
});

test('while theta is held the page turns the same q and keys, as the engine does then', async ({
  page,
}) => {
  await openPanel(page, 'rope', 12); // Of layer 0, whose q and k no theta changes.
  await button(page, 'q·k over distance').click();
  const before = await tableRows(page, name);
  const slider = view(page).getByRole('slider', { name: 'Theta, as a power of ten' });
  await holdAt(slider, '2.5');
  await expect(view(page)).toContainText('by the θ that you hold');
  await expect(view(page).getByText('θ = 316.2')).toBeVisible();
  expect(await page.evaluate(() => window.lab.edits)).toEqual([]);
  const held = await tableRows(page, name);
  await slider.dispatchEvent('change');
  await settled(page);
  expect(await page.evaluate(() => window.lab.edits)).toEqual([{ do: 'rope_theta', theta: 316.2 }]);
  const computed = await tableRows(page, name);
  for (const distance of chosen(6, 12)) {
    const [was, here, engine] = [before, held, computed].map((rows) => Number(rows[distance]![2]));
    expect(here).toBeCloseTo(engine!, 3);
    if (distance > 0) expect(Math.abs(engine! - was!)).toBeGreaterThan(1e-3);
  }
  await expect(view(page)).not.toContainText('by the θ that you hold');
});

test('a theta that is let go where it was is held no longer, and keys go on from each other', async ({
  page,
}) => {
  await openPanel(page, 'rope', 12);
  const slider = view(page).getByRole('slider', { name: 'Theta, as a power of ten' });
  const { x, y, width, height } = (await slider.boundingBox())!;
  const at = x + width / 2;
  await page.mouse.move(at, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(at + 30, y + height / 2);
  await expect(view(page)).toContainText('by the θ that you hold');
  await page.mouse.move(at, y + height / 2);
  await page.mouse.up();
  await expect(view(page)).not.toContainText('by the θ that you hold');
  await button(page, /^The model’s own/).click({ force: true });
  await settled(page);

  await slider.focus();
  const before = Number(await slider.inputValue());
  for (let i = 0; i < 4; ++i) await page.keyboard.press('ArrowRight');
  await settled(page);
  expect(Number(await slider.inputValue())).toBeCloseTo(before + 0.2, 2);
  const [edit] = await page.evaluate(() => window.lab.edits);
  expect(edit).toMatchObject({ do: 'rope_theta' });
  await expect(view(page)).not.toContainText('by the θ that you hold');
});

test('a theta that is held where the table is shown is forgotten with the next step', async ({
  page,
}) => {
  await openPanel(page, 'rope', 12);
  const slider = view(page).getByRole('slider', { name: 'Theta, as a power of ten' });
  await holdAt(slider, '2.5');
  await button(page, 'Table').click();
  await expect(view(page)).toContainText('Turned by the page');
  await stepTo(page, 'token', 13);
  await expect(view(page)).not.toContainText('Turned by the page');
});

test('what is set while theta is still computed holds', async ({ page }) => {
  await openPanel(page, 'rope', 40);
  const slider = view(page).getByRole('slider', { name: 'Theta, as a power of ten' });
  await slider.evaluate((input: HTMLInputElement) => {
    input.value = '2';
    input.dispatchEvent(new Event('input'));
    input.dispatchEvent(new Event('change'));
    const root = input.getRootNode() as ShadowRoot;
    const buttons = [...root.querySelectorAll('button')];
    return Promise.resolve().then(async () => {
      await new Promise(requestAnimationFrame);
      buttons.find((each) => each.textContent.includes('own'))!.click();
    });
  });
  await settled(page);
  expect(await page.evaluate(() => window.lab.edits)).toEqual([]);
  await expect(view(page)).not.toContainText('by the θ that you hold');
  await expect(slider).toHaveValue('4');
});

for (const model of ['tiny', 'models/glass-llama.gguf'])
  test(`the other pairing of ${model} is that of its q and k`, async ({ page }) => {
    await page.goto(`/lab.html?model=${model}&temperature=0#panels=rope&text=Once+upon+a+time`);
    await settled(page);
    await stepTo(page, 'token', 12);
    await settled(page);
    await button(page, 'The other pairing').click();
    const info = await page.evaluate(() => {
      const { head_dim, rope_theta, rope_pairs } = window.lab.model!.info;
      return { head_dim, rope_theta, rope_pairs };
    });
    const { head_dim: size, rope_theta: theta, rope_pairs: own } = info;
    const turned = (row: number[], position: number, pairs: string) => {
      const out = row.slice(0, size);
      for (let j = 0; j < size / 2; ++j) {
        const [a, b] = pairs === 'adjacent' ? [2 * j, 2 * j + 1] : [j, j + size / 2];
        const angle = position * theta ** ((-2 * j) / size);
        const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
        out[a] = row[a]! * cos - row[b]! * sin;
        out[b] = row[a]! * sin + row[b]! * cos;
      }
      return out;
    };
    const q = await tapValues(page, 'L.0.q', 11);
    const rows = await tableRows(page, name);
    for (const distance of chosen(5, 12)) {
      const k = await tapValues(page, 'L.0.k', 11 - distance);
      const dot = (pairs: string) => {
        const key = turned(k, 11 - distance, pairs);
        return turned(q, 11, pairs).reduce((sum, x, i) => sum + x * key[i]!, 0);
      };
      expect(Number(rows[distance]![2])).toBeCloseTo(dot(own), 3);
      expect(Number(rows[distance]![3])).toBeCloseTo(
        dot(own === 'halves' ? 'adjacent' : 'halves'),
        3,
      );
    }
  });

test('looks well', async ({ page }) => {
  await openPanel(page, 'rope', 12);
  await expectLooks(page, name, ['Dials', 'q·k over distance', 'The other pairing']);
});

test('a key between two positions is none', async ({ page }) => {
  await openPanel(page, 'rope', 12);
  await button(page, 'q·k over distance').click();
  const moved = view(page).getByRole('spinbutton', { name: 'Moved key' });
  await moved.fill('1.5');
  await moved.press('Enter');
  await expect(moved).toHaveValue('11');
  await page.evaluate(() => window.lab.select({ layer: 1.5, op: 2.5 }));
  await settled(page);
  expect(await page.evaluate(() => window.lab.selection)).toMatchObject({ layer: 1, op: 2 });
});

test('dials are walked over by keys, and another model begins with the first', async ({ page }) => {
  const failures: Error[] = [];
  page.on('pageerror', (error) => failures.push(error));
  await openPanel(page, 'rope', 9);
  const dials = view(page).getByRole('group', { name: 'Pairs' }).getByRole('button');
  await dials.nth(0).focus();
  for (let pair = 0; pair < 5; ++pair) await page.keyboard.press('ArrowRight');
  await expect(view(page)).toContainText('Pair 5:');
  await expect(dials.nth(5)).toBeFocused();
  const file = readFileSync('tests/fixtures/models/llama-f32.gguf'); // of four pairs
  await loadBytes(page, file, 'small');
  await stepTo(page, 'token', 6);
  await settled(page);
  await expect(view(page)).toContainText('Pair 0:');
  expect(failures).toEqual([]);
});
