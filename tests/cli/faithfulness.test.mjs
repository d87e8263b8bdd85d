// The real model against what its own weights give in float32 (scripts/make_logprob_fixture.py).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { output, realModel, scratch } from './program.mjs';

const golden = JSON.parse(
  readFileSync(new URL('../fixtures/faithfulness/smollm2-q4_1.json', import.meta.url), 'utf8'),
);

/** ln of the sum of exp over a row. */
function logSumExp(row) {
  const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
  return largest + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
}

/** KL(p || q) over the golden tokens and one more outcome, "any other": never more than over all. */
function divergence(logP, logQ) {
  const rest = (logs) => 1 - logs.reduce((sum, log) => sum + Math.exp(log), 0);
  const inside = logP.reduce((sum, log, i) => sum + Math.exp(log) * (log - logQ[i]), 0);
  const p = Math.max(rest(logP), 1e-12);
  const q = Math.max(rest(logQ), 1e-12);
  return inside + p * Math.log(p / q);
}

test('SmolLM2 gives the probabilities of its float32 weights', async () => {
  const out = join(scratch, 'faithfulness.f32');
  const ids = golden.ids.join(',');
  await output(['logits', '--model', realModel(), '--ids', ids, '--out', out]);
  const bytes = readFileSync(out);
  const n = golden.n_vocab;
  assert.equal(bytes.length, golden.ids.length * n * 4);
  let total = 0;
  let sameTop = 0;
  golden.ids.forEach((_, pos) => {
    const row = new Float32Array(bytes.buffer, bytes.byteOffset + pos * n * 4, n);
    const norm = logSumExp(row);
    const logQ = golden.top_ids[pos].map((id) => row[id] - norm);
    total += divergence(golden.top_logprobs[pos], logQ);
    const best = row.reduce((at, logit, id) => (logit > row[at] ? id : at), 0);
    sameTop += Number(best === golden.top_ids[pos][0]);
  });
  const mean = total / golden.ids.length;
  assert.ok(mean <= 1e-4 && mean >= -1e-6, `mean KL divergence ${mean}`);
  assert.ok(sameTop / golden.ids.length >= 0.995, `${sameTop} of ${golden.ids.length} same`);
});
