// The lab's KV cache: its bytes, its slots and what is done to them, against the engine's memory.
import { expect, test, type Page } from '@playwright/test';
import seriousFaults from './axe.ts';
import { expectNoOverflow, openLab, outcome, panel, select, settled, stepTo } from './lab-page.ts';
import { chosen } from './lab-panel.ts';

const hash = '#panels=kv&text=Once+upon+a+time';
const kv = (page: Page) => panel(page, 'KV cache');
const act = async (page: Page, name: string | RegExp) => {
  await kv(page).getByRole('button', { name }).click();
  await settled(page);
};
const slot = (page: Page, layer: number, kvHead: number, position: number) =>
  page.evaluate(
    async ([layer, kvHead, position]) => {
      const { k, v } = await window.nanoinfer.trace.kvSlot(layer!, kvHead!, position!);
      return { k: [...k], v: [...v] };
    },
    [layer, kvHead, position],
  );

test('is empty before the first pass, then grows as memory does', async ({ page }) => {
  await openLab(page, hash);
  await expect(kv(page)).toContainText('The cache is empty until the first pass is complete.');
  for (const n of [8, 70]) {
    await stepTo(page, 'token', n);
    const memory = await page.evaluate(() => window.nanoinfer.memory());
    const each = await page.evaluate(() => window.nanoinfer.model!.info.kv_bytes_per_token);
    const meter = kv(page).getByRole('meter', { name: 'Cache in use' });
    await expect(meter).toHaveAttribute('aria-valuenow', String(n * each));
    await expect(meter).toHaveAttribute('aria-valuemax', String(memory.kvBytesMax));
    await expect(kv(page)).toContainText(`${n} positions × ${each.toLocaleString('en-US')}`);
    const blocks = memory.kvBytesUsed / (64 * each);
    await expect(kv(page)).toContainText(`${blocks} of ${memory.kvBytesMax / (64 * each)} blocks`);
    const pool = kv(page)
      .getByRole('region', { name: /^Blocks of the pool/ })
      .getByRole('listitem');
    const { table } = await page.evaluate(async () => {
      const { table } = await window.nanoinfer.trace.kv();
      return { table: [...table] };
    });
    await expect(pool).toHaveCount(blocks);
    for (const [i, block] of table.entries()) {
      const last = Math.min(64 * (i + 1), n) - 1;
      await expect(pool.nth(block)).toHaveText(`${block} ${64 * i}–${last}`);
    }
    await expect(pool.filter({ hasText: 'free' })).toHaveCount(blocks - table.length);
    const slots = memory.kvBytesUsed / each;
    const unused = memory.kvBytesUsed - n * each;
    await expect(kv(page)).toContainText(
      `${slots - n} of the ${slots} slots taken, ${((unused / memory.kvBytesUsed) * 100).toFixed(1)} %: ${unused.toLocaleString('en-US')} bytes`,
    );
  }
});

test('a block that the pass at hand has taken is reserved until it is complete', async ({
  page,
}) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 64);
  await page.evaluate(() => window.lab.step('op'));
  await settled(page);
  const pool = kv(page)
    .getByRole('region', { name: /^Blocks of the pool/ })
    .getByRole('listitem');
  await expect(pool).toHaveText(['0 0–63', '1 reserved']);
});

test('shows the keys, values and attention that the engine holds', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 12);
  await select(page, { position: 9, layer: 1, head: 2 });
  const grid = kv(page).getByRole('img', { name: /^Slots of the cache/ });
  await expect(kv(page)).toContainText('sees 10 of 12 positions');
  await grid.focus();
  // As fast as a key that is held: each goes on from the one before, read or not.
  await grid.evaluate((canvas) => {
    for (const key of ['Home', 'ArrowRight', 'ArrowRight']) {
      canvas.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    }
  });
  await expect(kv(page)).toContainText(/token 2 .*: block 0, slot 2, gets/);
  const { k, v } = await slot(page, 1, 1, 2);
  const vector = kv(page).getByRole('img', { name: /^k, / });
  await vector.focus();
  for (const element of [1, 2, 3]) {
    await vector.press('ArrowRight');
    await expect(kv(page)).toContainText(`k[${element}] = ${k[element]!.toPrecision(6)}`);
    await expect(kv(page)).toContainText(`v[${element}] = ${v[element]!.toPrecision(6)}`);
  }

  await kv(page).getByRole('button', { name: 'Table' }).click();
  const probs = await page.evaluate(async () => {
    const { probs, masked } = await window.nanoinfer.trace.attention(1, 2, 9);
    return { probs: [...probs], scores: [...masked] };
  });
  const rows = await kv(page).getByRole('table').getByRole('row').all();
  for (const at of chosen(4, 10)) {
    const [block, inBlock, score, p] = await rows[at + 1]!.getByRole('cell').allInnerTexts();
    expect([block, inBlock]).toEqual(['0', String(at)]);
    expect(Number(score)).toBeCloseTo(probs.scores[at]!, 3);
    expect(Number(p)).toBeCloseTo(probs.probs[at]!, 5);
  }
  await expect(rows[11]!).toContainText('not seen');
});

test('a slot is chosen where it lies, behind the position that its line begins with', async ({
  page,
}) => {
  await page.setViewportSize({ width: 360, height: 800 });
  await openLab(page, hash);
  await stepTo(page, 'token', 20);
  const grid = kv(page).getByRole('img', { name: /^Slots of the cache/ });
  const { width } = (await grid.boundingBox())!;
  // Lines of 16 slots in half a block, a gap behind each block.
  const [label, line] = [68, (width - 68) / 16];
  for (const position of [0, 5, 15, 16, 19]) {
    const x = label + ((position % 16) + 0.5) * line;
    await grid.click({ position: { x, y: (Math.floor(position / 16) + 0.5) * line } });
    await expect(kv(page)).toContainText(
      new RegExp(`token ${position} .*: block 0, slot ${position}`),
    );
  }
});

test('changes a slot, computes again what depends on it, and undoes that', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 12);
  const clean = await outcome(page);
  await select(page, { position: 4, layer: 1, head: 0 });
  await expect(kv(page)).toContainText('Change token 4');

  const before = await slot(page, 1, 0, 4);
  await act(page, 'Zero');
  await expect(kv(page)).toContainText('from position 4 on depends on');
  const zeroed = await slot(page, 1, 0, 4);
  expect([...zeroed.k, ...zeroed.v].every((x) => x === 0)).toBe(true);
  expect((await slot(page, 2, 0, 4)).k.some((x) => x !== 0)).toBe(true);
  expect((await outcome(page)).logits).not.toBe(clean.logits);
  await act(page, /^Undo: zero L.1.k_rot/);
  await act(page, /^Undo: zero L.1.v/);
  expect(await outcome(page)).toEqual(clean);
  expect(await slot(page, 1, 0, 4)).toEqual(before);

  await kv(page).getByRole('spinbutton', { name: 'k[0] =' }).fill('2.5');
  await act(page, 'Set');
  const set = await slot(page, 1, 0, 4);
  expect(set.k[0]).toBe(2.5);
  expect(set.k.slice(1)).toEqual(before.k.slice(1));
  await act(page, /^Undo: replace/);

  await kv(page).getByRole('combobox', { name: 'In' }).selectOption('all layers');
  await act(page, 'Hide from later tokens');
  const probs = await page.evaluate(async () => {
    const { probs } = await window.nanoinfer.trace.attention(3, 1, 11);
    return [...probs];
  });
  expect(probs[4]).toBe(0);
  expect(probs[3]).toBeGreaterThan(0);
  await act(page, /^Undo: hide/);
  expect(await outcome(page)).toEqual(clean);

  await act(page, 'Evict up to here');
  const left = await page.evaluate(async () => {
    const { probs } = await window.nanoinfer.trace.attention(3, 1, 11);
    return [...probs];
  });
  expect(left.map((p) => p > 0)).toEqual(left.map((_, position) => position > 4));
  await act(page, /^Undo: hide/);
  expect(await outcome(page)).toEqual(clean);
});

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [360, 1280]) {
    test(`has no accessibility fault, ${scheme}, ${width} px wide`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 1400 });
      await openLab(page, hash);
      await stepTo(page, 'token', 70);
      await act(page, 'Hide from later tokens');
      await expect(kv(page)).toContainText('hide position 69');
      await expectNoOverflow(page);
      await page.screenshot({ path: `test-results/lab-kv-${scheme}-${width}.png` });
      expect(await seriousFaults(page)).toEqual([]);
    });
  }
}
