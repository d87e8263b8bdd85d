// A recorded run comes from strangers: what is wrong in one is named, and the page goes on.
import { expect, test } from '@playwright/test';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { place, settled } from './lab-page.ts';
import { banner, changed, drop, makeRun, play, tokens } from './recorded-run.ts';

let file: Buffer;

test.beforeAll(async ({ browser }, { project }) => {
  file = await makeRun(browser, project.use.baseURL!);
});

const hostile: [string, () => Uint8Array, RegExp][] = [
  [
    'no zip',
    () => strToU8('This is no zip at all. '.repeat(50)),
    /a file run.json in it, got no file/,
  ],
  ['nothing', () => new Uint8Array(), /a file run.json in it/],
  ['a part of one', () => file.subarray(0, file.length >> 1), /expected (a zip|all of values.npy)/],
  ['another zip', () => zipSync({ 'trace.json': strToU8('{}') }), /a file run.json in it/],
  [
    'no JSON',
    () => zipSync({ ...unzipSync(file), 'run.json': strToU8('{') }),
    /run.json · expected JSON/,
  ],
  [
    'a newer version',
    () => changed(file, (run) => (run.v = 2)),
    /run.json.v · expected a whole number from 1 to 1/,
  ],
  [
    'a plan of no ops',
    () => changed(file, (run) => (run.plan.ops = [])),
    /run.json.plan.ops · expected at least one op/,
  ],
  [
    'a million layers',
    () => changed(file, (run) => (run.model.info.n_layers = 1e6)),
    /n_layers · expected a whole number from 1 to 512, got 1000000/,
  ],
  [
    'a head of a million pairs',
    () => changed(file, (run) => (run.model.info.n_rot = 2 ** 20)),
    /n_rot · expected pairs of a head’s \d+ elements, got 1048576/,
  ],
  [
    'a place beyond the values',
    () =>
      changed(file, (run) => {
        run.answers.find(({ call }) => call === 'kvSlot')!.result['k']![0] = 2 ** 30;
      }),
    /result.k · expected a place among the \d+ values/,
  ],
  [
    'a row too short',
    () =>
      changed(file, (run) => {
        run.answers.find(({ call }) => call === 'traceAttention')!.result['probs']![1] = 400;
      }),
    /result.probs · expected 1 values, got 400/,
  ],
  [
    'an array that claims to be huge',
    () => {
      const parts = unzipSync(file);
      const npy = Buffer.from(parts['values.npy']!);
      const shape = /'shape': \(\d+,\), \}/.exec(npy.toString('latin1', 0, 128))![0];
      const huge = "'shape': (99999999999,), }";
      npy.write(
        huge + ' '.repeat(Math.max(0, shape.length - huge.length)),
        npy.indexOf(shape),
        'latin1',
      );
      return zipSync({ ...parts, 'values.npy': npy });
    },
    /values.npy · expected (99999999999 floats|one axis of float32)/,
  ],
  [
    'a bomb',
    () => zipSync({ 'run.json': new Uint8Array(2 ** 27) }),
    /expected at most \d+ bytes of run.json, got more/,
  ],
];

for (const [name, content, words] of hostile) {
  test(`a file that is ${name} is refused`, async ({ page }) => {
    await play(page, content());
    await expect(page.getByRole('alert')).toContainText(words);
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await expect(page.getByRole('alert')).toHaveCount(0);
    // The page goes on: a good recording opens in it, and all of that is there.
    await drop(page, file);
    await expect(banner(page)).toContainText(/Glass, 16 tokens/);
    await settled(page);
    await expect(place(page)).toContainText('the recording ends here');
    await expect(page.getByRole('alert')).toHaveCount(0);
    expect(await page.evaluate(() => window.lab.place.end)).toBe(tokens);
    const { data } = await page.evaluate(() => window.lab.read('L.1.z', window.lab.place.end - 1));
    expect(Object.values(data).some((x) => x !== 0)).toBe(true);
  });
}
