// The lab's run and transport: what is stepped through is what one run computes, bit for bit.
import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { openLab, outcome, panel, place, settled, stepTo, tapValues } from './lab-page.ts';
import { chosen } from './lab-panel.ts';

const promptHash = '#panels=tokens&text=Once+upon+a+time';

/** The same tokens from the client's own loop, in whole passes. */
async function oneRun(page: Page, n: number) {
  await page.evaluate(async (tokens) => {
    const { nanoinfer, lab } = window;
    await nanoinfer.prefill(lab.tokens.slice(0, lab.nPrompt).map(({ id }) => id));
    for (let at = lab.nPrompt; at < tokens; ++at) {
      const { id } = await nanoinfer.sample(lab.sampling);
      await nanoinfer.step(id);
    }
  }, n);
  return outcome(page);
}

test('steps by op, layer and token come to the bits of whole passes', async ({ page }) => {
  await openLab(page, promptHash);
  const n = 10;
  const found: Record<string, unknown> = {};
  for (const unit of ['op', 'layer', 'token'] as const) {
    await page.evaluate(() => window.lab.restart());
    await stepTo(page, unit, n);
    found[unit] = await outcome(page);
  }
  await page.evaluate(() => window.lab.setTokenByToken(true));
  await stepTo(page, 'token', n);
  found['prompt token by token'] = await outcome(page);
  const expected = await oneRun(page, n);
  expect(expected.ids).toHaveLength(n);
  for (const [unit, one] of Object.entries(found)) expect(one, unit).toEqual(expected);
});

test('the buttons step, play and run tokens, and the words say where', async ({ page }) => {
  await openLab(page, promptHash);
  const beginning = 'tokens 0 “Once” to 3 “␣time” · before the first op';
  await expect(place(page)).toContainText(beginning);
  const nOps = await page.evaluate(() => window.lab.ops.length);
  const button = (name: string) => page.getByRole('button', { name, exact: true });

  await button('Step op').click();
  await expect(place(page)).toContainText(`op 1 of ${nOps} token_embd`);
  await button('Step layer').click();
  await expect(place(page)).toContainText('layer 0 · op');
  const layer = await page.evaluate(() => window.lab.ops[window.lab.place.cursor]!.layer);
  expect(layer, 'the next op').toBe(1);
  await button('Step token').click();
  await expect(place(page)).toContainText(`complete, all ${nOps} ops`);

  await page.getByRole('spinbutton', { name: 'Tokens to run' }).fill('5');
  await button('Run').click();
  await expect(place(page)).toContainText(/token 8 .* · complete/);

  await page.getByRole('combobox', { name: 'Play by' }).selectOption('op');
  await page.getByRole('combobox', { name: 'Speed' }).selectOption('as fast as panels show');
  await button('Play').click();
  await expect(place(page)).toContainText(/token \d\d /);
  await button('Pause').click();
  await settled(page);
  // Wherever it was stopped, before a token's first op too, it stays.
  const stood = (await place(page).textContent())!;
  await page.waitForTimeout(200);
  await expect(place(page)).toHaveText(stood);
  await button('Restart').click();
  await expect(place(page)).toContainText(beginning);
});

test('playing goes no faster than its speed, nor than panels read', async ({ page }) => {
  await openLab(page, promptHash);
  const { slow, held, cursor } = await page.evaluate(async () => {
    const { lab } = window;
    /** Milliseconds until the run has gone n ops on. */
    const ops = async (n: number) => {
      const [began, from] = [performance.now(), lab.place.cursor];
      await new Promise<void>((resolve) => {
        const look = () => {
          if (lab.place.cursor < from + n) return;
          lab.removeEventListener('change', look);
          resolve();
        };
        lab.addEventListener('change', look);
      });
      return performance.now() - began;
    };
    lab.speed = 4;
    // Paused in a step, and behind one, and played on at once: it is one playing.
    void lab.play('op');
    lab.pause();
    void lab.play('op');
    await ops(1);
    lab.pause();
    let playing = lab.play('op');
    const slow = await ops(4);
    lab.pause();
    await playing;

    lab.speed = Infinity;
    let read = () => {};
    lab.waitFor(new Promise<void>((resolve) => (read = resolve)));
    playing = lab.play('op');
    await ops(1);
    const held = lab.place.cursor;
    await new Promise((resolve) => setTimeout(resolve, 300));
    const cursor = lab.place.cursor;
    read();
    await ops(1);
    lab.pause();
    await playing;
    return { slow, held, cursor };
  });
  expect(slow).toBeGreaterThanOrEqual(3 * 249);
  expect(cursor).toBe(held);
});

test('going back gives the same values again', async ({ page }) => {
  await openLab(page, promptHash);
  await stepTo(page, 'token', 9);
  const before = await outcome(page);
  const live = () =>
    page.evaluate(async () => {
      const { lab } = window;
      const tap = lab.plan!.taps.find(({ op }) => op === lab.place.cursor - 1);
      return { cursor: lab.place.cursor, values: [...(await lab.trace.live(tap!.name)).data] };
    });
  await page.evaluate(async () => {
    const { lab } = window;
    const op = lab.plan!.taps.find(({ name }) => name === 'L.2.z')!.op;
    while (lab.complete || lab.place.cursor <= op) await lab.step('op');
  });
  const inside = await live();

  const back = page.getByRole('button', { name: 'Back', exact: true });
  for (const unit of ['layer', 'op', 'token'] as const) {
    await page.evaluate((by) => window.lab.step(by), unit);
    await back.click();
    await settled(page);
    expect(await live(), `after one ${unit}`).toEqual(inside);
  }
  await page.keyboard.press('j');
  await settled(page);
  expect(await outcome(page)).toEqual(before);
  // Further than the tokens that the cache holds: computed again.
  for (let n = 0; n < 2; ++n) {
    await page.keyboard.press('j');
    await settled(page);
  }
  await stepTo(page, 'token', 9);
  expect(await outcome(page)).toEqual(before);
});

test('stops at the breaks that the dialog sets', async ({ page }) => {
  await openLab(page, promptHash);
  const dialog = page.getByRole('dialog', { name: 'Breaks' });
  const stop = dialog.getByRole('combobox', { name: 'Stop', exact: true });
  const add = dialog.getByRole('button', { name: 'Add' });
  const cursor = () => page.evaluate(() => window.lab.place.cursor);
  const stepToken = async () => {
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Step token' }).click();
    await settled(page);
  };

  await page.getByRole('button', { name: 'Breaks' }).click();
  await dialog.getByRole('combobox', { name: 'Layer' }).selectOption('2');
  await add.click();
  await expect(dialog.getByText('before layer 2')).toBeVisible();
  await stepToken();
  await expect(place(page)).toContainText('stopped before layer 2');
  const ops = await page.evaluate(() => window.lab.ops.map(({ layer }) => layer));
  expect(await cursor()).toBe(ops.indexOf(2));

  await page.getByRole('button', { name: 'Breaks' }).click();
  await dialog.getByRole('button', { name: 'Remove: before layer 2' }).click();
  await stop.selectOption('op');
  await dialog.getByRole('combobox', { name: 'Op', exact: true }).selectOption({ index: 60 });
  await add.click();
  await stepToken();
  expect(await cursor()).toBe(61);

  // A limit between the smallest and the largest norm of the prompt: the first row above it.
  await page.getByRole('button', { name: 'Breaks' }).click();
  await dialog.getByRole('button', { name: /^Remove/ }).click();
  await page.keyboard.press('Escape');
  await stepTo(page, 'token', 7);
  const norms = await Promise.all(
    [0, 1, 2, 3, 4, 5, 6].map(async (at) =>
      Math.hypot(...(await tapValues(page, 'L.1.resid_post', at))),
    ),
  );
  const sorted = norms.toSorted((a, b) => a - b);
  const limit = Number(((sorted[2]! + sorted[3]!) / 2).toFixed(3));
  const first = norms.findIndex((norm) => norm > limit);
  await page.getByRole('button', { name: 'Restart' }).click();
  await settled(page);
  await page.getByRole('button', { name: 'Breaks' }).click();
  await stop.selectOption('norm');
  await dialog.getByRole('combobox', { name: 'Tap', exact: true }).selectOption('L.1.resid_post');
  await dialog.getByRole('spinbutton', { name: 'Limit' }).fill(`${limit}`);
  await add.click();
  await stepToken();
  await expect(place(page)).toContainText(`L.1.resid_post at token ${first} `);
  await expect(place(page)).toContainText(`has a norm of ${norms[first]!.toPrecision(4)}`);
});

test('stops where the norm of any layer is above a limit', async ({ page }) => {
  await openLab(page, promptHash);
  await stepTo(page, 'token', 7);
  const layers = await page.evaluate(() => window.lab.model!.info.n_layers);
  const mosts = [];
  for (let layer = 0; layer < layers; ++layer) {
    const rows = await Promise.all(
      [0, 1, 2, 3].map((at) => tapValues(page, `L.${layer}.resid_post`, at)),
    );
    mosts.push(Math.max(...rows.map((row) => Math.hypot(...row))));
  }
  const limit = Number((mosts[0]! * 1.001).toPrecision(6));
  const first = mosts.findIndex((norm) => norm > limit);
  expect(first).toBeGreaterThan(0);
  await page.getByRole('button', { name: 'Restart' }).click();
  await settled(page);
  await page.getByRole('button', { name: 'Breaks' }).click();
  const dialog = page.getByRole('dialog', { name: 'Breaks' });
  await dialog.getByRole('combobox', { name: 'Stop' }).selectOption('norm');
  await dialog.getByRole('combobox', { name: 'Tap', exact: true }).selectOption('L.*.resid_post');
  await dialog.getByRole('spinbutton', { name: 'Limit' }).fill(`${limit}`);
  await dialog.getByRole('button', { name: 'Add' }).click();
  await page.keyboard.press('Escape');
  await page.evaluate(() => window.lab.step('token'));
  await expect(place(page)).toContainText(`L.${first}.resid_post at token`);
});

test('stops where a number is none', async ({ page }) => {
  await openLab(page, promptHash);
  await page.getByRole('button', { name: 'Breaks' }).click();
  await page.getByRole('checkbox', { name: /NaN/ }).check();
  await page.keyboard.press('Escape');
  await page.evaluate(() =>
    window.lab.setEdits([{ do: 'replace', site: 'L.1.act', range: [3, 4], by: NaN }]),
  );
  await page.getByRole('button', { name: 'Step token' }).click();
  await expect(place(page)).toContainText(/holds (NaN|[+−]∞)/);
  const tap = await page.evaluate(() => window.lab.hit?.tap);
  expect(tap).toMatch(/^L\.[123]\./);
});

test('says what is wrong: no model, a full context', async ({ page }) => {
  await page.goto('/lab.html?model=nothing.gguf');
  await expect(page.getByRole('alert')).toContainText('nothing.gguf');
  await expect(place(page)).toBeHidden();

  await openLab(page, promptHash, '&n_ctx=16');
  await page.evaluate(() => window.lab.runTokens(100));
  await expect(page.getByRole('alert')).toContainText('The context of 16 tokens is full.');
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await expect(page.getByRole('alert')).toBeHidden();
  expect(await page.evaluate(() => window.lab.tokens.length)).toBe(16);
});

test('begins with another text, as it stands or as a chat message', async ({ page }) => {
  await openLab(page);
  await page.getByRole('textbox', { name: 'Prompt' }).fill('The cat');
  await page.getByRole('button', { name: 'Begin' }).click();
  await settled(page);
  const ids = () => page.evaluate(() => window.lab.tokens.map(({ id }) => id));
  const plain = await page.evaluate(async () => [...(await window.nanoinfer.tokenize('The cat'))]);
  expect((await ids()).slice(-plain.length)).toEqual(plain);

  await page.getByRole('combobox', { name: 'Given to the model as' }).selectOption('chat');
  await page.getByRole('button', { name: 'Begin' }).click();
  await settled(page);
  const chat = await page.evaluate(async () => [
    ...(await window.nanoinfer.render([{ role: 'user', content: 'The cat' }])),
  ]);
  expect(await ids()).toEqual(chat);
});

test('the Tokens panel shows what the engine’s context holds', async ({ page }) => {
  await openLab(page, promptHash);
  await page.evaluate(() => window.lab.runTokens(20));
  await settled(page);
  const tokens = panel(page, 'Tokens');
  await tokens.getByRole('button', { name: 'Table' }).click();
  const truth = await page.evaluate(async () => {
    const { nanoinfer } = window;
    const pieces = await nanoinfer.pieces(await nanoinfer.trace.context());
    return pieces.map(({ id, bytes }) => ({ id, bytes: [...bytes] }));
  });
  const rows = tokens.getByRole('row');
  await expect(rows).toHaveCount(truth.length + 1);
  for (const at of [0, truth.length - 1, ...chosen(6, truth.length)]) {
    const cells = rows.nth(at + 1).getByRole('cell');
    const { id, bytes } = truth[at]!;
    await expect(cells.nth(0)).toHaveText(`${id}`);
    await expect(cells.nth(2)).toHaveText(
      bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
    );
  }
});

test('the README’s example of the lab runs as it is written', async ({ page }) => {
  await openLab(page, promptHash);
  const blocks = readFileSync('web/README.md', 'utf8').matchAll(/```js\n(.*?)```/gs);
  const code = Array.from(blocks, ([, one]) => one!).find((one) => one.includes('lab.setPrompt'))!;
  // An error of an act is the run's until the next act.
  const checked = code.replace(
    /^(.*await lab\..*;)(\s*\/\/.*)?$/gm,
    '$1 if (lab.error) throw lab.error;',
  );
  expect(checked.match(/throw lab.error/g)!.length).toBeGreaterThan(14);
  await page.evaluate(`(async () => { ${checked} })()`);
  await settled(page);
  const found = await page.evaluate(() => ({
    machine: window.lab.machine !== null,
    times: window.lab.times !== null,
    edits: window.lab.edits.length,
  }));
  expect(found).toEqual({ machine: true, times: true, edits: 2 });
});

test('there is no fork behind the text', async ({ page }) => {
  await openLab(page, promptHash);
  await page.evaluate(() => window.lab.fork(7, 300));
  await expect(page.getByRole('alert')).toContainText('no token at position 7');
});
