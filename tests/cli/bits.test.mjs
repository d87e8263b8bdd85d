// One set of bits on the real model: the logits of all 332 positions, a 300-token prompt and 32
// decoded tokens, hash to one committed number with every thread count, batch and kernel set but
// the scalar one, which tests/engine/bits_test.cpp runs on the tiny models.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { kernelSets, output, realModel, scratch } from './program.mjs';

const golden = JSON.parse(
  readFileSync(new URL('../fixtures/bits/smollm2-q4_1.json', import.meta.url), 'utf8'),
);

/** sha256 over the float32 logits (332, n_vocab) that the program computes. */
async function hashOfLogits(options) {
  const out = join(scratch, 'bits.f32');
  const ids = golden.ids.join(',');
  await output(['logits', '--model', realModel(), '--ids', ids, '--out', out, ...options]);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(out)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  rmSync(out);
  assert.equal(bytes, golden.ids.length * golden.n_vocab * 4);
  return hash.digest('hex');
}

// Every value of each, with every value of the kernel sets; a batch of 1 is decoding, token by token.
const combinations = [
  { threads: 1, batch: 512 },
  { threads: 2, batch: 32 },
  { threads: 3, batch: 7 },
  { threads: 4, batch: 1 },
];
const [scalar, ...sets] = await kernelSets();
assert.equal(scalar, 'scalar');

for (const kernels of sets) {
  for (const { threads, batch } of combinations) {
    test(`${kernels}, ${threads} threads, batches of ${batch}`, async () => {
      const options = ['--kernels', kernels, '--threads', threads, '--batch', batch];
      assert.equal(await hashOfLogits(options), golden.sha256);
    });
  }
}
