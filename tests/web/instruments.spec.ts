// What the page shows of the engine at work: always the engine's own figures.
import { expect, test } from '@playwright/test';
import { answered, ask, open } from './page.ts';

test('shows engine, memory, a bar for each token and the time of each kind of op', async ({
  page,
}, { project }) => {
  await open(page, 'model=tiny&temperature=0');
  const { choice, build, session } = await page.evaluate(() => window.nanoinfer.model!);
  const timings = page.getByRole('region', { name: 'Timings' });
  const side = page.getByRole('complementary', { name: 'Instruments and settings' });
  await expect(timings).toContainText(`${session.n_threads} thread`);
  await expect(timings).toContainText(`${build.simd} SIMD`);
  await expect(timings).toContainText(/[\d.]+ MB/);
  await expect(side).toContainText(
    project.name === 'isolated'
      ? /This page is cross-origin isolated/
      : /This page is not cross-origin isolated \(its server sends no COOP and COEP headers\)/,
  );
  await expect(side).toContainText(choice.reason);
  for (const name of ['Weights', 'KV cache', 'Scratch', 'WebAssembly memory']) {
    await expect(side).toContainText(name);
  }

  const chart = timings.getByRole('img', { name: /^Milliseconds per token/ });
  await expect(chart).toHaveAccessibleName(/no tokens yet/);
  await page.getByText('Time per kind of op').click();
  await expect(side).toContainText('Measured from now on');
  await ask(page, 'Tell me a story');
  await answered(page);
  const tokens = await page.evaluate(async () => (await window.nanoinfer.memory()).contextTokens);
  expect(tokens).toBeGreaterThan(10);
  await expect(chart).toHaveAccessibleName(/median [\d.]+ ms, last \d+ tokens/);
  const bars = (await chart.locator('path').getAttribute('d'))!.split('M').length - 1;
  const name = (await chart.getAttribute('aria-label'))!;
  expect(bars).toBe(Number(/last (\d+) tokens/.exec(name)![1]));

  const shares = side.getByRole('cell').filter({ has: page.locator('span') });
  await expect.poll(() => shares.count()).toBeGreaterThan(4);
  const labels = await shares.evaluateAll((cells) =>
    cells.map((cell) => parseFloat(cell.getAttribute('aria-label') ?? 'NaN')),
  );
  expect(labels.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, -0.5);
  await expect(page.getByRole('meter', { name: 'Context' })).toBeVisible();
});

test('the main thread is never blocked: real model, load, prefill and decode', async ({ page }) => {
  await open(page, 'model=tiny');
  const blocked = await page.evaluate(async () => {
    const { nanoinfer } = window;
    // The part of the time that passes in waits of a timer longer than a tenth of a second.
    const during = async (work: Promise<unknown>) => {
      const state = { done: false };
      void work.finally(() => (state.done = true));
      const began = performance.now();
      let last = began;
      let blocked = 0;
      while (!state.done) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        const now = performance.now();
        if (now - last > 100) blocked += now - last;
        last = now;
      }
      await work;
      return blocked / (last - began);
    };
    const content = 'The sea was calm that day and the keeper looked out. '.repeat(40);
    const load = await during(
      nanoinfer.load('models/SmolLM2-135M-Instruct-Q4_1.gguf', { nCtx: 1024 }),
    );
    const options = { maxTokens: 1 };
    const prefill = await during(nanoinfer.chat([{ role: 'user', content }], options).result);
    const decode = await during(
      nanoinfer.chat([{ role: 'user', content: 'Count.' }], { maxTokens: 40 }).result,
    );
    return { load, prefill, decode };
  });
  // A machine that is shared may stand still now and then. What took this thread in one piece, a load or a
  // prompt without a pause, would leave it nothing.
  expect(blocked.load, 'load').toBeLessThan(0.5);
  expect(blocked.prefill, 'prefill').toBeLessThan(0.5);
  expect(blocked.decode, 'decode').toBeLessThan(0.5);
});
