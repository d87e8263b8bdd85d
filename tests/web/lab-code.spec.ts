// A reader's own code takes part in the run: only after a click, and what is wrong with it costs it
// alone.
import { expect, test, type Page } from '@playwright/test';
import seriousFaults from './axe.ts';
import { expectNoOverflow, openLab, outcome, panel, settled, stepTo } from './lab-page.ts';

const hash = '#panels=code&text=Once+upon+a+time';
const code = (page: Page) => panel(page, 'Code');
const status = (page: Page) => code(page).getByRole('status');
const uses = (page: Page) => code(page).getByRole('list', { name: 'What the code does' });

async function use(page: Page, text: string): Promise<void> {
  await code(page).getByRole('textbox', { name: 'Your code' }).fill(text);
  await code(page).getByRole('button', { name: 'Use this code' }).click();
  await settled(page);
}

async function useExample(page: Page, title: string): Promise<void> {
  await code(page).getByRole('combobox', { name: 'Example' }).selectOption(title);
  await code(page).getByRole('button', { name: 'Use this code' }).click();
  await settled(page);
}

async function switchOff(page: Page): Promise<void> {
  await code(page).getByRole('button', { name: 'Switch it off' }).click();
  await settled(page);
}

const ids = (page: Page) => page.evaluate(() => window.lab.tokens.map(({ id }) => id));

/** Begins again and takes the text to n tokens: what that comes to. */
async function runTo(page: Page, n: number) {
  await page.evaluate(() => window.lab.restart());
  await stepTo(page, 'token', n);
  return outcome(page);
}

test('draws with the reader’s code, the same again, and goes back to the engine’s', async ({
  page,
}) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 7);
  await page.evaluate(() => window.lab.runTokens(5));
  await settled(page);
  const greedy = await ids(page);
  await page.evaluate(() => window.lab.restart());
  await stepTo(page, 'token', 7);

  await use(page, 'lab.sampler((logits, ctx) => logits.indexOf(Math.min(...logits)));');
  await expect(status(page)).toContainText('Your code draws');
  const least = await page.evaluate(async () => {
    const logits = await window.nanoinfer.logits();
    return logits.indexOf(Math.min(...logits));
  });
  await page.evaluate(() => window.lab.step('token'));
  expect((await ids(page))[7]).toBe(least);

  await use(page, 'lab.sampler((logits, ctx, rng) => Math.floor(rng() * logits.length));');
  const random = async () => {
    await page.evaluate(() => window.lab.restart());
    await stepTo(page, 'token', 12);
    return ids(page);
  };
  const once = await random();
  expect(await random()).toEqual(once);
  expect(new Set(once.slice(7)).size).toBeGreaterThan(2);

  await switchOff(page);
  expect(await random()).toEqual(greedy);
});

test('a token that a logit processor bans never comes, and the sampler’s stages lack it', async ({
  page,
}) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 14);
  const greedy = await ids(page);
  const banned = greedy[7]!;
  await page.evaluate(() => window.lab.restart());
  await stepTo(page, 'token', 7);
  await use(page, `lab.logits((logits) => { logits[${banned}] = -Infinity; });`);
  const shown = await page.evaluate(async () => {
    const { lab, nanoinfer } = window;
    const { stages } = await lab.resample(lab.place.end - 1);
    const [kept] = (await lab.read('logits', lab.place.end - 1)).data;
    return { stages, logits: [...(await nanoinfer.logits())], kept };
  });
  expect(shown.logits[banned]).toBe(-Infinity);
  expect(shown.logits.filter(Number.isFinite)).toHaveLength(shown.logits.length - 1);
  expect(shown.stages[0]!.kept).toBe(shown.logits.length - 1);
  expect(shown.stages[0]!.top.map(({ id }) => id)).not.toContain(banned);
  await stepTo(page, 'token', 14);
  const without = await ids(page);
  expect(without.slice(7)).not.toContain(banned);
  // What is looked at later is what was sampled from.
  const earlier = await page.evaluate(
    async ([id]) => (await window.lab.read('logits', 8)).data[id],
    [banned] as const,
  );
  expect(earlier).toBe(-Infinity);

  await use(
    page,
    `lab.logits((logits) => logits.map((x, id) => (id === ${banned} ? -Infinity : x)));`,
  );
  expect((await runTo(page, 14)).ids).toEqual(without);
});

test('a hook that zeroes a head is the edit that does, bit for bit, however the run moves', async ({
  page,
}) => {
  await openLab(page, hash);
  const untouched = await runTo(page, 12);
  const zero = { do: 'zero', site: 'L.2.z', head: 1 } as const;
  await page.evaluate((edit) => window.lab.setEdits([edit]), zero);
  const edited = await runTo(page, 12);
  expect(edited.logits).not.toBe(untouched.logits);
  await page.evaluate(() => window.lab.setEdits([]));

  await useExample(page, 'Silence a head');
  await expect(uses(page)).toContainText("Line 3, lab.on('L.2.z'), behind 1 op of a pass");
  expect(await runTo(page, 12)).toEqual(edited);
  // Op by op, back and on again, and by layers over a break at the hook.
  const stoppedAt = await page.evaluate(async () => {
    const { lab } = window;
    await lab.back('token');
    for (let i = 0; i < 30; ++i) await lab.step('op');
    await lab.back();
    await lab.back();
    await lab.setBreaks([{ at: 'L.2.z' }]);
    await lab.step('token');
    const { hit } = lab;
    await lab.setBreaks([]);
    while (!lab.complete) await lab.step('layer');
    return hit?.tap;
  });
  expect(stoppedAt).toBe('L.2.z');
  expect(await outcome(page)).toEqual(edited);
  // All of it anew in the same place, as keeping another tap makes it.
  await page.evaluate(() => window.lab.keepAlso(['L.0.q']));
  expect(await outcome(page)).toEqual(edited);
  // With an edit beside it, and without.
  const other = { do: 'zero', site: 'L.3.z', head: 0 } as const;
  await page.evaluate((edits) => window.lab.setEdits([...edits]), [other] as const);
  const both = await outcome(page);
  await switchOff(page);
  await page.evaluate((edits) => window.lab.setEdits([...edits]), [zero, other] as const);
  expect((await outcome(page)).logits).toBe(both.logits);
  await page.evaluate(() => window.lab.setEdits([]));
  expect(await runTo(page, 12)).toEqual(untouched);
});

test('a hook of the keys changes what the cache holds', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 9);
  await page.evaluate(() => window.lab.setEdits([{ do: 'zero', site: 'L.*.k_rot', head: 0 }]));
  const edited = await outcome(page);
  await page.evaluate(() => window.lab.setEdits([]));
  await use(page, "lab.on('L.*.k_rot', (t) => t.data.fill(0, 0, t.cols));");
  expect((await outcome(page)).logits).toBe(edited.logits);
  const slot = await page.evaluate(() => window.nanoinfer.trace.kvSlot(1, 0, 3));
  expect(Object.values(slot.k).every((x) => x === 0)).toBe(true);
});

test('attention by its definition gives the engine’s tokens, and says how far it is from it', async ({
  page,
}) => {
  await openLab(page, hash);
  const engine = await runTo(page, 20);
  await useExample(page, 'Attention from its definition');
  const own = await runTo(page, 20);
  expect(own.ids).toEqual(engine.ids);
  const [used] = await page.evaluate(() => window.lab.hooks!.uses);
  expect(used!.off).not.toBeNull();
  expect(used!.off!).toBeLessThan(1e-5);
  expect(used!.tokens).toBeGreaterThanOrEqual(20);
  await expect(uses(page)).toContainText('ms a token over');
  await expect(uses(page)).toContainText('from the engine’s own');

  // The engine's own heads, given back as they came, are the engine's run bit for bit.
  await use(
    page,
    "lab.replace('attn', { layers: [0, 2] }, ({ out }) => {\n  lab.ref.attn().forEach((z, h) => out[h].set(z));\n});",
  );
  expect(await runTo(page, 20)).toEqual(engine);
  // Without token 0 the run is another one, and the same as with a mask to rounding.
  await useExample(page, 'No attention to token 0');
  await expect(uses(page)).toContainText('behind 4 ops of a pass');
  const z = (position: number) =>
    page.evaluate(async (at) => [...(await window.lab.read('L.1.z', at)).data], position);
  const cut = await z(6);
  await switchOff(page);
  const whole = await z(6);
  const mask = { do: 'mask', site: 'L.*.scores', keys: [0, 1], from: 1 } as const;
  await page.evaluate((edit) => window.lab.setEdits([{ ...edit, keys: [0, 1] }]), mask);
  const masked = await z(6);
  const distance = (a: number[], b: number[]) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
  expect(distance(cut, masked)).toBeLessThan(1e-4);
  expect(distance(cut, whole)).toBeGreaterThan(1e-2);
});

for (const model of ['tiny', 'default']) {
  test(`every example runs on the ${model} model`, async ({ page }) => {
    await page.goto(`/lab.html?model=${model}&n_ctx=128&temperature=0${hash}`);
    await settled(page);
    await stepTo(page, 'token', 7);
    const choice = code(page).getByRole('combobox', { name: 'Example' });
    const [, ...titles] = await choice.getByRole('option').allInnerTexts();
    expect(titles).toHaveLength(5);
    for (const title of titles) {
      await useExample(page, title);
      await page.evaluate(() => window.lab.runTokens(2));
      await settled(page);
      expect(await page.evaluate(() => window.lab.error?.message), title).toBeUndefined();
      await expect(uses(page), title).toContainText('ms a token');
    }
    // Its own attention is the engine's, to rounding.
    await useExample(page, 'Attention from its definition');
    expect(await page.evaluate(() => window.lab.hooks!.uses[0]!.off)).toBeLessThan(1e-5);
  });
}

test('a hook of the scores is attention with other scores, as the edit that masks them', async ({
  page,
}) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 9);
  const logits = () => page.evaluate(async () => [...(await window.nanoinfer.logits())]);
  const far = (a: number[], b: number[]) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
  const engine = await logits();
  await use(page, "lab.on('L.*.scores', () => {});");
  await expect(uses(page)).toContainText("lab.on('L.*.scores'), behind");
  expect(far(await logits(), engine)).toBeLessThan(1e-2);
  expect(await page.evaluate(() => window.lab.hooks!.uses[0]!.off)).toBeLessThan(1e-4);
  // The engine's own scores, shown to code that leaves them as they are.
  const { probs } = await page.evaluate(() => window.nanoinfer.trace.attention(1, 2, 8));
  const [layer, head] = [1, 2];
  await use(
    page,
    `lab.on('L.${layer}.scores', (t, ctx) => {
      if (ctx.position !== 8) return;
      const row = t.data.subarray(${head} * t.cols, ${head + 1} * t.cols);
      const most = Math.max(...row);
      const sum = row.reduce((all, x) => all + Math.exp(x - most), 0);
      if (Math.abs(Math.exp(row[3] - most) / sum - ${probs[3]!}) > 1e-4) throw new Error('not these');
    });`,
  );
  await expect(code(page).getByRole('alert')).toHaveCount(0);
  await use(
    page,
    `lab.on('L.*.scores', (t, ctx) => {
      if (ctx.position > 0) for (let h = 0; h < t.rows; ++h) t.data[h * t.cols] = -Infinity;
    });`,
  );
  const hooked = await logits();
  expect(far(hooked, engine)).toBeGreaterThan(0.1);
  // Two hooks of one layer are one behind the other, and what an edit hides stays hidden.
  const hide = '(t, ctx) => { if (ctx.position > 0) t.data[t.cols * HEAD] = -Infinity; }';
  const nHeads = await page.evaluate(() => window.lab.model!.info.n_heads);
  const each = Array.from({ length: nHeads }, (_, h) => hide.replace('HEAD', `${h}`));
  await use(page, each.map((one) => `lab.on('L.*.scores', ${one});`).join('\n'));
  expect(far(await logits(), hooked)).toBeLessThan(1e-4);
  // A hook is called once for each position, in the layer of two hooks as well.
  await use(
    page,
    `const seen = new Set();
    lab.on('L.*.scores', (t, ctx) => {
      const call = ctx.layer + ' ' + ctx.position;
      if (seen.has(call)) throw new Error(call);
      seen.add(call);
    });
    lab.on('L.2.scores', () => {});`,
  );
  await expect(code(page).getByRole('alert')).toHaveCount(0);
  for (const { off } of await page.evaluate(() => window.lab.hooks!.uses)) {
    expect(off).toBeLessThan(1e-4);
  }
  const mask = { do: 'mask', site: 'L.*.scores', keys: [0, 1], from: 1 } as const;
  await use(page, "lab.on('L.*.scores', () => {});");
  await page.evaluate((one) => window.lab.setEdits([{ ...one, keys: [0, 1] }]), mask);
  await settled(page);
  expect(far(await logits(), hooked)).toBeLessThan(1e-4);
  // Position 0 sees nothing then, and the engine's attention adds nothing there.
  await page.evaluate(() =>
    window.lab.setEdits([{ do: 'mask', site: 'L.1.scores', head: 2, keys: [0, 1] }]),
  );
  await settled(page);
  await expect(code(page).getByRole('alert')).toHaveCount(0);
  const blind = await logits();
  await switchOff(page);
  expect(far(await logits(), blind)).toBeLessThan(1e-2);
  await page.evaluate((one) => window.lab.setEdits([{ ...one, keys: [0, 1] }]), mask);
  await settled(page);
  expect(far(await logits(), hooked)).toBeLessThan(1e-2);
});

test('says on which line the code is wrong, and ends what does not end', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 7);
  const before = await outcome(page);
  const alert = code(page).getByRole('alert');
  const wrong: [text: string, ...words: string[]][] = [
    [
      '// one\nlab.sampler((logits) => {\n  return nowhere;\n});',
      'nowhere is not defined',
      'line 3',
    ],
    ['\nconst = 5;', 'line 2'],
    ['\n\nnull.x;', 'line 3'],
    ['1 + 1;', 'lab.sampler('],
    ['lab.sampler(() => -1);', 'line 1', 'got -1'],
    ['lab.sampler(() => { for (;;); });', 'was ended. The model is still there.', 'line 1'],
    ['for (;;);', 'was ended. The model is still there.'],
    ['\nlab.on("L.*.score", () => 0);', 'No tap has this name.', 'line 2', 'got L.*.score'],
    ['\nlab.on("L.9.scores", () => 0);', 'There is no such layer.', 'line 2', 'got 9'],
    ['\nlab.on("L.1.scores", (t) => { t.data.fill(-Infinity); });', 'no number', 'line 2'],
    ['\nlab.on("L.1.scores", (t) => { t.data = [1, 2, 3]; });', 't.data holds', 'line 2'],
    ['\nlab.on("L.1.z", 5);', 'takes a function', 'line 2'],
    [
      '\nlab.on("L.1.z", (t) => { t.data[3] = NaN; });',
      'no number',
      'line 2',
      'NaN in L.1.z, element 3 of position 0',
    ],
    ['\nlab.on("L.1.z", (t) => { t.data = [1]; });', 't.data holds', 'line 2'],
    ['\n\nlab.on("L.1.z", () => { for (;;); });', 'was ended. The model is still there.', 'line 3'],
    [
      'lab.replace("attn", { layers: [9] }, () => 0);',
      'There is no such layer.',
      'line 1',
      'got 9',
    ],
    ['lab.replace("mlp", {}, () => 0);', "lab.replace can replace 'attn'", 'line 1'],
    ['lab.replace("attn", {}, ({ out }) => { out[1] = []; });', 'out[1] holds', 'line 1'],
    ['lab.replace("attn", {}, ({ q, K }) => {\n  K[99][0];\n});', 'line 2'],
    ['lab.logits((x) => { x.fill(-Infinity); });', 'bans every token', 'line 1'],
    ['lab.logits(() => [1, 2]);', 'A row of logits holds', 'line 1'],
    ['lab.logits((x) => { x[7] = NaN; });', 'NaN in logits, element 7', 'line 1'],
  ];
  for (const [text, ...words] of wrong) {
    await use(page, text);
    for (const word of words) await expect(alert, text).toContainText(word);
    expect(await page.evaluate(() => window.lab.hooks), text).toBeNull();
    expect(await outcome(page), text).toEqual(before);
  }
});

test('code that fails while it runs stops the run, which goes on without it', async ({ page }) => {
  await openLab(page, hash);
  const engine = await runTo(page, 14);
  await page.evaluate(() => window.lab.restart());
  await use(page, 'lab.sampler((l, ctx) => { if (ctx.position > 8) for (;;); return 5; });');
  await expect(status(page)).toContainText('Your code draws');
  await page.evaluate(() => window.lab.runTokens(9));
  await expect(page.getByRole('alert').first()).toContainText('longer than 2000 ms');
  expect((await ids(page)).length).toBe(9);
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await switchOff(page);
  expect((await runTo(page, 14)).ids).toEqual(engine.ids);

  await page.evaluate(() => window.lab.restart());
  await use(page, "\nlab.on('L.3.act', (t, ctx) => {\n  if (ctx.position === 9) for (;;);\n});");
  await page.evaluate(() => window.lab.runTokens(9));
  await expect(code(page).getByRole('alert')).toContainText('your code, line 2');
  await expect(status(page)).toContainText('runs no more');
  // The pass over position 9 was dropped, and stands at its beginning.
  expect(await page.evaluate(() => window.lab.place)).toEqual({ first: 9, end: 10, cursor: 0 });
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await page.evaluate(() => window.lab.step('op'));
  await expect(page.getByRole('alert').first()).toContainText('was ended');
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await switchOff(page);
  await stepTo(page, 'token', 14);
  expect(await outcome(page)).toEqual(engine);

  // Numbers that are too large for the model are its own to refuse.
  await page.evaluate(() => window.lab.restart());
  await use(page, "lab.on('L.3.act', (t, ctx) => { if (ctx.position > 8) t.data.fill(3e38); });");
  await page.evaluate(() => window.lab.runTokens(9));
  await expect(page.getByRole('alert').first()).toContainText('not a finite number');
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await switchOff(page);
  await stepTo(page, 'token', 14);
  expect(await outcome(page)).toEqual(engine);
});

test('is whole and accessible on a narrow page', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 800 });
  await openLab(page, hash);
  await stepTo(page, 'token', 7);
  await useExample(page, 'Attention from its definition');
  await expect(uses(page)).toBeVisible();
  await expectNoOverflow(page);
  const code = panel(page, 'Code').getByRole('textbox', { name: 'Your code' });
  const hidden = await code.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
  expect(hidden, 'code beyond the edge').toBeLessThanOrEqual(0);
  expect(await seriousFaults(page)).toEqual([]);
});

test('a page that forbids workers of text says so, and goes on', async ({ page }) => {
  await page.route('**/lab.html*', async (route) => {
    const response = await route.fetch();
    const text = await response.text();
    const body = text.replace("worker-src 'self' blob:", "worker-src 'self'");
    expect(body).not.toBe(text);
    await route.fulfill({ response, body });
  });
  await openLab(page, hash);
  await use(page, 'lab.sampler(() => 7);');
  await expect(code(page)).toContainText('No worker could be started for the code');
  await expect(code(page)).toContainText('worker-src blob:');
  await stepTo(page, 'token', 8);
});
