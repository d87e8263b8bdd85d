// What the tests of panels share: their table, cells chosen by chance, and their looks.
import { expect, type Page } from '@playwright/test';
import type { KeepRequest } from '../../web/src/protocol.ts';
import seriousFaults from './axe.ts';
import { expectNoOverflow, openLab, panel, settled } from './lab-page.ts';

export const promptHash = (id: string) => `#panels=${id}&text=Once+upon+a+time`;

/** Opens the lab with one panel, and computes until `n` tokens are there. */
export async function openPanel(page: Page, id: string, n: number): Promise<void> {
  await openLab(page, promptHash(id));
  await page.evaluate(async (most) => {
    const { lab } = window;
    await lab.step('token');
    while (lab.tokens.length < most) await lab.step('token');
  }, n);
  await settled(page);
}

/** As with a model so large that no more than this fits: it is kept from now on. */
export async function keepOnly(page: Page, only: Partial<KeepRequest>): Promise<void> {
  await page.evaluate(async (request) => {
    const { lab } = window;
    const keep = lab.trace.keep.bind(lab.trace);
    lab.trace.keep = (asked) => keep({ ...asked, ...request });
    lab.trace.estimate = (asked) =>
      lab.trace.keep(asked).then((kept) => ({ ...kept, positions: 999 }));
    await lab.keepAlso([]);
  }, only);
}

/** Rows of the panel's table: the heading, then the cells. The table is closed again. */
export async function tableRows(page: Page, name: string): Promise<string[][]> {
  const button = panel(page, name).getByRole('button', { name: 'Table', exact: true });
  await button.click();
  const table = panel(page, name).getByRole('table');
  await expect(table).toBeVisible();
  const rows = await table.evaluate((element) =>
    [...(element as HTMLTableElement).tBodies[0]!.rows].map((row) =>
      [...row.cells].map((cell) => cell.textContent),
    ),
  );
  await button.click();
  return rows;
}

/** n whole numbers in [0, end): the same in each run of the test. */
export function chosen(n: number, end: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: n }, () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * end);
  });
}

/** Numbers in tables have six digits. */
export function expectShown(text: string | undefined, x: number): void {
  expect(Number(text?.replace('−∞', '-Infinity'))).toBeCloseTo(x, 6 - digitsBefore(x));
}

function digitsBefore(x: number): number {
  return Number.isFinite(x) && x !== 0 ? Math.max(0, Math.ceil(Math.log10(Math.abs(x)))) + 1 : 1;
}

/** No serious fault and nothing too wide, light and dark, wide and narrow, in each of these modes. */
export async function expectLooks(
  page: Page,
  name: string,
  modes: readonly string[],
): Promise<void> {
  for (const [scheme, width] of [
    ['light', 1280],
    ['dark', 360],
  ] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 800 });
    for (const mode of modes) {
      await panel(page, name).getByRole('button', { name: mode, exact: true }).click();
      await settled(page);
      await expectNoOverflow(page);
      expect(await seriousFaults(page), `${mode}, ${scheme}`).toEqual([]);
      const file = `${name}-${mode}-${scheme}`.replaceAll(/[^\w-]/g, '');
      await page.screenshot({ path: `test-results/lab-${file}.png` });
    }
  }
}
