// The real model in the page, with threads (isolated) and without (plain).
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { answered, answers, ask, greedyIds, open, question } from './page.ts';
import { nativeAnswer, realModel } from './program.ts';

interface Golden {
  answer_ids: number[];
  top_two_gap: number[];
}
const golden = JSON.parse(readFileSync('tests/fixtures/chat/capital.json', 'utf8')) as Golden;

test('knows the capital of France, streams it, and keeps it across a reload', async ({ page }) => {
  await open(page, 'model=default&temperature=0&n_ctx=1024');
  // Every text that the answer shows while it streams.
  await page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(window, { seen });
    const look = () => {
      const turn = document.querySelector('ni-app')?.shadowRoot?.querySelectorAll('ni-turn');
      const text = [...(turn ?? [])].at(-1)?.shadowRoot?.querySelector('article')?.textContent;
      if (text && seen.at(-1) !== text) seen.push(text);
      requestAnimationFrame(look);
    };
    look();
  });
  await ask(page, question);
  await answered(page);
  await expect(answers(page)).toContainText('Paris');
  const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
  const texts = seen.map((text) => text.trim());
  const whole = texts.at(-1)!;
  const isPart = (text: string) => text !== '' && text !== whole && whole.startsWith(text);
  expect(texts.some(isPart), 'a part was shown on the way').toBe(true);

  const timings = page.getByRole('region', { name: 'Timings' });
  await expect(timings).toContainText(/Prefill\s*[\d.]+/);
  await expect(timings).toContainText(/Decode\s*[\d.]+/);
  await expect(timings).toContainText(/First token\s*[\d.]+/);
  await expect(timings).toContainText(/Load\s*[\d.]+/);

  await page.reload();
  await expect(answers(page)).toContainText('Paris');
  await expect(page.getByRole('article', { name: 'You' })).toContainText(question);
});

test('gives the ids of the native program and of the float32 reference', async ({ page }) => {
  await open(page, 'model=default&n_ctx=1024');
  const ids = await greedyIds(page, question, golden.answer_ids.length);
  const native = nativeAnswer(realModel, question, golden.answer_ids.length);
  expect(native.length).toBeGreaterThan(3);
  expect(ids.slice(0, native.length)).toEqual(native);
  const firstTie = golden.top_two_gap.findIndex((gap) => gap < 0.01);
  const n = firstTie === -1 ? golden.answer_ids.length : firstTie;
  expect(n).toBeGreaterThan(3);
  expect(ids.slice(0, n)).toEqual(golden.answer_ids.slice(0, n));
});

test('stops at once when told to, in the answer and in a long prompt', async ({ page }) => {
  await open(page, 'model=default&temperature=0&n_ctx=2048');
  await ask(page, 'Write a long story about a lighthouse keeper and the sea.');
  await expect(answers(page)).toContainText(/\w+ \w+/);
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await answered(page);
  await expect(page.getByRole('log')).toContainText(/stopped/i);

  // The time from abort to the end of the answer, in prefill, by the page's own clock.
  const waited = await page.evaluate(async () => {
    const abort = new AbortController();
    const content = 'The sea was calm that day and the keeper looked out. '.repeat(110);
    let aborted = 0;
    const answer = window.nanoinfer.chat([{ role: 'user', content }], {
      signal: abort.signal,
      onEvent: (event) => {
        if (event.type === 'prefill' && event.done > 0 && aborted === 0) {
          aborted = performance.now();
          abort.abort();
        }
      },
    });
    const { reason } = await answer.result;
    return { reason, ms: performance.now() - aborted };
  });
  expect(waited.reason).toBe('cancelled');
  // The promise is 250 ms on a machine of its own; this one may be shared.
  expect(waited.ms).toBeLessThan(2000);
});
