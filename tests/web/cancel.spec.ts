// A cancel acts within 250 ms, on both builds: the least of several, since a machine may be shared. One
// that acts at the end of a prompt or an answer has no short wait at all.
import { expect, test } from '@playwright/test';
import { open } from './page.ts';

const promise = 250;

test('acts within 250 ms in prefill and in decode', async ({ page }) => {
  await open(page, 'model=default&temperature=0&n_ctx=2048');
  const waits = await page.evaluate(async () => {
    // The time from the abort to the end of the answer, by the page's own clock. A new beginning
    // each time, so that nothing of it is in the cache.
    const wait = async (phase: 'prefill' | 'token', n: number) => {
      const abort = new AbortController();
      let aborted = 0;
      const content = `${n}. ${'The sea was calm that day and the keeper looked out. '.repeat(60)}`;
      const answer = window.nanoinfer.chat(
        [{ role: 'user', content: phase === 'token' ? `Tell ${n} stories.` : content }],
        {
          signal: abort.signal,
          onEvent: (event) => {
            if (event.type !== phase || aborted !== 0) return;
            if (event.type === 'prefill' && event.done < 256) return;
            aborted = performance.now();
            abort.abort();
          },
        },
      );
      const { reason } = await answer.result;
      return reason === 'cancelled' ? performance.now() - aborted : Infinity;
    };
    const times = async (phase: 'prefill' | 'token') => {
      const all: number[] = [];
      for (let n = 1; n <= 5; ++n) all.push(await wait(phase, n));
      return all;
    };
    return { prefill: await times('prefill'), decode: await times('token') };
  });
  expect([...waits.prefill, ...waits.decode], 'each was cancelled').not.toContain(Infinity);
  expect(Math.min(...waits.prefill), `prefill: ${waits.prefill.join(', ')}`).toBeLessThan(promise);
  expect(Math.min(...waits.decode), `decode: ${waits.decode.join(', ')}`).toBeLessThan(promise);
});

test('acts within 250 ms in the middle of a load', async ({ page }) => {
  await open(page, 'model=tiny');
  const waits = await page.evaluate(async () => {
    const wait = async () => {
      const abort = new AbortController();
      let aborted = 0;
      const loading = window.nanoinfer.load('models/SmolLM2-135M-Instruct-Q4_1.gguf', undefined, {
        signal: abort.signal,
        onProgress: ({ phase, bytes }) => {
          if (phase !== 'weights' || bytes < 20e6 || aborted !== 0) return;
          aborted = performance.now();
          abort.abort();
        },
      });
      const code = await loading.then(
        () => 'loaded',
        (error: unknown) => (error as { code: string }).code,
      );
      return code === 'aborted' ? performance.now() - aborted : Infinity;
    };
    return [await wait(), await wait(), await wait()];
  });
  expect(waits, 'each was cancelled').not.toContain(Infinity);
  expect(Math.min(...waits), waits.join(', ')).toBeLessThan(promise);
});

test('a signal that is aborted beforehand ends an answer as cancelled', async ({ page }) => {
  await open(page, 'model=tiny');
  const result = await page.evaluate(() => {
    const options = { signal: AbortSignal.abort() };
    return window.nanoinfer.chat([{ role: 'user', content: 'Hello' }], options).result;
  });
  expect(result.reason).toBe('cancelled');
  expect(result.text).toBe('');
});
