// This engine in its own page, through the client that every script may use: window.nanoinfer.
// All times are taken inside the page, by the caller of that API.
/* global window, performance */
import { openTab } from './tab.mjs';

export async function open({ browser, address, threads, nCtx }) {
  const query = `model=/model.gguf&threads=${threads}&n_ctx=${nCtx}`;
  const { page, loaded, close } = await openTab(browser, `${address}/index.html?${query}`, load);
  return {
    about: loaded,
    close,

    /** n tokens of a text from the start-th on, their text, and the ids of that text alone. */
    tokens: (wanted) =>
      page.evaluate(async ({ text, start, n }) => {
        const engine = window.nanoinfer;
        const ids = [...(await engine.tokenize(text))].slice(start, start + n);
        const cut = await engine.detokenize(ids);
        return { ids, text: cut, again: [...(await engine.tokenize(cut))] };
      }, wanted),

    run: (work) =>
      page.evaluate(async ({ ids, prompt }) => {
        const engine = window.nanoinfer;
        // Another first token empties the cache of all that would be reused.
        await engine.prefill([ids[0] + 1]);
        const start = performance.now();
        const { reused } = await engine.prefill(ids.slice(0, prompt));
        if (reused > 0) throw new Error('the prompt was still in the cache');
        const prefilled = performance.now();
        for (const id of ids.slice(prompt)) await engine.step(id);
        return { prefillMs: prefilled - start, decodeMs: performance.now() - prefilled };
      }, work),

    /** Makes the context hold exactly these tokens; those that are there stay. */
    hold: (ids) => page.evaluate((all) => window.nanoinfer.prefill(all), ids),

    decode: (ids) =>
      page.evaluate(async (all) => {
        const start = performance.now();
        for (const id of all) await window.nanoinfer.step(id);
        return performance.now() - start;
      }, ids),

    /** Keeps these taps from now on: see KeepRequest. */
    keep: (request) => page.evaluate((wanted) => window.nanoinfer.trace.keep(wanted), request),

    memory: () => page.evaluate(() => window.nanoinfer.memory()),

    /** ms of each kind of op in one more run: [{kind, prefillMs, decodeMs}]. */
    opTimes: (work) =>
      page.evaluate(async ({ ids, prompt }) => {
        const engine = window.nanoinfer;
        await engine.opTimes(true);
        await engine.prefill([ids[0] + 1]);
        const before = await engine.opTimes(true);
        await engine.prefill(ids.slice(0, prompt));
        const between = await engine.opTimes(true);
        for (const id of ids.slice(prompt)) await engine.step(id);
        const after = await engine.opTimes(false);
        const ms = (times, kind) => times.find((time) => time.kind === kind)?.ms ?? 0;
        return after.map(({ kind }) => ({
          kind,
          prefillMs: ms(between, kind) - ms(before, kind),
          decodeMs: ms(after, kind) - ms(between, kind),
        }));
      }, work),
  };
}

async function load(page) {
  await page.waitForFunction(() => window.nanoinfer !== undefined);
  const ready = page.evaluate(async () => {
    const { choice, info, session, loadMs } = await window.nanoinfer.ready;
    const kernels = await window.nanoinfer.kernels(); // the fastest here, once it is known
    return {
      threads: choice.nThreads,
      build: kernels,
      kv: session.kv_type,
      nVocab: info.n_vocab,
      weightsBytes: info.weights_bytes,
      loadMs,
    };
  });
  const refused = page.getByRole('alert').waitFor();
  for (const loser of [ready, refused]) loser.catch(() => undefined);
  const loaded = await Promise.race([ready, refused]);
  if (loaded) return loaded;
  throw new Error(`the page says: ${await page.getByRole('alert').first().innerText()}`);
}
