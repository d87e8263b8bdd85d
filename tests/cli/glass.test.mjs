// The built-in models tell stories that hold together, and answer what they were taught: sampled by
// the native program at fixed seeds, and read by the grammar that the training texts came from.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { program } from './program.mjs';

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const checked = JSON.parse(readFileSync(path('scripts/train_glass/check.json'), 'utf8'));

for (const name of ['llama', 'qwen2']) {
  const model = path(`public/models/glass-${name}.gguf`);

  test(`glass-${name}: at least 36 of 40 stories and of 40 other answers are right`, async () => {
    const args = [path('scripts/train_glass/samples.py'), model, '--program', program];
    const { stdout } = await promisify(execFile)('python3', [
      ...args,
      ...['--stories', '40', '--others', '40'],
    ]);
    for (const [, kind, right] of stdout.matchAll(/^(stories|others): (\d+) of 40 right$/gm)) {
      assert.ok(Number(right) >= 36, `${kind}: ${stdout}`);
    }
    assert.equal(stdout.match(/ of 40 right$/gm).length, 2, stdout);
  });

  test(`glass-${name} is the file that scripts/train_glass/check.py has checked`, () => {
    const bytes = readFileSync(model);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), checked[name].sha256);
    assert.ok(bytes.length <= 1_000_000);
    assert.ok(checked[name].stories_right >= 0.95 && checked[name].induction >= 0.5);
  });
}
