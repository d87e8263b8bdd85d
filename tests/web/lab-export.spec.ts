// The exported trace: what its arrays hold is what the engine holds.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { unzipSync, zipSync } from 'fflate';
import { expect, test, type Page } from '@playwright/test';
import { experimentFromJson } from '../../web/src/client/lab-link.ts';
import { JsonValue } from '../../web/src/client/json-reader.ts';
import { loadBytes, openLab, panel, settled, stepTo, tapValues } from './lab-page.ts';

interface About {
  n_prompt: number;
  tokens: { id: number; bytes: string }[];
  taps: { name: string; first: number; positions: number; unit: string }[];
  experiment: unknown;
}

async function exported(page: Page): Promise<Record<string, Uint8Array>> {
  const downloading = page.waitForEvent('download');
  await panel(page, 'Share').getByRole('button', { name: 'Download trace' }).click();
  return unzipSync(readFileSync(await (await downloading).path()));
}

/** An array of version 1.0 as numpy.lib.format describes it. */
function readNpy(bytes: Uint8Array): { type: string; shape: number[]; values: number[] } {
  const text = Buffer.from(bytes).toString('latin1');
  expect(text.slice(0, 8)).toBe('\x93NUMPY\x01\x00');
  const length = bytes[8]! + 256 * bytes[9]!;
  expect((10 + length) % 64).toBe(0);
  const header = text.slice(10, 10 + length);
  expect(header).toMatch(/^\{.*\} *\n$/);
  const [, type, sizes] = /'descr': '(...)', 'fortran_order': False, 'shape': \(([^)]*)\)/.exec(
    header,
  )!;
  const data = bytes.slice(10 + length).buffer;
  return {
    type: type!,
    shape: sizes!
      .split(',')
      .filter((size) => size.trim())
      .map(Number),
    values: [...(type === '<i4' ? new Int32Array(data) : new Float32Array(data))],
  };
}

test('a trace holds every kept value, the tokens and the experiment', async ({ page }) => {
  await openLab(page, '#panels=share&text=Once+upon+a+time');
  await expect(panel(page, 'Share')).toContainText('No position is computed yet.');
  await stepTo(page, 'token', 12);
  await page.evaluate(() => window.lab.setEdits([{ do: 'scale', site: 'L.1.z', head: 0, by: 2 }]));
  await settled(page);
  await expect(panel(page, 'Share')).toContainText('kept taps at positions 0 to 11');
  const files = await exported(page);
  const about = JSON.parse(Buffer.from(files['trace.json']!).toString()) as About;
  const { ids, kept, info } = await page.evaluate(async () => ({
    ids: [...(await window.nanoinfer.trace.context())],
    kept: window.lab.kept!.values,
    info: window.nanoinfer.model!.info,
  }));
  expect(readNpy(files['ids.npy']!)).toEqual({ type: '<i4', shape: [12], values: ids });
  expect(about.tokens.map(({ id }) => id)).toEqual(ids);
  expect(about.n_prompt).toBe(4);
  expect(about.taps.map(({ name }) => name).toSorted()).toEqual([...kept].toSorted());
  expect(Object.keys(files)).toHaveLength(kept.length + 2);
  const { interventions, expected } = experimentFromJson(new JsonValue(about.experiment));
  expect(interventions).toHaveLength(1);
  expect(expected.ids).toEqual(ids.slice(4));

  for (const { name, first, positions } of about.taps) {
    const { type, shape, values } = readNpy(files[`${name}.npy`]!);
    expect(type).toBe('<f4');
    expect([shape[0], first + positions]).toEqual([positions, 12]);
    const width = values.length / positions;
    for (const position of [first, 11]) {
      const row = values.slice((position - first) * width, (position - first + 1) * width);
      expect(row, `${name} at ${position}`).toEqual(await tapValues(page, name, position));
    }
  }
  expect(readNpy(files['L.0.q_rot.npy']!).shape).toEqual([12, info.n_heads, info.head_dim]);
  expect(about.taps.find(({ name }) => name === 'logits')?.first).toBe(3);
});

test('the same run gives the same file', async ({ page }) => {
  await openLab(page, '#panels=share&text=Once+upon+a+time');
  await stepTo(page, 'token', 9);
  await settled(page);
  const first = await exported(page);
  await page.evaluate(() => window.lab.restart());
  await stepTo(page, 'token', 9);
  await settled(page);
  expect(await exported(page)).toEqual(first);
});

/** scripts/compare_trace.py on what transformers gave for the golden's tokens. */
function compared(golden: string, trace: Record<string, Uint8Array>, file: string, most: number) {
  writeFileSync(file, zipSync(trace));
  const args = ['scripts/compare_trace.py', golden, file, '--most', String(most)];
  const { status, stdout, stderr } = spawnSync('python3', args, { encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

// The F32 files leave rounding alone; activations of Glass, which is quantised, have 13 bits.
for (const [stem, most] of [
  ['llama-f32', 1e-10],
  ['qwen2-f32', 1e-10],
  ['glass-llama', 1e-5],
] as const) {
  test(`the script holds the trace of ${stem} against transformers`, async ({ page }, info) => {
    const golden = `tests/fixtures/taps/${stem}.json`;
    const { model, ids } = JSON.parse(readFileSync(golden, 'utf8')) as {
      model: string;
      ids: number[];
    };
    await openLab(page, '#panels=share&text=Once');
    await loadBytes(page, readFileSync(model), stem);
    await page.evaluate((tokens) => window.lab.setIds(tokens), ids);
    await stepTo(page, 'token', ids.length);
    await settled(page);
    const trace = await exported(page);
    const good = compared(golden, trace, info.outputPath('trace.npz'), most);
    expect(good.said).toMatch(/largest NMSE of \d+ taps/);
    expect(good, good.said).toMatchObject({ status: 0 });
    const taps = (JSON.parse(Buffer.from(trace['trace.json']!).toString()) as About).taps.length;
    expect(good.said).toContain(`of ${taps} taps`);

    // One row in another's place is seen.
    const swapped = { ...trace, 'L.1.q.npy': trace['L.0.q.npy']! };
    const bad = compared(golden, swapped, info.outputPath('swapped.npz'), most);
    expect(bad.said).toMatch(/L\.1\.q .* \d\.\de[-+]\d\d/);
    expect(bad.status).toBe(1);
  });
}
