// One set of bits: native and wasm, simd128 and relaxed, any thread count, any chunking, cached or not.
import { createHash } from 'node:crypto';
import { expect, test, type Page } from '@playwright/test';
import { open } from './page.ts';
import { nativeLogits, realModel } from './program.ts';

const nPrompt = 300;
const nDecoded = 32;
const ids = Array.from({ length: nPrompt + nDecoded }, (_, i) => 1000 + ((i * 7919) % 40_000));

const hash = (floats: Float32Array): string =>
  createHash('sha256')
    .update(new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength))
    .digest('hex');

/** Logits after the prompt and after each decoded token, as bytes hashed in the page. */
async function pageHash(page: Page): Promise<string> {
  const bytes = await page.evaluate(
    async ([all, n]) => {
      const { nanoinfer } = window;
      await nanoinfer.prefill(all.slice(0, n));
      const rows: Float32Array[] = [await nanoinfer.logits()];
      for (const id of all.slice(n)) {
        await nanoinfer.step(id);
        rows.push(await nanoinfer.logits());
      }
      const whole = new Float32Array(rows.length * rows[0]!.length);
      rows.forEach((row, i) => whole.set(row, i * row.length));
      return [...new Uint8Array(await crypto.subtle.digest('SHA-256', whole))];
    },
    [ids, nPrompt] as const,
  );
  return Buffer.from(bytes).toString('hex');
}

let expected = '';
test.beforeAll(() => {
  const logits = nativeLogits(realModel, ids);
  const nVocab = logits.length / ids.length;
  expected = hash(logits.subarray((nPrompt - 1) * nVocab));
});

for (const query of ['simd=relaxed', 'simd=simd128', 'threads=1', 'threads=3']) {
  test(`the real model gives the native program's logits with ${query}`, async ({ page }) => {
    test.setTimeout(240_000);
    await open(page, `model=default&n_ctx=512&${query}`);
    expect(await pageHash(page)).toBe(expected);
  });
}
