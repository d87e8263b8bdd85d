// The performance panel: its times are the engine's, its roofs those that were measured.
import { expect, test, type Page } from '@playwright/test';
import seriousFaults from './axe.ts';
import { expectNoOverflow, openLab, panel, settled, stepTo } from './lab-page.ts';
import { chosen } from './lab-panel.ts';
import { holdBenchmark } from './page.ts';

const hash = '#panels=perf&text=Once+upon+a+time';
const perf = (page: Page) => panel(page, 'Performance');
const sixDigits = (x: number) =>
  Number.isInteger(x) && Math.abs(x) < 1e6 ? String(x) : x.toPrecision(6);

async function measure(page: Page): Promise<void> {
  await perf(page).getByRole('button', { name: 'Measure this machine' }).click();
  await expect(perf(page).getByRole('button', { name: 'Measure again' })).toBeVisible({
    timeout: 100_000,
  });
  await settled(page);
}

test('times each op of the steps, and adds them up by kind', async ({ page }) => {
  await openLab(page, hash);
  await expect(perf(page)).toContainText('None of these has been timed: step on.');
  await expect(perf(page)).toContainText(/steps\s+of\s+[\d.]+ (µs|ms)/);
  // What the engine itself says, from passes of one token; a pass is a step here.
  await page.evaluate(() => {
    const { lab } = window;
    const { trace } = lab;
    const said: number[][] = [];
    Object.assign(window, { said });
    const opMs = trace.opMs.bind(trace);
    trace.opMs = async (...args) => {
      const ms = await opMs(...args);
      const { first, end } = lab.place;
      if (!args[0]?.reset) throw new Error('read without reset');
      if (end - first === 1) said.push([...ms]);
      return ms;
    };
  });
  await stepTo(page, 'token', 12);
  const said = await page.evaluate(() => (window as unknown as { said: number[][] }).said);
  expect(said).toHaveLength(8);
  // A whole pass may take less than a tick of this clock; eight of them do not.
  expect(said.flat().some((ms) => ms > 0)).toBe(true);
  // Going back and what comes again is not timed twice.
  await page.evaluate(async () => {
    await window.lab.back();
    await window.lab.back();
  });
  await expect(perf(page)).toContainText('Mean of 8 passes, one token each');
  const { ops, totals } = await page.evaluate(() => {
    const { times, ops: all } = window.lab;
    const { ms, bytes, macs, passes } = times!.decode;
    return {
      ops: [...all],
      totals: { ms: [...ms], bytes: [...bytes], macs: [...macs], passes: [...passes] },
    };
  });
  expect(new Set(totals.passes)).toEqual(new Set([8]));
  const kinds = perf(page).getByRole('region', { name: 'Time by kind of op' });
  for (const kind of ['matmul', 'attention', 'rms_norm']) {
    const ms = ops.reduce((sum, op, i) => sum + (op.kind === kind ? totals.ms[i]! : 0), 0);
    const row = kinds.getByRole('row', { name: new RegExp(`^${kind} `) });
    await expect(row.getByRole('cell').nth(1)).toHaveText((ms / 8).toPrecision(3));
  }
  await perf(page).getByRole('button', { name: 'Table' }).click();
  for (const op of [0, ops.length - 1, ...chosen(6, ops.length)]) {
    const { bytes, bytes_per_pos: bytesEach, macs, macs_per_pos: macsEach } = ops[op]!;
    const seen = [5, 6, 7, 8, 9, 10, 11, 12].reduce((sum, n) => sum + n, 0);
    expect(totals.ms[op]).toBeCloseTo(
      said.reduce((sum, ms) => sum + ms[op]!, 0),
      9,
    );
    expect(totals.bytes[op]).toBe(8 * bytes + seen * bytesEach);
    expect(totals.macs[op]).toBe(8 * macs + seen * macsEach);
    const row = perf(page).getByRole('row', { name: new RegExp(`^${op + 1} ${ops[op]!.name} `) });
    const cells = row.getByRole('cell');
    await expect(cells.nth(1)).toHaveText('8');
    await expect(cells.nth(2)).toHaveText(sixDigits(totals.ms[op]! / 8));
    await expect(cells.nth(3)).toHaveText(sixDigits(totals.bytes[op]! / 8));
    await expect(cells.nth(4)).toHaveText(sixDigits(totals.macs[op]! / 8));
    const ms = totals.ms[op]!; // Of a clock that ticks slowly it may be none.
    await expect(cells.nth(5)).toHaveText(ms > 0 ? sixDigits(totals.bytes[op]! / 1e6 / ms) : '');
    await expect(cells.nth(6)).toHaveText(ms > 0 ? sixDigits(totals.macs[op]! / 1e6 / ms) : '');
  }
});

test('a panel that begins to time between two steps holds nobody up', async ({ page }) => {
  await openLab(page, hash.replace('perf', 'tokens'));
  const { cursor, passes } = await page.evaluate(async () => {
    const { lab } = window;
    lab.addEventListener('change', () => {
      if (!lab.busy && !lab.times) void lab.timeOps();
    });
    await lab.step('op');
    await lab.step('op');
    return { cursor: lab.place.cursor, passes: [...lab.times!.prefill.passes.slice(0, 3)] };
  });
  expect(cursor).toBe(2);
  expect(passes).toEqual([0, 1, 0]);
});

test('measures the machine, and the run stays where it is', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 9);
  const place = await page.evaluate(() => window.lab.place);
  await measure(page);
  expect(await page.evaluate(() => window.lab.place)).toEqual(place);
  const runs = await page.evaluate(() => window.lab.machine!.runs);
  const nThreads = await page.evaluate(() => window.lab.model!.choice.nThreads);
  expect(runs.at(-1)!.nThreads).toBe(Math.max(1, nThreads));
  for (const {
    nThreads: n,
    decodePerSecond: { median },
  } of runs) {
    const rate = median >= 1000 ? median.toFixed(0) : median.toPrecision(3);
    await expect(perf(page)).toContainText(`${n}: prefill`);
    await expect(perf(page)).toContainText(`decode ${rate} tokens/s`);
  }
  await perf(page).getByText('Threads in numbers').click();
  const rows = perf(page)
    .getByRole('table', { name: /by threads/ })
    .getByRole('row');
  for (const [i, { decodePerSecond, readBytesPerSecond }] of runs.entries()) {
    const cells = rows.nth(i + 1).getByRole('cell');
    await expect(cells.nth(1)).toHaveText(sixDigits(decodePerSecond.median));
    await expect(cells.nth(3)).toHaveText(sixDigits(readBytesPerSecond.median / 1e9));
  }
  const roof = runs.at(-1)!.macsPerSecond.high / 1e9;
  await expect(perf(page)).toContainText(`${roof.toPrecision(3)} GMAC/s (the level)`);
});

test('two kernel sets run by turns, and which is faster is what was measured', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 9);
  const { kernels } = await page.evaluate(() => window.nanoinfer.model!.build);
  const place = await page.evaluate(() => window.lab.place);
  const inUse = await page.evaluate(() => window.nanoinfer.kernels());
  const other = kernels.find((name) => name !== inUse)!;
  const race = async (a: string, b: string) => {
    await perf(page).getByRole('combobox', { name: 'Kernel set A' }).selectOption(a);
    await perf(page).getByRole('combobox', { name: 'Kernel set B' }).selectOption(b);
    await perf(page).getByRole('button', { name: 'Run A and B by turns' }).click();
    await expect.poll(() => page.evaluate(() => window.lab.measuring)).not.toBeNull();
    await expect.poll(() => page.evaluate(() => window.lab.busy), { timeout: 100_000 }).toBe(false);
    return page.evaluate(() => window.lab.race!.runs);
  };
  await perf(page).getByRole('combobox', { name: 'Kernel set A' }).selectOption(inUse);
  await perf(page).getByRole('combobox', { name: 'Kernel set B' }).selectOption(inUse);
  await expect(perf(page).getByRole('button', { name: 'Run A and B by turns' })).toBeDisabled();
  const runs = await race(other, inUse);
  expect(runs.map((run) => run.kernels)).toEqual([other, inUse]);
  const words = perf(page).getByRole('status').filter({ hasText: 'same bits' });
  for (const { kernels: name, decodePerSecond } of runs) {
    const { median } = decodePerSecond;
    const rate = median >= 1000 ? median.toFixed(0) : median.toPrecision(3);
    await expect(words).toContainText(new RegExp(`${name}, \\d threads?: decode ${rate} `));
  }
  const [a, b] = runs.map(({ decodePerSecond }) => decodePerSecond);
  await expect(words).toContainText(
    a!.low <= b!.high && b!.low <= a!.high
      ? 'Decode: no difference on this machine.'
      : `Decode: B is ${(b!.median / a!.median).toPrecision(3)} times as fast as A.`,
  );
  expect(await page.evaluate(() => window.lab.place)).toEqual(place);
  expect(await page.evaluate(() => window.nanoinfer.kernels())).toBe(inUse);
  const code = await page.evaluate(() =>
    window.nanoinfer
      .benchmark({ kernels: ['avx2'] })
      .catch((e: unknown) => (e as { code: string }).code),
  );
  expect(code).toBe('bad_argument');
});

test('can be stopped while it measures', async ({ page }) => {
  await openLab(page, hash);
  await holdBenchmark(page);
  await perf(page).getByRole('button', { name: 'Measure this machine' }).click();
  await perf(page).getByRole('button', { name: 'Cancel' }).click();
  await settled(page);
  await expect(perf(page).getByRole('button', { name: 'Measure this machine' })).toBeVisible();
  await expect(page.getByRole('alert')).toBeHidden();
  await stepTo(page, 'token', 8);
});

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [360, 1280]) {
    test(`has no accessibility fault, ${scheme}, ${width} px wide`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 800 });
      await openLab(page, hash);
      await stepTo(page, 'token', 9);
      await measure(page);
      await expectNoOverflow(page);
      expect(await seriousFaults(page)).toEqual([]);
      await perf(page).screenshot({ path: `test-results/lab-perf-${scheme}-${width}.png` });
    });
  }
}
