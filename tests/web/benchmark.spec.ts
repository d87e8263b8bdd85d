// The benchmark of this machine: what it shows is what it measured, and it leaves the conversation as
// it was.
import { expect, test, type Page } from '@playwright/test';
import { benchmarkTables } from '../../web/src/draw/benchmark-tables.ts';
import type { BenchmarkProgress, BenchmarkResult } from '../../web/src/protocol.ts';
import seriousFaults from './axe.ts';
import { answered, ask, holdBenchmark, open } from './page.ts';

const dialog = (page: Page) => page.getByRole('dialog', { name: 'Benchmark of this machine' });
const button = (page: Page, name: string) =>
  dialog(page).getByRole('button', { name, exact: true });

// With the tiny model a run is over in a moment.
const running = /\d threads?: (warming up|run \d of 5|time of each)/;

async function openBenchmark(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Benchmark this machine' }).click();
  await expect(dialog(page)).toBeVisible();
}

interface Kept {
  result: BenchmarkResult;
  progress: BenchmarkProgress[];
}

/** Keeps what `nanoinfer.benchmark()` gives the page, of fewer tokens than a person waits for. */
async function keepResult(page: Page): Promise<() => Promise<Kept>> {
  await page.evaluate(() => {
    const { nanoinfer } = window;
    const benchmark = nanoinfer.benchmark.bind(nanoinfer);
    nanoinfer.benchmark = async (options) => {
      const progress: BenchmarkProgress[] = [];
      const onProgress = (event: BenchmarkProgress) => {
        progress.push(event);
        options?.onProgress?.(event);
      };
      const result = await benchmark({ prompt: 128, generate: 16, ...options, onProgress });
      Object.assign(window, { kept: { result, progress } });
      return result;
    };
  });
  return () => page.evaluate(() => (window as unknown as { kept: Kept }).kept);
}

/** What the context holds and what follows it: the same before and after. */
const contextOf = (page: Page) =>
  page.evaluate(async () => {
    const { nanoinfer } = window;
    const { contextTokens } = await nanoinfer.memory();
    const { id } = await nanoinfer.sample({ temperature: 0 });
    return { contextTokens, id, logits: [...(await nanoinfer.logits())] };
  });

const holdSomething = (page: Page) =>
  page.evaluate(async () => {
    await window.nanoinfer.prefill(await window.nanoinfer.tokenize('Once upon a time there was'));
  });

test('shows and copies the figures that were measured, with 1 thread and with all', async ({
  page,
  context,
}, { project }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, 'model=tiny');
  const kept = await keepResult(page);
  await openBenchmark(page);
  await button(page, 'Start').click();
  await expect(dialog(page).getByRole('progressbar', { name: 'Benchmark' })).toBeVisible();
  await expect(dialog(page)).toContainText(running);
  await expect(dialog(page).getByRole('status')).toHaveText('Measured.');

  const { result: found, progress } = await kept();
  const { session, build, choice } = await page.evaluate(() => window.nanoinfer.model!);
  const n = session.n_threads;
  expect(found.runs.map(({ nThreads }) => nThreads)).toEqual(n > 1 ? [1, n] : [1]);
  expect(found.build).toEqual(build);
  expect(found.isolated).toBe(project.name === 'isolated');
  expect(found.isolated).toBe(choice.isolated);
  expect(found.kernels).toBe(await page.evaluate(() => window.nanoinfer.kernels()));
  expect(found.tickMs).toBeGreaterThan(0);
  for (const run of found.runs) {
    const { prefillPerSecond, decodePerSecond, firstTokenMs } = run;
    for (const { low, median, high } of [prefillPerSecond, decodePerSecond, firstTokenMs]) {
      expect(low).toBeGreaterThan(0);
      expect(median).toBeGreaterThanOrEqual(low);
      expect(high).toBeGreaterThanOrEqual(median);
    }
    expect(run.repeats).toBe(5);
    expect((found.prompt / prefillPerSecond.median) * 1000).toBeLessThan(
      firstTokenMs.high + found.tickMs, // Both are read off one clock.
    );
  }

  expect(progress.map(({ step }) => step)).toEqual([...progress.keys()]);
  expect(progress).toHaveLength(progress[0]!.steps);
  const left = progress.map(({ msLeft }) => msLeft).filter((ms) => ms !== null);
  expect(left).toHaveLength(progress.length - found.runs.length);
  expect(left.at(-1)).toBeGreaterThan(0);

  const tables = benchmarkTables(found);
  const shown = await dialog(page)
    .getByRole('table')
    .evaluateAll((all) =>
      all.map((table) =>
        [...table.querySelectorAll('tbody tr')].map((row) =>
          [...row.children].map((cell) => cell.textContent.trim()),
        ),
      ),
    );
  expect(shown).toEqual(tables.map(({ rows }) => rows));
  const median = found.runs[0]!.decodePerSecond.median;
  expect(shown[0]![1]![1]).toContain(median >= 1000 ? median.toFixed(0) : median.toPrecision(3));

  await button(page, 'Copy result').click();
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await expect.poll(clipboard).toContain(tables[0]!.title);
  const copied = await clipboard();
  for (const { title, rows } of tables) {
    expect(copied).toContain(title);
    for (const row of rows) expect(copied).toContain(`| ${row.join(' | ')} |`);
  }
});

test('counts the bytes and multiply-adds of the plan', async ({ page }) => {
  await open(page, 'model=tiny');
  const { found, session } = await page.evaluate(async () => ({
    found: await window.nanoinfer.benchmark({ prompt: 70, generate: 3 }),
    session: window.nanoinfer.model!.session,
  }));
  const sum = (kind: string, figure: (op: (typeof session.ops)[number]) => number) =>
    session.ops.filter((op) => op.kind === kind).reduce((total, op) => total + figure(op), 0);
  const run = found.runs.at(-1)!;
  const decode = run.decodeKinds.find(({ kind }) => kind === 'matmul')!;
  expect(decode.bytes).toBe(3 * sum('matmul', ({ bytes }) => bytes));
  expect(decode.macs).toBe(3 * sum('matmul', ({ macs }) => macs));
  // The prompt: 64 rows and then 6, of which one wants logits.
  const prefill = run.prefillKinds.find(({ kind }) => kind === 'matmul')!;
  const rows = (logits: boolean) => (logits ? 1 : 70);
  const passes = (logits: boolean) => (logits ? 1 : 2);
  expect(prefill.bytes).toBe(sum('matmul', (op) => passes(op.logit_rows) * op.bytes));
  expect(prefill.macs).toBe(sum('matmul', (op) => rows(op.logit_rows) * op.macs));
  const attention = run.prefillKinds.find(({ kind }) => kind === 'attention')!;
  const { info } = await page.evaluate(() => window.nanoinfer.model!);
  const products = 2 * info.n_layers * info.n_heads * info.head_dim;
  expect(attention.macs).toBe((products * 70 * 71) / 2);
  expect(attention.bytes).toBe(info.kv_bytes_per_token * (64 + 70));
});

test('leaves the context and its logits as they were, and the memory too', async ({ page }) => {
  await open(page, 'model=tiny');
  await holdSomething(page);
  const before = await contextOf(page);
  const sizes = await page.evaluate(async () => {
    const { nanoinfer } = window;
    const all: number[] = [];
    for (let n = 0; n < 3; ++n) {
      await nanoinfer.benchmark({ prompt: 64, generate: 4 });
      all.push((await nanoinfer.memory()).totalBytes);
    }
    return all;
  });
  expect(await contextOf(page)).toEqual(before);
  expect(sizes[2]).toBe(sizes[1]);
});

test('stops at once by keyboard, when it is closed and when the tab is hidden', async ({
  page,
}) => {
  await open(page, 'model=tiny&temperature=0');
  await holdSomething(page);
  const before = await contextOf(page);
  await holdBenchmark(page);
  await openBenchmark(page);
  const progress = dialog(page).getByRole('progressbar', { name: 'Benchmark' });
  const note = dialog(page).getByRole('status');

  await button(page, 'Start').focus();
  await page.keyboard.press('Enter');
  await expect(dialog(page)).toContainText(running);
  await expect(button(page, 'Cancel')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(note).toHaveText('Cancelled.');
  await expect(progress).toHaveCount(0);
  expect(await contextOf(page)).toEqual(before);

  await button(page, 'Start').click();
  await expect(dialog(page)).toContainText(running);
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await expect(note).toContainText('the tab was hidden');
  await expect(progress).toHaveCount(0);

  await button(page, 'Start').click();
  await expect(dialog(page)).toContainText(running);
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toBeHidden();
  await expect.poll(() => contextOf(page).catch(() => null)).toEqual(before);
  await ask(page, 'Tell me a story');
  await answered(page);
});

test('refuses while an answer is written, and what cannot be measured', async ({ page }) => {
  await open(page, 'model=tiny');
  const codes = await page.evaluate(async () => {
    const { nanoinfer } = window;
    const code = (work: Promise<unknown>) =>
      work.then(
        () => 'none',
        (error: unknown) => (error as { code: string }).code,
      );
    const abort = new AbortController();
    const ids = Array.from({ length: 200 }, (_, i) => i + 5);
    await nanoinfer.kernels(); // a benchmark waits for these
    const prefilling = nanoinfer.prefill(ids, { signal: abort.signal });
    const busy = await code(nanoinfer.benchmark());
    await code(prefilling);
    const measuring = code(nanoinfer.benchmark({ signal: abort.signal }));
    await nanoinfer.tokenize('is answered meanwhile');
    const meanwhile = await code(nanoinfer.prefill(ids));
    abort.abort();
    return {
      busy,
      meanwhile,
      measuring: await measuring,
      tooLong: await code(nanoinfer.benchmark({ prompt: 1e6 })),
      none: await code(nanoinfer.benchmark({ generate: 0 })),
    };
  });
  expect(codes).toEqual({
    busy: 'busy',
    meanwhile: 'busy',
    measuring: 'aborted',
    tooLong: 'bad_argument',
    none: 'bad_argument',
  });
});

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [360, 1280]) {
    test(`has no accessibility fault, ${scheme}, ${width} px wide`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 800 });
      // A page without https: the text is shown instead.
      await page.addInitScript(() => {
        navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'));
      });
      await open(page, 'model=tiny');
      if (width === 360) await page.getByRole('button', { name: 'Panel' }).click();
      await page.screenshot({ path: `test-results/benchmark-panel-${scheme}-${width}.png` });
      await keepResult(page);
      await openBenchmark(page);
      expect(await seriousFaults(page)).toEqual([]);
      await button(page, 'Start').click();
      await expect(dialog(page)).toContainText(running);
      expect(await seriousFaults(page)).toEqual([]);
      await page.screenshot({ path: `test-results/benchmark-runs-${scheme}-${width}.png` });
      await expect(dialog(page).getByRole('status')).toHaveText('Measured.');
      await button(page, 'Copy result').click();
      const text = dialog(page).getByRole('textbox', { name: 'Result as text' });
      await expect(text).toBeFocused();
      await expect(text).toHaveValue(/\| Decode of \d+ after them, tokens\/s \|/);
      const overflow = await dialog(page).evaluate((box) => box.scrollWidth - box.clientWidth);
      expect(overflow, 'horizontal scrolling').toBeLessThanOrEqual(0);
      await page.screenshot({ path: `test-results/benchmark-${scheme}-${width}.png` });
      expect(await seriousFaults(page)).toEqual([]);
    });
  }
}
