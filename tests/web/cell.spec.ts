// One element of a product, added up by the page from what the engine multiplies: its bits.
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { addUp } from '../../web/src/worker/cell.ts';
import { loadFile, open } from './page.ts';

/** A row of two blocks, of which the second's codes are all 1. */
const row = (type: string, first: number) => ({
  type,
  weights: new Float32Array(64).fill(1).fill(first, 0, 32),
  inputs: new Float32Array(64).fill(1),
  d: Float32Array.of(0.5, 2),
  a: Float32Array.of(1, 0.25),
  m: Float32Array.of(3, -1),
  s: Float32Array.of(10, 4),
});

test('blocks are added in order, a minimum behind the scales', () => {
  const { dot, running } = addUp(row('Q4_0', 2));
  expect([...dot]).toEqual([64, 32]);
  expect([...running]).toEqual([32, 32 + 16]);
  expect([...addUp(row('Q4_1', 2)).running]).toEqual([32 + 30, 32 + 30 + 16 - 4]);
  for (const type of ['Q5_1', 'Q4_K', 'Q5_K']) {
    expect([...addUp(row(type, 2)).running], type).toEqual([62, 74]);
  }
  for (const type of ['Q5_0', 'Q6_K', 'Q8_0', 'F16']) {
    expect([...addUp(row(type, 2)).running], type).toEqual([32, 48]);
  }
});

test('sums of codes are exact and rounded once, those of floats at every step', () => {
  const all = 2 ** 24;
  const weights = new Float32Array(32).fill(1).fill(all, 0, 1);
  const scales = { d: Float32Array.of(1), a: Float32Array.of(1) };
  const none = { m: Float32Array.of(0), s: Float32Array.of(0) };
  const parts = { weights, inputs: new Float32Array(32).fill(1), ...scales, ...none };
  expect(addUp({ type: 'Q8_0', ...parts }).dot[0]).toBe(all + 32);
  expect(addUp({ type: 'F32', ...parts }).dot[0]).toBe(all);
});

test('(d * a) is rounded before the sum is multiplied by it', () => {
  const [d, a] = [Math.fround(1 + 2 ** -12), Math.fround(1 + 2 ** -12)];
  const parts = { ...row('Q4_0', 3), d: Float32Array.of(d, 0), a: Float32Array.of(a, 0) };
  expect(addUp(parts).running[0]).toBe(Math.fround(Math.fround(d * a) * 96));
});

test('a last block of floats may be shorter', () => {
  const ones = new Float32Array(40).fill(1);
  const [scale, none] = [new Float32Array(2).fill(1), new Float32Array(2)];
  const parts = { weights: ones, inputs: ones, d: scale, a: scale, m: none, s: none };
  expect([...addUp({ type: 'F32', ...parts }).running]).toEqual([32, 40]);
});

const models =
  'llama-f32 llama-f16 qwen2-bf16 llama-q4_0 llama-q4_1 llama-q5_0 llama-q5_1 llama-q8_0 llama-q4_k_m llama-q5_k llama-q6_k qwen2-q4_0';

test('every element is the engine’s, bit for bit, of every type', async ({ page }) => {
  await open(page, 'model=tiny');
  for (const name of models.split(' ')) {
    await loadFile(page, readFileSync(`tests/fixtures/models/${name}.gguf`));
    const found = await page.evaluate(async () => {
      const { nanoinfer } = window;
      const { trace } = nanoinfer;
      const layer = `L.${nanoinfer.model!.info.n_layers - 1}`;
      await trace.keep({ values: [`${layer}.*`] });
      await nanoinfer.prefill([1, 2, 3, 4]);
      let elements = 0;
      const others: string[] = [];
      for (const [tap, input] of [
        ['attn_out', 'z'],
        ['gate', 'ffn_norm'],
        ['ffn_out', 'act'],
      ]) {
        const { data: out } = await trace.read(`${layer}.${tap}`, 3);
        const { data: inputs } = await trace.read(`${layer}.${input}`, 3);
        for (const [element, value] of out.entries()) {
          const cell = await trace.cell(`${layer}.${tap}`, 3, element);
          const { d, a, m, s, weights, block, running } = cell;
          if (running.at(-1) !== value) others.push(`${tap} ${element}`);
          ++elements;
          if (element !== 9) continue;
          const row = await trace.matrixRow(cell.op, element);
          weights.forEach((w, i) => {
            const b = Math.floor(i / block);
            if (Math.fround(Math.fround(d[b]! * w) + m[b]!) !== row[i]) others.push(`w ${i}`);
            const off = Math.abs(a[b]! * cell.inputs[i]! - inputs[i]!);
            if (!(off <= 0.51 * a[b]!)) others.push(`x ${i}`);
          });
          s.forEach((sum, b) => {
            const codes = cell.inputs.subarray(b * block, (b + 1) * block);
            const exact = codes.reduce((all, code) => all + code, 0);
            const is = cell.type.startsWith('Q') ? Math.fround(a[b]! * exact) : 0;
            if (sum !== is) others.push(`s ${b}`);
          });
        }
      }
      return { elements, others };
    });
    expect(found.elements, name).toBeGreaterThanOrEqual(100);
    expect(found.others, name).toEqual([]);
  }
});
