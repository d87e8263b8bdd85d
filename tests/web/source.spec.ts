// The page's map from ops to source knows every op that a model runs.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { forms, sourceMap } from '../../scripts/source-map/source-map.mjs';
import { loadFile, open } from './page.ts';

const folder = 'tests/fixtures/models';

test('every op of every fixture model has source, for the set that runs it', async ({ page }) => {
  const map = sourceMap();
  await open(page, 'model=tiny');
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.gguf'))) {
    await loadFile(page, readFileSync(`${folder}/${name}`));
    const { ops, kernels } = await page.evaluate(async () => {
      const { nanoinfer } = window;
      return { ops: (await nanoinfer.trace.plan()).ops, kernels: await nanoinfer.kernels() };
    });
    for (const { kind, type = '' } of ops) {
      for (const form of forms) {
        const source = map.ops[`${kind} ${form} ${type}`];
        expect(source, `${name}: ${kind} ${form} ${type}`).toBeDefined();
        for (const sets of Object.values(source!.kernels))
          expect(sets[kernels]).not.toHaveLength(0);
      }
    }
  }
});
