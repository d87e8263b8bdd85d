// The lab's sampler: what it shows is what the engine draws, and a run forks where another token is
// taken.
import { expect, test, type Page } from '@playwright/test';
import { visibleText } from '../../web/src/draw/token-label.ts';
import seriousFaults from './axe.ts';
import { expectNoOverflow, openLab, outcome, panel, select, settled, stepTo } from './lab-page.ts';
import { expectShown } from './lab-panel.ts';

const hash = '#panels=sampler&text=Once+upon+a+time';

/** Opens the lab with a run that is drawn, not greedy. */
async function openWarm(page: Page): Promise<void> {
  await openLab(page, hash);
  await page.evaluate(() =>
    window.lab.setSampling({ ...window.lab.sampling, temperature: 0.9, seed: 5, top_p: 0.8 }),
  );
}

const run = (page: Page) =>
  page.evaluate(() => {
    const { tokens, nPrompt, place, branches, complete } = window.lab;
    const ids = tokens.map(({ id }) => id);
    const { current, list } = branches;
    return { ids, nPrompt, end: place.end, complete, current, branches: list.length };
  });

test('every token of a run is the one that the stages of its position choose', async ({ page }) => {
  await openWarm(page);
  await page.evaluate(() =>
    window.lab.setSampling({ ...window.lab.sampling, repetition_penalty: 1.3, top_k: 20 }),
  );
  await stepTo(page, 'token', 16);
  const found = await page.evaluate(async () => {
    const { lab } = window;
    const chosen: number[] = [];
    for (let at = lab.nPrompt - 1; at < lab.tokens.length - 1; ++at) {
      chosen.push((await lab.resample(at)).chosen);
    }
    return { chosen, drawn: lab.tokens.slice(lab.nPrompt).map(({ id }) => id) };
  });
  expect(found.drawn).toHaveLength(16 - (await run(page)).nPrompt);
  expect(found.chosen).toEqual(found.drawn);
});

test('forks, goes on, and comes back to the same bits', async ({ page }) => {
  await openWarm(page);
  await stepTo(page, 'token', 14);
  const first = await outcome(page);
  const at = first.ids.length - 4;
  const other = first.ids[at + 1] === 20 ? 21 : 20;
  await page.evaluate(([position, id]) => window.lab.fork(position!, id!), [at, other]);
  const forked = await run(page);
  expect(forked).toMatchObject({ end: at + 2, complete: true, current: 1, branches: 2 });
  expect(forked.ids).toEqual([...first.ids.slice(0, at + 1), other]);
  await stepTo(page, 'token', at + 5);
  const second = await outcome(page);

  await page.evaluate(() => window.lab.goToBranch(0));
  expect(await outcome(page)).toEqual(first);
  await page.evaluate(() => window.lab.goToBranch(1));
  expect(await outcome(page)).toEqual(second);

  // The same fork again is no third branch, and what was drawn behind it comes again.
  await page.evaluate(() => window.lab.goToBranch(0));
  await page.evaluate(([position, id]) => window.lab.fork(position!, id!), [at, other]);
  expect(await run(page)).toMatchObject({ end: at + 2, current: 1, branches: 2 });
  await stepTo(page, 'token', at + 5);
  expect(await outcome(page)).toEqual(second);
  await page.evaluate(() => window.lab.back('token'));
  expect((await run(page)).end).toBe(at + 4);
});

const sampler = (page: Page) => panel(page, 'Sampler');

/** The panel's table, as text, by row heading and column. */
async function cells(page: Page): Promise<Record<string, Record<string, string>>> {
  await sampler(page).getByRole('button', { name: 'Table' }).click();
  const table = sampler(page).getByRole('table');
  const columns = await table.getByRole('columnheader').allInnerTexts();
  const rows = await table.getByRole('row').all();
  const found: Record<string, Record<string, string>> = {};
  for (const row of rows.slice(1)) {
    const head = await row.getByRole('rowheader').innerText();
    const values = await row.getByRole('cell').allInnerTexts();
    found[head] = Object.fromEntries(values.map((text, at) => [columns[at + 1]!, text]));
  }
  await sampler(page).getByRole('button', { name: 'Table' }).click();
  return found;
}

test('two sliders moved before the stages are there are both tried', async ({ page }) => {
  await openWarm(page);
  await stepTo(page, 'token', 9);
  await settled(page);
  const sliders = sampler(page).getByRole('slider');
  const shown = await sliders.evaluateAll(async (all) => {
    const two = (all as HTMLInputElement[]).slice(0, 2);
    for (const [slider, at] of two.map((one, i) => [one, ['1.5', '7'][i]!] as const)) {
      slider.value = at;
      slider.dispatchEvent(new Event('input', { bubbles: true }));
      // As long as the panel takes to draw, and less than the worker to answer.
      for (let turn = 0; turn < 20; ++turn) await Promise.resolve();
    }
    return two.map(({ value }) => value);
  });
  expect(shown, 'as they were moved').toEqual(['1.5', '7']);
  await settled(page);
  await expect(sliders.nth(0)).toHaveValue('1.5');
  await expect(sliders.nth(1)).toHaveValue('7');
});

test('shows probabilities that the logits in memory have', async ({ page }) => {
  await openWarm(page);
  await stepTo(page, 'token', 9);
  await settled(page);
  const shown = await cells(page);
  const expected = await page.evaluate(async () => {
    const { nanoinfer, lab } = window;
    const logits = await nanoinfer.logits();
    const most = Math.max(...logits);
    const softmax = (t: number) => {
      // The engine's weights are whole numbers (Sampler::weigh).
      const weights = Array.from(logits, (x) => Math.floor(Math.exp((x - most) / t) * 2 ** 40));
      const sum = weights.reduce((a, b) => a + b);
      return weights.map((x) => x / sum);
    };
    const raw = softmax(1);
    const warm = softmax(lab.sampling.temperature);
    const ids = raw.map((_, id) => id).sort((a, b) => raw[b]! - raw[a]!);
    return ids.slice(0, 10).map((id) => ({ raw: raw[id]!, warm: warm[id]!, logit: logits[id]! }));
  });
  const rows = Object.values(shown);
  expect(rows).toHaveLength(10);
  for (const [at, row] of rows.entries()) {
    expect(Number(row['logits p']) / expected[at]!.raw).toBeCloseTo(1, 4);
    expect(Number(row['logits (logit)'])).toBeCloseTo(expected[at]!.logit, 3);
    expect(Number(row['temp. p']) / expected[at]!.warm).toBeCloseTo(1, 4);
  }
  const chosen = Object.keys(shown).find((name) => name.endsWith('(chosen)'));
  await stepTo(page, 'token', 10);
  const drawn = await page.evaluate(() => [...window.lab.tokens.at(-1)!.bytes]);
  const text = new TextDecoder().decode(Uint8Array.from(drawn)).replaceAll(' ', '␣');
  expect(chosen).toBe(`${text} (chosen)`);
});

test('every stage, its numbers and u are the engine’s', async ({ page }) => {
  await openWarm(page);
  await page.evaluate(() =>
    window.lab.setSampling((now) => ({
      ...now,
      temperature: 2,
      top_k: 6,
      repetition_penalty: 1.3,
      min_p: 0.001,
    })),
  );
  await stepTo(page, 'token', 9);
  await settled(page);
  // Where most candidates are left.
  const position = await page.evaluate(async () => {
    const { lab } = window;
    const kept = [];
    for (let at = lab.nPrompt - 1; at < lab.place.end; ++at) {
      kept.push((await lab.resample(at)).stages.at(-1)!.kept);
    }
    return lab.nPrompt - 1 + kept.indexOf(Math.max(...kept));
  });
  await select(page, { position });
  const { stages, random, names } = await page.evaluate(async (position) => {
    const { lab, nanoinfer } = window;
    const nth = position - lab.nPrompt + 2;
    const { stages, random } = await nanoinfer.trace.resample(lab.sampling, { position, nth });
    const ids = [...new Set(stages.flatMap(({ top }) => top.map(({ id }) => id)))];
    const pieces = await nanoinfer.pieces(ids);
    return { stages, random, names: pieces.map(({ id, bytes }) => [id, [...bytes]] as const) };
  }, position);
  const textOf = new Map(
    names.map(([id, bytes]) => [id, visibleText(Uint8Array.from(bytes))] as const),
  );
  const shown = await cells(page);
  const heads = Object.keys(shown);
  const columns = Object.keys(shown[heads[0]!]!);
  expect(columns).toHaveLength(2 * stages.length);
  let compared = 0;
  for (const [i, { top }] of stages.entries()) {
    for (const { id, logit, p } of top) {
      const head = heads.filter((name) => name.replace(' (chosen)', '') === textOf.get(id));
      if (head.length !== 1) continue; // Not among the rows, or another token of that text.
      const row = shown[head[0]!]!;
      expectShown(row[columns[2 * i]!], p);
      expectShown(row[columns[2 * i + 1]!], logit);
      compared += 1;
    }
  }
  expect(compared).toBeGreaterThan(4 * stages.length);
  const line = sampler(page).getByRole('img', { name: /^Summed probability/ });
  const words = (await line.getAttribute('aria-label'))!;
  expect(words).toContain(`u is ${random!.toPrecision(6)}.`);
  // One part behind the other, each as long as a candidate of the last stage is likely.
  const parts = [...words.matchAll(/from ([\d.e-]+) to ([\d.e-]+)/g)].map(([, from, to]) => ({
    from: Number(from),
    to: Number(to),
  }));
  expect(parts.map(({ from }) => from)).toEqual([0, ...parts.slice(0, -1).map(({ to }) => to)]);
  expect(parts.at(-1)!.to).toBe(1);
  expect(parts.length).toBeGreaterThan(2);
  const lengths = parts.map(({ from, to }) => to - from).sort((a, b) => b - a);
  const last = stages
    .at(-1)!
    .top.map(({ p }) => p)
    .sort((a, b) => b - a);
  lengths.forEach((length, i) => expect(length).toBeCloseTo(last[i]!, 3));
});

test('logits that are not kept come from the last layer, the same', async ({ page }) => {
  await openWarm(page);
  await stepTo(page, 'token', 12);
  const found = await page.evaluate(async () => {
    const { lab, nanoinfer } = window;
    const at = { position: 9, nth: 9 - lab.nPrompt + 2 };
    const kept = await nanoinfer.trace.resample(lab.sampling, at);
    const last = lab.model!.info.n_layers - 1;
    await nanoinfer.trace.keep({ values: [`L.${last}.resid_post`] });
    await nanoinfer.trace.truncate(0);
    await nanoinfer.prefill(lab.tokens.map(({ id }) => id));
    const again = await nanoinfer.trace.resample(lab.sampling, at);
    await nanoinfer.trace.setEdits([{ do: 'logit_bias', id: 5, by: 1 }]);
    const refused = await nanoinfer.trace
      .resample(lab.sampling, at)
      .catch((error: unknown) => error);
    return { kept, again, refused: refused instanceof Error ? refused.message : null };
  });
  expect(found.kept.from).toBe('kept');
  expect(found.again).toEqual({ ...found.kept, from: 'residual' });
  expect(found.refused).toBe('Logits that an edit has changed are not kept here.');
});

test('sliders act on the stored logits, and a token is taken', async ({ page }) => {
  await openWarm(page);
  await stepTo(page, 'token', 9);
  const before = await run(page);
  const temperature = sampler(page).getByRole('slider', { name: 'Temperature' });
  await temperature.fill('0');
  await expect(sampler(page)).toContainText('No random number');
  await temperature.fill('1.5');
  await expect(sampler(page)).toContainText('logit / 1.5');
  await expect(sampler(page)).toContainText(/Worked out in .* ms\s+from the\s+stored logits/);
  expect(await run(page)).toEqual(before);
  await sampler(page).getByRole('button', { name: 'Next seed' }).click();
  await expect(sampler(page)).toContainText('of seed 6 falls on');
  await sampler(page)
    .getByRole('button', { name: /^Draw with these/ })
    .click();
  await settled(page);
  expect(await page.evaluate(() => window.lab.sampling)).toMatchObject({
    temperature: 1.5,
    seed: 6,
  });

  await sampler(page).getByRole('button', { name: /^Take/ }).nth(2).click();
  await settled(page);
  expect(await run(page)).toMatchObject({ end: 10, complete: true, branches: 1 });
  await select(page, { position: 8 });
  await sampler(page).getByRole('button', { name: /^Take/ }).nth(1).click();
  await settled(page);
  expect(await run(page)).toMatchObject({ end: 10, complete: true, branches: 2, current: 1 });
  await sampler(page).getByRole('button', { name: 'Branch 1' }).click();
  await settled(page);
  expect(await run(page)).toMatchObject({ end: 10, branches: 2, current: 0 });

  await select(page, { position: 2 });
  await expect(sampler(page)).toContainText('nothing is drawn there');
  await page.evaluate(() => window.lab.restart());
  await expect(sampler(page)).toContainText('yet: step on');
});

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [360, 1280]) {
    test(`has no accessibility fault, ${scheme}, ${width} px wide`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 800 });
      await openWarm(page);
      await stepTo(page, 'token', 9);
      await page.evaluate(() => window.lab.fork(7, 40));
      await page.evaluate(() => window.lab.fork(7, 41));
      await expect(sampler(page)).toContainText('falls on');
      await expectNoOverflow(page);
      await page.screenshot({ path: `test-results/lab-sampler-${scheme}-${width}.png` });
      expect(await seriousFaults(page)).toEqual([]);
    });
  }
}
