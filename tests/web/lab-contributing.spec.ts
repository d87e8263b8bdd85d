// The example of a new panel in CONTRIBUTING.md: it compiles, and opens in the page, as it stands there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import ts from 'typescript';
import { createServer, type Plugin } from 'vite';
import { expectNoOverflow, panel, settled } from './lab-page.ts';
import { expectShown, tableRows } from './lab-panel.ts';

const lab = join(process.cwd(), 'web/src/elements/lab');
const panelFile = join(lab, 'ni-lab-norms.ts');
const panelsFile = join(lab, 'panels.ts');
const [element, entry] = Array.from(
  readFileSync('CONTRIBUTING.md', 'utf8').matchAll(/```ts\n(.*?)```/gs),
  ([, code]) => code!,
);
const files = new Map([
  [panelFile, element!],
  [panelsFile, readFileSync(panelsFile, 'utf8').replace('\n];', `\n${entry!}];`)],
]);

test('the example of a panel compiles', () => {
  const config = ts.getParsedCommandLineOfConfigFile('web/tsconfig.json', undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
      throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
    },
  })!;
  const host = ts.createCompilerHost(config.options);
  host.fileExists = (name) => files.has(name) || ts.sys.fileExists(name);
  host.readFile = (name) => files.get(name) ?? ts.sys.readFile(name);
  const program = ts.createProgram([...config.fileNames, panelFile], config.options, host);
  const faults = ts.getPreEmitDiagnostics(program);
  expect(ts.formatDiagnostics(faults, host)).toBe('');
});

/** Serves these files in the place of those that lie there. */
const example: Plugin = {
  name: 'example',
  enforce: 'pre',
  resolveId: (id) => (id.endsWith('/ni-lab-norms.ts') ? panelFile : null),
  load: (id) => files.get(id) ?? null,
};

test('the example of a panel shows the engine’s norms', async ({ page }) => {
  const server = await createServer({ plugins: [example], logLevel: 'error', server: { port: 0 } });
  await server.listen();
  try {
    await page.goto(`${server.resolvedUrls!.local[0]!}lab.html?model=tiny#panels=norms`);
    await settled(page);
    await expect(panel(page, 'Norms')).toContainText('yet: step on');
    await page.evaluate(() => window.lab.runTokens(3));
    await settled(page);
    const norms = await page.evaluate(async () => {
      const { lab, nanoinfer } = window;
      const rows = await Promise.all(
        Array.from({ length: lab.model!.info.n_layers }, (_, layer) =>
          nanoinfer.trace.read(`L.${layer}.resid_post`, lab.selection.position),
        ),
      );
      return rows.map(({ data }) => Math.hypot(...data));
    });
    const shown = await tableRows(page, 'Norms');
    expect(shown.map(([layer]) => layer)).toEqual(norms.map((_, layer) => String(layer)));
    for (const [layer, norm] of norms.entries()) expectShown(shown[layer]![1], norm);
    await page.setViewportSize({ width: 360, height: 800 });
    await expectNoOverflow(page);
    await page.screenshot({ path: 'test-results/lab-contributing.png' });
  } finally {
    await server.close();
  }
});
