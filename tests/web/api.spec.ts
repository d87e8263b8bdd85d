// window.nanoinfer as web/README.md shows it.
import { expect, test } from '@playwright/test';
import { open } from './page.ts';

test("the README's examples run as they are written", async ({ page }) => {
  await open(page, 'model=tiny&temperature=0');
  const found = await page.evaluate(async () => {
    const { nanoinfer } = window;
    const { info, choice } = await nanoinfer.ready;
    const phases = new Set<string>();
    await nanoinfer.load(
      'models/glass-qwen2.gguf',
      { nCtx: 256, threads: 0 },
      { onProgress: ({ phase }) => phases.add(phase) },
    );
    const answer = nanoinfer.chat([{ role: 'user', content: 'Hello' }], {
      sampling: { temperature: 0 },
      maxTokens: 64,
    });
    let streamed = '';
    for await (const { text, ms } of answer) streamed += ms >= 0 ? text : '';
    const { reason, ids: answerIds, text, timings } = await answer.result;

    const ids = await nanoinfer.tokenize('Once upon');
    const prefilled = await nanoinfer.prefill(ids);
    const { id } = await nanoinfer.sample({ temperature: 0 });
    const stepped = await nanoinfer.step(id);
    const logits = await nanoinfer.logits();
    return {
      ...{ reason, text, streamed, timings, prefilled, stepped, id },
      ids: [...ids],
      answerIds: answerIds.length,
      phases: [...phases],
      nVocab: info.n_vocab,
      reasonForEngine: choice.reason,
      logits: logits.length,
      finite: logits.every((logit) => Number.isFinite(logit)),
      back: await nanoinfer.detokenize(ids),
      memory: await nanoinfer.memory(),
      kernels: await nanoinfer.kernels(),
      kernelsAfterwards: (await nanoinfer.memory()).kernels,
      session: nanoinfer.model!.session,
    };
  });
  expect(['end', 'max_tokens']).toContain(found.reason);
  expect(found.text.startsWith(found.streamed)).toBe(true);
  expect(found.text.length).toBeGreaterThan(3);
  expect(found.timings.tokens).toBe(found.answerIds);
  expect(found.phases).toEqual(expect.arrayContaining(['connect', 'prepare']));
  expect(found.reasonForEngine).toMatch(/isolated/);
  expect(found.back).toBe('Once upon');
  expect(found.prefilled.tokens).toBe(found.ids.length);
  expect(found.stepped.tokens).toBe(found.ids.length + 1);
  expect(found.logits).toBe(found.nVocab);
  expect(found.finite).toBe(true);
  expect(found.session.n_ctx).toBe(256);
  expect(found.session.n_threads).toBe(1);
  expect(['simd128', 'relaxed', 'relaxed_i32']).toContain(found.kernels);
  expect(found.kernelsAfterwards).toBe(found.kernels);
  const { memory } = found;
  expect(memory.contextTokens).toBe(found.ids.length + 1);
  expect(memory.kvBytesUsed).toBeGreaterThan(0);
  expect(memory.totalBytes).toBeGreaterThan(memory.weightsBytes + memory.scratchBytes);
});

test('step by step gives what chat gives, penalties included', async ({ page }) => {
  await open(page, 'model=tiny');
  const [chat, steps] = await page.evaluate(async () => {
    const { nanoinfer } = window;
    const messages = [{ role: 'user' as const, content: 'Tell me a story' }];
    const sampling = { temperature: 0.8, seed: 4, repetition_penalty: 1.3 };
    const maxTokens = 24;
    const { ids } = await nanoinfer.chat(messages, { sampling, maxTokens }).result;
    await nanoinfer.prefill(await nanoinfer.render(messages));
    const found: number[] = [];
    for (let n = 0; n < ids.length; ++n) {
      const { id } = await nanoinfer.sample(sampling);
      found.push(id);
      await nanoinfer.step(id);
    }
    return [ids, found];
  });
  expect(chat.length).toBeGreaterThan(5);
  expect(steps).toEqual(chat);
});

test('a sampling parameter that makes no sense is refused by name', async ({ page }) => {
  await open(page, 'model=tiny');
  const places = await page.evaluate(async () => {
    const { nanoinfer } = window;
    const found: string[] = [];
    for (const sampling of [
      { temprature: 1 },
      { temperature: '1' },
      { temperature: NaN },
      { top_k: 1.5 },
      { seed: -1 },
      { logit_bias: { x: 1 } },
      { logit_bias: { 99999999: 1 } },
    ]) {
      const failed = await nanoinfer
        .chat([{ role: 'user', content: 'Hello' }], { sampling: sampling as never })
        .result.then(
          () => 'accepted',
          (error: unknown) => (error as { place: string }).place,
        );
      found.push(failed);
    }
    return found;
  });
  expect(places).toEqual([
    'temprature',
    'temperature',
    'temperature',
    'top_k',
    'seed',
    'logit_bias',
    'logit_bias',
  ]);
});

test('greedy is the likeliest token, by default too', async ({ page }) => {
  await open(page, 'model=tiny');
  const [chosen, likeliest] = await page.evaluate(async () => {
    const { nanoinfer } = window;
    const messages = [{ role: 'user' as const, content: 'Tell me a story' }];
    await nanoinfer.prefill(await nanoinfer.render(messages));
    const found: number[][] = [[], []];
    for (let n = 0; n < 24; ++n) {
      const { id } = await nanoinfer.sample({ temperature: 0 });
      const logits = await nanoinfer.logits();
      found[0]!.push(id);
      found[1]!.push(logits.indexOf(Math.max(...logits)));
      await nanoinfer.step(id);
    }
    return found;
  });
  expect(chosen).toEqual(likeliest);
});

test('an answer can be read by several at once, and after its end', async ({ page }) => {
  await open(page, 'model=tiny');
  const texts = await page.evaluate(async () => {
    const options = { maxTokens: 20, sampling: { temperature: 0 } };
    const answer = window.nanoinfer.chat([{ role: 'user', content: 'Hello' }], options);
    const read = async () => {
      let text = '';
      for await (const token of answer) text += token.text;
      return text;
    };
    return [...(await Promise.all([read(), read()])), await read()];
  });
  expect(texts[0]!.length).toBeGreaterThan(3);
  expect(new Set(texts).size).toBe(1);
});

test('time per kind of op adds up to the pass', async ({ page }) => {
  await open(page, 'model=tiny');
  const { times, ms } = await page.evaluate(async () => {
    const { nanoinfer } = window;
    await nanoinfer.opTimes(true);
    const { ms } = await nanoinfer.prefill(Array.from({ length: 60 }, (_, i) => 10 + i));
    return { times: await nanoinfer.opTimes(false), ms };
  });
  expect(times.length).toBeGreaterThan(5);
  const sum = times.reduce((total, time) => total + time.ms, 0);
  expect(sum).toBeGreaterThan(0);
  expect(sum).toBeLessThanOrEqual(ms + 0.1); // the clock's tick where there are no threads
  expect(times.map((time) => time.ms)).toEqual(times.map((time) => time.ms).sort((a, b) => b - a));
});
