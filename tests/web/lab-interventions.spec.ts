// The Interventions panel: what its list says is what the engine computes.
import { expect, test, type Page } from '@playwright/test';
import seriousFaults from './axe.ts';
import {
  expectNoOverflow,
  openLab,
  outcome,
  panel,
  settled,
  stepTo,
  tapValues,
} from './lab-page.ts';

const hash = '#panels=edits&text=Once+upon+a+time';
const interventions = (page: Page) => panel(page, 'Interventions');
const field = (page: Page, name: string) => interventions(page).getByLabel(name, { exact: true });

async function add(page: Page): Promise<void> {
  await interventions(page).getByRole('button', { name: 'Add edit' }).click();
  await settled(page);
}

const info = (page: Page) => page.evaluate(() => window.nanoinfer.model!.info);

test('an edit made with the form acts in the engine, and is switched and removed', async ({
  page,
}) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 10);
  const clean = await outcome(page);
  const { head_dim: headDim } = await info(page);
  await field(page, 'layer').selectOption('2');
  await field(page, 'head').selectOption('1');
  await field(page, 'First position').fill('3');
  await add(page);

  // One field of two is both: position 3 alone.
  await expect(interventions(page).getByRole('listitem')).toContainText('at position 3');
  const head = (values: number[]) => values.slice(headDim, 2 * headDim);
  expect(head(await tapValues(page, 'L.2.z', 3)).every((x) => x === 0)).toBe(true);
  expect(head(await tapValues(page, 'L.2.z', 4)).some((x) => x !== 0)).toBe(true);
  await expect(interventions(page).getByRole('status', { name: 'Computed again' })).toContainText(
    'positions 3 to 9 were computed again',
  );
  expect((await outcome(page)).logits).not.toBe(clean.logits);

  const only = interventions(page).getByRole('checkbox');
  await only.uncheck();
  await settled(page);
  expect(await outcome(page)).toEqual(clean);
  await only.check();
  await settled(page);
  expect((await outcome(page)).logits).not.toBe(clean.logits);
  await interventions(page)
    .getByRole('button', { name: /^Remove/ })
    .click();
  await settled(page);
  expect(await outcome(page)).toEqual(clean);
  await expect(interventions(page)).toContainText('No edit');
});

test('a pass at hand that runs again for an edit is told of', async ({ page }) => {
  await openLab(page, hash);
  await page.evaluate(async () => {
    for (let layer = 0; layer < 3; ++layer) await window.lab.step('layer');
  });
  await page.evaluate(() => window.lab.setEdits([{ do: 'zero', site: 'L.0.z' }]));
  await settled(page);
  await expect(interventions(page).getByRole('status', { name: 'Computed again' })).toContainText(
    'the pass at hand depends on it',
  );
});

test('without a head, elements are counted through all of them', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 6);
  const { head_dim: headDim } = await info(page);
  await field(page, 'Kind of edit').selectOption('replace');
  await field(page, 'layer').selectOption('2');
  await field(page, 'First element').fill(`${headDim + 5}`);
  await field(page, 'by').fill('1');
  await add(page);
  expect((await tapValues(page, 'L.2.z', 4))[headDim + 5]).toBe(1);
  await field(page, 'head').selectOption('1');
  await expect(field(page, 'First element')).toHaveAttribute('max', `${headDim - 1}`);
});

test('of two changes, one asked for while the other is computed, none is lost', async ({
  page,
}) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 10);
  await page.evaluate(() =>
    window.lab.setEdits([0, 1].map((head) => ({ do: 'zero', site: 'L.2.z', head }))),
  );
  const on = () => page.evaluate(() => window.lab.interventions.map((one) => one.on));
  const boxes = interventions(page).getByRole('checkbox');
  await expect(boxes).toHaveCount(2);
  await boxes.evaluateAll((all) => {
    for (const box of all) (box as HTMLInputElement).click();
  });
  await settled(page);
  expect(await on()).toEqual([false, false]);
});

test('hides positions, changes the cache, the RoPE base and a logit', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 9);
  const kind = field(page, 'Kind of edit');

  await kind.selectOption('mask');
  await field(page, 'layer').selectOption('1');
  await field(page, 'First key').fill('0');
  await field(page, 'Last key').fill('1');
  await field(page, 'First position').fill('4');
  await field(page, 'Last position').fill('8');
  await add(page);
  const probs = await page.evaluate(async () => [
    ...(await window.nanoinfer.trace.attention(1, 0, 6)).probs,
  ]);
  expect(probs.slice(0, 2)).toEqual([0, 0]);
  expect(probs.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);

  await kind.selectOption('replace');
  await field(page, 'Tap').selectOption('v');
  await field(page, 'layer').selectOption('0');
  await field(page, 'First position').fill('2');
  await field(page, 'Last position').fill('2');
  await field(page, 'by').fill('0.25');
  await add(page);
  const v = await page.evaluate(async () => [...(await window.nanoinfer.trace.kvSlot(0, 0, 2)).v]);
  expect(new Set(v)).toEqual(new Set([0.25]));

  await kind.selectOption('logit_bias');
  await field(page, 'token id').fill('77');
  await field(page, 'by').fill('1000');
  await field(page, 'First position').fill('');
  await field(page, 'Last position').fill('');
  await add(page);
  await page.evaluate(() => window.lab.runTokens(1));
  await settled(page);
  expect(await page.evaluate(() => window.lab.tokens.at(-1)!.id)).toBe(77);

  await kind.selectOption('rope_theta');
  await field(page, 'theta').fill('500');
  await add(page);
  await expect(interventions(page).getByRole('status', { name: 'Computed again' })).toContainText(
    'RoPE with theta 500',
  );
  await expect(interventions(page).getByRole('listitem')).toHaveCount(4);
});

test('puts what another text’s run held into this one', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 7);
  const { n_layers: nLayers } = await info(page);
  const other = await tapValues(page, `L.${nLayers - 1}.resid_post`, 6);
  await field(page, 'Kind of edit').selectOption('patch');
  await field(page, 'Tap').selectOption('resid_post');
  await field(page, 'layer').selectOption(`${nLayers - 1}`);
  await interventions(page).getByRole('button', { name: 'Save this tap of this run' }).click();
  await settled(page);

  await page.evaluate(() => window.lab.setPrompt({ text: 'The big dog ran home', asChat: false }));
  await stepTo(page, 'token', 7);
  expect(await tapValues(page, `L.${nLayers - 1}.resid_post`, 6)).not.toEqual(other);
  await add(page);
  expect(await tapValues(page, `L.${nLayers - 1}.resid_post`, 6)).toEqual(other);

  // A patch's values travel as text, and come back to the bit.
  await interventions(page).getByText('As JSON').click();
  const text = await field(page, 'Edits as JSON').inputValue();
  await interventions(page)
    .getByRole('button', { name: /^Remove/ })
    .click();
  await settled(page);
  await field(page, 'Edits as JSON').fill(text);
  await interventions(page).getByRole('button', { name: 'Apply' }).click();
  await settled(page);
  expect(await tapValues(page, `L.${nLayers - 1}.resid_post`, 6)).toEqual(other);
});

test('takes edits as JSON, and says what is wrong with those it refuses', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 8);
  const clean = await outcome(page);
  await interventions(page).getByText('As JSON').click();
  const apply = async (text: string) => {
    await field(page, 'Edits as JSON').fill(text);
    await interventions(page).getByRole('button', { name: 'Apply' }).click();
    await settled(page);
  };
  const alert = interventions(page).getByRole('alert');
  for (const [text, place] of [
    ['[', 'edits'],
    ['{"do":"zero"}', 'edits · expected a list'],
    ['[{"do":"explode"}]', 'edits[0].do'],
    ['[{"do":"zero","site":7}]', 'edits[0].site'],
    ['[{"do":"zero","site":"L.0.z","range":[1]}]', 'edits[0].range'],
    ['[{"do":"zero","site":"L.99.z"}]', 'edits[0].site'],
    ['[{"do":"zero","site":"L.0.z"},{"do":"zero","site":"L.0.z","head":99}]', 'edits[1].head'],
    ['[{"do":"patch","site":"L.0.z","recording":{"__proto__":1}}]', '__proto__'],
  ] as const) {
    await apply(text);
    await expect(alert).toContainText(place);
    expect(await outcome(page), text).toEqual(clean);
  }
  // The form is right, and what the model makes of it is no number.
  await apply('[{"do":"add","site":"embd","by":"-Infinity"}]');
  await expect(alert).toContainText('not a finite number');
  expect(await outcome(page)).toEqual(clean);
  await apply('[{"do":"zero","site":"L.0.z","head":0},{"do":"replace","site":"embd","by":0.5}]');
  await expect(alert).toBeHidden();
  await expect(interventions(page).getByRole('listitem')).toHaveCount(2);
  expect((await tapValues(page, 'embd', 1)).every((x) => x === 0.5)).toBe(true);
});

for (const scheme of ['light', 'dark'] as const) {
  test(`is whole and accessible on a narrow page, ${scheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width: 360, height: 800 });
    await openLab(page, hash);
    await page.evaluate(() =>
      window.lab.setEdits([
        { do: 'replace', site: 'L.*.resid_post', range: [0, 40], by: [1, 2, 3, 4], from: 2, to: 9 },
      ]),
    );
    await page.evaluate(() =>
      window.lab.setEdits([{ do: 'zero', site: 'L.*.resid_post', from: 2 }]),
    );
    await interventions(page).getByText('As JSON').click();
    for (const kind of ['scale', 'patch', 'mask', 'rope_theta']) {
      await field(page, 'Kind of edit').selectOption(kind);
      await expectNoOverflow(page);
    }
    expect(await seriousFaults(page)).toEqual([]);
    await page.screenshot({ path: `test-results/lab-interventions-${scheme}.png` });
  });
}
