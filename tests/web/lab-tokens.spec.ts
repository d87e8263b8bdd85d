// The lab's Tokens: the merges that it shows are the engine's, and a token that is split leaves the text
// as it is and not what the model makes of it.
import { expect, test, type Page } from '@playwright/test';
import { visibleText } from '../../web/src/draw/token-label.ts';
import type { TokenPiece } from '../../web/src/protocol.ts';
import {
  loadBytes,
  openLab,
  outcome,
  panel,
  press,
  settled,
  stepTo,
  tapValues,
  select,
} from './lab-page.ts';
import { sentencepieceModel } from './gguf.ts';
import { chosen, expectLooks, tableRows } from './lab-panel.ts';

const hash = '#panels=tokens,share&text=Once+upon+a+time';
const tokens = (page: Page) => panel(page, 'Tokens');
const split = (page: Page) => tokens(page).getByRole('button', { name: 'Split this token' });

/** The tokens in the engine's context: their ids, and their bytes one behind the other. */
const context = (page: Page) =>
  page.evaluate(async () => {
    const { nanoinfer } = window;
    const ids = [...(await nanoinfer.trace.context())];
    const pieces = await nanoinfer.pieces(ids);
    return { ids, bytes: pieces.flatMap(({ bytes }) => [...bytes]) };
  });

const textOf = (bytes: readonly number[]) => visibleText(Uint8Array.from(bytes));

/**
 * What a token's bytes, or its characters, are joined to by and by, as the engine says it: the parts' own
 * bytes are those of the tokens that it names. Empty: no merges.
 */
async function mergesOf(page: Page, id: number, isBytes: boolean) {
  const { bytes, steps } = await page.evaluate(async (id) => {
    const { nanoinfer } = window;
    const [token] = await nanoinfer.pieces([id]);
    const merges = await nanoinfer.trace.merges(id);
    const made = await nanoinfer.pieces(merges.map(({ result }) => result));
    const steps = merges.map(({ rank, pos }, i) => ({ rank, pos, bytes: [...made[i]!.bytes] }));
    return { bytes: [...token!.bytes], steps };
  }, id);
  if (steps.length === 0) return [];
  const states: { rank: number | null; parts: number[][] }[] = [
    { rank: null, parts: isBytes ? bytes.map((byte) => [byte]) : charactersOf(bytes) },
  ];
  for (const { rank, pos, bytes } of steps) {
    const { parts } = states.at(-1)!;
    let start = 0;
    const at = parts.findIndex((part) => (start += part.length) > pos);
    states.push({ rank, parts: parts.toSpliced(at, 2, bytes) });
  }
  return states;
}

const charactersOf = (bytes: number[]) =>
  Array.from(Buffer.from(bytes).toString(), (character) => [...Buffer.from(character)]);

/** A token of the text that merges lead to, and the two that the last of them joins. */
const withParts = (page: Page) =>
  page.evaluate(async () => {
    const { lab } = window;
    for (const [at, { id }] of lab.tokens.entries()) {
      const last = (await lab.trace.merges(id)).at(-1);
      if (last?.result === id) return { at, parts: [last.left, last.right] };
    }
    throw new Error('No token of the text has parts.');
  });

for (const [vocabulary, model] of [
  ['bytes', 'tiny'],
  ['characters', 'models/glass-llama.gguf'],
] as const) {
  const isBytes = vocabulary === 'bytes';
  const open = async (page: Page) => {
    await page.goto(`/lab.html?model=${model}&temperature=0${hash}`);
    await settled(page);
  };

  test(`the merges shown of tokens by chance are the engine’s, of ${vocabulary}`, async ({
    page,
  }) => {
    await open(page);
    const nVocab = await page.evaluate(() => window.lab.model!.info.n_vocab);
    const ids = chosen(12, nVocab, 11);
    await page.evaluate((ids) => window.lab.setIds(ids), ids);
    await settled(page);
    let seen = 0;
    for (const [at, id] of ids.entries()) {
      await select(page, { position: at });
      await expect(tokens(page)).toContainText(`id ${id},`);
      const states = await mergesOf(page, id, isBytes);
      const items = tokens(page).getByRole('list', { name: 'Merges' }).getByRole('listitem');
      await expect(items).toHaveCount(states.length);
      for (const [i, { rank, parts }] of states.entries()) {
        const rankWords = isBytes ? `rank ${rank}` : `score ${-rank!}`;
        const words = [rank === null ? vocabulary : rankWords, ...parts.map(textOf)];
        await expect(items.nth(i)).toHaveText(words.join(' '), { useInnerText: true });
      }
      seen += states.length;
    }
    expect(seen, 'merges among these tokens').toBeGreaterThan(12);
  });

  test(`a token of ${vocabulary} is split by the keyboard: the same bytes, other logits`, async ({
    page,
  }) => {
    await open(page);
    await stepTo(page, 'token', 9);
    const [whole, before] = [await outcome(page), await context(page)];
    const { at, parts } = await withParts(page);
    const nPrompt = await page.evaluate(() => window.lab.nPrompt);
    await select(page, { position: at });

    await split(page).focus();
    await press(page, 'Enter');
    await expect(tokens(page).getByRole('status')).toContainText(`Token ${at} is two tokens now`);
    const after = await context(page);
    expect(after.ids).toEqual(before.ids.toSpliced(at, 1, ...parts));
    expect(after.bytes).toEqual(before.bytes);
    const apart = await outcome(page);
    expect(apart.logits).not.toBe(whole.logits);
    const run = await page.evaluate(() => {
      const { nPrompt, complete, place, selection } = window.lab;
      return { nPrompt, complete, end: place.end, position: selection.position };
    });
    expect(run).toEqual({ nPrompt: nPrompt + 1, complete: true, end: 10, position: at });
    const rows = await tableRows(page, 'Tokens');
    expect(rows.map(([, id]) => Number(id))).toEqual(after.ids);

    // The same as the engine's own pass over these tokens, and the run goes on from there.
    await page.evaluate((ids) => window.nanoinfer.prefill(ids), after.ids);
    expect(await outcome(page)).toEqual(apart);
    await press(page, 'r');
    await stepTo(page, 'token', 12);
    expect((await context(page)).ids.slice(0, nPrompt + 1)).toEqual(
      after.ids.slice(0, nPrompt + 1),
    );
  });
}

test('the tokens as they were are a branch, and a drawn token is split as well', async ({
  page,
}) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 9);
  const whole = await outcome(page);
  const nPrompt = await page.evaluate(() => window.lab.nPrompt);
  const { at } = await withParts(page);
  await select(page, { position: at });
  await split(page).click();
  await settled(page);
  const apart = await outcome(page);
  const branch = (n: number) => tokens(page).getByRole('button', { name: `Branch ${n}` });
  for (const [n, expected, length] of [
    [1, whole, nPrompt],
    [2, apart, nPrompt + 1],
    [1, whole, nPrompt],
  ] as const) {
    await branch(n).click();
    await settled(page);
    await expect(tokens(page).getByRole('status')).toBeEmpty();
    expect(await outcome(page)).toEqual(expected);
    expect(await page.evaluate(() => window.lab.nPrompt)).toBe(length);
  }

  const drawn = await page.evaluate(async () => {
    const { lab } = window;
    for (const [at, { id }] of lab.tokens.entries()) {
      if (at >= lab.nPrompt && (await lab.trace.merges(id)).at(-1)?.result === id) return at;
    }
    throw new Error('No drawn token has parts.');
  });
  await select(page, { position: drawn });
  const { bytes } = await context(page);
  await split(page).click();
  await settled(page);
  expect((await context(page)).bytes).toEqual(bytes);
  expect(await page.evaluate(() => window.lab.nPrompt)).toBe(nPrompt);
  await expect(branch(3)).toHaveAttribute('aria-pressed', 'true');
});

test('an edit stays with its token when one before it is split, and comes back with the branch', async ({
  page,
}) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 9);
  const { at } = await withParts(page);
  await page.evaluate(
    (at) =>
      window.lab.setInterventions([
        { edit: { do: 'zero', site: 'L.1.ffn_out', from: at + 2, to: at + 4 }, on: true },
        { edit: { do: 'mask', site: 'L.2.scores', keys: [at, at + 1], from: at + 1 }, on: true },
        { edit: { do: 'scale', site: 'L.0.z', by: 2, from: 0, to: at }, on: false },
        { edit: { do: 'zero', site: 'L.3.z', head: 0 }, on: true },
      ]),
    at,
  );
  await settled(page);
  const edits = () => page.evaluate(() => window.lab.interventions.map(({ edit }) => edit));
  const [before, whole] = [await edits(), await outcome(page)];
  await select(page, { position: at });
  await split(page).click();
  await settled(page);
  const note = 'Edits have moved along with their tokens.';
  await expect(tokens(page).getByRole('status')).toContainText(note);
  expect(await edits()).toEqual([
    { do: 'zero', site: 'L.1.ffn_out', from: at + 3, to: at + 5 },
    // Both parts of the token that was hidden.
    { do: 'mask', site: 'L.2.scores', keys: [at, at + 2], from: at + 2 },
    { do: 'scale', site: 'L.0.z', by: 2, from: 0, to: at },
    { do: 'zero', site: 'L.3.z', head: 0 },
  ]);
  const zeroed = async (position: number) =>
    (await tapValues(page, 'L.1.ffn_out', position)).every((x) => x === 0);
  expect(await zeroed(at + 2)).toBe(false);
  expect(await zeroed(at + 3)).toBe(true);
  expect(await zeroed(at + 4)).toBe(true);

  await tokens(page).getByRole('button', { name: 'Branch 1' }).click();
  await settled(page);
  await expect(tokens(page).getByRole('status')).toHaveText(note);
  expect(await edits()).toEqual(before);
  expect(await outcome(page)).toEqual(whole);
});

test('a link of split tokens reproduces them and what followed', async ({ page }) => {
  await openLab(page, hash, '&seed=3');
  await stepTo(page, 'token', 8);
  const { at } = await withParts(page);
  await select(page, { position: at });
  await split(page).click();
  await settled(page);
  await page.evaluate(() => window.lab.runTokens(5));
  await settled(page);
  const before = await outcome(page);
  const share = panel(page, 'Share');
  await expect(share).toContainText('9 tokens behind');
  const url = await share.getByRole('textbox', { name: 'Link' }).inputValue();
  await page.goto('about:blank');
  await page.goto(url);
  await expect(share.getByRole('status', { name: 'Opened experiment' })).toContainText(
    'Reproduced 5 of 5 tokens behind 4 that were given, and the logits behind them bit for bit.',
  );
  expect(await outcome(page)).toEqual(before);
  await expect(page.getByRole('textbox', { name: 'Prompt' })).toHaveValue('Once upon a time');
});

test('says why a token cannot be split', async ({ page }) => {
  await openLab(page, hash);
  /** Looks at the text's first token of that kind, of one byte or of more. */
  const look = async (kind: TokenPiece['kind'], isByte: boolean) => {
    const found = await page.evaluate(
      ([wanted, one]) =>
        window.lab.tokens.findIndex(
          ({ kind, bytes }) => kind === wanted && (bytes.length === 1) === one,
        ),
      [kind, isByte] as const,
    );
    expect(found).toBeGreaterThanOrEqual(0);
    await select(page, { position: found });
    await expect(split(page)).toBeDisabled();
  };
  await page.evaluate(() => window.lab.setPrompt({ text: '!', asChat: true }));
  await settled(page);
  await look('control', false);
  await expect(tokens(page)).toContainText('is control: merges make no such token.');
  await look('normal', true);
  await expect(tokens(page)).toContainText('A single byte has no parts.');

  await loadBytes(page, sentencepieceModel(), 'pieces');
  await page.evaluate(() => window.lab.setPrompt({ text: 'é', asChat: false }));
  await settled(page);
  await look('normal', false);
  await expect(tokens(page)).toContainText('A single character has no parts.');
});

test('a context without room for one more token is said to be full', async ({ page }) => {
  await openLab(page, hash, '&n_ctx=16');
  await stepTo(page, 'token', 16);
  const before = await outcome(page);
  const { at } = await withParts(page);
  await select(page, { position: at });
  await split(page).click();
  await expect(page.getByRole('alert')).toContainText('The context of 16 tokens is full.');
  await page.getByRole('button', { name: 'Dismiss' }).click();
  expect(await outcome(page)).toEqual(before);
});

test('looks well', async ({ page }) => {
  await openLab(page, hash);
  const { at } = await withParts(page);
  await select(page, { position: at });
  await split(page).click();
  await settled(page);
  const left = await page.evaluate((at) => [...window.lab.tokens[at]!.bytes], at);
  await expectLooks(page, 'Tokens', [`${visibleText(Uint8Array.from(left))} ${at}`]);
});
