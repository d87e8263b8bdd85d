// The npm packages of package-lock.json, installed when they are missing or the lock has changed.
import { existsSync, readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { root, run, say, SetupError, stamps } from './process.mjs';

export async function installPackages() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new SetupError(
      `Node ${process.versions.node} is too old: nanoinfer needs 20.19 or later (https://nodejs.org)`,
    );
  }
  const stamp = join(root, 'node_modules/.nanoinfer-lock');
  const lock = readFileSync(join(root, 'package-lock.json'));
  const key = createHash('sha256').update(lock).digest('hex');
  if (existsSync(join(root, 'node_modules')) && stamps.matches(stamp, key)) return;
  say('npm packages');
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  stamps.write(stamp, key);
}
