// wllama up to 2.x: the caller drives tokens through decode, as with ours.
/* global window, performance */
import { onBlankPage } from './tab.mjs';

export const open = onBlankPage(load, run);

async function load({ threads, nCtx }) {
  const base = '/peers/wllama-2.3.1/esm';
  const { Wllama, LoggerWithoutDebug } = await import(`${base}/index.js`);
  const engine = new Wllama(
    {
      'single-thread/wllama.wasm': `${base}/single-thread/wllama.wasm`,
      'multi-thread/wllama.wasm': `${base}/multi-thread/wllama.wasm`,
    },
    { suppressNativeLog: true, logger: LoggerWithoutDebug },
  );
  const file = await (await fetch('/model.gguf')).blob();
  const start = performance.now();
  await engine.loadModel([file], { n_threads: threads, n_ctx: nCtx, n_batch: nCtx });
  window.engine = engine;
  return {
    threads: engine.getNumThreads(),
    build: engine.isMultithread() ? 'multi-thread' : 'single-thread',
    kv: 'f16',
    loadMs: performance.now() - start,
  };
}

async function run({ ids, prompt }) {
  const { engine } = window;
  await engine.kvClear();
  const start = performance.now();
  await engine.decode(ids.slice(0, prompt), {});
  const prefilled = performance.now();
  for (const id of ids.slice(prompt)) await engine.decode([id], {});
  return { prefillMs: prefilled - start, decodeMs: performance.now() - prefilled };
}
