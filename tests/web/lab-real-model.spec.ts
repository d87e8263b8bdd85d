// Panels on the real model, whose taps are not all kept: what they show is the engine's as well.
import { expect, test } from '@playwright/test';
import { panel, settled, tapValues } from './lab-page.ts';
import { chosen, expectShown, promptHash, tableRows } from './lab-panel.ts';

test('attention, the residual stream, RoPE and the MLP of the real model', async ({ page }) => {
  await page.goto(`/lab.html?model=default&temperature=0${promptHash('attention')}`);
  await settled(page);
  await page.evaluate(async () => {
    await window.lab.runTokens(4);
    window.lab.select({ layer: 12, head: 5 });
  });
  await settled(page);
  const position = await page.evaluate(() => window.lab.selection.position);

  const row = await page.evaluate(
    async (at) => [...(await window.nanoinfer.trace.attention(12, 5, at)).probs],
    position,
  );
  await expect(panel(page, 'Attention').getByText('Layer 12, head 5')).toBeVisible();
  const keys = await tableRows(page, 'Attention');
  for (const key of chosen(4, row.length)) expectShown(keys[key]![4], row[key]!);

  const show = async (id: string) => {
    await page.evaluate((hash) => (location.hash = hash), `panels=${id}&layer=12&head=5`);
    await settled(page);
  };
  await show('residual');
  const residual = panel(page, 'Residual stream');
  await residual.getByRole('button', { name: 'What adds to a logit' }).click();
  await expect(residual.getByRole('list', { name: 'Heads of the layer' })).toBeVisible();
  const parts = await tableRows(page, 'Residual stream');
  const sum = parts
    .filter(([head]) => !head!.includes('head'))
    .reduce((total, [, x]) => total + Number(x), 0);
  const [best] = await page.evaluate(() => window.nanoinfer.trace.top(1));
  expect(Math.abs(sum - best!.logit)).toBeLessThan(0.01);

  const keep = { name: 'Keep, and compute again from position 0' };
  await show('mlp');
  await expect(panel(page, 'MLP')).toContainText('18.4 kB a token'); // gate, up and act
  await panel(page, 'MLP').getByRole('button', keep).click();
  await settled(page);
  await expect(panel(page, 'MLP').getByText('Layer 12 at')).toBeVisible();
  const neurons = await tableRows(page, 'MLP');
  const act = await tapValues(page, 'L.12.act', position);
  for (const rank of chosen(4, neurons.length)) {
    expectShown(neurons[rank]![3], act[Number(neurons[rank]![0])]!);
  }

  await show('rope');
  await panel(page, 'RoPE').getByRole('button', keep).click();
  await settled(page);
  await expect(panel(page, 'RoPE').getByText('Layer 12, head 5')).toBeVisible();
  for (const [, , , formula, turned] of await tableRows(page, 'RoPE')) {
    expect(Math.cos(Number(formula) - Number(turned))).toBeCloseTo(1, 4);
  }
});

test('two runs of the real model part at the very op that was edited', async ({ page }) => {
  await page.goto(`/lab.html?model=default&temperature=0${promptHash('compare')}`);
  await settled(page);
  const runs = panel(page, 'Two runs');
  await runs.getByRole('spinbutton', { name: 'Tokens of each run' }).fill('4');
  await runs.getByRole('button', { name: 'Keep run A' }).click();
  await expect(runs.getByRole('button', { name: 'Run B' })).toBeEnabled();
  // Of its gate the norm alone is kept.
  const found = runs.getByRole('status', { name: 'First difference' });
  for (const site of ['L.17.gate', 'L.9.q']) {
    await page.evaluate((tap) => {
      const edit = { do: 'scale', site: tap, by: 0.9, from: 3, to: 4 } as const;
      return window.lab.setEdits([edit]);
    }, site);
    await settled(page);
    await runs.getByRole('button', { name: 'Run B' }).click();
    const { op, ops } = await page.evaluate((tap) => {
      const { lab } = window;
      return { op: lab.tap(tap)!.op, ops: lab.ops.length };
    }, site);
    await expect(found).toContainText(`${site} (op ${op + 1} of ${ops}`);
    await expect(found).toContainText('at token 3 ');
    await expect(found).toContainText('its norm');
  }
});

test('tokens, plan, op, sampler, cache, weights and memory of the real model', async ({ page }) => {
  const ids = 'tokens,map,op,sampler,kv,quant,memory';
  await page.goto(`/lab.html?model=default&temperature=0${promptHash(ids)}`);
  await settled(page);
  await page.evaluate(async () => {
    const { lab } = window;
    await lab.runTokens(4);
    lab.select({ layer: 12, head: 5, op: lab.tap('final_norm')!.op });
  });
  await settled(page);
  const told = await page.evaluate(async () => {
    const { lab, nanoinfer } = window;
    const { trace } = nanoinfer;
    const { position } = lab.selection;
    const kvHead = Math.floor((5 * lab.model!.info.n_kv_heads) / lab.model!.info.n_heads);
    const [slot, context, top, tensors] = await Promise.all([
      trace.kvSlot(12, kvHead, position),
      trace.context(),
      trace.top(3),
      trace.tensors(),
    ]);
    const heads = lab.ops.map(({ name, bytes, n_out: nOut }) => ({ name, bytes, nOut }));
    const head = await trace.matrixRow(lab.ops.length - 1, 0);
    const plan = { ops: heads, context: [...context], head: [...head] };
    return { ...plan, k: [...slot.k], top, tensors, position };
  });
  const { position } = told;

  const tokens = await tableRows(page, 'Tokens');
  expect(tokens.map(([, id]) => Number(id))).toEqual(told.context);

  const plan = await tableRows(page, 'Map');
  expect(plan).toHaveLength(100); // the first page
  for (const op of chosen(6, plan.length)) {
    expect(plan[op]![0]).toBe(`${op + 1} ${told.ops[op]!.name}`);
    expect(Number(plan[op]![5])).toBe(told.ops[op]!.nOut);
  }

  const final = await tapValues(page, 'final_norm', position);
  const rows = await tableRows(page, 'Op');
  for (const element of chosen(4, rows.length)) {
    expectShown(rows[element]!.at(-1), final[element]!);
  }

  const candidates = await tableRows(page, 'Sampler');
  for (const { logit, p } of told.top) {
    const row = candidates.find(([, , shown]) => Math.abs(Number(shown) - logit) < 1e-3);
    expectShown(row![1], p);
  }

  await expect(panel(page, 'KV cache')).toContainText(`k[0] = ${told.k[0]!.toPrecision(6)}`);

  await page.evaluate(() => window.lab.select({ op: window.lab.ops.length - 1 }));
  await settled(page);
  const weights = await tableRows(page, 'Quantisation');
  for (const at of chosen(4, weights.length)) expectShown(weights[at]!.at(-1), told.head[at]!);

  const pieces = await tableRows(page, 'Memory');
  const tensors = new Map(told.tensors.map(({ name, ...place }) => [name, place]));
  const shown = pieces.filter(([name]) => tensors.has(name!));
  for (const at of chosen(4, shown.length)) {
    const [name, ...cells] = shown[at]!;
    const { bytes, offset, address } = tensors.get(name!)!;
    expect(cells.slice(3, 6).map(Number)).toEqual([bytes, offset, address]);
  }
});
