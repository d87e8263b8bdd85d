// How the page looks and reads: accessible, usable by keyboard, and whole at every width. Leaves
// screenshots in test-results/.
import seriousFaults from './axe.ts';
import { expect, test } from '@playwright/test';
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

test('can be used with the keyboard alone', async ({ page }) => {
  await open(page, 'model=tiny&temperature=0');
  await page.getByRole('textbox', { name: 'Message', exact: true }).focus();
  await page.keyboard.type('Hello');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('there');
  await page.keyboard.press('Enter');
  await answered(page);
  await expect(page.getByRole('article', { name: 'You' })).toContainText('there');
});
