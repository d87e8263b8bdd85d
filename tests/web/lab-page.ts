// What the tests of the lab share: opening it, waiting for it, and reading the engine's own memory.
import { expect, type Page } from '@playwright/test';
import type { Selection, StepUnit } from '../../web/src/client/lab-run.ts';
import type { NiPanel } from '../../web/src/elements/lab/ni-panel.ts';
import { loadFile } from './page.ts';

/** Opens the lab with the tiny model, greedy, and waits until the run stands at its beginning. */
export async function openLab(page: Page, hash = '', query = ''): Promise<void> {
  await page.goto(`/lab.html?model=tiny&temperature=0${query}${hash}`);
  await settled(page);
}

/**
 * Waits until a model is there, nothing is being computed or played, and every panel that is open shows
 * what it has read of that.
 */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const { lab } = window as Partial<Window>;
    if (!lab?.plan || lab.busy || lab.playing || lab.reading) return false;
    const root = document.querySelector('ni-lab')?.shadowRoot;
    const frames = root?.querySelectorAll<NiPanel>('ni-panel') ?? [];
    return [...frames].every(({ panel, unavailable }) => panel?.isConnected || unavailable);
  });
}

/** Makes all panels look there, and waits until they do. */
export async function select(page: Page, change: Partial<Selection>): Promise<void> {
  await page.evaluate((wanted) => window.lab.select(wanted), change);
  await settled(page);
}

/** Loads this model file in the place of the one that is there, and waits until the lab has it. */
export async function loadBytes(page: Page, file: Buffer, name: string): Promise<void> {
  await loadFile(page, file, `${name}.gguf`);
  await settled(page);
}

/** The words that say where the run stands. */
export const place = (page: Page) =>
  page.getByRole('status', { name: 'Where the run stands', exact: true });

export const panel = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

/** Presses a key that moves the run, and waits until it has. */
export async function press(page: Page, key: string): Promise<void> {
  await page.keyboard.press(key);
  await settled(page);
}

/** Steps until the passes over n tokens are complete. While the engine works no step is taken. */
export async function stepTo(page: Page, unit: StepUnit, n: number): Promise<void> {
  await settled(page);
  await page.evaluate(
    async ([by, most]) => {
      const { lab } = window;
      while (!(lab.complete && lab.place.end >= most)) {
        const { place } = lab;
        await lab.step(by);
        if (lab.error) throw lab.error;
        if (lab.place === place) throw new Error('The run was moved meanwhile.');
      }
    },
    [unit, n] as const,
  );
}

/** What the run comes to: its tokens, and a hash of the logits' bytes. */
export function outcome(page: Page): Promise<{ ids: number[]; logits: string }> {
  return page.evaluate(async () => {
    const { nanoinfer } = window;
    const bytes = await crypto.subtle.digest('SHA-256', (await nanoinfer.logits()) as BufferSource);
    const hex = Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0'));
    return { ids: [...(await nanoinfer.trace.context())], logits: hex.join('') };
  });
}

/** The values of a tap at a position, from the engine. */
export function tapValues(page: Page, tap: string, position: number): Promise<number[]> {
  return page.evaluate(
    async ([name, at]) => [...(await window.nanoinfer.trace.read(name, at)).data],
    [tap, position] as const,
  );
}

export async function expectNoOverflow(page: Page): Promise<void> {
  const overflow = await page.evaluate(() => {
    // The panels scroll in the page's main part, and not with the page.
    const main = document.querySelector('ni-lab')?.shadowRoot?.querySelector('main');
    return [document.documentElement, ...(main ? [main] : [])].map(
      ({ scrollWidth, clientWidth }) => scrollWidth - clientWidth,
    );
  });
  expect(Math.max(...overflow), 'horizontal scrolling').toBeLessThanOrEqual(0);
}
