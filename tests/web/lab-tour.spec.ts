// Every panel that the registry holds: by keyboard alone, in its looks, and on the real model.
import { expect, test, type Locator, type Page } from '@playwright/test';
import { type PanelEntry, panels } from '../../web/src/elements/lab/panels.ts';
import seriousFaults from './axe.ts';
import { expectNoOverflow, openLab, panel, press, settled, stepTo } from './lab-page.ts';
import { tableRows } from './lab-panel.ts';

const all = panels.map(({ id }) => id).join(',');
type Frame = Element & { entry: PanelEntry };
const hash = (ids: string) => `#panels=${ids}&text=Once+upon+a+time`;

// A picture of so large a page at each of some hundred key presses takes most of the time.
test.use({ trace: 'off' });

/** Moves the focus on: its name and whose panel it is in; null: the page has come to its end. */
async function tab(page: Page): Promise<{ panel: string; name: string } | null> {
  await page.keyboard.press('Tab');
  return page.evaluate(() => {
    let at: Element = document.activeElement!;
    if (at === document.body) return null;
    let panel = '';
    while (at.shadowRoot?.activeElement) {
      if (at.localName === 'ni-panel') panel = (at as Frame).entry.id;
      at = at.shadowRoot.activeElement;
    }
    ((window as { seen?: Set<Element> }).seen ??= new Set()).add(at);
    return { panel, name: at.ariaLabel ?? at.textContent.trim() };
  });
}

const hasFocus = (one: Locator) =>
  one.evaluate((element) => (element.getRootNode() as ShadowRoot).activeElement === element);

/** Controls of a panel that the focus has not come to. */
function unreached(page: Page, id: string): Promise<string[]> {
  return page.evaluate((wanted) => {
    const { seen } = window as { seen?: Set<Element> };
    const deep = (root: ParentNode): Element[] =>
      [...root.querySelectorAll('*')].flatMap((one) => [
        one,
        ...(one.shadowRoot ? deep(one.shadowRoot) : []),
      ]);
    const takesFocus = 'button, input, select, textarea, summary, a[href], [tabindex]';
    const frame = deep(document).find(
      (one) => one.localName === 'ni-panel' && (one as Frame).entry.id === wanted,
    )!;
    return deep(frame.shadowRoot!)
      .filter((one) => one.matches(takesFocus) && !one.matches(':disabled, [tabindex="-1"]'))
      .filter((one) => !one.matches('[type=radio]:not(:checked)') && one.checkVisibility())
      .filter((one) => !seen?.has(one))
      .map((one) => one.outerHTML.slice(0, 200));
  }, id);
}

test('every panel is opened, read as a table and closed by keyboard alone', async ({ page }) => {
  await openLab(page, hash(''));
  await press(page, 'k');
  await press(page, 'k');

  const list = page.getByRole('dialog', { name: 'Panels' });
  await page.keyboard.press('p');
  for (const { title } of panels) {
    const box = list.getByRole('checkbox', { name: new RegExp(`^${title} `) });
    while (!(await hasFocus(box))) await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await expect(box).toBeChecked();
  }
  await page.keyboard.press('Escape');
  await expect(list).toBeHidden();
  for (const { title } of panels) {
    await expect(
      panel(page, title).getByRole('button', { name: 'Table', exact: true }),
    ).toBeVisible();
  }

  const tables: string[] = [];
  // Behind the dialog the focus is at the page's beginning.
  for (let at = await tab(page); at !== null || tables.length === 0; at = await tab(page)) {
    if (at?.name !== 'Table') continue;
    const { panel: id } = at;
    const { title } = panels.find((entry) => entry.id === id)!;
    await page.keyboard.press('Enter');
    await expect(panel(page, title).getByRole('table').first()).toBeVisible();
    await page.keyboard.press('Enter');
    tables.push(id);
  }
  expect(tables).toEqual(panels.map(({ id }) => id));
  for (const { id } of panels) expect(await unreached(page, id), id).toEqual([]);

  for (const { title } of panels) {
    const close = page.getByRole('button', { name: `Close ${title}`, exact: true });
    while (!(await hasFocus(close))) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect(panel(page, title)).toBeHidden();
  }
});

test('nothing serious, and nothing too wide, with every panel open', async ({ page }) => {
  await openLab(page, hash(all));
  await press(page, 'k');
  await press(page, 'k');
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 800 });
    await expectNoOverflow(page);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await seriousFaults(page), `${colorScheme}, ${width} px`).toEqual([]);
    }
  }
});

for (const model of ['default', 'models/glass-llama.gguf']) {
  test(`every panel shows what ${model} computes, as a table too, 360 px wide`, async ({
    page,
  }) => {
    test.setTimeout(240_000);
    await page.setViewportSize({ width: 360, height: 800 });
    await page.goto(`/lab.html?model=${model}&n_ctx=256&temperature=0${hash(all)}`);
    await settled(page);
    for (let n = 0; n < 3; ++n) await press(page, 'k');
    for (const { title } of panels) {
      const one = panel(page, title);
      const keep = one.getByRole('button', { name: /^Keep, and compute again/ });
      const table = one.getByRole('button', { name: 'Table', exact: true });
      await expect(keep.or(table)).toBeVisible();
      if (await keep.isVisible()) await keep.click();
      await settled(page);
      await table.click();
      const rows = one.getByRole('table').first().getByRole('row');
      // Nothing is compared, changed or written yet.
      if (!['Two runs', 'Code', 'Interventions'].includes(title)) {
        expect(await rows.count(), title).toBeGreaterThan(1);
      }
      await expectNoOverflow(page);
      await table.click();
      await expect(one.getByRole('alert'), title).toBeHidden();
    }
    await expect(page.getByRole('alert')).toBeHidden();
  });
}

test('the tables of what a person gives are what the run has', async ({ page }) => {
  await openLab(page, '#panels=edits,code,share&text=Once+upon+a+time');
  await stepTo(page, 'token', 9);
  await page.evaluate(async () => {
    const { lab } = window;
    await lab.setInterventions([
      { edit: { do: 'zero', site: 'L.1.z', head: 2 }, on: false },
      { edit: { do: 'scale', site: 'L.2.act', by: 0.5 }, on: true },
    ]);
    await lab.setCode("lab.on('L.0.z', (t) => { t.data[0] = 0; });");
    await lab.step('token');
  });
  await settled(page);
  expect(await tableRows(page, 'Interventions')).toEqual([
    ['0', 'zero', 'no', expect.stringContaining('L.1.z')],
    ['1', 'scale', 'yes', expect.stringContaining('L.2.act')],
  ]);
  const [use] = await page.evaluate(() => window.lab.hooks!.uses.map((one) => ({ ...one })));
  const [shown] = await tableRows(page, 'Code');
  expect(shown!.slice(0, 4)).toEqual([use!.call, `${use!.line}`, `${use!.ops}`, `${use!.tokens}`]);
  expect((await tableRows(page, 'Share')).flat().join(' ')).toContain('Once upon a time');
});
