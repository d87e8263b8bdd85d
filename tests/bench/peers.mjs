// The engines that ours is measured beside, in the cache folder: they are no dependency of anything.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, run, say, SetupError } from '../../scripts/setup/process.mjs';

const folder = join(cache, 'bench');
/** Where the packages lie, each under its alias. */
export const peersFolder = join(folder, 'node_modules');

// 2.3.1 is the last wllama that was built with SIMD kernels, and so the faster one.
const packages = {
  'wllama-2.3.1': '@wllama/wllama@2.3.1',
  'wllama-latest': '@wllama/wllama@latest',
};

/** Installs the named packages, asking for the newest ones; returns the version of each. */
export async function installPeers(names) {
  if (names.length === 0) return {};
  mkdirSync(folder, { recursive: true });
  const wanted = Object.entries(packages).map(([alias, spec]) => `${alias}@npm:${spec}`);
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  say('peers');
  try {
    await run('npm', ['install', '--prefix', folder, ...quiet, ...wanted]);
  } catch (error) {
    const missing = names.filter((name) => !existsSync(join(peersFolder, name)));
    if (missing.length > 0) {
      throw new SetupError(`${error.message}\n  without it: --only ours`, { cause: error });
    }
    console.log('   npm cannot be reached: what was installed before is measured');
  }
  return Object.fromEntries(names.map((name) => [name, version(name)]));
}

function version(name) {
  return JSON.parse(readFileSync(join(peersFolder, name, 'package.json'), 'utf8')).version;
}
