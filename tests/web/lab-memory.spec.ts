// The memory map: every byte once, by the engine's own count.
import { expect, test, type Page } from '@playwright/test';
import seriousFaults from './axe.ts';
import { expectNoOverflow, openLab, panel, stepTo } from './lab-page.ts';

const hash = '#panels=memory&text=Once+upon+a+time';
const memory = (page: Page) => panel(page, 'Memory');

test('its pieces are the engine’s bytes, and add up to all of it', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 9);
  const told = await page.evaluate(async () => ({
    memory: await window.nanoinfer.memory(),
    ops: [...window.lab.ops],
    info: window.lab.model!.info,
    kept: window.lab.kept!,
  }));
  await memory(page).getByRole('button', { name: 'Table' }).click();
  const rows = await memory(page).getByRole('row').all();
  const texts = await Promise.all(
    rows
      .slice(1)
      .map(async (row) => [
        await row.getByRole('rowheader').innerText(),
        ...(await row.getByRole('cell').allInnerTexts()),
      ]),
  );
  const column = (name: string, at: number) => Number(texts.find(([own]) => own === name)![at]);
  const bytes = Object.fromEntries(texts.map((cells) => [cells[0]!, Number(cells[4])]));
  const cellsOf = (region: string, at: number) =>
    texts.filter((cells) => cells[1] === region).map((cells) => Number(cells[at]));
  const bytesOf = (region: string) => cellsOf(region, 4).reduce((all, each) => all + each, 0);
  expect(bytesOf('keys and values')).toBe(told.memory.kvBytesUsed);
  expect(cellsOf('keys and values', 6).sort()).toEqual([...told.memory.kvBlockAddresses].sort());
  expect(column('scratch of a pass', 6)).toBe(told.memory.scratchAddress);
  expect(column('taps kept for the lab', 6)).toBe(told.memory.tapsAddress);
  // Each piece begins where the one before it ends, from the first byte to the last.
  const ends = texts.map((cells) => Number(cells[6]) + Number(cells[4]));
  expect(texts.map((cells) => Number(cells[6]))).toEqual([0, ...ends.slice(0, -1)]);
  expect(ends.at(-1)).toBe(told.memory.totalBytes);
  expect(bytes['taps kept for the lab']).toBe(told.kept.bytes);
  const q = told.ops.find(({ name, layer }) => name === 'attn_q' && layer === 2)!;
  expect(bytes['blk.2.attn_q.weight']).toBe(q.bytes);
  expect(texts.find(([name]) => name === 'blk.2.attn_q.weight')).toContain(q.type);
  // Where the table says, the file has the bytes that the engine takes out of its tiles.
  const file = await page.evaluate(
    async (at) => {
      const response = await fetch((window.lab.model!.source as { url: string }).url);
      const bytes = new Uint8Array(await response.arrayBuffer());
      const op = window.lab.ops.findIndex(({ name, layer }) => name === 'attn_q' && layer === 2);
      const block = await window.nanoinfer.trace.matrixBlock(op, 0, 0);
      return [...bytes.subarray(at, at + block.bytes.length)].join() === [...block.bytes].join();
    },
    column('blk.2.attn_q.weight', 5),
  );
  expect(file).toBe(true);
  const away = (name: string) => column(name, 6) - column(name, 5);
  expect(away('output_norm.weight')).toBe(away('blk.2.attn_q.weight'));
  expect(column('blk.2.attn_q.weight', 7)).toBe(8);
  const sum = texts.reduce((all, cells) => all + Number(cells[9]), 0);
  expect(sum).toBeCloseTo(100, 2);
  // Their tensors and the gaps between them.
  expect(bytesOf('weights')).toBe(told.info.weights_bytes);
});

test('regions differ by more than their colours', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 9);
  const fills = await memory(page).evaluate((frame) => {
    const find = (root: ParentNode): SVGElement[] =>
      [...root.querySelectorAll('*')].flatMap((each) => [
        ...(each.matches('svg > rect') ? [each as SVGElement] : []),
        ...(each.shadowRoot ? find(each.shadowRoot) : []),
      ]);
    return find(frame.shadowRoot ?? frame).map((rect) => ({
      region: rect.classList[0]!,
      fill: getComputedStyle(rect).fill,
    }));
  });
  const patterns = (region: string) =>
    new Set(fills.filter((one) => one.region === region).map(({ fill }) => fill));
  const hatched = ['kv', 'scratch', 'taps'].map((region) => [...patterns(region)].join());
  expect(new Set(hatched).size).toBe(3);
  for (const fill of hatched) expect(fill).toMatch(/^url\("#/);
  for (const region of ['weights', 'rest']) {
    for (const fill of patterns(region)) expect(fill).toMatch(/^rgb/);
  }
});

test('points at pieces by keys, and looks at an op', async ({ page }) => {
  await openLab(page, hash);
  const map = memory(page).getByRole('group', { name: 'Map of linear memory' });
  await map.focus();
  await page.keyboard.press('Home');
  const words = memory(page).getByRole('status');
  await expect(words).toContainText('at addresses 0 to');
  // What lies below the weights is the allocator's affair.
  for (let piece = 0; piece < 20; ++piece) {
    if ((await words.innerText()).startsWith('output_norm.weight')) break;
    await page.keyboard.press('ArrowRight');
  }
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => window.lab.ops[window.lab.selection.op]!.name)).toBe(
    'output_norm',
  );
  await page.keyboard.press('End');
  await expect(memory(page).getByRole('status')).toContainText('the rest');
});

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [360, 1280]) {
    test(`has no accessibility fault, ${scheme}, ${width} px wide`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 800 });
      await openLab(page, hash);
      await stepTo(page, 'token', 9);
      await expectNoOverflow(page);
      expect(await seriousFaults(page)).toEqual([]);
      await memory(page).screenshot({ path: `test-results/lab-memory-${scheme}-${width}.png` });
    });
  }
}
