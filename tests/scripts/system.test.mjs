// What set-up takes for missing, on which systems it installs, and when it asks.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { debianRelease } from '../../scripts/setup/debian.mjs';
import { emscriptenEnvironment } from '../../scripts/setup/emscripten.mjs';
import { missing, unattended } from '../../scripts/setup/system.mjs';

const path = process.env.PATH;
afterEach(() => {
  process.env.PATH = path;
  delete process.env.EM_CONFIG;
});

/** A PATH of programs that only tell their version. */
function onlyPrograms(versions) {
  const folder = mkdtempSync(join(tmpdir(), 'nanoinfer-path-'));
  for (const [name, version] of Object.entries(versions)) {
    writeFileSync(join(folder, name), `#!/bin/sh\necho '${version}'\n`);
    chmodSync(join(folder, name), 0o755);
  }
  process.env.PATH = folder;
  return folder;
}

const programs = {
  cmake: 'cmake version 3.25.1',
  ninja: '1.11',
  'clang++': 'clang version 19',
  emcc: 'emcc (Emscripten) 4.0.9',
  'em-config': '/opt/emsdk/upstream/emscripten',
};

test('packages are installed on Debian 12 and 13 only', () => {
  const release = (id, version) => `NAME="x"\nID=${id}\nVERSION_ID="${version}"\nID_LIKE=debian\n`;
  assert.equal(debianRelease(release('debian', '12')), 12);
  assert.equal(debianRelease(release('debian', '13')), 13);
  assert.equal(debianRelease(release('debian', '11')), null);
  assert.equal(debianRelease(release('ubuntu', '24.04')), null);
  assert.equal(debianRelease(release('linuxmint', '22')), null);
  assert.equal(debianRelease('ID=debian\nPRETTY_NAME="Debian GNU/Linux forky/sid"\n'), null);
  assert.equal(debianRelease(''), null);
});

test('a machine with recent tools of its own lacks nothing', () => {
  onlyPrograms(programs);
  assert.deepEqual(missing('build'), []);
});

test('old or absent tools are missed by name', () => {
  onlyPrograms({ ...programs, cmake: 'cmake version 3.9.6', emcc: 'emcc (Emscripten) 3.1.6' });
  assert.deepEqual(missing('build'), ['CMake 3.25 or later', 'Emscripten']);
  onlyPrograms({});
  assert.equal(missing('build').length, 4);
  assert.equal(missing('test').length, 5);
});

test('emcc on PATH is taken, whatever EM_CONFIG says', async () => {
  const folder = onlyPrograms(programs);
  process.env.EM_CONFIG = join(folder, 'my.config');
  const env = await emscriptenEnvironment();
  assert.equal(env.EMSCRIPTEN_ROOT, '/opt/emsdk/upstream/emscripten');
  assert.equal(env.EM_CONFIG, join(folder, 'my.config'));
});

test('nobody is asked with --yes, in CI or without a terminal', () => {
  assert.equal(unattended({}, [], true), false);
  assert.equal(unattended({}, ['--yes'], true), true);
  assert.equal(unattended({ npm_config_yes: 'true' }, [], true), true);
  assert.equal(unattended({ CI: 'true' }, [], true), true);
  assert.equal(unattended({}, [], undefined), true);
});
