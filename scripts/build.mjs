// Builds: `node scripts/build.mjs native | wasm | page ...` (any of them, in this order).
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { emscriptenEnvironment } from './setup/emscripten.mjs';
import { installPackages } from './setup/packages.mjs';
import { isMain, main, root, run, say, SetupError, sha256, stamps } from './setup/process.mjs';
import { ensureSentencepiece } from './setup/sentencepiece.mjs';
import { installSystemPackages, nativeCompilers } from './setup/system.mjs';
import { engineCommit } from './source-map/source-map.mjs';

export const flavours = ['simd', 'simd-threads', 'relaxed', 'relaxed-threads'];

/** Configures (if needed) and builds targets of one preset of CMakePresets.json. */
export async function buildPreset(preset, env, targets = ['all']) {
  const folder = join(root, 'build', preset);
  const sentencepiece = await ensureSentencepiece(env);
  const presets = await sha256(join(root, 'CMakePresets.json'));
  const key = [sentencepiece, env.EMSCRIPTEN_ROOT, env.CXX, presets].join(' ');
  const withTests = `${key} tests`; // serves builds without tests as well
  const stamp = join(folder, 'nanoinfer-configured');
  const tests = targets.includes('engine_tests');
  const configured = [withTests, ...(tests ? [] : [key])].some((k) => stamps.matches(stamp, k));
  if (!existsSync(join(folder, 'build.ninja')) || !configured) {
    const options = [`-DSENTENCEPIECE_DIR=${sentencepiece}`, `-DNANOINFER_TESTS=${tests}`];
    await run('cmake', ['--preset', preset, '--fresh', '--log-level=WARNING', ...options], { env });
    stamps.write(stamp, tests ? withTests : key);
  }
  await run('cmake', ['--build', folder, '-j2', '--target', ...targets], { env });
  return folder;
}

/** A preset with the machine's own compiler: 'native', 'tsan' or 'release'. */
export function buildNative(preset, targets) {
  return buildPreset(preset, { ...process.env, ...nativeCompilers() }, targets);
}

/** The wasm files in public/engine; the sentencepiece module comes with the first flavour. */
export async function buildWasm() {
  const env = await emscriptenEnvironment();
  for (const flavour of flavours) {
    say(`engine, wasm ${flavour}`);
    await buildPreset(`wasm-${flavour}`, env);
  }
}

/** dist/, built only when something that goes into it has changed. */
export async function buildPage() {
  if (!existsSync(join(root, 'web/index.html'))) throw new SetupError('web/index.html is missing');
  const stamp = join(root, 'build/page-stamp');
  const inputs = ['web', 'public', 'engine', 'vite.config.ts', 'package-lock.json'];
  const key = fingerprint([...inputs, 'scripts/source-map']) + engineCommit().commit;
  if (existsSync(join(root, 'dist/index.html')) && stamps.matches(stamp, key)) return;
  say('page');
  await run(process.execPath, ['node_modules/vite/bin/vite.js', 'build']);
  stamps.write(stamp, key);
}

// Names, sizes and times of all files under these paths.
function fingerprint(paths) {
  const hash = createHash('sha256');
  const visit = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) return;
    if (!stat.isDirectory()) return hash.update(`${path} ${stat.size} ${stat.mtimeMs}\n`);
    for (const name of readdirSync(path).sort()) visit(join(path, name));
  };
  for (const path of paths) visit(join(root, path));
  return hash.digest('hex');
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const parts = process.argv.slice(2).filter((part) => !part.startsWith('--'));
    const unknown = parts.filter((part) => !['native', 'wasm', 'page'].includes(part));
    if (parts.length === 0 || unknown.length > 0) {
      throw new SetupError('usage: node scripts/build.mjs native | wasm | page ...');
    }
    await installPackages();
    await installSystemPackages('build');
    if (parts.includes('native')) {
      const folder = await buildNative('release');
      console.log(join(folder, 'nanoinfer'));
    }
    if (parts.includes('wasm')) await buildWasm();
    if (parts.includes('page')) await buildPage();
  });
}
