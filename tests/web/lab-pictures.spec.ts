// docs/lab has a picture of every panel, and docs/page.png is the chat with SmolLM2: `npm run docs:pictures`
// takes them anew from real runs.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { type PanelEntry, panels } from '../../web/src/elements/lab/panels.ts';
import { openLab, panel, settled, stepTo, select } from './lab-page.ts';
import { answered, ask, open, question } from './page.ts';

const folder = 'docs/lab';
/** Bytes, and pixels. */
const largest = 110_000;
const tallest = 840;
/** Of the text whose last one the panels look at. */
const tokens = 14;

/** What is done in a panel before its picture is taken, where its beginning shows little. */
const scenes: Record<string, (page: Page) => Promise<void>> = {
  op: (page) =>
    page.evaluate(() => {
      const { lab } = window;
      lab.select({ op: lab.tap('L.1.q')!.op });
    }),
  sampler: async (page) => {
    await select(page, { position: 9 });
    await panel(page, 'Sampler').getByRole('slider', { name: 'Temperature' }).fill('0.9');
  },
  edits: (page) =>
    page.evaluate(() =>
      window.lab.setEdits([
        { do: 'zero', site: 'L.1.z', head: 0 },
        { do: 'scale', site: 'L.2.ffn_out', by: 2, from: 7 },
      ]),
    ),
  code: async (page) => {
    const code = panel(page, 'Code');
    const example = { label: 'Attention from its definition' };
    await code.getByRole('combobox', { name: 'Example' }).selectOption(example);
    await code.getByRole('button', { name: 'Use this code' }).click();
  },
  compare: async (page) => {
    const compare = panel(page, 'Two runs');
    await compare.getByRole('button', { name: 'Keep run A' }).click();
    await expect(compare.getByRole('button', { name: 'Run B' })).toBeEnabled();
    await page.evaluate(() => window.lab.setEdits([{ do: 'zero', site: 'L.1.z', head: 0 }]));
    await compare.getByRole('button', { name: 'Run B' }).click();
    await expect(compare.getByRole('status', { name: 'First difference' })).toBeVisible();
  },
};

async function take(page: Page, { id, title }: PanelEntry): Promise<void> {
  await page.goto('about:blank'); // Another address behind '#' alone leaves the run as it was.
  // With two threads a pass of so small a model is mostly one waiting for the other.
  const query = id === 'perf' ? '&threads=1' : '';
  await openLab(page, `#panels=${id}&text=Once+upon+a+time`, query);
  await stepTo(page, 'token', tokens);
  await scenes[id]?.(page);
  await settled(page);
  const { x, y, width, height } = (await panel(page, title).boundingBox())!;
  const clip = { x, y, width, height: Math.min(height, tallest) };
  await page.screenshot({ path: `${folder}/${id}.png`, clip });
}

test('every panel has its picture, and the guide shows it', async ({ page }, { config }) => {
  if (config.updateSnapshots === 'all') {
    test.setTimeout(300_000);
    await page.setViewportSize({ width: 720, height: 1600 });
    for (const entry of panels) await take(page, entry);
  }
  const guide = readFileSync(`${folder}/README.md`, 'utf8');
  const pictures = readdirSync(folder).filter((name) => name.endsWith('.png'));
  expect(pictures.toSorted()).toEqual(panels.map(({ id }) => `${id}.png`).toSorted());
  for (const { id, title } of panels) {
    expect(guide, 'heading').toContain(`## ${title}\n`);
    expect(guide, 'picture').toContain(`![${title}](${id}.png)`);
    expect(statSync(`${folder}/${id}.png`).size, id).toBeLessThan(largest);
  }
});

test('the README shows the page with a real answer, and the lab', async ({ page }, { config }) => {
  if (config.updateSnapshots === 'all') {
    await page.setViewportSize({ width: 1280, height: 720 });
    await open(page, 'model=default&temperature=0&n_ctx=2048');
    for (const [n, text] of [question, 'What is photosynthesis?'].entries()) {
      await ask(page, text);
      await answered(page, n + 1);
    }
    await page.mouse.move(0, 0);
    await page.screenshot({ path: 'docs/page.png' });
  }
  const readme = readFileSync('README.md', 'utf8');
  const shown = Array.from(readme.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g), ([, path]) => path!);
  expect(shown).toEqual(['docs/page.png', 'docs/lab/attention.png']);
  for (const path of shown) expect(statSync(path).size, path).toBeLessThan(largest);
});
