// Two runs from one checkpoint: what the panel says is what two runs of the engine come to.
import { expect, test, type Page } from '@playwright/test';
import {
  compareRuns,
  type KeptRun,
  klOf,
  type RunRequest,
} from '../../web/src/client/lab-compare.ts';
import { defaultSampling } from '../../web/src/client/defaults.ts';
import type { Edit, LoadedModel } from '../../web/src/protocol.ts';
import seriousFaults from './axe.ts';
import { expectNoOverflow, openLab, panel, settled, tapValues } from './lab-page.ts';
import { chosen, expectShown } from './lab-panel.ts';

const hash = '#panels=compare&text=Once+upon+a+time';
const runs = (page: Page) => panel(page, 'Two runs');
const found = (page: Page) => runs(page).getByRole('status', { name: 'First difference' });

async function keepA(page: Page, steps: number): Promise<void> {
  await runs(page).getByRole('spinbutton', { name: 'Tokens of each run' }).fill(`${steps}`);
  await runs(page).getByRole('button', { name: 'Keep run A' }).click();
  await expect(runs(page).getByRole('button', { name: 'Run B' })).toBeEnabled();
}

async function runB(page: Page): Promise<void> {
  await runs(page).getByRole('button', { name: 'Run B' }).click();
  await expect(found(page)).toBeVisible();
  await expect(runs(page).getByRole('button', { name: 'Run B' })).toBeEnabled();
  await settled(page);
}

/** Logits behind which each token was drawn, from the client alone: no run, no panel. */
function logitsOf(page: Page, ids: number[], from: number, edits: Edit[]): Promise<number[][]> {
  return page.evaluate(
    async ([all, first, changes]) => {
      const { nanoinfer } = window;
      await nanoinfer.trace.setEdits(changes);
      const rows: number[][] = [];
      for (let end = first; end < all.length; ++end) {
        await nanoinfer.trace.truncate(0);
        await nanoinfer.prefill(all.slice(0, end));
        rows.push([...(await nanoinfer.logits())]);
      }
      return rows;
    },
    [ids, from, edits] as const,
  );
}

test('finds the op that an edit changes first, and KL as the logits have it', async ({ page }) => {
  await openLab(page, hash);
  await keepA(page, 12);
  const ids = await page.evaluate(() => window.lab.tokens.map(({ id }) => id));
  expect(ids).toHaveLength(4 + 12);
  const edit: Edit = { do: 'zero', site: 'L.1.z', head: 3, from: 2 };
  const z = await tapValues(page, 'L.1.z', 2);
  await page.evaluate((one) => window.lab.setEdits([one]), edit);
  await runs(page).getByRole('checkbox').check();
  await runB(page);

  const op = await page.evaluate(() => window.lab.tap('L.1.z')!.op);
  await expect(found(page)).toContainText(`L.1.z (op ${op + 1} of`);
  const headDim = await page.evaluate(() => window.lab.model!.info.head_dim);
  const element = 3 * headDim;
  await expect(found(page)).toContainText(
    `at token 2 “␣a”, element ${element}: A ${z[element]!.toPrecision(6)}, B 0.`,
  );
  await expect(found(page)).toContainText('All 12 tokens are the same');

  await runs(page).getByRole('button', { name: 'Table' }).click();
  const cells = (row: number) =>
    runs(page)
      .getByRole('row')
      .nth(row + 1)
      .getByRole('cell');
  const shown = await Promise.all(
    Array.from({ length: 12 }, async (_, i) => Number(await cells(i).nth(2).textContent())),
  );
  const a = await logitsOf(page, ids, 4, []);
  const b = await logitsOf(page, ids, 4, [edit]);
  a.forEach((row, i) => {
    expect(shown[i]!).toBeCloseTo(klOf(Float32Array.from(row), Float32Array.from(b[i]!)), 5);
  });
  const p = (row: number[], id: number) =>
    Math.exp(row[id]!) / row.reduce((sum, x) => sum + Math.exp(x), 0);
  for (const i of chosen(3, 12)) {
    expectShown(await cells(i).nth(3).innerText(), p(a[i]!, ids[4 + i]!));
    expectShown(await cells(i).nth(4).innerText(), p(b[i]!, ids[4 + i]!));
  }
  expect(Math.max(...shown)).toBeGreaterThan(1e-4);
});

test('the same settings give the same run, and another seed parts at a token', async ({ page }) => {
  await openLab(page, hash);
  const temperature = runs(page).getByRole('spinbutton', { name: 'Sampling temperature' });
  await temperature.fill('1.2');
  await temperature.press('Enter');
  await settled(page);
  await keepA(page, 16);
  await runB(page);
  await expect(found(page)).toContainText('none differs before the tokens do');
  await expect(found(page)).toContainText('All 16 tokens are the same');

  const seed = runs(page).getByRole('spinbutton', { name: 'Sampling seed' });
  await seed.fill('12');
  await seed.press('Enter');
  await settled(page);
  await runB(page);
  await expect(found(page)).toContainText('none differs before the tokens do');
  await expect(found(page)).toContainText(/The first \d+ of 16 tokens are the same, then \d+/);
  const texts = runs(page).getByRole('region', { name: /^Text of run/ });
  await expect(texts.nth(0)).toContainText(
    'no edit · temperature 1.2, top-k 40, top-p 0.95, min-p 0.05, seed 1',
  );
  await expect(texts.nth(1)).toContainText('min-p 0.05, seed 12');

  const chart = runs(page).getByRole('img', { name: /KL divergence/ });
  await chart.press('End');
  await expect(runs(page).getByText(/drawing 19 .* nats/)).toBeVisible();
  expect(await page.evaluate(() => window.lab.selection.position)).toBe(18);
});

test('says of each run with what it was computed', async ({ page }) => {
  await openLab(page, hash);
  const code = 'lab.logits((logits) => { logits[7] = -Infinity; });';
  await page.evaluate((source) => window.lab.setCode(source), code);
  await keepA(page, 2);
  await page.evaluate(async () => {
    await window.lab.setCode(null);
    await window.lab.setSampling((now) => ({
      ...now,
      presence_penalty: 0.5,
      logit_bias: { 9: 1 },
    }));
  });
  await runB(page);
  const heading = (name: string) =>
    runs(page)
      .getByRole('region', { name: `Text of run ${name}` })
      .getByRole('heading');
  await expect(heading('A')).toHaveText(
    `A no edit · ${code.length} characters of JavaScript · greedy`,
  );
  await expect(heading('B')).toHaveText(
    'B no edit · greedy, presence penalty 0.5, over 64 tokens, a bias on 1 logit',
  );
});

test('goes on from a place inside the text, over breaks, and says when it was disturbed', async ({
  page,
}) => {
  await openLab(page, hash);
  await page.evaluate(() => window.lab.runTokens(9));
  const before = await page.evaluate(() => window.lab.tokens.map(({ id }) => id));
  await page.evaluate(() => window.lab.setBreaks([{ at: 'L.*.z' }]));
  await runs(page).getByRole('spinbutton', { name: 'Checkpoint behind position' }).fill('9');
  await keepA(page, 3);
  const after = await page.evaluate(() => window.lab.tokens.map(({ id }) => id));
  expect(after).toEqual(before.slice(0, 13));

  await page.evaluate(() => window.lab.setBreaks([]));
  await runs(page).getByRole('spinbutton', { name: 'Checkpoint behind position' }).fill('2');
  await runs(page).getByRole('spinbutton', { name: 'Tokens of each run' }).fill('400');
  await runs(page)
    .getByRole('button', { name: 'Keep run A' })
    .evaluate((button: HTMLElement) => {
      button.click();
      return window.lab.restart();
    });
  await expect(runs(page).getByRole('alert')).toContainText('moved meanwhile');
});

test('is whole and accessible on a narrow page', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 800 });
  await openLab(page, hash);
  await keepA(page, 30);
  await page.evaluate(() => window.lab.setEdits([{ do: 'scale', site: 'L.*.z', by: 0.3 }]));
  await runB(page);
  await expectNoOverflow(page);
  expect(await seriousFaults(page)).toEqual([]);
  await page.screenshot({ path: 'test-results/lab-compare-360.png' });
});

test.describe('without a page', () => {
  const request: RunRequest = { ids: [1, 2, 3, 4], nPrompt: 2, from: 2, steps: 2 };
  const kept = (tap: number[], logits: number[][], ids = request.ids): KeptRun => ({
    model: {} as LoadedModel,
    tokens: ids.map((id) => ({ id, bytes: new Uint8Array(), kind: 'normal' })),
    nPrompt: request.nPrompt,
    from: request.from,
    edits: [],
    sampling: defaultSampling,
    code: '',
    logits: logits.map((row) => Float32Array.from(row)),
    taps: [
      {
        name: 'embd',
        first: 1,
        positions: 3,
        width: 2,
        axes: [],
        unit: '1',
        data: Float32Array.from(tap),
      },
    ],
  });
  const logits = [
    [0, 1, 2],
    [3, 2, 1],
  ];

  test('KL is that of its definition', () => {
    const [p, q] = [
      [0.7, 0.2, 0.1],
      [0.1, 0.3, 0.6],
    ];
    const expected = p.reduce((sum, x, i) => sum + x * Math.log(x / q[i]!), 0);
    // A constant more in all logits is the same distribution.
    const of = (list: number[], more: number) => Float32Array.from(list, (x) => Math.log(x) + more);
    expect(klOf(of(p, 5), of(q, -90))).toBeCloseTo(expected, 5);
    expect(klOf(of(p, 0), of(p, 3))).toBeLessThan(1e-9);
    expect(klOf(of([1, 0, 0], 0), of(q, 0))).toBeCloseTo(Math.log(10), 5);
    expect(klOf(of(q, 0), of([1, 0, 0], 0))).toBe(Infinity);
  });

  test('finds the first place: a tap, the logits, a token, none', () => {
    const a = kept([1, 2, 3, 4, 5, 6], logits);
    expect(compareRuns(a, a)).toMatchObject({ first: null, token: null });
    expect(compareRuns(a, kept([1, 2, 3, 9, 5, 6], logits)).first).toEqual({
      position: 2,
      tap: 'embd',
      element: 1,
      a: 4,
      b: 9,
    });
    // The logits behind position 1 come before the tap at position 2.
    const other = kept([1, 2, 3, 9, 5, 6], [[0, 1, 2.5], logits[1]!]);
    expect(compareRuns(a, other).first).toMatchObject({ position: 1, tap: 'logits', element: 2 });
    const parted = compareRuns(a, kept([1, 2, 3, 9, 5, 6], logits, [1, 2, 7, 4]));
    expect(parted).toMatchObject({ first: null, token: 2 });
    expect(compareRuns(a, kept([1, 2, 3, 4, 5, 6], logits, [1, 2, 3]))).toMatchObject({ token: 3 });
    expect(compareRuns(a, kept([NaN, 2, 3, 4, 5, 6], logits)).first?.position).toBe(1);
    // More may be kept in one of them.
    const more = kept([1, 2, 3, 9, 5, 6], logits);
    more.taps = [{ ...more.taps[0]!, name: 'L.0.gate' }, ...more.taps];
    expect(compareRuns(a, more).first).toMatchObject({ position: 2, tap: 'embd' });
  });
});
