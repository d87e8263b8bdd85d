// A recorded run plays without a model: what it shows is what the engine had, and no engine is fetched.
import { engineCommit } from '../../scripts/source-map/source-map.mjs';
import { expect, test, type Page } from '@playwright/test';
import { panels } from '../../web/src/elements/lab/panels.ts';
import seriousFaults from './axe.ts';
import {
  expectNoOverflow,
  openLab,
  panel,
  place,
  press,
  settled,
  select,
  stepTo,
} from './lab-page.ts';
import { chosen, tableRows } from './lab-panel.ts';
import {
  address,
  banner,
  changed,
  drop,
  liveRun,
  makeRun,
  play,
  recorded,
  text,
  tokens,
} from './recorded-run.ts';

let file: Buffer;

test.beforeAll(async ({ browser }, { project }) => {
  file = await makeRun(browser, project.use.baseURL!);
});

test('it plays without a model, and no engine is fetched', async ({ page }) => {
  const engine = await play(page, file);
  await settled(page);
  await expect(banner(page)).toContainText(
    /Glass, 16 tokens,\s+\d{4}-\d\d-\d\d; no model is loaded/,
  );
  await expect(page.getByRole('button', { name: /^Model: No model/ })).toBeVisible();
  await expect(place(page)).toContainText('the recording ends here');
  await expect(panel(page, 'Share')).toBeVisible(); // It has the panels with which it was saved.

  await press(page, 'r');
  expect(await page.evaluate(() => window.lab.tokens.length)).toBe(4);
  await press(page, 'F10');
  await press(page, 'F11');
  await press(page, 'k');
  await press(page, 'k');
  expect(await page.evaluate(() => window.lab.place.end)).toBe(5);
  await press(page, 'j');
  expect(await page.evaluate(() => window.lab.place.end)).toBe(4);
  await page.evaluate(() => window.lab.runTokens(100));
  await settled(page);
  expect(await page.evaluate(() => window.lab.place.end)).toBe(tokens);
  await press(page, 'k');
  await expect(place(page)).toContainText('the recording ends here');
  expect(await page.evaluate(() => window.lab.error)).toBeNull();
  expect(engine).toEqual([]);
});

/** What panels show of a run that is the same on both pages. Times and memory are each machine's own. */
const sameTables = [
  'tokens',
  'op',
  'attention',
  'rope',
  'mlp',
  'residual',
  'sampler',
  'kv',
  'quant',
  'edits',
];
const titleOf = (id: string) => panels.find((entry) => entry.id === id)!.title;

test('panels show what they show of the live run', async ({ page, browser, baseURL }) => {
  test.setTimeout(300_000);
  const hash = `#panels=${sameTables.join(',')}${text}`;
  const live = await liveRun(browser, baseURL!, hash);
  await play(page, file, hash);
  await settled(page);

  const facts = await page.evaluate(() => {
    const { n_layers, n_heads } = window.nanoinfer.model!.info;
    return { n_layers, n_heads, n_ops: window.lab.ops.length };
  });
  const [positions, layers, heads, ops] = [tokens, facts.n_layers, facts.n_heads, facts.n_ops].map(
    (end, seed) => chosen(3, end, seed + 7),
  );
  for (const [i, position] of positions!.entries()) {
    const selection = { position, layer: layers![i]!, head: heads![i]!, op: ops![i]! };
    for (const one of [live, page]) {
      await select(one, selection);
    }
    for (const id of sameTables) {
      const words = `${id} at ${JSON.stringify(selection)}`;
      if (id === 'sampler' && position < 3) continue; // Nothing is drawn in the prompt.
      expect(await tableRows(page, titleOf(id)), words).toEqual(await tableRows(live, titleOf(id)));
    }
  }
  await live.close();
});

test('what adds to a logit plays too, of the tokens that are recorded', async ({
  page,
  browser,
  baseURL,
}) => {
  const title = 'Residual stream';
  const hash = `#panels=residual${text}`;
  const live = await liveRun(browser, baseURL!, hash);
  await play(page, file, hash);
  await settled(page);
  for (const one of [live, page]) {
    await panel(one, title).getByRole('button', { name: 'What adds to a logit' }).click();
  }
  for (const [position, layer] of [
    [tokens - 1, 0],
    [2, 1],
    [9, 3],
  ] as const) {
    for (const one of [live, page]) {
      await select(one, { position, layer });
      await expect(panel(one, title)).toContainText(`Heads of layer ${layer},`);
    }
    expect(await tableRows(page, title)).toEqual(await tableRows(live, title));
  }

  // A token that is likely only behind the embedding is in the lens, and its parts are not recorded.
  const shown = panel(page, title);
  const panelButton = (name: string) => shown.getByRole('button', { name });
  await panelButton('Norms and lens').click();
  await shown.getByRole('listitem').first().locator('.top button').last().click();
  await panelButton('What adds to a logit').click();
  await expect(shown).toContainText(
    /What adds to the logit of token \d+ at position 9 is not in the recording/,
  );
  await panelButton('Follow the likeliest').click();
  await expect(shown).toContainText('Heads of layer 3,');
  await live.close();
});

test('values are bit for bit those of the engine', async ({ page, browser, baseURL }) => {
  const live = await liveRun(browser, baseURL!, `#panels=tokens${text}`);
  await play(page, file);
  await settled(page);
  /** By name, everything that is there at a position, as text. */
  const read = (one: Page, position: number) =>
    one.evaluate(async (at) => {
      const { lab, nanoinfer } = window;
      const { trace } = nanoinfer;
      const found: Record<string, string> = {};
      for (const { name } of lab.plan!.taps) {
        if (lab.held(name, at) === 'kept') found[name] = (await lab.read(name, at)).data.join();
      }
      for (const layer of [0, 1]) {
        const { k, v } = await trace.kvSlot(layer, 0, at);
        found[`slot ${layer}`] = [...k, ...v].join();
        const row = await trace.attention(layer, 1, at);
        for (const [name, part] of Object.entries(row)) found[`${name} ${layer}`] = `${part}`;
      }
      const { table, length } = await trace.kv();
      return { ...found, kv: `${length}: ${table.join()}` };
    }, position);
  for (const position of [0, ...chosen(3, tokens)]) {
    const [here, there] = [await read(page, position), await read(live, position)];
    const names = Object.keys(there) as (keyof typeof there)[];
    expect(Object.keys(here).length).toBe(names.length);
    expect(names.filter((name) => here[name] !== there[name])).toEqual([]);
  }
  await live.close();
});

test('every panel works or says in a sentence why not', async ({ page }) => {
  test.setTimeout(300_000);
  await play(page, file, `#panels=${panels.map(({ id }) => id).join(',')}${text}`);
  await settled(page);
  for (const { title } of panels) {
    await expect(panel(page, title)).not.toContainText('Reading…');
    await expect(panel(page, title).getByRole('alert')).toHaveCount(0);
  }
  await expect(panel(page, 'Two runs')).toContainText('Load its model to compare.');
  await expect(panel(page, 'Code')).toContainText('Load its model to run it.');
  await expect(panel(page, 'Performance')).toContainText('on the machine that made the recording');
  await expect(panel(page, 'Interventions').getByRole('list', { name: 'Edits' })).toContainText(
    'L.1.z',
  );

  // What only an engine can do is switched off.
  const off = [
    panel(page, 'Attention').getByRole('button', { name: /^Zero head/ }),
    panel(page, 'RoPE').getByRole('slider', { name: 'Theta, as a power of ten' }),
    panel(page, 'MLP').getByRole('button', { name: 'Zero', exact: true }),
    panel(page, 'Sampler').getByRole('slider', { name: 'Temperature' }),
    panel(page, 'KV cache').getByRole('button', { name: 'Double' }),
    panel(page, 'Tokens').getByRole('button', { name: 'Split this token' }),
    panel(page, 'Interventions').getByRole('button', { name: /^Remove/ }),
    page.getByRole('button', { name: 'Begin', exact: true }),
    page.getByRole('button', { name: 'Breaks', exact: true }),
  ];
  for (const act of off) await expect(act).toBeDisabled();
  await expect(panel(page, 'Sampler')).toContainText('A recorded run cannot be changed');

  // From a script it is refused, and the run stays as it is.
  await page.evaluate(() => window.lab.setEdits([]));
  await expect(page.getByRole('alert')).toContainText('A recorded run cannot be changed.');
  expect(await page.evaluate(() => window.lab.edits.length)).toBe(1);

  // An element that is not recorded does not take the panel away.
  await page.evaluate(() => window.lab.dismissError());
  await page.evaluate(() => window.lab.select({ op: window.lab.tap('L.1.q')!.op }));
  const op = panel(page, 'Op');
  await op.getByRole('spinbutton', { name: 'Element' }).fill('5');
  await op.getByRole('spinbutton', { name: 'Element' }).press('Enter');
  await expect(op).toContainText('How element 5 of L.1.q comes about');
  await expect(op).toContainText('is not in the recording');
});

test('what is not saved is named where it is missed', async ({ page, context }) => {
  await openLab(page, `#panels=share${text}`);
  const share = panel(page, 'Share');
  await expect(share).toContainText('The prompt is not computed yet');
  await stepTo(page, 'token', 9);
  await settled(page);
  const about = share.getByRole('status', { name: 'Recording' });
  await expect(about).toContainText(/^\s*About/);
  const most = (await about.textContent())!;
  for (const part of ['attention of all heads', 'the lens behind each layer']) {
    await share.getByRole('checkbox', { name: part }).uncheck();
  }
  expect(await about.textContent()).not.toBe(most);
  const small = await recorded(page);
  await expect(about).toContainText('The run is saved');
  const other = await context.newPage();
  await play(other, small, `#panels=attention,residual${text}`);
  await settled(other);
  await expect(panel(other, 'Attention')).toContainText(
    /The attention of layer \d, head \d at position \d+ is not in the recording. To have it, save the run again with it./,
  );
  await expect(panel(other, 'Residual stream')).toContainText('is not in the recording');
});

test('saving can be cancelled', async ({ page }) => {
  await openLab(page, `#panels=share${text}`);
  await stepTo(page, 'token', 9);
  await settled(page);
  await page.evaluate(() => {
    const { trace } = window.nanoinfer;
    const lens = trace.lens.bind(trace);
    const held = new Promise<void>((letGo) => Object.assign(window, { letGo }));
    trace.lens = async (...args) => {
      await held;
      return lens(...args);
    };
  });
  const share = panel(page, 'Share');
  await share.getByRole('button', { name: 'Save this run' }).click();
  await expect(share.getByRole('progressbar', { name: 'Saving the run' })).toBeVisible();
  await share.getByRole('button', { name: 'Cancel' }).click();
  await page.evaluate(() => (window as unknown as { letGo: () => void }).letGo());
  await expect(share.getByRole('status', { name: 'Recording' })).toContainText(
    'Saving was cancelled',
  );
});

test('its model is loaded and computes the same', async ({ page }) => {
  await page.route(`**${address}`, (route) => route.fulfill({ body: file }));
  await page.goto(`/lab.html?run=${encodeURIComponent(address)}`);
  await settled(page);
  await banner(page).getByRole('button', { name: 'Load the model and compute it' }).click();
  await expect(page.getByRole('status', { name: 'Opened experiment' })).toContainText(
    /Reproduced 12 of 12 tokens, and the logits/,
  );
  await expect(banner(page)).toHaveCount(0);
  await expect(page.getByRole('button', { name: /^Model: Glass/ })).toBeVisible();
});

test('a file is opened from Share, and by dropping it', async ({ page }) => {
  await openLab(page, `#panels=share${text}`);
  const choosing = page.waitForEvent('filechooser');
  await panel(page, 'Share').getByText('Open a recorded run').click();
  const chooser = await choosing;
  await chooser.setFiles({ name: 'run.nirun', mimeType: 'application/zip', buffer: file });
  await expect(banner(page)).toBeVisible();
  await settled(page);
  expect(await page.evaluate(() => window.lab.place.end)).toBe(tokens);

  await page.goto('about:blank');
  await openLab(page, `#panels=tokens${text}`);
  await expect(banner(page)).toHaveCount(0);
  await drop(page, file);
  await expect(banner(page)).toBeVisible();
});

test('an address on another host is asked for only when a person says so', async ({ page }) => {
  const elsewhere = 'https://elsewhere.example/run.nirun';
  let asked = 0;
  await page.route(elsewhere, (route) => {
    asked += 1;
    return route.fulfill({ body: file, headers: { 'access-control-allow-origin': '*' } });
  });
  await page.goto(`/lab.html?run=${encodeURIComponent(elsewhere)}`);
  const yes = page.getByRole('button', { name: 'Fetch it from elsewhere.example' });
  await expect(yes).toBeVisible();
  expect(asked).toBe(0);
  await yes.click();
  await expect(banner(page)).toBeVisible();
  expect(asked).toBe(1);
});

test('the lines of another engine are told from those that ran', async ({ page }) => {
  const { commit, changed: isChanged } = engineCommit();
  const engines = [
    [{ commit, changed: isChanged }, isChanged],
    [{ commit: 'abc1234', changed: false }, 'commit abc1234, whose lines may be others'],
    [null, 'a commit that is not named, whose lines may be others'],
  ] as const;
  for (const [engine, words] of engines) {
    const other = changed(file, (run) => {
      if (engine) run.engine = engine;
      else delete run.engine;
    });
    await page.goto('about:blank');
    await page.unrouteAll();
    await play(page, other, `#panels=op${text}`);
    await settled(page);
    const op = panel(page, 'Op');
    await op.getByText('The C++ lines that ran').click();
    await expect(op.getByText(/From engine\/ /)).toBeVisible();
    const note = op.getByRole('note').filter({ hasText: 'These lines are of this page’s engine' });
    if (typeof words === 'string') await expect(note).toContainText(words);
    else await expect(note).toHaveCount(words ? 1 : 0);
  }
});

test('an op whose values are not recorded still has its formula and its lines', async ({
  page,
}) => {
  const other = changed(file, (run) => {
    run.answers = run.answers.filter(({ args }) => args.name !== 'L.1.gate');
    run.kept.values = run.kept.values.filter((name) => name !== 'L.1.gate');
  });
  await play(page, other, `#panels=op${text}`);
  await settled(page);
  await page.evaluate(() => window.lab.select({ op: window.lab.tap('L.1.gate')!.op }));
  const op = panel(page, 'Op');
  await expect(op).toContainText('L.1.gate is not in the recording');
  await expect(op).toContainText('ffn_gate, layer 1: matmul');
  await op.getByText('The C++ lines that ran').click();
  await expect(op.getByText('matmul').first()).toBeVisible();
  await expect(op.getByRole('region', { name: 'The op', exact: true })).toBeVisible();
});

test('it is readable by everyone, at 360 px and in the dark', async ({ page }, { outputDir }) => {
  test.setTimeout(300_000);
  await play(page, file, `#panels=tokens,map,op,attention,sampler,share${text}`);
  await settled(page);
  await expect(panel(page, 'Share')).not.toContainText('Reading…');
  for (const [colorScheme, width] of [
    ['light', 1280],
    ['dark', 1280],
    ['dark', 360],
    ['light', 360],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    await expect(banner(page)).toBeVisible();
    await expectNoOverflow(page);
    expect(await seriousFaults(page)).toEqual([]);
    await page.screenshot({ path: `${outputDir}/recorded-${colorScheme}-${width}.png` });
  }
});
