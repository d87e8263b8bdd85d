// The glass box through the page's own client: what it shows is what the engine holds.
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { likeliest } from '../../web/src/worker/likeliest.ts';
import { loadFile, open } from './page.ts';

const ids = [1, 40, 41, 42, 43, 44, 45, 46];

test('a pass is run op by op, and gives the logits of one run', async ({ page }) => {
  await open(page, 'model=tiny');
  const found = await page.evaluate(async (ids) => {
    const { nanoinfer } = window;
    const { trace } = nanoinfer;
    await nanoinfer.prefill(ids);
    const inOneRun = await nanoinfer.logits();
    await nanoinfer.prefill(ids.slice(0, -1));
    let state = await trace.begin(ids.slice(-1));
    while (!state.complete) state = await trace.run({ until: state.cursor + 1 });
    const stepped = await nanoinfer.logits();
    const context = await trace.context();
    return { same: stepped.every((x, i) => x === inOneRun[i]), state, context: [...context] };
  }, ids);
  expect(found.same).toBe(true);
  expect(found.state).toMatchObject({
    complete: true,
    begun: false,
    length: ids.length,
    hit: null,
  });
  expect(found.context).toEqual(ids);
});

test('taps are kept, read and live, and what is computed from them agrees', async ({ page }) => {
  await open(page, 'model=tiny');
  const found = await page.evaluate(async (ids) => {
    const { nanoinfer } = window;
    const { trace } = nanoinfer;
    const { info } = nanoinfer.model!;
    const { ops, taps, views } = await trace.plan();
    const last = info.n_layers - 1;
    const estimate = await trace.estimate({ values: ['L.*.*', 'embd', 'final_norm'] });
    const kept = await trace.keep({ values: ['L.*.*', 'embd', 'final_norm'] });
    await nanoinfer.prefill(ids);
    const pos = ids.length - 1;
    const q = await trace.read(`L.${last}.q_rot`, 0, ids.length);
    const row = await trace.attention(last, 0, pos);
    const lens = await trace.lens(`L.${last}.resid_post`, pos, { top: 3, all: true });
    const logits = await nanoinfer.logits();
    const top = await trace.top(3);
    const out = await trace.read(`L.${last}.ffn_out`, pos);
    const cell = await trace.cell(`L.${last}.ffn_out`, pos, 5);
    const write = await trace.headWrite(last, 0, pos);
    const block = await trace.matrixBlock(cell.op, 5, 0);
    const weights = await trace.matrixRow(cell.op, 5);
    const slot = await trace.kvSlot(0, 0, 2);
    const k = await trace.read('L.0.k_rot', 2);
    const kv = await trace.kv();
    const { id } = await nanoinfer.sample({ temperature: 0.9, seed: 3 });
    const stages = await trace.samplerStages();
    const { from, ...again } = await trace.resample({ temperature: 0.9, seed: 3 });
    return {
      nTaps: taps.length,
      names: new Set(taps.map(({ name }) => name)).size,
      fits: taps.every(({ op, axes: [rows, ...axes] }) => {
        const width = axes.reduce((product, { size }) => product * size!, 1);
        return rows!.size === null && width === ops[op]!.n_out;
      }),
      nLayers: info.n_layers,
      estimate,
      kept,
      shape: [q.positions, q.width, q.data.length],
      sum: row.probs.reduce((sum, p) => sum + p, 0),
      sameAsLens: lens.logits!.every((x, i) => x === logits[i]),
      top: [lens.top, top],
      likeliest: [...logits.entries()].sort((a, b) => b[1] - a[1]).slice(0, 3),
      expSum: logits.reduce((sum, x) => sum + Math.exp(x - top[0]!.logit), 0),
      cell: [cell.running.at(-1), out.data[5]],
      write: write.length === info.d_model && write.some((x) => x !== 0),
      block: block.values.every((x, i) => x === weights[i]) && block.bytes.length > 0,
      slot: slot.k.every((x, i) => x === k.data[i]),
      kv: [kv.length, kv.table.length],
      sizes: Object.fromEntries(
        views.map(({ name, axes }) => [name, axes.map(({ size }) => size)]),
      ),
      given: { lens: lens.logits!.length, write: write.length, slot: slot.k.length },
      from,
      stages: [stages.chosen === id, JSON.stringify(stages) === JSON.stringify(again)],
    };
  }, ids);
  expect(found.nTaps).toBe(3 + 16 * found.nLayers);
  expect(found.names).toBe(found.nTaps);
  expect(found.fits).toBe(true);
  expect(found.kept).toEqual(found.estimate);
  expect(found.shape[2]).toBe(found.shape[0]! * found.shape[1]!);
  expect(found.sum).toBeCloseTo(1, 5);
  expect(found.sameAsLens).toBe(true);
  expect(found.top[0]).toEqual(found.top[1]);
  expect(found.top[1]!.map(({ id, logit }) => [id, logit])).toEqual(found.likeliest);
  expect(found.top[1]![0]!.p).toBeCloseTo(1 / found.expSum, 5);
  expect(found.cell[0]).toBe(found.cell[1]);
  expect(found).toMatchObject({ write: true, block: true, slot: true, stages: [true, true] });
  expect(found.sizes).toMatchObject({
    'L.*.lens': [null, found.given.lens],
    'L.*.head_write': [null, found.shape[1]! / found.given.slot, found.given.write],
    'L.*.kv.k': [null, expect.any(Number), found.given.slot],
    'sampler.random': [],
  });
  expect(found.from).toBe('kept');
  expect(found.kv).toEqual([ids.length, 1]);
});

test('breaks stop a pass, and edits run again from what depends on them', async ({ page }) => {
  await open(page, 'model=tiny');
  const found = await page.evaluate(async (ids) => {
    const { nanoinfer } = window;
    const { trace } = nanoinfer;
    await trace.setBreaks([{ at: 'L.*.attn_norm' }, { at: 'L.1.z', when: 'norm_above', limit: 0 }]);
    await nanoinfer.prefill(ids); // does not stop
    const clean = await nanoinfer.logits();
    await trace.begin([50]);
    const hits: (string | null | undefined)[] = [];
    let state = await trace.run();
    const live = await trace.live('L.0.attn_norm');
    while (!state.complete) {
      hits.push(state.hit?.tap);
      state = await trace.run();
    }
    await trace.setBreaks([]);
    await nanoinfer.prefill(ids);
    const zeroed = await trace.setEdits([{ do: 'zero', site: 'L.0.z', head: 1, from: 3 }]);
    const edited = await nanoinfer.logits();
    const masked = await trace.setEdits([
      { do: 'mask', site: 'L.*.scores', keys: [2, 4], from: 5 },
    ]);
    const theta = await trace.setEdits([{ do: 'rope_theta', theta: 500 }]);
    const bias = await trace.setEdits([{ do: 'logit_bias', id: 7, by: 1000 }]);
    const { id } = await nanoinfer.sample({ temperature: 0 });
    const none = await trace.setEdits([]);
    const back = await nanoinfer.logits();
    const failures: unknown[] = [];
    for (const edit of [
      { do: 'zero', site: 'L.99.z' },
      { do: 'zero', site: 'L.0.z', head: 99 },
      { do: 'explode', site: 'L.0.z' },
      { do: 'replace', site: 'L.0.z', by: [1, 2] },
      { do: 'mask', site: 'L.0.z', keys: [0, 1] },
    ]) {
      await trace.setEdits([edit as never]).catch((error: unknown) => {
        failures.push((error as { place: string }).place);
      });
    }
    // Values that JSON has not are told apart: the second is computed with, or refused.
    let computed = 0;
    for (const by of [-Infinity, NaN]) {
      const bias = trace.setEdits([{ do: 'logit_bias', id: 7, by }]);
      computed += await bias.then(({ rerun }) => (rerun ? 1 : 0)).catch(() => 1);
    }
    return {
      hits,
      live: live.data.length,
      rerun: [zeroed, masked, theta, bias, none].map(({ rerun }) => rerun?.from),
      computed,
      because: zeroed.rerun?.because,
      changed: edited.some((x, i) => x !== clean[i]),
      biased: id,
      back: back.every((x, i) => x === clean[i]),
      failures,
      nLayers: nanoinfer.model!.info.n_layers,
    };
  }, ids);
  expect(found.hits.length).toBe(found.nLayers + 1);
  expect(found.hits[0]).toBe('L.0.attn_norm');
  expect(found.hits).toContain('L.1.z');
  expect(found.live).toBeGreaterThan(0);
  expect(found.rerun).toEqual([3, 3, 1, 1, 7]);
  expect(found.computed).toBe(2);
  expect(found.because).toContain('zero L.0.z');
  expect(found).toMatchObject({ changed: true, biased: 7, back: true });
  expect(found.failures).toEqual([
    'edits[0].site',
    'edits[0].head',
    'edits[0].do',
    'edits[0].by',
    'edits[0].site',
  ]);
});

test('the likeliest are in order, of equals the first, with their share of all', () => {
  const logits = Float32Array.of(1, 5, -3, 5, 2, 4);
  const { ids, p } = likeliest(logits, 4);
  expect([...ids]).toEqual([1, 3, 5, 4]);
  const sum = logits.reduce((all, logit) => all + Math.exp(logit), 0);
  ids.forEach((id, i) => expect(p[i]).toBeCloseTo(Math.exp(logits[id]!) / sum, 6));
  expect([...likeliest(logits, 6).ids]).toEqual([1, 3, 5, 4, 0, 2]);
});

for (const file of ['llama-f32', 'qwen2-f32']) {
  test(`names every output once with the axes that it has: ${file}`, async ({ page }) => {
    await open(page, 'model=tiny');
    await loadFile(page, readFileSync(`tests/fixtures/models/${file}.gguf`));
    const found = await page.evaluate(async () => {
      const { nanoinfer } = window;
      const { trace } = nanoinfer;
      const { ops, taps } = await trace.plan();
      await trace.keep({ values: taps.map(({ name }) => name) });
      await trace.begin([1, 2, 3]);
      const shapes = [];
      for (const { name, op, axes } of taps) {
        const { complete } = await trace.run({ until: op + 1 });
        const { data: values, width } = complete
          ? await trace.read(name, 2)
          : await trace.live(name);
        const product = axes.slice(1).reduce((size, axis) => size * axis.size!, 1);
        const rows = axes[0]!.name === 'logit_row' ? 1 : 3;
        shapes.push({
          name,
          fits: product === ops[op]!.n_out && width === product && values.length === rows * width,
          isThere: values.some((x) => x !== 0),
        });
      }
      const logits = await nanoinfer.logits();
      const last = await trace.read('logits', 2);
      return {
        shapes,
        nLayers: nanoinfer.model!.info.n_layers,
        same: last.data.every((x, i) => x === logits[i]),
      };
    });
    const names = new Set(found.shapes.map(({ name }) => name));
    expect(names.size).toBe(3 + 16 * found.nLayers);
    expect(found.shapes).toHaveLength(names.size);
    expect(found.shapes.filter(({ fits, isThere }) => !fits || !isThere)).toEqual([]);
    expect(names.has('L.0.q_rot') && names.has('final_norm')).toBe(true);
    expect(found.same).toBe(true);
  });
}
