// Serious faults that axe finds in the page, shadow roots included.
import type { Page } from '@playwright/test';
import axe from 'axe-core';

export default async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const run = (window as unknown as { axe: { run(options: object): Promise<Outcome> } }).axe.run({
      resultTypes: ['violations'],
    });
    interface Outcome {
      violations: { id: string; impact?: string | null; nodes: { html: string }[] }[];
    }
    return (await run).violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
}
