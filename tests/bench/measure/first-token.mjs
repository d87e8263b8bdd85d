// From navigation to the first token, the file being in the origin private file system.
/* global window, performance, location, setTimeout */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { chromiumOptions } from '../../../scripts/setup/chromium.mjs';
import { serve } from '../server.mjs';
import { inTurns } from './contestants.mjs';

const nCtx = 512;

const contestants = {
  ours: {
    path: ({ threads }) => `/index.html?model=/model.gguf&threads=${threads}&n_ctx=${nCtx}`,
    async keep() {
      while (!window.nanoinfer) await new Promise((resolve) => setTimeout(resolve, 10));
      await window.nanoinfer.ready;
      const { kept } = await window.nanoinfer.load('/model.gguf', { keep: true });
      if (!kept) throw new Error('the model could not be kept');
    },
    async firstToken({ ids }) {
      while (!window.nanoinfer) await new Promise((resolve) => setTimeout(resolve, 1));
      const { kept } = await window.nanoinfer.ready;
      await window.nanoinfer.prefill(ids);
      await window.nanoinfer.sample({ temperature: 0 });
      const ms = performance.now();
      if (!kept) throw new Error('the model did not come from the file system');
      return ms;
    },
  },
  'wllama-2.3.1': {
    path: () => '/blank',
    keep: wllamaFirstToken,
    firstToken: wllamaFirstToken,
  },
};

async function wllamaFirstToken({ ids, threads, n_ctx }) {
  const base = '/peers/wllama-2.3.1/esm';
  const { Wllama, LoggerWithoutDebug } = await import(`${base}/index.js`);
  const engine = new Wllama(
    {
      'single-thread/wllama.wasm': `${base}/single-thread/wllama.wasm`,
      'multi-thread/wllama.wasm': `${base}/multi-thread/wllama.wasm`,
    },
    { suppressNativeLog: true, logger: LoggerWithoutDebug },
  );
  const options = { useCache: true, n_threads: threads, n_ctx };
  await engine.loadModelFromUrl(`${location.origin}/model.gguf`, options);
  await engine.samplingInit({ temp: 0 });
  await engine.decode(ids, {});
  await engine.samplingSample();
  return performance.now();
}

/** {entrants: [{name, runs: [{ms, load}]}]}; a profile on disk, so that files are really read. */
export async function firstToken(cell, { pathOf }) {
  const server = await serve(pathOf(cell));
  const profile = mkdtempSync(join(tmpdir(), 'nanoinfer-bench-'));
  const browser = await chromium.launchPersistentContext(profile, {
    ...chromiumOptions(),
    serviceWorkers: 'block',
  });
  const ids = Array.from({ length: cell.prompt }, (_, i) => 1000 + 17 * i);
  const visit = async ({ engine, threads }, act) => {
    const page = await browser.newPage();
    const { path } = contestants[engine];
    await page.goto(server.address + path({ threads }), { waitUntil: 'commit' });
    const ms = await page.evaluate(act, { ids, threads, n_ctx: nCtx });
    await page.close();
    return { ms };
  };
  try {
    const { entrants } = cell;
    for (const entrant of entrants) await visit(entrant, contestants[entrant.engine].keep);
    const runs = await inTurns(entrants, cell.repeats, (entrant) =>
      visit(entrant, contestants[entrant.engine].firstToken),
    );
    return { entrants: entrants.map(({ engine }, i) => ({ name: engine, runs: runs[i] })) };
  } finally {
    await browser.close();
    server.close();
    rmSync(profile, { recursive: true, force: true });
  }
}
