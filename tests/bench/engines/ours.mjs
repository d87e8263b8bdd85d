// One adaptor for each engine: `open` a tab with the model loaded, `measure` one run in it.
// A run starts from an empty cache: the prompt, then `generate` times sample + forward pass.
// All times are taken inside the page, by the caller of the engine's own API.
/* global window, performance */
import { SetupError } from '../../scripts/setup/process.mjs';

const loadTimeout = 120_000;

// What `measure` returns: ms of each part, and the greedy answer.
const ours = {
  name: 'ours',
  path: ({ threads, nCtx }) => `/index.html?model=/model.gguf&threads=${threads}&n_ctx=${nCtx}`,

  async load(page) {
    await page.waitForFunction(() => window.nanoinfer !== undefined, undefined, {
      timeout: loadTimeout,
    });
    const ready = page.evaluate(async () => {
      const { choice, build, loadMs } = await window.nanoinfer.ready;
      return { threads: choice.nThreads, build: build.simd, loadMs };
    });
    const refused = page.getByRole('alert').waitFor({ timeout: loadTimeout });
    for (const loser of [ready, refused]) loser.catch(() => undefined);
    const loaded = await Promise.race([ready, refused]);
    if (loaded) return loaded;
    throw new Error(`the page says: ${await page.getByRole('alert').first().innerText()}`);
  },

  /** n tokens of a text from the start-th on, their text, and the ids of that text alone. */
  prompt: (page, wanted) =>
    page.evaluate(async ({ text, start, n }) => {
      const engine = window.nanoinfer;
      const ids = [...(await engine.tokenize(text))].slice(start, start + n);
      const cut = await engine.detokenize(ids);
      return { ids, text: cut, again: [...(await engine.tokenize(cut))] };
    }, wanted),

  measure: (page, work) =>
    page.evaluate(async ({ ids, generate }) => {
      const engine = window.nanoinfer;
      const greedy = { temperature: 0, repetition_penalty: 1 };
      // Another first token empties the cache of all that would be reused.
      await engine.prefill([ids[0] + 1]);
      const start = performance.now();
      const { reused } = await engine.prefill(ids);
      if (reused > 0) throw new Error('the prompt was still in the cache');
      const prefilled = performance.now();
      const answer = [];
      for (let i = 0; i < generate; i++) {
        const { id } = await engine.sample(greedy);
        answer.push(id);
        await engine.step(id);
      }
      const decodeMs = performance.now() - prefilled;
      return {
        prefillMs: prefilled - start,
        decodeMs,
        text: await engine.detokenize(answer, { special: true }),
      };
    }, work),

  /** ms of each kind of op in one more run: {kind: {prefill, decode, macs, bytes}}. */
  opTimes: (page, work) =>
    page.evaluate(async ({ ids, generate }) => {
      const engine = window.nanoinfer;
      await engine.opTimes(true);
      await engine.prefill([ids[0] + 1]);
      const before = await engine.opTimes(true);
      await engine.prefill(ids);
      const between = await engine.opTimes(true);
      for (let i = 0; i < generate; i++) {
        await engine.step((await engine.sample({ temperature: 0, repetition_penalty: 1 })).id);
      }
      const after = await engine.opTimes(false);
      const ms = (times, kind) => times.find((time) => time.kind === kind)?.ms ?? 0;
      return after.map(({ kind }) => ({
        kind,
        prefillMs: ms(between, kind) - ms(before, kind),
        decodeMs: ms(after, kind) - ms(between, kind),
      }));
    }, work),
};

/** Up to 2.x: the caller drives tokens through decode and sampling, as ours does. */
const wllama2 = {
  name: 'wllama-2.3.1',
  path: () => '/blank',

  load: (page, options) =>
    page.evaluate(async ({ threads, nCtx }) => {
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
        loadMs: performance.now() - start,
      };
    }, options),

  prompt: (page, wanted) =>
    page.evaluate(async ({ text, start, n }) => {
      const { engine } = window;
      const ids = (await engine.tokenize(text, false)).slice(start, start + n);
      const cut = await engine.detokenize(ids, true);
      return { ids, text: cut, again: await engine.tokenize(cut, false) };
    }, wanted),

  measure: (page, work) =>
    page.evaluate(async ({ ids, generate }) => {
      const { engine } = window;
      await engine.kvClear();
      await engine.samplingInit({ temp: 0, penalty_repeat: 1 });
      const start = performance.now();
      await engine.decode(ids, {});
      const prefilled = performance.now();
      const answer = [];
      for (let i = 0; i < generate; i++) {
        const { token } = await engine.samplingSample();
        answer.push(token);
        await engine.samplingAccept([token]);
        await engine.decode([token], {});
      }
      const decodeMs = performance.now() - prefilled;
      const text = await engine.detokenize(answer, true);
      return { prefillMs: prefilled - start, decodeMs, text };
    }, work),
};

/** From 3.x: a completion of a text and its own timings, which leave out what messages cost. */
const wllama3 = {
  name: 'wllama-latest',
  path: () => '/blank',

  load: (page, options) =>
    page.evaluate(async ({ threads, nCtx }) => {
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
        loadMs: performance.now() - start,
      };
    }, options),

  measure: (page, work) =>
    page.evaluate(async ({ ids, text, generate }) => {
      // The first of these tokens comes from the prompt's logits: one more gives `generate` passes.
      const { timings, choices } = await window.engine.createCompletion({
        prompt: text,
        max_tokens: generate + 1,
        temperature: 0,
        cache_prompt: false,
        ignore_eos: true,
      });
      // A file may ask for a first token of its own before the text.
      if (timings.prompt_n - ids.length > 1 || timings.predicted_n !== generate + 1) {
        throw new Error(`it counted ${timings.prompt_n} + ${timings.predicted_n} tokens`);
      }
      return {
        prefillMs: (timings.prompt_ms * ids.length) / timings.prompt_n,
        decodeMs: timings.predicted_ms,
        text: choices[0].text,
      };
    }, work),
};

export const engines = [ours, wllama2, wllama3];

/** A tab of its own process with the model loaded: {engine, page, loaded}. */
export async function open(engine, browser, address, options) {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  page.setDefaultTimeout(loadTimeout);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()));
  try {
    await page.goto(address + engine.path(options));
    return { engine, page, loaded: await engine.load(page, options) };
  } catch (error) {
    const message = [`${engine.name}: ${error.message}`, ...complaints].join('\n  ');
    throw new SetupError(message, { cause: error });
  }
}
