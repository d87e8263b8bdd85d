// wllama from 3.x: a completion of a text and its own timings, which leave out what messages cost.
/* global window, performance */
import { onBlankPage } from './tab.mjs';

export const open = onBlankPage(load, run);

async function load({ threads, nCtx }) {
  const base = '/peers/wllama-latest/esm';
  const { Wllama, LoggerWithoutDebug } = await import(`${base}/index.js`);
  const engine = new Wllama(
    { default: `${base}/wasm/wllama.wasm` },
    { suppressNativeLog: true, logger: LoggerWithoutDebug },
  );
  engine.setCompat(null);
  const file = await (await fetch('/model.gguf')).blob();
  const start = performance.now();
  await engine.loadModel([file], {
    n_threads: threads,
    n_ctx: nCtx,
    n_batch: nCtx,
    n_parallel: 1,
    n_gpu_layers: 0,
  });
  window.engine = engine;
  return {
    threads: engine.getNumThreads(),
    build: engine.isMultithread() ? 'multi-thread' : 'single-thread',
    kv: 'f16',
    loadMs: performance.now() - start,
  };
}

async function run({ ids, prompt, text }) {
  // The first token comes from the prompt's logits: one more gives as many passes as ids are left.
  const nTokens = ids.length - prompt + 1;
  const { timings } = await window.engine.createCompletion({
    prompt: text,
    max_tokens: nTokens,
    temperature: 0,
    cache_prompt: false,
    ignore_eos: true,
  });
  // A file may ask for a first token of its own before the text.
  if (timings.prompt_n - prompt > 1 || timings.predicted_n !== nTokens) {
    throw new Error(`it counted ${timings.prompt_n} + ${timings.predicted_n} tokens`);
  }
  return {
    prefillMs: (timings.prompt_ms * prompt) / timings.prompt_n,
    decodeMs: timings.predicted_ms,
  };
}
