// The Attention panel: its numbers are the engine's, and what it changes is undone bit for bit.
import { expect, test, type Page } from '@playwright/test';
import { openLab, outcome, panel, press, select, settled } from './lab-page.ts';
import { chosen, expectLooks, expectShown, keepOnly, openPanel, tableRows } from './lab-panel.ts';

const name = 'Attention';
const view = (page: Page) => panel(page, name);
const button = (page: Page, words: string) =>
  view(page).getByRole('button', { name: words, exact: true });

const attention = (page: Page, layer: number, head: number, position: number) =>
  page.evaluate(
    async (at) => {
      const row = await window.nanoinfer.trace.attention(...at);
      const stages = [row.raw, row.scaled, row.masked, row.probs].map((stage) => [...stage]);
      return { stages, m: row.m, l: row.l };
    },
    [layer, head, position] as const,
  );

test('stages, a head’s matrix and the grid hold what the engine computes', async ({ page }) => {
  await openPanel(page, 'attention', 12);
  await select(page, { layer: 2, head: 1 });

  const { stages, m, l } = await attention(page, 2, 1, 11);
  await expect(view(page).getByText('Layer 2, head 1 at 11')).toBeVisible();
  const rows = await tableRows(page, name);
  expect(rows).toHaveLength(12);
  for (const key of chosen(6, 12)) {
    stages.forEach((stage, i) => expectShown(rows[key]![i + 1], stage[key]!));
  }
  await button(page, 'Stages').click();
  await expect(view(page).getByText(`m = ${m.toPrecision(4)}`)).toContainText(l.toPrecision(4));

  await button(page, 'One head').click();
  await expect(view(page).getByText('Queries 0 to 11 down')).toBeVisible();
  const matrix = await tableRows(page, name);
  for (const at of chosen(12, 144, 7)) {
    const [query, key] = [Math.floor(at / 12), at % 12];
    const cell = matrix[query]![key + 1];
    if (key > query) expect(cell).toBe('');
    else expectShown(cell, (await attention(page, 2, 1, query)).stages[3]![key]!);
  }

  await button(page, 'All heads').click();
  await expect(view(page).getByText('All heads that have run')).toBeVisible();
  const heads = await tableRows(page, name);
  for (const at of chosen(4, heads.length, 3)) {
    const [layer, head] = heads[at]![0]!.split(', ').map(Number);
    let sum = 0;
    for (let position = 0; position < 12; ++position) {
      sum += (await attention(page, layer!, head!, position)).stages[3]![0]!;
    }
    expectShown(heads[at]![2], sum / 12);
  }
});

test('the arcs give each token the share that the engine gives it', async ({ page }) => {
  await openPanel(page, 'attention', 20);
  const { n_layers, n_heads } = await page.evaluate(() => window.nanoinfer.model!.info);
  const layers = chosen(5, n_layers, 3);
  const heads = chosen(5, n_heads, 5);
  const positions = chosen(5, 20, 7);
  for (const [i, position] of positions.entries()) {
    const selection = { position, layer: layers[i]!, head: heads[i]! };
    await select(page, selection);
    await expect(
      view(page).getByText(`Layer ${selection.layer}, head ${selection.head} at ${position} `),
    ).toBeVisible();
    const probs = (await attention(page, selection.layer, selection.head, position)).stages[3]!;
    // Arcs are as thick as their share, and those of less than 1 % are left out.
    const drawn = probs.filter((p) => p >= 0.01);
    const arcs = view(page).getByRole('img', {
      name: new RegExp(`^Arcs from position ${position} to the ${drawn.length} position`),
    });
    const widths = await arcs.evaluate((svg) =>
      [...svg.children].map((path) => Number(path.getAttribute('stroke-width'))),
    );
    expect(widths).toHaveLength(drawn.length);
    for (const [nth, p] of drawn.entries()) expect((widths[nth]! - 0.75) / 7).toBeCloseTo(p, 6);
    const text = view(page).getByRole('region', { name: 'Attention over the text' });
    for (const key of chosen(6, 20, i + 1)) {
      const token = text.getByRole('button').nth(key);
      const share = key > position ? 'not seen' : `${(probs[key]! * 100).toFixed(1)} %`;
      await expect(token).toHaveAttribute('title', new RegExp(`^${key} .*: ${share}$`, 's'));
    }
  }
});

test('a matrix is walked over by keys, and Enter looks from its row', async ({ page }) => {
  await openPanel(page, 'attention', 9);
  await button(page, 'One head').click();
  const matrix = view(page).getByRole('img', { name: /Probabilities of layer 0, head 0/ });
  await matrix.focus();
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowRight']) {
    await page.keyboard.press(key);
  }
  const p = (await attention(page, 0, 0, 3)).stages[3]![1]!;
  await expect(view(page).getByText(/^query 3 .*, key 1 /)).toContainText(p.toPrecision(4));
  await page.keyboard.press('Enter');
  await settled(page);
  expect(await page.evaluate(() => window.lab.selection.position)).toBe(3);
});

test('the pointer tells of the cell under it, presented larger too', async ({ page }) => {
  await openPanel(page, 'attention', 12);
  await button(page, 'One head').click();
  await page.keyboard.press('t');
  const matrix = view(page).getByRole('img', { name: /Probabilities of layer 0, head 0/ });
  await matrix.scrollIntoViewIfNeeded();
  const box = (await matrix.boundingBox())!;
  const middle = (at: number, size: number) => ((at + 0.5) / 12) * size;
  await page.mouse.move(box.x + middle(2, box.width), box.y + middle(7, box.height));
  await expect(view(page).getByText(/^query 7 .*, key 2 /)).toBeVisible();
});

test('arrow keys move the position behind a click on a token of the arcs', async ({ page }) => {
  await openPanel(page, 'attention', 8);
  const text = view(page).getByRole('region', { name: 'Attention over the text' });
  await text.getByRole('button').nth(3).click();
  await settled(page);
  await press(page, 'ArrowRight');
  expect(await page.evaluate(() => window.lab.selection.position)).toBe(4);
});

test('what is chosen in a panel stays while others are presented', async ({ page }) => {
  await openPanel(page, 'attention,rope', 6);
  await button(page, 'All heads').click();
  await page.keyboard.press('t');
  await page.keyboard.press(']');
  await expect(panel(page, 'RoPE')).toBeVisible();
  await page.keyboard.press('[');
  await expect(button(page, 'All heads')).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('Escape');
  await expect(button(page, 'All heads')).toHaveAttribute('aria-pressed', 'true');
  // Closed, it begins anew.
  await button(page, 'Close Attention').click();
  await page.getByRole('button', { name: 'Panels', exact: true }).click();
  await page
    .getByRole('dialog')
    .getByRole('checkbox', { name: /^Attention/ })
    .check();
  await page.keyboard.press('Escape');
  await expect(button(page, 'All heads')).toHaveAttribute('aria-pressed', 'false');
});

test('only heads whose queries are kept are shown', async ({ page }) => {
  await openPanel(page, 'attention', 6);
  await keepOnly(page, { values: ['embd', 'L.0.q_rot', 'final_norm'], norms: [] });
  await select(page, { layer: 0 });
  await button(page, 'All heads').click();
  await settled(page);
  await expect(view(page).getByRole('group', { name: /^Layer/ })).toHaveCount(1);
});

test('positions before those that are kept are said to be so', async ({ page }) => {
  await openPanel(page, 'attention', 10);
  await page.evaluate(() => {
    window.lab.kept = { ...window.lab.kept!, positions: 2 };
  });
  await select(page, { position: 0 });
  await expect(view(page)).toContainText('Values of the last 2 positions are kept');
  await expect(view(page).getByRole('button', { name: /^Keep/ })).toHaveCount(0);
});

test('heads are zeroed and scaled, keys hidden, and all of it undone', async ({ page }) => {
  await openPanel(page, 'attention', 9);
  const clean = await outcome(page);
  const edits = view(page).getByRole('list', { name: 'Edits in force' });

  await button(page, 'Zero head 0').click();
  await expect(edits).toContainText('zero L.0.z, head 0');
  await expect(view(page).getByRole('status')).toContainText('omputed again');
  expect((await outcome(page)).logits).not.toBe(clean.logits);

  await button(page, 'Stages').click();
  await view(page)
    .getByRole('button', { name: /^Hide key 2 / })
    .click();
  await expect(edits).toContainText('hide position 2 from L.0.scores, head 0');
  await expect(view(page).getByRole('cell', { name: '−∞' })).toBeVisible();
  await settled(page);
  const { stages } = await attention(page, 0, 0, 8);
  expect([stages[2]![2], stages[3]![2]]).toEqual([-Infinity, 0]);

  for (const words of ['Undo: zero', 'Undo: hide']) {
    await view(page)
      .getByRole('button', { name: new RegExp(`^${words}`) })
      .click();
    await settled(page);
  }
  await expect(edits).toHaveCount(0);
  expect(await outcome(page)).toEqual(clean);
});

test('waits for the step that computes it', async ({ page }) => {
  await openLab(page, '#panels=attention&text=Once+upon+a+time');
  await expect(view(page)).toContainText('yet: step on');
  await page.evaluate(async () => {
    const { lab } = window;
    const z = lab.tap('L.0.z')!.op;
    while (lab.place.cursor <= z) await lab.step('op');
  });
  await expect(view(page).getByText('Layer 0, head 0 at 3')).toBeVisible();
});

test('looks well', async ({ page }) => {
  await openPanel(page, 'attention', 12);
  const modes = ['Arcs', 'Stages', 'One head', 'Heads of the layer', 'All heads'];
  await expectLooks(page, name, modes);
});
