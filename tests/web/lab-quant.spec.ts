// The lab's view of stored weights: its reading of a block's bits against the engine's, for every type.
import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { partsOf, valueOf } from '../../web/src/draw/block-parts.ts';
import seriousFaults from './axe.ts';
import { byteVocabulary, noise, roundedToQ8, tinyLlama } from './gguf.ts';
import { chosen, expectShown, tableRows } from './lab-panel.ts';
import {
  expectNoOverflow,
  loadBytes,
  openLab,
  panel,
  settled,
  stepTo,
  tapValues,
  select,
} from './lab-page.ts';

const hash = '#panels=quant&text=Once+upon+a+time&op=20';
const quant = (page: Page) => panel(page, 'Quantisation');

/** Loads a small model of tests/fixtures/models. */
async function load(page: Page, name: string): Promise<void> {
  await loadBytes(page, readFileSync(`tests/fixtures/models/${name}.gguf`), name);
}

/** Some blocks of some rows of every matrix. */
function someBlocks(page: Page) {
  return page.evaluate(async () => {
    const { lab, nanoinfer } = window;
    const blocks: { type: string; bytes: number[]; values: number[] }[] = [];
    for (const [op, { type, n_out, kind }] of lab.ops.entries()) {
      if (type === undefined) continue;
      const rows = kind === 'embed' ? lab.model!.info.n_vocab : n_out;
      for (const row of [0, rows - 1]) {
        const { blocks: n } = await nanoinfer.trace.matrixBlock(op, row, 0);
        for (const block of [0, n - 1]) {
          const { bytes, values } = await nanoinfer.trace.matrixBlock(op, row, block);
          blocks.push({ type, bytes: [...bytes], values: [...values] });
        }
      }
    }
    return blocks;
  });
}

test('reads the bits of every type as the engine does', async ({ page }) => {
  await openLab(page, hash);
  const types = new Set<string>();
  for (const name of [
    'llama-f32',
    'llama-f16',
    'llama-bf16-rope-freqs',
    'llama-q8_0',
    'llama-q4_0',
    'llama-q4_1',
    'llama-q5_0',
    'llama-q5_1',
    'llama-q4_k',
    'llama-q5_k',
    'llama-q6_k',
    'llama-q4_k_m',
  ]) {
    await load(page, name);
    for (const { type, bytes, values } of await someBlocks(page)) {
      types.add(type);
      const seen = values.map((_, at) =>
        Math.fround(valueOf(type, partsOf(type, at), Uint8Array.from(bytes))),
      );
      const off = seen.map((x, at) => Math.abs(x - values[at]!) / (Math.abs(values[at]!) || 1));
      expect(Math.max(...off), `${name}, ${type}`).toBeLessThan(1e-5);
    }
  }
  expect([...types].sort()).toEqual(
    'BF16 F16 F32 Q4_0 Q4_1 Q4_K Q5_0 Q5_1 Q5_K Q6_K Q8_0'.split(' '),
  );
});

test('shows the weights of the row, block and matrix that were chosen', async ({ page }) => {
  await openLab(page, hash);
  await load(page, 'llama-q4_k_m');
  await lookAtRow5(page);
  const { op, weights, type } = await page.evaluate(async () => {
    const { lab, nanoinfer } = window;
    const at = lab.ops.findIndex(({ name, layer }) => name === 'ffn_up' && layer === 0);
    const row = await nanoinfer.trace.matrixRow(at, 5);
    return { op: at, weights: [...row], type: lab.ops[at]!.type! };
  });
  expect(await page.evaluate(() => window.lab.selection.op)).toBe(op);
  await expect(quant(page)).toContainText(`${type}: 256 weights share`);
  const vector = quant(page).getByRole('img', { name: /^w, 256 elements/ });
  await vector.focus();
  await vector.press('Home');
  for (const at of [1, 2]) {
    await vector.press('ArrowRight');
    await expect(quant(page)).toContainText(`w[${at}] = ${weights[at]!.toPrecision(6)}`);
    await expect(quant(page)).toContainText(`${weights[at]!.toPrecision(6)} in the engine`);
  }
  await quant(page).getByRole('button', { name: 'Table' }).click();
  const rows = await quant(page).getByRole('table').getByRole('row').all();
  for (const at of chosen(6, 80)) {
    const cells = await rows[at + 1]!.getByRole('cell').allInnerTexts();
    expect(Number(cells.at(-1))).toBeCloseTo(weights[at]!, 5);
  }
});

const shape = { nIn: 32, nOut: 64 };
const reference = (page: Page) => quant(page).getByRole('region', { name: 'Error', exact: true });
const choose = (page: Page, name: string, buffer: Buffer) =>
  quant(page)
    .getByLabel('Reference file')
    .setInputFiles({ name, mimeType: 'application/octet-stream', buffer });

/** Looks at row 5 of layer 0's ffn_up. */
async function lookAtRow5(page: Page): Promise<void> {
  await quant(page).getByRole('button', { name: 'Look at ffn_up of layer 0' }).click();
  await settled(page);
  await quant(page).getByRole('spinbutton', { name: /^Row/ }).fill('5');
  await quant(page).getByRole('spinbutton', { name: /^Row/ }).press('Enter');
  await settled(page);
}

/** A model of a test's own in Q8_0, with row 5 of its ffn_up chosen. */
async function openRounded(page: Page): Promise<void> {
  await openLab(page, hash);
  await loadBytes(page, tinyLlama(byteVocabulary(), 259, 'Q8_0'), 'rounded');
  await lookAtRow5(page);
}

test('tells each weight’s, the row’s and the matrix’s error against another file', async ({
  page,
}) => {
  await openRounded(page);
  await choose(page, 'exact.gguf', tinyLlama(byteVocabulary(), 259));
  await expect(reference(page)).toContainText('Against blk.0.ffn_up.weight (F32) of exact.gguf');

  const all = noise(shape.nIn * shape.nOut);
  const row = all.subarray(5 * shape.nIn, 6 * shape.nIn);
  const rms = (list: Float32Array) =>
    Math.sqrt(list.reduce((sum, x) => sum + x * x, 0) / list.length);
  const errorsOf = (list: Float32Array) => list.map((x) => roundedToQ8(x) - x);
  const words = (await reference(page).innerText()).replace(/\s+/g, ' ');
  const shown = (pattern: RegExp) => Number(pattern.exec(words)![1]);
  expect(shown(/The row: RMS error ([\d.e-]+),/) / rms(errorsOf(row))).toBeCloseTo(1, 3);
  const most = Math.max(...errorsOf(row).map(Math.abs));
  expect(shown(/own; at most ([\d.e-]+)\./) / most).toBeCloseTo(1, 3);
  expect(words).toContain('by 64 of its rows');
  const relative = (100 * rms(errorsOf(all))) / rms(all);
  expect(shown(/relative RMS error ([\d.e-]+) %/) / relative).toBeCloseTo(1, 2);

  const rows = await tableRows(page, 'Quantisation');
  for (const at of [0, 7, 31]) {
    expect(Number(rows[at]!.at(-2))).toBeCloseTo(row[at]!, 5);
    expect(Number(rows[at]!.at(-1)) / (roundedToQ8(row[at]!) - row[at]!)).toBeCloseTo(1, 3);
  }
});

/** Cells of a table that is shown on demand; each row's name first. */
async function numbers(page: Page, region: string, summary: string): Promise<string[][]> {
  const section = quant(page).getByRole('region', { name: region });
  await section.getByText(summary, { exact: true }).click();
  const table = section.getByRole('table');
  await expect(table).toBeVisible();
  return table.evaluate((element) =>
    [...(element as HTMLTableElement).tBodies[0]!.rows].map((row) =>
      [...row.cells].map((cell) => cell.textContent),
    ),
  );
}

const lookAt = (page: Page, name: string) =>
  quant(page)
    .getByRole('button', { name: `Look at ${name}` })
    .click();

test('draws each block’s error, and its cells lead to the block', async ({ page }) => {
  await openRounded(page);
  await lookAt(page, 'ffn_down of layer 0');
  await choose(page, 'exact.gguf', tinyLlama(byteVocabulary(), 259));
  const [nIn, width] = [64, 32];
  const errors = noise(nIn * 32).map((x) => Math.abs(roundedToQ8(x) - x));
  const block = (row: number, nth: number) =>
    errors.subarray(row * nIn + nth * width, row * nIn + (nth + 1) * width);
  const mean = (list: Float32Array) => list.reduce((sum, x) => sum + x, 0) / list.length;

  const section = quant(page).getByRole('region', { name: 'Error by block' });
  await expect(section).toContainText('in all 32 rows');
  const cells = await numbers(page, 'Error by block', 'Blocks in numbers');
  expect(cells).toHaveLength(32);
  for (const row of [0, 31, ...chosen(6, 32)]) {
    expect(cells[row]![0]).toBe(String(row));
    for (const nth of [0, 1]) {
      expect(Number(cells[row]![nth + 1]) / mean(block(row, nth))).toBeCloseTo(1, 4);
    }
  }

  const map = section.getByRole('img', { name: /^Mean error of each block/ });
  await map.focus();
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowRight']) await map.press(key);
  await expect(section).toContainText('Row 3, block 1 (weights 32 to 63)');
  const [, average, most] = /mean ([\d.e-]+), at most ([\d.e-]+)\./
    .exec(await section.getByText('Row 3, block 1').innerText())!
    .map(Number);
  expect(average! / mean(block(3, 1))).toBeCloseTo(1, 3);
  expect(most! / Math.max(...block(3, 1))).toBeCloseTo(1, 3);
  await map.press('Enter');
  await expect(quant(page).getByRole('spinbutton', { name: /^Row/ })).toHaveValue('3');
  await expect(quant(page).getByRole('spinbutton', { name: /^Block/ })).toHaveValue('1');
});

/** What the panel says of y against W_ref x, and the same computed here. */
async function expectOutput(
  page: Page,
  rows: readonly number[],
  { y, x, weights }: { y: readonly number[]; x: readonly number[]; weights: ArrayLike<number> },
): Promise<void> {
  const product = (row: number) =>
    x.reduce((sum, each, i) => sum + each * weights[row * x.length + i]!, 0);
  const cells = await numbers(page, 'Error of the output', 'Rows in numbers');
  expect(cells).toHaveLength(rows.length);
  for (const i of [0, rows.length - 1, ...chosen(8, rows.length)]) {
    const row = rows[i]!;
    expect(cells[i]![0]!.split(' ')[0]).toBe(String(row));
    expectShown(cells[i]![1], y[row]!);
    expectShown(cells[i]![2], product(row));
    expectShown(cells[i]![3], y[row]! - product(row));
  }
  const norm = (f: (row: number) => number) => Math.hypot(...rows.map(f));
  const relative = norm((row) => y[row]! - product(row)) / norm(product);
  const words = await quant(page).getByText('‖y − y_ref‖').innerText();
  const shown = Number(/‖y_ref‖ = ([\d.e-]+) %\./.exec(words.replace(/\s+/g, ' '))![1]);
  expect(shown / (100 * relative)).toBeCloseTo(1, 2);
}

test('holds the op’s output against the reference’s weights with the same input', async ({
  page,
}) => {
  await openRounded(page);
  await choose(page, 'exact.gguf', tinyLlama(byteVocabulary(), 259));
  const output = quant(page).getByRole('region', { name: 'Error of the output' });
  await expect(output).toContainText('yet: step on');
  await stepTo(page, 'token', 1);
  const last = await page.evaluate(() => window.lab.place.end - 1);
  for (const [op, input, tap, position, shape] of [
    ['ffn_up of layer 0', 'L.0.ffn_norm', 'L.0.up', 2, [64, 32]],
    ['ffn_down of layer 0', 'L.0.act', 'L.0.ffn_out', last, [32, 64]],
    ['output', 'final_norm', 'logits', last, [259, 32]],
  ] as const) {
    await lookAt(page, op);
    await select(page, { position });
    await expect(output).toContainText(`x is ${input}, y is ${tap} as`);
    await expect(output).toContainText(`token ${position} `);
    const [nOut, nIn] = shape;
    const n = Math.min(64, nOut);
    await expectOutput(
      page,
      Array.from({ length: n }, (_, i) => Math.floor(((i + 0.5) * nOut) / n)),
      {
        y: await tapValues(page, tap, position),
        x: await tapValues(page, input, position),
        weights: noise(nOut * nIn),
      },
    );
    await output.getByText('Rows in numbers', { exact: true }).click();
  }
  // The head has no row of an earlier position of the prompt's pass, and the embedding no input.
  await select(page, { position: 0 });
  await expect(output).toContainText('for its last token alone');
  await lookAt(page, 'token_embd');
  await expect(output).toContainText('looked up and not multiplied');
});

test('takes a bias off the output before it is compared', async ({ page }) => {
  await openLab(page, hash);
  await load(page, 'qwen2-f32');
  const { nIn, nOut, first, bias } = await page.evaluate(async () => {
    const { lab, nanoinfer } = window;
    const op = lab.ops.findIndex(({ name, layer }) => name === 'attn_k' && layer === 1);
    const { n_in, n_out } = lab.ops[op]!;
    const row = await nanoinfer.trace.matrixRow(op, 0);
    const bias = await nanoinfer.trace.vector('blk.1.attn_k.bias');
    return { nIn: n_in, nOut: n_out, first: [...row], bias: [...bias] };
  });
  expect(Math.max(...bias)).toBeGreaterThan(0);
  const exact = readFileSync('tests/fixtures/models/qwen2-f32.gguf');
  const begin = exact.indexOf(Buffer.from(Float32Array.from(first).buffer));
  const weights = Array.from({ length: nIn * nOut }, (_, i) => exact.readFloatLE(begin + 4 * i));
  const cut = Buffer.from(exact); // The matrix's numbers keep 16 of their 32 bits.
  weights.forEach((_, i) => cut.writeUInt16LE(0, begin + 4 * i));

  await loadBytes(page, cut, 'cut');
  await stepTo(page, 'token', 1);
  await lookAt(page, 'attn_k of layer 1');
  await select(page, { position: 1 });
  await choose(page, 'exact.gguf', exact);
  const output = quant(page).getByRole('region', { name: 'Error of the output' });
  await expect(output).toContainText('left it less blk.1.attn_k.bias');
  const k = await tapValues(page, 'L.1.k', 1);
  await expectOutput(page, [...k.keys()], {
    y: k.map((each, row) => each - bias[row]!),
    x: await tapValues(page, 'L.1.attn_norm', 1),
    weights,
  });

  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 1400 });
    await expectNoOverflow(page);
    expect(await seriousFaults(page)).toEqual([]);
  }
});

test('says what a recorded run lacks', async ({ page }) => {
  await openLab(page, '#panels=quant,share&text=Once+upon+a+time');
  await stepTo(page, 'token', 5);
  const downloading = page.waitForEvent('download');
  await panel(page, 'Share').getByRole('button', { name: 'Save this run' }).click();
  const body = readFileSync(await (await downloading).path());
  await page.route('**/runs/run.nirun', (route) => route.fulfill({ body }));
  await page.goto('/lab.html?run=%2Fruns%2Frun.nirun#panels=quant');
  await settled(page);
  await expect(reference(page)).toContainText('does not hold the weights. Load its model');
  await expect(quant(page).getByLabel('Reference file')).toHaveCount(0);
});

test('a file that is no reference is refused in words', async ({ page }) => {
  await openRounded(page);
  const alert = reference(page).getByRole('alert');
  await choose(page, 'photo.gguf', Buffer.from('\x89PNG and no model at all, nor any header'));
  await expect(alert).toContainText('not a GGUF');
  const other = readFileSync('tests/fixtures/models/llama-f32.gguf');
  await choose(page, 'other.gguf', other);
  await expect(alert).toContainText('of another model than the one loaded');
  await expect(alert).toContainText('n_vocab 259');
  const whole = tinyLlama(byteVocabulary(), 259);
  await choose(page, 'half.gguf', whole.subarray(0, whole.length - 64));
  await expect(alert).toContainText('the file');
  await choose(page, 'page.gguf', Buffer.from('<!doctype html><p>Not found'));
  await expect(alert).toContainText('a web page');
  // None of these is open, and the right one still may be.
  expect(await page.evaluate(() => window.nanoinfer.trace.reference())).toBeNull();
  await choose(page, 'exact.gguf', whole);
  await expect(reference(page)).toContainText('of exact.gguf');
  await expect(alert).toHaveCount(0);
});

test('says so where the reference holds other weights', async ({ page }) => {
  await openRounded(page);
  const other = tinyLlama(byteVocabulary(), 259);
  const end = other.length - 64 * 32 * 4 * 3; // The last matrices' values change their sign.
  for (let at = end + 3; at < other.length; at += 4) other[at]! ^= 0x80;
  await choose(page, 'other.gguf', other);
  await expect(reference(page).getByRole('alert')).toContainText('not the same weights');
});

test('flipping a bit moves the logits as a file with that bit flipped does', async ({ page }) => {
  await openLab(page, hash);
  const name = 'llama-q4_0';
  await load(page, name);
  const { block, ids, likeliest, was } = await page.evaluate(async () => {
    const { lab, nanoinfer } = window;
    await lab.step('token');
    const op = lab.ops.findIndex(({ name, layer }) => name === 'ffn_up' && layer === 0);
    lab.select({ op });
    return {
      block: [...(await nanoinfer.trace.matrixBlock(op, 0, 0)).bytes],
      ids: lab.tokens.map(({ id }) => id),
      likeliest: (await nanoinfer.trace.top(1))[0]!.id,
      was: [...(await nanoinfer.logits())],
    };
  });
  const section = quant(page).getByRole('region', { name: 'Flip a bit' });
  await section.getByRole('button', { name: 'Flip bit 3' }).click();
  await expect(section).toContainText('ffn_up of layer 0, row 0, column 0');
  const flipped = await page.evaluate(async () => [...(await window.nanoinfer.logits())]);
  const row = section.getByRole('table').getByRole('row').nth(1);
  const [before, after] = await row.getByRole('cell').allInnerTexts();
  expect(Number(before)).toBeCloseTo(was[likeliest]!, 3);
  expect(Number(after)).toBeCloseTo(flipped[likeliest]!, 3);
  await section.getByRole('button', { name: 'Put the bit back' }).click();
  await settled(page);
  expect(await page.evaluate(async () => [...(await window.nanoinfer.logits())])).toEqual(was);

  const file = readFileSync(`tests/fixtures/models/${name}.gguf`);
  const at = file.indexOf(Buffer.from(block));
  expect(file.indexOf(Buffer.from(block), at + 1)).toBe(-1);
  file[at + 2]! ^= 1 << 3; // The first weight's code lies in the low bits of byte 2.
  await loadBytes(page, file, 'flipped');
  const expected = await page.evaluate(async (tokens) => {
    await window.nanoinfer.prefill(tokens);
    return [...(await window.nanoinfer.logits())];
  }, ids);
  const distance = (a: number[], b: number[]) => Math.hypot(...a.map((x, i) => x - b[i]!));
  expect(distance(expected, flipped)).toBeLessThan(0.01 * distance(expected, was));
});

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [360, 1280]) {
    test(`has no accessibility fault, ${scheme}, ${width} px wide`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 1400 });
      await openLab(page, hash);
      await load(page, 'llama-q6_k');
      await stepTo(page, 'token', 5);
      await expect(quant(page)).toContainText('Every matrix');
      await expectNoOverflow(page);
      await page.screenshot({ path: `test-results/lab-quant-${scheme}-${width}.png` });
      expect(await seriousFaults(page)).toEqual([]);
    });
  }
}
