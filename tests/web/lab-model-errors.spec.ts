// The loaded model against a whole reference file: what the panel says is what two models come to that
// are loaded one after the other.
import { expect, test, type Page } from '@playwright/test';
import seriousFaults from './axe.ts';
import { byteVocabulary, tinyLlama } from './gguf.ts';
import { expectNoOverflow, loadBytes, openLab, panel, settled, stepTo } from './lab-page.ts';
import { expectShown, keepOnly } from './lab-panel.ts';
import { realModel } from './program.ts';

const hash = '#panels=quant&text=Once+upon+a+time';
const quant = (page: Page) => panel(page, 'Quantisation');
const whole = (page: Page) => quant(page).getByRole('region', { name: 'The whole model' });
const start = (page: Page) => whole(page).getByRole('button', { name: /^Run the reference/ });
const exact = tinyLlama(byteVocabulary(), 259);
const rounded = tinyLlama(byteVocabulary(), 259, 'Q8_0');

async function chooseReference(page: Page, buffer: Buffer): Promise<void> {
  await quant(page)
    .getByLabel('Reference file')
    .setInputFiles({ name: 'exact.gguf', mimeType: 'application/octet-stream', buffer });
  await settled(page);
}

/** The rounded model, beside a reference. */
async function openBeside(page: Page, reference: Buffer): Promise<void> {
  await openLab(page, hash);
  await loadBytes(page, rounded, 'rounded');
  await chooseReference(page, reference);
}

/** Runs the reference to its end. */
async function compare(page: Page): Promise<void> {
  await start(page).click();
  await expect(whole(page).getByRole('status')).toContainText('KL(reference‖loaded)');
  await settled(page);
}

/** (positions) what the loaded model makes of these tokens: layers' residuals, and next tokens. */
function computed(page: Page, ids: number[]) {
  return page.evaluate(async (all) => {
    const { trace } = window.nanoinfer;
    const { n_layers: n } = window.lab.model!.info;
    const names = Array.from({ length: n }, (_, layer) => `L.${layer}.resid_post`);
    await trace.keep({ values: names });
    await trace.truncate(0);
    const found: { layers: number[][]; logits: number[] }[] = [];
    for (const [position, id] of all.entries()) {
      await window.nanoinfer.step(id);
      const layers = await Promise.all(names.map((name) => trace.read(name, position)));
      const logits = [...(await window.nanoinfer.logits())];
      found.push({ layers: layers.map(({ data }) => [...data]), logits });
    }
    return found;
  }, ids);
}

/** The loaded model's alone: its worker, and those of its threads but one. */
async function expectOneEngine(page: Page): Promise<void> {
  const nThreads = await page.evaluate(() => window.lab.model!.choice.nThreads);
  await expect.poll(() => page.workers().length).toBe(Math.max(1, nThreads));
}

const tableOf = async (page: Page, label: string) => {
  await whole(page).getByText(label, { exact: true }).click();
  const table = whole(page).getByRole('table').last();
  await expect(table).toBeVisible();
  const rows = await table.getByRole('row').all();
  return Promise.all(
    rows
      .slice(1)
      .map(async (row) => [
        await row.getByRole('rowheader').innerText(),
        ...(await row.getByRole('cell').allInnerTexts()),
      ]),
  );
};

test('the errors are those of the two models, each loaded as the page loads one', async ({
  page,
}) => {
  await openBeside(page, exact);
  await expect(start(page)).toBeDisabled();
  await stepTo(page, 'token', 20);
  await settled(page);
  await compare(page);
  await expectOneEngine(page);
  await page.evaluate(() => window.lab.select({ position: 7 }));
  await settled(page);
  const said = (await whole(page).getByRole('status').innerText()).replace(/\s+/g, ' ');
  const layers = await tableOf(page, 'Layers in numbers');
  await whole(page).getByText('Layers in numbers', { exact: true }).click();
  const tokens = await tableOf(page, 'Tokens in numbers');

  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 1400 });
    await expectNoOverflow(page);
    expect(await seriousFaults(page)).toEqual([]);
  }

  const ids = await page.evaluate(() => window.lab.tokens.map(({ id }) => id));
  const here = await computed(page, ids);
  await loadBytes(page, exact, 'exact');
  const there = await computed(page, ids);
  const n = ids.length;
  const softmax = (logits: number[]) => {
    const exps = logits.map((x) => Math.exp(x - Math.max(...logits)));
    const sum = exps.reduce((total, x) => total + x, 0);
    return exps.map((x) => x / sum);
  };
  const kl = here.map(({ logits }, at) => {
    const q = softmax(logits);
    return softmax(there[at]!.logits).reduce((sum, p, id) => sum + p * Math.log(p / q[id]!), 0);
  });
  const errorAt = (at: number, layer: number) => {
    const [x, y] = [here[at]!.layers[layer]!, there[at]!.layers[layer]!];
    return Math.hypot(...x.map((each, i) => each - y[i]!)) / Math.hypot(...y);
  };
  const best = ({ logits }: { logits: number[] }) => logits.indexOf(Math.max(...logits));
  const same = here.filter((one, at) => best(one) === best(there[at]!)).length;
  expect(said).toContain(`is the same behind ${same} of ${n} tokens`);
  const [mean, most] = [...said.matchAll(/(?:mean|most) ([\d.e-]+)/g)].map(([, x]) => Number(x));
  expect(mean! / (kl.reduce((sum, x) => sum + x, 0) / n)).toBeCloseTo(1, 2);
  expect(most! / Math.max(...kl)).toBeCloseTo(1, 2);
  expect(most).toBeGreaterThan(0);
  expect(tokens).toHaveLength(n);
  tokens.forEach(([, nats, , , last], at) => {
    expect(Number(nats)).toBeCloseTo(kl[at]!, 7);
    expectShown(last, errorAt(at, layers.length - 1));
  });
  layers.forEach(([layer, error, rms], at) => {
    expect(layer).toBe(String(at));
    expectShown(error, errorAt(7, at));
    const squares = here.map((_, position) => errorAt(position, at) ** 2);
    expectShown(rms, Math.sqrt(squares.reduce((sum, x) => sum + x, 0) / n));
  });
});

test('a model is no way from itself, with edits in force as well', async ({ page }) => {
  await openBeside(page, rounded);
  await stepTo(page, 'token', 20);
  await page.evaluate(() => window.lab.setEdits([{ do: 'zero', site: 'L.0.z', head: 0 }]));
  await compare(page);
  const status = whole(page).getByRole('status');
  await expect(status).toContainText(/same behind (\d+) of \1 tokens/);
  await expect(status).toContainText('mean 0 nats, most 0 behind');
  await expect(status).not.toContainText('computed anew');
  await page.evaluate(() => window.lab.setEdits([]));
  await expect(status).toContainText('The run has been computed anew since.');
});

test('a run that is changed meanwhile is told of, and a model that goes ends it', async ({
  page,
}) => {
  await openBeside(page, exact);
  await stepTo(page, 'token', 20);
  await settled(page);
  await start(page).evaluate((button: HTMLElement) => {
    button.click();
    return window.lab.restart();
  });
  await expect(whole(page).getByRole('alert')).toContainText('The run was computed anew meanwhile');
  await stepTo(page, 'token', 20);
  await compare(page);
  await loadBytes(page, exact, 'exact');
  await expectOneEngine(page);
  await expect(quant(page).getByText('Choose a reference file')).toBeVisible();
  // What was found of the model before is not told of this one, whose reference is a first one too.
  await chooseReference(page, rounded);
  await stepTo(page, 'token', 20);
  await expect(whole(page).getByRole('status')).toHaveText('');
});

test('it goes on while the run steps, and stops where another reference is opened', async ({
  page,
}) => {
  await openBeside(page, exact);
  await stepTo(page, 'token', 200);
  await start(page).click();
  await page.evaluate(async () => {
    for (let i = 0; i < 20; ++i) await window.lab.step('token');
  });
  await expect(whole(page).getByRole('status')).toContainText(/same behind \d+ of 2\d\d tokens/);
  await start(page).click();
  await chooseReference(page, rounded);
  await expectOneEngine(page);
  await expect(whole(page).getByRole('status')).toHaveText('');
  await expect(whole(page).getByRole('alert')).toHaveCount(0);
});

test('of a run longer than what is kept, what is kept is compared, in mid-pass and while it steps', async ({
  page,
}) => {
  await openBeside(page, exact);
  const bytes = await page.evaluate(() => window.lab.kept!.bytesPerPosition);
  await keepOnly(page, { maxBytes: 32 * bytes });
  await stepTo(page, 'token', 60);
  await page.evaluate(async () => {
    for (let i = 0; i < 30; ++i) await window.lab.step('op');
  });
  await settled(page);
  await compare(page);
  await expect(whole(page).getByRole('status')).toContainText(/behind \d+ of 31 tokens/);
  await start(page).click();
  await page.evaluate(async () => {
    for (let i = 0; i < 60; ++i) await window.lab.step('token');
  });
  await expect(whole(page).getByRole('progressbar')).toHaveCount(0);
  // How many are left depends on which of the two was faster.
  const alerts = await whole(page).getByRole('alert').allInnerTexts();
  if (alerts.length > 0) expect(alerts.join()).toContain('None of these tokens is kept any more');
  else {
    await expect(whole(page).getByRole('status')).toContainText(/behind \d+ of \d+ tokens/);
  }
});

test('the real model as its own reference can be stopped, and runs', async ({ page }) => {
  await page.goto('/lab.html?model=default' + hash);
  await settled(page);
  await stepTo(page, 'token', 8);
  await quant(page).getByLabel('Reference file').setInputFiles(realModel);
  await settled(page);
  // One button: what it does next is known before the reference can be through.
  await start(page).evaluate(async (button: HTMLElement) => {
    button.click();
    while (!button.innerText.includes('Stop')) await Promise.resolve();
    button.click();
  });
  await expect(start(page)).toBeEnabled();
  await expect(whole(page).getByRole('alert')).toHaveCount(0);
  await expect(whole(page).getByRole('status')).toHaveText('');
  await expectOneEngine(page);
  await compare(page);
  await expect(whole(page).getByRole('status')).toContainText('same behind 8 of 8 tokens');
  await expect(
    whole(page).getByRole('img', { name: /^Error of the residual/ }),
  ).toHaveAccessibleName(/30 steps from 0 to 0 %/);
});
