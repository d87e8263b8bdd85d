// How the page looks and reads: accessible, usable by keyboard, and whole at every width. Leaves
// screenshots in test-results/.
import seriousFaults from './axe.ts';
import { expect, test, type Page } from '@playwright/test';
import { answered, ask, open } from './page.ts';

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [360, 1280]) {
    test(`has no accessibility fault, ${scheme}, ${width} px wide`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 800 });
      await open(page, 'model=tiny&temperature=0');
      await ask(page, 'Tell me a story');
      await answered(page);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow, 'horizontal scrolling').toBeLessThanOrEqual(0);
      await page.screenshot({ path: `test-results/page-${scheme}-${width}.png` });
      expect(await seriousFaults(page)).toEqual([]);
    });
  }
}

test('has no accessibility fault in the dialog, the load panel, a failure and the open panel', async ({
  page,
}) => {
  await page.setViewportSize({ width: 360, height: 800 });
  await open(page, 'model=tiny&temperature=0');
  const picker = page.getByRole('button', { name: /^Model:/ });
  const choose = async (path: string) => {
    await picker.click();
    await page.getByLabel('Model file').setInputFiles(path);
  };
  await picker.click();
  await expect(page.getByRole('dialog', { name: 'Choose a model' })).toBeVisible();
  expect(await seriousFaults(page)).toEqual([]);
  await page.screenshot({ path: 'test-results/dialog-360.png' });
  await page.keyboard.press('Escape');

  await choose('tests/fixtures/models/llama-q4_0.gguf');
  await expect(page.getByRole('button', { name: 'Load', exact: true })).toBeVisible();
  expect(await seriousFaults(page)).toEqual([]);
  await page.screenshot({ path: 'test-results/load-panel-360.png' });
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();

  await choose('README.md');
  await expect(page.getByRole('alert')).toBeVisible();
  expect(await seriousFaults(page)).toEqual([]);
  await page.screenshot({ path: 'test-results/failure-360.png' });

  await page.getByRole('button', { name: 'Panel' }).click();
  await expect(page.getByRole('complementary')).toBeVisible();
  expect(await seriousFaults(page)).toEqual([]);
  await page.screenshot({ path: 'test-results/panel-360.png' });
});

/** Presses Tab until what has the focus has this name. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let n = 0; n < 60; ++n) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      let node = document.activeElement;
      while (node?.shadowRoot?.activeElement) {
        node = node.shadowRoot.activeElement;
      }
      return node?.getAttribute('aria-label') ?? node?.textContent.trim() ?? '';
    });
    if (name.test(focused)) return;
  }
  throw new Error(`Tab does not lead to ${name.source}`);
}

test('can be used with the keyboard alone', async ({ page }) => {
  await open(page, 'model=tiny&temperature=0');
  await tabTo(page, /^Message$/);
  await page.keyboard.type('Hello');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('there');
  await page.keyboard.press('Enter');
  await answered(page);
  const asked = page.getByRole('article', { name: 'You' });
  await expect(asked).toContainText('there');

  await tabTo(page, /^Edit$/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: 'Edited message' })).toBeFocused();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('Tell me a story');
  await page.keyboard.press('Enter');
  await answered(page);
  await expect(asked).toHaveText('Tell me a story');

  await tabTo(page, /^Model: .* Choose another$/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toBeVisible();
  await tabTo(page, /^Use Glass$/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page.getByRole('progressbar')).toHaveCount(0);

  // An answer that goes on until it is stopped: of itself it fills its context before a key is pressed.
  await page.evaluate(() => {
    const { nanoinfer } = window;
    const chat = nanoinfer.chat.bind(nanoinfer);
    nanoinfer.chat = (messages, options) => {
      const stream = chat(messages, options);
      const stopped = new Promise((resolve) => options?.signal?.addEventListener('abort', resolve));
      return { result: stopped.then(() => stream.result) } as unknown as typeof stream;
    };
  });
  await tabTo(page, /^Message$/);
  await page.keyboard.type('Go on');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Stop', exact: true })).toBeVisible();
  await tabTo(page, /^Stop$/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Send', exact: true })).toBeVisible();
});
