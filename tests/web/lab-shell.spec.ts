// The lab's page: its keys, its looks, its address, and what it does without a network or an engine.
import seriousFaults from './axe.ts';
import { expect, test, type Page } from '@playwright/test';
import {
  expectNoOverflow,
  openLab,
  outcome,
  panel,
  place,
  press,
  settled,
  stepTo,
  select,
} from './lab-page.ts';

const promptHash = '#panels=tokens&text=Once+upon+a+time';

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [360, 1280]) {
    test(`has no accessibility fault, ${scheme}, ${width} px wide`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 800 });
      await openLab(page, promptHash);
      await page.evaluate(() => window.lab.setBreaks([{ at: 14 }]));
      await press(page, 'k');
      await press(page, 'k');
      await expectNoOverflow(page);
      await page.screenshot({ path: `test-results/lab-${scheme}-${width}.png` });
      expect(await seriousFaults(page)).toEqual([]);

      for (const [key, name] of [
        ['b', 'Breaks'],
        ['p', 'Panels'],
        ['?', 'Keys'],
      ] as const) {
        await page.keyboard.press(key);
        const dialog = page.getByRole('dialog', { name });
        await expect(dialog).toBeVisible();
        expect(await seriousFaults(page), name).toEqual([]);
        await page.screenshot({ path: `test-results/lab-${name}-${scheme}-${width}.png` });
        await page.keyboard.press('Escape');
        await expect(dialog).toBeHidden();
      }

      await page.keyboard.press('t');
      await expect(page.getByRole('button', { name: 'Stop presenting' })).toBeVisible();
      await expectNoOverflow(page);
      await page.screenshot({ path: `test-results/lab-presenting-${scheme}-${width}.png` });
      expect(await seriousFaults(page), 'presenting').toEqual([]);
    });
  }
}

const selection = (page: Page) => page.evaluate(() => ({ ...window.lab.selection }));

test('can be walked through by keyboard alone', async ({ page }) => {
  await openLab(page, promptHash);
  await press(page, 'F10');
  await expect(place(page)).toContainText('op 1 of');
  await press(page, 'F11');
  await expect(place(page)).toContainText('layer 0 · op');
  await press(page, 'k');
  await expect(place(page)).toContainText('complete');
  const prompt = await outcome(page);
  await press(page, 'k');
  await press(page, 'F11');
  await press(page, 'j');
  await press(page, 'j');
  expect(await outcome(page)).toEqual(prompt);
  await press(page, 'Backspace');
  await expect(place(page)).toContainText('layer 0 · op');
  await press(page, 'r');
  await expect(place(page)).toContainText('before the first op');

  const before = await selection(page);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Shift+ArrowDown');
  expect(await selection(page)).toEqual({
    position: before.position - 1,
    layer: 1,
    head: 1,
    op: 1,
  });

  await page.keyboard.press('Space');
  await expect(place(page)).toContainText(/token ([5-9]|\d\d) /);
  await page.keyboard.press('Space');
  await settled(page);

  await page.keyboard.press('?');
  const keys = page.getByRole('dialog', { name: 'Keys' });
  await expect(keys).toContainText('One layer on');
  // One part below the other.
  const switchBox = (await keys.getByRole('checkbox').boundingBox())!;
  const { y, height } = (await keys.getByRole('button', { name: 'Close' }).boundingBox())!;
  expect(switchBox.y).toBeGreaterThanOrEqual(y + height);
  await page.keyboard.press('k'); // Nothing moves behind a dialog.
  await page.keyboard.press('Escape');
  await expect(keys).toBeHidden();
});

test('leaves a field its keys', async ({ page }) => {
  await openLab(page, promptHash);
  const text = page.getByRole('textbox', { name: 'Prompt' });
  await text.fill('');
  await text.pressSequentially('jk b?');
  await page.keyboard.press('ArrowLeft');
  await expect(text).toHaveValue('jk b?');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(place(page)).toContainText('before the first op');
  await press(page, 'Enter');
  expect(await page.evaluate(() => window.lab.prompt.text)).toBe('jk b?');
});

test('has a switch for keys of one character, and remembers it', async ({ page }) => {
  await openLab(page, promptHash);
  await page.keyboard.press('?');
  const keys = page.getByRole('dialog', { name: 'Keys' });
  const letters = keys.getByRole('checkbox', { name: 'Letters, signs and Space act' });
  await letters.uncheck();
  await page.keyboard.press('Escape');
  await page.reload();
  await settled(page);

  for (const key of ['o', 'k', 'Space', 'b', 't', '?']) await press(page, key);
  await expect(place(page)).toContainText('before the first op');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page.getByRole('button', { name: 'Present', exact: true })).toBeVisible();
  await press(page, 'F10');
  await expect(place(page)).toContainText('op 1 of');

  await page.getByRole('button', { name: 'Keys', exact: true }).click();
  await expect(letters).not.toBeChecked();
  await letters.check();
  await page.keyboard.press('Escape');
  await press(page, 'k');
  await expect(place(page)).toContainText('complete');
});

test('presents one panel at a time, stepped by a clicker', async ({ page }) => {
  await openLab(page, '#panels=tokens,map&text=Once+upon+a+time');
  await page.keyboard.press('t');
  const title = (name: string) => page.getByRole('heading', { name, level: 1 });
  await expect(title('Tokens')).toBeVisible();
  await page.keyboard.press(']');
  await expect(title('Map')).toBeVisible();
  await expect(title('Tokens')).toBeHidden();
  await page.keyboard.press('[');
  await expect(title('Tokens')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Prompt' })).toBeHidden();
  await press(page, 'PageDown');
  await press(page, 'PageDown');
  await expect(place(page)).toContainText('token 4');
  await press(page, 'PageUp');
  await expect(place(page)).toContainText('tokens 0 “Once” to 3 “␣time” · complete');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('textbox', { name: 'Prompt' })).toBeVisible();
});

test('a number that is being typed stays while the run plays', async ({ page }) => {
  await openLab(page, '#panels=tokens&text=Once+upon+a+time');
  await page.evaluate(() => {
    const { lab } = window;
    lab.speed = 40;
    void lab.play('op');
  });
  const layer = page.getByRole('spinbutton', { name: 'layer', exact: true });
  const moved = (from: number) =>
    page.waitForFunction((op) => window.lab.selection.op !== op, from);
  const op = () => page.evaluate(() => window.lab.selection.op);
  await layer.fill('99'); // and no Enter
  await moved(await op());
  await moved(await op());
  await expect(layer).toHaveValue('99');
  await page.evaluate(() => window.lab.pause());
  await settled(page);
  await layer.press('Enter');
  const last = await page.evaluate(() => window.lab.model!.info.n_layers - 1);
  await expect(layer).toHaveValue(String(last));
  // Left as it was found, it shows what is looked at by now.
  await layer.press('9');
  await select(page, { layer: 1 });
  await expect(layer).toHaveValue(/9/);
  await layer.press('Backspace');
  await layer.blur();
  await expect(layer).toHaveValue('1');
});

test('what a panel has read of one model is never drawn with another', async ({ page }) => {
  await openLab(page, '#panels=residual&text=Once+upon+a+time');
  await stepTo(page, 'token', 6);
  await settled(page);
  const views = await page.evaluate(async () => {
    const { lab, nanoinfer } = window;
    const frame = document.querySelector('ni-lab')!.shadowRoot!.querySelector('ni-panel')!;
    const shown = (frame as unknown as { panel: { view: unknown } }).panel;
    const seen: boolean[] = [];
    lab.addEventListener('change', () => seen.push(shown.view === null));
    await nanoinfer.load('models/glass-qwen2.gguf');
    return seen;
  });
  expect(views.length).toBeGreaterThan(0);
  expect(views).not.toContain(false);
});

test('shares from the header', async ({ page }) => {
  await openLab(page, '#panels=tokens,op,memory&text=Once+upon+a+time');
  const button = page.getByRole('button', { name: 'Share', exact: true });
  const share = panel(page, 'Share');
  await button.click();
  await expect(share).toBeFocused();
  await expect(share.getByRole('button', { name: 'Copy link' })).toBeInViewport();
  await page.waitForURL(/panels=share,tokens,op,memory/);

  // Open, and out of sight: it is brought into view, once.
  await page.setViewportSize({ width: 360, height: 640 });
  await panel(page, 'Memory').scrollIntoViewIfNeeded();
  await expect(share).not.toBeInViewport();
  await button.click();
  await expect(share).toBeInViewport();
  await expect(share).toHaveCount(1);
  await expectNoOverflow(page);
});

test('keeps panels, text and selection in the address', async ({ page }) => {
  await openLab(page, '#panels=nothing,tokens&text=The+cat+%26+the+dog');
  await expect(panel(page, 'Tokens')).toBeVisible();
  await select(page, { position: 2, layer: 3, head: 1, op: 20 });
  const wanted = await selection(page);
  await page.waitForURL(/position=2&layer=3&head=1&op=20/);
  await page.reload();
  await settled(page);
  expect(await selection(page)).toEqual(wanted);
  expect(await page.evaluate(() => window.lab.prompt.text)).toBe('The cat & the dog');

  await page.getByRole('button', { name: 'Close Tokens' }).click();
  await expect(panel(page, 'Tokens')).toBeHidden();
  await page.waitForURL(/panels=&/);
  await page.reload();
  await settled(page);
  await expect(page.getByText('No panel is open.')).toBeVisible();
  await page.getByRole('button', { name: 'Panels', exact: true }).click();
  await page.getByRole('checkbox', { name: /^Tokens/ }).check();
  await page.keyboard.press('Escape');
  await expect(panel(page, 'Tokens')).toBeVisible();
  await page.waitForURL(/panels=tokens&/);

  // Another address in the same tab.
  await page.evaluate(() => (location.hash = '#panels=&text=Hello'));
  await page.waitForFunction(() => window.lab.prompt.text === 'Hello');
  await expect(panel(page, 'Tokens')).toBeHidden();
});

test('leads to the chat and back with the same options', async ({ page }) => {
  await page.goto('/?model=tiny&temperature=0');
  await page.getByRole('link', { name: 'Look inside' }).click();
  await settled(page);
  expect(await page.evaluate(() => window.lab.sampling.temperature)).toBe(0);
  await page.getByRole('link', { name: 'Chat' }).click();
  await expect(page.getByRole('textbox', { name: 'Message', exact: true })).toBeVisible();
});

test('works without a network', async ({ page, context }) => {
  await openLab(page, promptHash);
  await stepTo(page, 'token', 9);
  const online = await outcome(page);
  await page.evaluate(async () => (await navigator.serviceWorker.ready).scope);
  await page.reload(); // Now the service worker answers.
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await context.setOffline(true);
  const offline = await context.newPage();
  await openLab(offline, promptHash);
  await expect(panel(offline, 'Tokens')).toBeVisible();
  await stepTo(offline, 'token', 9);
  expect(await outcome(offline)).toEqual(online);
});

test.describe('with a fault in the engine', () => {
  test.use({ serviceWorkers: 'block' }); // It would answer instead of the test.

  test('offers a fresh one', async ({ page }) => {
    let broken = true;
    await page.route('**/nanoinfer-*.mjs', async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replace(
        'export default Module;',
        `export default async (options) => {
           const module = await Module(options);
           module._ni_session_run = () => { throw new WebAssembly.RuntimeError('unreachable'); };
           return module;
         };`,
      );
      await route.fulfill(broken ? { response, body } : { response });
    });
    await openLab(page, promptHash);
    await page.getByRole('button', { name: 'Step token' }).click();
    await expect(page.getByRole('alert')).toContainText(/engine/i);
    await expect(page.getByText('No run yet')).toBeVisible();
    broken = false;
    await page.getByRole('button', { name: 'Start a fresh engine' }).click();
    await settled(page);
    await press(page, 'k');
    await expect(place(page)).toContainText('complete');
  });
});
