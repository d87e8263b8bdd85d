// A link holds the whole experiment: every field comes back, what is not one is refused, and whoever
// opens it is told what came out.
import { deflateRawSync } from 'node:zlib';
import { expect, test, type Page } from '@playwright/test';
import type { EngineError } from '../../web/src/client/errors.ts';
import { compareOutcome, modelQuery } from '../../web/src/client/lab-experiment.ts';
import {
  type Experiment,
  experimentOfLink,
  experimentOfText,
  experimentToJson,
  linkOf,
} from '../../web/src/client/lab-link.ts';
import { defaultSampling } from '../../web/src/client/defaults.ts';
import type { LoadedModel } from '../../web/src/protocol.ts';
import seriousFaults from './axe.ts';
import { expectNoOverflow, openLab, outcome, panel, settled } from './lab-page.ts';

const plain: Experiment = {
  model: { origin: 'http://localhost/models/glass-llama.gguf', fingerprint: '00ff' },
  engine: '0.1.0',
  prompt: { text: 'Once', asChat: false },
  tokenByToken: false,
  sampling: defaultSampling,
  interventions: [],
  breaks: [],
  panels: [],
  selection: { position: 0, layer: 0, head: 0, op: 0 },
  expected: { nPrompt: 1, ids: [], logits: '' },
  given: 0,
  code: '',
};

test.describe('the link', () => {
  const changes: Record<string, Partial<Experiment>> = {
    origin: { model: { origin: 'Modèle “ö”.gguf', fingerprint: '' } },
    engine: { engine: '9.9' },
    text: { prompt: { text: 'Tab\t, ↵\n, 😀, "quotes" & <b>', asChat: true } },
    ids: { prompt: { ids: [1, 0, 49151] } },
    each: { tokenByToken: true },
    sampling: {
      sampling: {
        temperature: 1.25,
        top_k: 7,
        top_p: 0.5,
        min_p: 0.125,
        repetition_penalty: 1.5,
        presence_penalty: -0.5,
        frequency_penalty: 0.25,
        penalty_window: 9,
        seed: 4294967295,
        logit_bias: { 5: -100, 77: 3.5 },
      },
    },
    scale: { interventions: [{ edit: { do: 'scale', site: 'L.2.z', head: 3, by: 0 }, on: true }] },
    zero: { interventions: [{ edit: { do: 'zero', site: 'L.*.z', from: 1, to: 9 }, on: false }] },
    add: {
      interventions: [
        { edit: { do: 'add', site: 'embd', range: [2, 4], by: [0.1, -Infinity] }, on: true },
        { edit: { do: 'replace', site: 'embd', by: NaN }, on: false },
        { edit: { do: 'add', site: 'logits', by: 1e-30 }, on: true },
      ],
    },
    mask: {
      interventions: [{ edit: { do: 'mask', site: 'L.0.scores', keys: [0, 2] }, on: true }],
    },
    theta: { interventions: [{ edit: { do: 'rope_theta', theta: 12345.6 }, on: true }] },
    bias: { interventions: [{ edit: { do: 'logit_bias', id: 3, by: -2, from: 4 }, on: true }] },
    patch: {
      interventions: [
        {
          edit: {
            do: 'patch',
            site: 'L.0.z',
            recording: {
              'L.0.z': {
                name: 'L.0.z',
                first: 2,
                positions: 2,
                width: 2,
                axes: [
                  { name: 'row', size: null },
                  { name: 'd', size: 2 },
                ],
                unit: '1',
                data: Float32Array.of(1, Math.PI, -0, NaN),
              },
            },
          },
          on: true,
        },
      ],
    },
    breaks: {
      breaks: [
        { at: 12 },
        { at: 'L.*.z', when: 'norm_above', limit: 4.5 },
        { at: 'embd', when: 'non_finite' },
      ],
    },
    code: { code: 'lab.sampler(() => 5); // “<script>”' },
    panels: { panels: ['tokens', 'share'] },
    selection: { selection: { position: 4, layer: 3, head: 2, op: 81 } },
    expected: { expected: { nPrompt: 9, ids: [5, 4, 3], logits: 'deadbeef' } },
    given: { expected: { nPrompt: 9, ids: [5, 4, 3], logits: '' }, given: 2 },
  };
  for (const [name, change] of Object.entries(changes)) {
    test(`brings back ${name}`, async () => {
      const experiment = { ...plain, ...change };
      const link = await linkOf(experiment);
      expect(link).toMatch(/^#x=[\w-]+$/);
      expect(await experimentOfLink(link)).toEqual(experiment);
      expect(experimentOfText(JSON.stringify(experimentToJson(experiment)))).toEqual(experiment);
    });
  }

  test('is short: 64 tokens, three edits and a chat prompt in less than 2 KB', async () => {
    const ids = Array.from({ length: 64 }, (_, i) => (7919 * i * i + 13) % 49152);
    const link = await linkOf({
      ...plain,
      ...changes['add'],
      ...changes['breaks'],
      prompt: { text: 'What is the capital of France? '.repeat(4), asChat: true },
      expected: { nPrompt: 60, ids, logits: 'd'.repeat(32) },
    });
    expect(link.length).toBeLessThan(1500);
  });

  const json = experimentToJson(plain);
  const packed = (value: unknown) =>
    `#x=${deflateRawSync(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')}`;
  const wrong: Record<string, [link: string, place: RegExp]> = {
    nothing: ['#x=', /the link|experiment/],
    'other characters': ['#x=<script>', /the link.*letters/],
    'other bytes': ['#x=AAAAAAAA', /the link/],
    'no JSON': [packed('{"v":'), /experiment.*JSON/],
    'a list': [packed([]), /object/],
    null: [packed(null), /object/],
    'a newer version': [packed({ ...json, v: 2 }), /newer/],
    'no version': [packed({ ...json, v: undefined }), /\.v/],
    'no model': [packed({ ...json, model: 5 }), /model/],
    'markup as fingerprint': [
      packed({ ...json, model: { origin: 'x', fingerprint: '<b>' } }),
      /fingerprint/,
    ],
    'a huge seed': [packed({ ...json, sampling: { ...defaultSampling, seed: 1e99 } }), /seed/],
    'no temperature': [packed({ ...json, sampling: {} }), /sampling\.temperature/],
    'a bias by name': [
      packed({ ...json, sampling: { ...defaultSampling, logit_bias: { x: 1 } } }),
      /logit_bias/,
    ],
    'an edit of no kind': [packed({ ...json, edits: [{ do: 'eval' }] }), /edits\[0\]\.do/],
    'an edit off that is not there': [packed({ ...json, off: [0] }), /off/],
    'a break nowhere': [packed({ ...json, breaks: [{ at: {} }] }), /breaks\[0\]\.at/],
    'panels as text': [packed({ ...json, view: { panels: 'tokens' } }), /panels/],
    'more given than there are': [packed({ ...json, given: 1 }), /given/],
    'negative ids': [packed({ ...json, prompt: { ids: [-1] } }), /ids\[0\]/],
    'a proto': [packed('{"v":1,"__proto__":{"engine":"x"}}'), /engine|model/],
    'a bomb': [packed(' '.repeat(2 ** 24)), /the link.*bytes of JSON/],
    'a very long link': [`#x=${'A'.repeat(2 ** 18)}`, /the link.*characters/],
  };
  for (const [name, [link, place]] of Object.entries(wrong)) {
    test(`refuses ${name}`, async () => {
      const error = (await experimentOfLink(link).catch(
        (thrown: unknown) => thrown,
      )) as EngineError;
      expect(error.name).toBe('EngineError');
      expect(['bad_link', 'bad_argument']).toContain(error.code);
      expect(`${error.place} ${error.expected} ${error.actual}`).toMatch(place);
    });
  }

  test('says where two outcomes part', () => {
    const facts = { given: 0, sameModel: true, sameEngine: true };
    const one = { nPrompt: 3, ids: [5, 6, 7], logits: 'aa' };
    expect(compareOutcome(one, one, facts)).toMatchObject({ same: 3, first: null, logits: true });
    expect(compareOutcome(one, { ...one, logits: 'bb' }, facts)).toMatchObject({ logits: false });
    expect(compareOutcome(one, { ...one, logits: '' }, facts)).toMatchObject({ logits: null });
    expect(compareOutcome(one, { ...one, ids: [5, 9, 7] }, facts)).toMatchObject({
      same: 1,
      first: { position: 4, expected: 6, actual: 9 },
      logits: null,
    });
    expect(compareOutcome(one, { ...one, ids: [5] }, facts)).toMatchObject({
      same: 1,
      first: { actual: null },
    });
    expect(compareOutcome(one, { ...one, nPrompt: 2 }, facts)).toMatchObject({ same: 0 });
    const given = { ...facts, given: 1 };
    expect(compareOutcome(one, { ...one, ids: [5, 9, 7] }, given)).toMatchObject({
      same: 0,
      of: 2,
      first: { position: 4 },
    });
  });

  test('names the model in the page’s own way, and a context that was chosen', () => {
    const base = 'https://host/folder/lab.html';
    const query = (origin: string, n_ctx = 512) =>
      modelQuery({ origin, info: { n_ctx_train: 512 }, session: { n_ctx } } as LoadedModel, base);
    expect(query('https://host/folder/models/glass-qwen2.gguf')).toBe('?model=tiny');
    expect(query('https://host/folder/models/glass-qwen2.gguf', 64)).toBe('?model=tiny&n_ctx=64');
    expect(query('https://other/a b.gguf')).toBe('?model=https%3A%2F%2Fother%2Fa%20b.gguf');
    expect(query('mine.gguf')).toBeNull();
  });
});

const share = (page: Page) => panel(page, 'Share');
const openedStatus = (page: Page) => share(page).getByRole('status', { name: 'Opened experiment' });
const link = (page: Page) => share(page).getByRole('textbox', { name: 'Link' }).inputValue();

/** A run with edits, sampling, breaks, panels and a place that is looked at. */
async function setUp(page: Page): Promise<void> {
  await openLab(page, '#panels=edits,share&text=The+cat');
  await page.evaluate(async () => {
    const { lab } = window;
    await lab.setSampling({ ...lab.sampling, temperature: 0.9, seed: 5 });
    await lab.setInterventions([
      { edit: { do: 'scale', site: 'L.1.z', head: 1, by: 0.25 }, on: true },
      { edit: { do: 'zero', site: 'L.0.z' }, on: false },
    ]);
    await lab.runTokens(64);
    await lab.setBreaks([{ at: 20 }]);
    lab.select({ position: 3, layer: 2, head: 1, op: 9 });
  });
  await settled(page);
  await expect(share(page)).toContainText(/64 tokens behind [^,]*, logits [0-9a-f]{12}/);
}

test('a link runs the experiment again: 64 of 64 tokens, and the same logits', async ({ page }) => {
  await setUp(page);
  const before = await outcome(page);
  await expect(share(page)).toContainText('64 tokens behind');
  const url = await link(page);
  expect(url.length).toBeLessThan(2000);
  expect(url).toContain('lab.html?model=tiny#x=');

  await page.goto('about:blank');
  await page.goto(url);
  await expect(openedStatus(page)).toContainText(
    'Reproduced 64 of 64 tokens, and the logits behind them bit for bit.',
  );
  await settled(page);
  expect(await outcome(page)).toEqual(before);
  const state = await page.evaluate(() => {
    const { interventions, sampling, breaks, selection, prompt } = window.lab;
    return { interventions, sampling, breaks, selection, prompt };
  });
  expect(state).toMatchObject({
    interventions: [
      { edit: { do: 'scale', site: 'L.1.z', head: 1, by: 0.25 }, on: true },
      { edit: { do: 'zero', site: 'L.0.z' }, on: false },
    ],
    sampling: { temperature: 0.9, seed: 5 },
    breaks: [{ at: 20 }],
    selection: { position: 3, layer: 2, head: 1, op: 9 },
    prompt: { text: 'The cat', asChat: false },
  });
  await expect(panel(page, 'Interventions')).toBeVisible();
  // The address is the view's again, so a reload keeps what is looked at.
  await expect(page).toHaveURL(/#panels=.*text=The/);
});

test('tokens that its settings have not drawn are in the link', async ({ page }) => {
  await openLab(page, '#panels=share&text=The+cat');
  await page.evaluate(async () => {
    const { lab } = window;
    await lab.setSampling({ ...lab.sampling, temperature: 0.9, seed: 5 });
    await lab.runTokens(6);
    // One taken by hand; some behind it drawn; then an edit, under which none of them was.
    const { id } = lab.tokens.at(-1)!;
    await lab.fork(lab.place.end - 2, id === 20 ? 21 : 20);
    await lab.runTokens(4);
  });
  const reproduced = async (given: number, drawn: number) => {
    await settled(page);
    await expect(share(page)).toContainText(`${given + drawn} tokens behind`);
    const before = await outcome(page);
    const url = await link(page);
    const other = await page.context().newPage();
    await other.goto(url);
    await expect(openedStatus(other)).toContainText(
      `Reproduced ${drawn} of ${drawn} tokens behind ${given} that were given, and the logits`,
    );
    expect(await outcome(other)).toEqual(before);
    await other.close();
  };
  await reproduced(6, 4);
  await page.evaluate(() => window.lab.setEdits([{ do: 'zero', site: 'L.1.z', head: 0 }]));
  await reproduced(10, 0);
  await page.evaluate(() => window.lab.runTokens(3));
  await reproduced(10, 3);
  // Undone, the first of them are the settings' own again, up to the one that was taken.
  await page.evaluate(() => window.lab.setEdits([]));
  await reproduced(13, 0);
});

test('says where another outcome begins, and when the model file differs', async ({ page }) => {
  await setUp(page);
  const experiment = await experimentOfLink(new URL(await link(page)).hash);
  const ids = [...experiment.expected.ids];
  ids[10] = (ids[10]! + 1) % 300;
  const changed = { ...experiment, expected: { ...experiment.expected, ids } };
  await page.goto('about:blank');
  await page.goto(`/lab.html?model=tiny${await linkOf(changed)}`);
  const at = experiment.expected.nPrompt + 10;
  await expect(openedStatus(page)).toContainText(
    `Reproduced 10 of 64 tokens. The first difference is at position ${at}: expected id ${ids[10]}`,
  );
  await expect(openedStatus(page)).toContainText('The model file and the version are the same.');

  const model = { origin: 'other.gguf', fingerprint: 'abcd' };
  await page.goto('about:blank');
  await page.goto(`/lab.html?model=tiny${await linkOf({ ...changed, model })}`);
  await expect(openedStatus(page)).toContainText('another model file: other');
  expect(await page.evaluate(() => window.lab.tokens.length - window.lab.nPrompt)).toBe(0);
  await share(page).getByRole('button', { name: 'Run it with this model' }).click();
  await expect(openedStatus(page)).toContainText('Reproduced 10 of 64 tokens');
  await expect(openedStatus(page)).toContainText('another one than the link’s');
});

test('a link that cannot be read, or whose edits fit no tap, is said to be so', async ({
  page,
}) => {
  await page.goto('/lab.html?model=tiny#x=not-a-link');
  await expect(share(page).getByRole('alert')).toContainText('bad_link');
  await settled(page);

  const edit = { do: 'zero', site: 'L.77.z' } as const;
  await page.goto('/lab.html?model=tiny');
  await settled(page);
  await openLab(page, '#panels=share');
  const made = await experimentOfLink(new URL(await link(page)).hash);
  await page.goto('about:blank');
  await page.goto(
    `/lab.html?model=tiny${await linkOf({ ...made, interventions: [{ edit, on: true }] })}`,
  );
  await expect(share(page).getByRole('alert')).toContainText('edits[0].site');
});

test('code that a link brings is shown, and runs only after a click', async ({ page }) => {
  await openLab(page, '#panels=code,share&text=The+cat');
  await panel(page, 'Code')
    .getByRole('textbox', { name: 'Your code' })
    .fill('lab.sampler((logits, ctx, rng) => Math.floor(rng() * logits.length));');
  await panel(page, 'Code').getByRole('button', { name: 'Use this code' }).click();
  await expect(share(page)).toContainText('characters of JavaScript');
  await page.evaluate(() => window.lab.runTokens(8));
  await settled(page);
  await expect(share(page)).toContainText(/8 tokens behind [^,]*, logits/);
  const url = await link(page);
  const before = await outcome(page);

  await page.goto('about:blank');
  await page.goto(url);
  await expect(openedStatus(page)).toContainText('Math.floor(rng() * logits.length)');
  expect(await page.evaluate(() => window.lab.hooks)).toBeNull();
  expect(await page.evaluate(() => window.lab.tokens.length - window.lab.nPrompt)).toBe(0);
  await share(page).getByRole('button', { name: 'Run it with this code' }).click();
  await expect(openedStatus(page)).toContainText('Reproduced 8 of 8 tokens, and the logits');
  expect(await outcome(page)).toEqual(before);
});

test('an experiment goes out as a file and comes back', async ({ page }) => {
  await setUp(page);
  const before = await outcome(page);
  const downloading = page.waitForEvent('download');
  await share(page).getByRole('button', { name: 'Download as file' }).click();
  const path = await (await downloading).path();
  await page.goto('about:blank');
  await openLab(page, '#panels=share');
  await share(page).getByLabel('Open a file').setInputFiles(path);
  await expect(openedStatus(page)).toContainText('Reproduced 64 of 64 tokens');
  expect(await outcome(page)).toEqual(before);
  await share(page).getByLabel('Open a file').setInputFiles('package.json');
  await expect(share(page).getByRole('alert')).toContainText('bad_argument');
});

test('is whole and accessible on a narrow page', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 800 });
  await openLab(page, '#panels=share&text=The+cat');
  await page.evaluate(() => window.lab.runTokens(5));
  await settled(page);
  await expectNoOverflow(page);
  expect(await seriousFaults(page)).toEqual([]);
  await page.screenshot({ path: 'test-results/lab-share-360.png' });
});

test('the link has a panel that was opened after it', async ({ page }) => {
  await openLab(page, '#panels=share&text=The+cat');
  await page.getByRole('button', { name: 'Panels', exact: true }).click();
  await page.getByRole('dialog').getByRole('checkbox', { name: 'KV cache' }).check();
  await page.keyboard.press('Escape');
  await page.waitForURL(/panels=share,kv/);
  await settled(page);
  const { panels } = await experimentOfLink(new URL(await link(page)).hash);
  expect(panels).toEqual(['share', 'kv']);
});

test('what is moved while an experiment runs again is no other outcome', async ({ page }) => {
  await setUp(page);
  const url = await link(page);
  await page.goto('about:blank');
  await page.addInitScript(() => {
    // In the middle of it, between two steps, somebody steps.
    const look = () => {
      const { lab } = window as Partial<Window>;
      if (!lab) return void setTimeout(look);
      const step = () => {
        if (lab.busy || lab.place.end < 12) return;
        lab.removeEventListener('change', step);
        void lab.step('token');
      };
      lab.addEventListener('change', step);
    };
    look();
  });
  await page.goto(url);
  await expect(share(page)).toContainText('The run was moved meanwhile');
  await expect(share(page)).not.toContainText('first difference');
});

test('a run that went on behind its end is reproduced', async ({ page }) => {
  await openLab(page, '#panels=share&text=The+cat');
  await page.evaluate(async () => {
    const { lab } = window;
    await lab.runTokens(3);
    const [end] = lab.model!.info.tokenizer.eot_ids;
    await lab.fork(lab.place.end - 1, end!);
    await lab.step('token');
    await lab.step('token');
  });
  await settled(page);
  const n = await page.evaluate(() => window.lab.place.end - window.lab.nPrompt);
  await expect(share(page)).toContainText(`${n} tokens behind`);
  const url = await link(page);
  await page.goto('about:blank');
  await page.goto(url);
  await expect(openedStatus(page)).toContainText(/Reproduced (\d+) of \1 tokens.*and the logits/);
});

test('works where a page has no crypto, as over plain http', async ({ page }) => {
  await setUp(page);
  const url = await link(page);
  await page.addInitScript(() =>
    Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined }),
  );
  await page.goto('about:blank');
  await page.goto(url);
  await expect(openedStatus(page)).toContainText('Reproduced 64 of 64 tokens, and the logits');
  expect(await link(page)).toContain('lab.html?model=tiny#x=');
});
