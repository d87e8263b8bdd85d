// Finds Emscripten, or on Debian puts one into the cache folder.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cache, capture, firstProgram, root, run, say, SetupError } from './process.mjs';
import { isDebian } from './debian.mjs';

const oldest = 4; // earlier ones have other relaxed-SIMD opcodes than today's browsers

/** The environment in which `emcc` runs, with EMSCRIPTEN_ROOT for CMake's toolchain file. */
export async function emscriptenEnvironment() {
  const own = emscriptenOnPath();
  if (own) return own;
  const folder = join(cache, 'emscripten');
  const env = cached(folder);
  if (env) return env;
  if (isDebian() && process.arch === 'x64') {
    say('Emscripten, from Debian unstable, into the cache folder (nothing of it is installed)');
    await run(join(root, 'scripts/setup/emscripten-debian.sh'), [folder]);
    const fresh = cached(folder);
    if (fresh) return fresh;
  }
  throw new SetupError(`Emscripten ${oldest} or later is missing.\n${howToGetEmscripten}`);
}

export const howToGetEmscripten =
  'Please install Emscripten, so that emcc is on PATH:\n' +
  '  git clone https://github.com/emscripten-core/emsdk && cd emsdk\n' +
  '  ./emsdk install latest && ./emsdk activate latest && . ./emsdk_env.sh';

/** The environment of the user's own emcc, if it is on PATH and not too old; else null. */
export function emscriptenOnPath() {
  const emcc = firstProgram('emcc');
  if (!emcc) return null;
  const version = versionOf(process.env);
  if (!version || Number(version.split('.')[0]) < oldest) {
    say(`emcc ${version ?? '(unknown version)'} on PATH is too old`);
    return null;
  }
  const emscriptenRoot =
    capture('em-config', ['EMSCRIPTEN_ROOT']) ??
    dirname(capture('/bin/sh', ['-c', 'readlink -f "$(command -v emcc)"']));
  return { ...process.env, EMSCRIPTEN_ROOT: emscriptenRoot };
}

function cached(folder) {
  if (!existsSync(join(folder, 'env.sh'))) return null;
  const emscriptenRoot = join(folder, 'root/usr/share/emscripten');
  const env = {
    ...process.env,
    EM_CONFIG: join(folder, 'emscripten.config'),
    EMSCRIPTEN_ROOT: emscriptenRoot,
    PATH: `${emscriptenRoot}:${process.env.PATH}`,
  };
  return versionOf(env) ? env : null; // for example after the machine's LLVM was replaced
}

/** "6.0.5"; null if emcc does not run. */
export function versionOf(env) {
  const text = capture('emcc', ['--version'], { env });
  return text ? (/(\d+\.\d+\.\d+)/.exec(text)?.[1] ?? null) : null;
}
