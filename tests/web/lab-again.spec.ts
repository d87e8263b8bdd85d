// What a run computes again comes as it came: its rows are kept again, and nothing of before is shown.
import { expect, test, type Page } from '@playwright/test';
import { movedEdits } from '../../web/src/client/moved-edits.ts';
import type { TokenPiece } from '../../web/src/protocol.ts';
import { openLab, outcome, settled, stepTo } from './lab-page.ts';

const hash = '#panels=tokens&text=Once+upon+a+time';

/** Of every tap and position that is said to be kept, whether it can be read. */
const readable = (page: Page) =>
  page.evaluate(async () => {
    const { lab } = window;
    const unread: string[] = [];
    let read = 0;
    for (const { name } of lab.plan!.taps) {
      for (let position = 0; position < lab.place.end; ++position) {
        if (lab.held(name, position) !== 'kept') continue;
        await lab.read(name, position).then(
          () => (read += 1),
          () => unread.push(`${name} at ${position}`),
        );
      }
    }
    return { read, unread };
  });

test('every row that was kept is kept again', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 10);
  const { read } = await readable(page);
  expect(read).toBeGreaterThan(100);
  const before = await outcome(page);
  const acts = {
    'an edit': () => window.lab.setEdits([{ do: 'zero', site: 'L.1.z', head: 0, from: 2 }]),
    'no edit': () => window.lab.setEdits([]),
    'more kept': () => window.lab.keepAlso(['L.0.gate']),
    code: () => window.lab.setCode("lab.on('L.2.z', (t) => { t.data[0] = 0; });"),
    'no code': () => window.lab.setCode(null),
    'token by token': async () => {
      await window.lab.setTokenByToken(true);
      while (!(window.lab.complete && window.lab.place.end >= 10)) await window.lab.step('token');
    },
  };
  for (const [name, act] of Object.entries(acts)) {
    await page.evaluate(act);
    const found = await readable(page);
    expect(found.unread, name).toEqual([]);
    expect(found.read, name).toBeGreaterThanOrEqual(read);
  }
  expect(await outcome(page)).toEqual(before);
});

test('logits that are kept are those of the edits in force, at every position', async ({
  page,
}) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 10);
  const chosenAt = (position: number) =>
    page.evaluate(async (at) => (await window.lab.resample(at)).chosen, position);
  const clean = await chosenAt(5);
  await page.evaluate(() => window.lab.setEdits([{ do: 'logit_bias', id: 77, by: 1000 }]));
  expect(await chosenAt(5)).toBe(77);
  await page.evaluate(() => window.lab.setEdits([]));
  expect(await chosenAt(5)).toBe(clean);
  // Of a prompt in several passes, each pass's last token has logits.
  await page.evaluate(async () => {
    const { lab } = window;
    await lab.setIds(Array.from({ length: 80 }, (_, i) => 260 + (i % 40)));
    while (!(lab.complete && lab.place.end === 80)) await lab.step('token');
    await lab.setEdits([{ do: 'logit_bias', id: 77, by: 1000 }]);
  });
  expect(await page.evaluate(() => window.lab.model!.session.n_batch)).toBe(64);
  expect(await chosenAt(63)).toBe(77);
  await page.evaluate(() => window.lab.setEdits([]));
  await page.evaluate(() => window.lab.setCode('lab.logits((logits) => logits.fill(0, 0, 300));'));
  const zeros = await page.evaluate(async () => (await window.lab.read('logits', 63)).data);
  expect(Object.values(zeros).slice(0, 300)).toEqual(Array(300).fill(0));
});

test('an error is forgotten with the next act', async ({ page }) => {
  await openLab(page, hash, '&n_ctx=16');
  await page.evaluate(() => window.lab.runTokens(100));
  await expect(page.getByRole('alert')).toContainText('The context of 16 tokens is full');
  await page.evaluate(() => window.lab.restart());
  await expect(page.getByRole('alert')).toHaveCount(0);
  await page.evaluate(() => window.lab.runTokens(5));
  await settled(page);
  expect(await page.evaluate(() => window.lab.place.end)).toBe(9);
});

test('a pass that came to no number begins anew', async ({ page }) => {
  await openLab(page, hash);
  const codes = await page.evaluate(async () => {
    const { lab } = window;
    await lab.setEdits([{ do: 'replace', site: 'L.1.act', range: [3, 4], by: NaN }]);
    const seen: (string | undefined)[] = [];
    for (let n = 0; n < 2; ++n) {
      await lab.step('token');
      seen.push(lab.error?.code);
    }
    await lab.setEdits([]);
    await lab.step('token');
    return [...seen, lab.error?.code, String(lab.complete)];
  });
  expect(codes).toEqual(['non_finite', 'non_finite', undefined, 'true']);
});

test('what is read as a text goes is not taken for that of the next', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 8);
  const [shown, held] = await page.evaluate(async () => {
    const { lab } = window;
    const abandon = lab.trace.abandon.bind(lab.trace);
    lab.trace.abandon = async () => {
      const state = await abandon();
      lab.trace.abandon = abandon;
      await lab.read('L.0.z', 3); // a panel that is in the middle of its reads
      return state;
    };
    await lab.setPrompt({ text: 'A dog and a cat', asChat: false });
    await lab.step('token');
    return [
      [...(await lab.read('L.0.z', 3)).data],
      [...(await lab.trace.read('L.0.z', 3, 4)).data],
    ];
  });
  expect(shown).toEqual(held);
});

test('a fork inside the prompt is a shorter prompt', async ({ page }) => {
  await openLab(page, hash);
  await stepTo(page, 'token', 6);
  const found = await page.evaluate(async () => {
    const { lab } = window;
    await lab.fork(1, 300);
    await lab.step('token');
    await lab.step('token');
    const { error, place, tokens, nPrompt } = lab;
    await lab.restart();
    await lab.step('token');
    return { failures: [error, lab.error], end: place.end, tokens: tokens.length, nPrompt };
  });
  expect(found).toEqual({ failures: [null, null], end: found.tokens, tokens: 5, nPrompt: 2 });
});

test.describe('without a page', () => {
  const piece = (text: string, id: number): TokenPiece => ({
    id,
    bytes: new TextEncoder().encode(text),
    kind: 'normal',
  });

  test('edits stay where two texts part inside a token', () => {
    const [once, a, an, dog] = [
      piece('Once', 1),
      piece(' a', 2),
      piece(' an', 3),
      piece(' dog', 4),
    ];
    const list = [{ edit: { do: 'zero', site: 'L.0.z', from: 2 } as const, on: true }];
    const there = movedEdits(list, [once, a, dog], [once, an]);
    expect(there).toEqual(list);
    expect(movedEdits(there, [once, an], [once, a, dog])).toEqual(list);
  });
});
