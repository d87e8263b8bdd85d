// The lab's sampler: what it shows is what the engine draws, and a run forks where another token is
// taken.
import { expect, test, type Page } from '@playwright/test';
import { openLab, outcome, stepTo } from './lab-page.ts';

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
