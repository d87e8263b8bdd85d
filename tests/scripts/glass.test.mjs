// The grammar of the built-in models' texts; its tests are in Python, as it is.
import { spawnSync } from 'node:child_process';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

test('the grammar of Glass', () => {
  const file = fileURLToPath(new URL('glass_grammar_test.py', import.meta.url));
  const { status, stderr } = spawnSync('python3', [file], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
