// The page's map from ops to source knows every op that a model runs.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { forms, sourceMap } from '../../scripts/source-map/source-map.mjs';
import { open } from './page.ts';

const folder = 'tests/fixtures/models';

test('every op of every fixture model has source, for the set that runs it', async ({ page }) => {
  const map = sourceMap();
  await open(page, 'model=tiny');
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.gguf'))) {
    const bytes = readFileSync(`${folder}/${name}`).toString('base64');
    const { ops, kernels } = await page.evaluate(async (bytes) => {
      const file = new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], 'model.gguf');
      const { nanoinfer } = window;
      await nanoinfer.load({ kind: 'file', file });
      return { ops: (await nanoinfer.trace.plan()).ops, kernels: await nanoinfer.kernels() };
    }, bytes);
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
