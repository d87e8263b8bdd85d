// The process of llama-cpp-npm.mjs: node-llama-cpp.mjs PEERS MODEL THREADS N_CTX. Its API generates
// greedily where the other engines are given the tokens.
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';

const [peers, modelPath, threads, contextSize] = process.argv.slice(2);
const { getLlama } = await import(join(peers, 'node-llama-cpp/dist/index.js'));

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const llama = await getLlama({
  gpu: false,
  build: 'never',
  logLevel: 'error',
  progressLogs: false,
});
const start = performance.now();
const model = await llama.loadModel({ modelPath });
const loadMs = performance.now() - start;
const n = Number(threads);
const context = await model.createContext({
  contextSize: Number(contextSize),
  batchSize: 512,
  threads: { ideal: n, min: n },
});
const sequence = context.getSequence();
const units = [...llama.systemInfo.matchAll(/(\w+) = 1/g)].map(([, unit]) => unit);
say({ threads: n, build: 'node-llama-cpp', units, kv: 'f16', loadMs });

for await (const line of createInterface({ input: process.stdin })) {
  const { ids, prompt } = JSON.parse(line);
  say(await run(ids.slice(0, prompt), ids.length - prompt));
}
await llama.dispose();

async function run(ids, nTokens) {
  await sequence.clearHistory();
  const started = performance.now();
  let prefilled = 0;
  let count = 0;
  // The first token that it yields comes from the prompt's logits.
  for await (const token of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
    if (count === 0) prefilled = performance.now();
    if (token === undefined || count === nTokens) break;
    count += 1;
  }
  return { prefillMs: prefilled - started, decodeMs: performance.now() - prefilled };
}
