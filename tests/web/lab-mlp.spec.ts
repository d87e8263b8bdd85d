// The MLP panel: its neurons are the engine's, and those that are zeroed come back.
import { expect, test, type Page } from '@playwright/test';
import { outcome, panel, settled, tapValues, select } from './lab-page.ts';
import { chosen, expectLooks, expectShown, openPanel, tableRows } from './lab-panel.ts';

const name = 'MLP';
const view = (page: Page) => panel(page, name);

test('neurons are the engine’s, sorted by |act|', async ({ page }) => {
  await openPanel(page, 'mlp', 10);
  await select(page, { layer: 2 });
  await expect(view(page).getByText('Layer 2 at 9')).toBeVisible();
  const [gate, up, act] = [
    await tapValues(page, 'L.2.gate', 9),
    await tapValues(page, 'L.2.up', 9),
    await tapValues(page, 'L.2.act', 9),
  ];
  const rows = await tableRows(page, name);
  for (const rank of chosen(8, rows.length)) {
    const neuron = Number(rows[rank]![0]);
    [gate, up, act].forEach((values, i) => expectShown(rows[rank]![i + 1], values[neuron]!));
  }
  const sizes = rows.map(([neuron]) => Math.abs(act[Number(neuron)]!));
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a));

  await view(page).getByRole('spinbutton', { name: 'Threshold' }).fill('0.3');
  await page.keyboard.press('Tab');
  const below = act.filter((x) => Math.abs(x) < 0.3).length;
  await expect(view(page).getByText(`(${below} of ${act.length})`)).toBeVisible();
  await expect(view(page).locator('.ranks span')).toHaveText(['0', '80', '160', '239', '319']);
});

test('the map of cells is walked over by keys', async ({ page }) => {
  await openPanel(page, 'mlp', 8);
  await view(page).getByRole('checkbox', { name: 'by number' }).check();
  const map = view(page).getByRole('img', { name: /^L\.0\.act/ });
  await map.focus();
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
  const act = await tapValues(page, 'L.0.act', 7);
  await expect(view(page).getByText(/^Neuron 50: /)).toContainText(
    `act ${act[50]!.toPrecision(4)}`,
  );
});

test('a neuron is zeroed, and comes back', async ({ page }) => {
  await openPanel(page, 'mlp', 8);
  const clean = await outcome(page);
  const first = view(page)
    .getByRole('button', { name: /^Zero neuron / })
    .first();
  const neuron = Number((await first.getAttribute('aria-label'))!.replace('Zero neuron ', ''));
  await first.click();
  await expect(view(page).getByRole('list', { name: 'Edits in force' })).toContainText(
    `zero L.0.act, element ${neuron}`,
  );
  await settled(page);
  expect((await tapValues(page, 'L.0.act', 7))[neuron]).toBe(0);
  expect((await outcome(page)).logits).not.toBe(clean.logits);
  await view(page)
    .getByRole('button', { name: /^Undo: / })
    .click();
  await settled(page);
  expect(await outcome(page)).toEqual(clean);
});

test('looks well', async ({ page }) => {
  await openPanel(page, 'mlp', 12);
  await expectLooks(page, name, ['gate', 'up', 'act']);
});
