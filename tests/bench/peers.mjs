// The engines from npm that ours is measured beside, in the cache folder: no dependency of anything.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, run, say, SetupError } from '../../scripts/setup/process.mjs';

const folder = join(cache, 'bench');
/** Where the packages lie, each under its alias. */
export const peersFolder = join(folder, 'node_modules');

// 2.3.1 is the last wllama that was built with SIMD kernels, and so the faster one. Of
// node-llama-cpp's binaries only this system's is fetched.
const npmLlama = '3.22.1';
const system = { darwin: 'mac', win32: 'win' }[process.platform] ?? process.platform;
const variant = system === 'mac' && process.arch === 'arm64' ? '-metal' : '';
const platform = `@node-llama-cpp/${system}-${process.arch}${variant}`;
const packages = {
  'wllama-2.3.1': '@wllama/wllama@2.3.1',
  'wllama-latest': '@wllama/wllama@latest',
  'node-llama-cpp': `node-llama-cpp@${npmLlama}`,
  [platform]: `${platform}@${npmLlama}`,
};
const packagesOf = {
  'wllama-2.3.1': ['wllama-2.3.1'],
  'wllama-latest': ['wllama-latest'],
  'llama.cpp-npm': ['node-llama-cpp', platform],
};

/** Installs what these engines need, asking for the newest; returns the version of each. */
export async function installPeers(engines) {
  const names = engines.flatMap((engine) => packagesOf[engine] ?? []);
  if (names.length === 0) return {};
  mkdirSync(folder, { recursive: true });
  const wanted = names.map((name) => `${name}@npm:${packages[name]}`);
  const quiet = ['--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund'];
  say(`peers: ${names.join(', ')}`);
  try {
    await run('npm', ['install', '--prefix', folder, ...quiet, '--loglevel=error', ...wanted]);
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
