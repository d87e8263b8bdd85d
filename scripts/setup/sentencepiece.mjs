// Builds the sentencepiece library (Apache-2.0) for one compiler into the cache folder.
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fetchWithResume, pipDownload, verify } from './download.mjs';
import { cache, capture, run, say } from './process.mjs';
import { versionOf } from './emscripten.mjs';

const version = '0.2.0';
// The Python package's source carries protobuf-lite and absl inside; so does the project's release.
const sdistSha256 = 'a52c19171daaf2e697dc6cbe67684e0fa341b1248966f6aebb541de654d15843';
const release = {
  url: `https://github.com/google/sentencepiece/archive/refs/tags/v${version}.tar.gz`,
  sha256: '9970f0a0afee1648890293321665e5b2efa04eaec9f1671fcf8048f456f5bb86',
};

/**
 * The folder with include/ and lib/libsentencepiece.a, built first if it is missing.
 * `env` chooses the compiler: with EMSCRIPTEN_ROOT it is Emscripten, else CXX or c++.
 */
export async function ensureSentencepiece(env) {
  const wasm = env.EMSCRIPTEN_ROOT !== undefined;
  const compiler = env.CXX ?? 'c++';
  const key = wasm
    ? `emscripten-${versionOf(env)}`
    : `${compiler.replace(/.*\//, '')}-${capture(compiler, ['-dumpfullversion', '-dumpversion'])}`;
  const folder = join(cache, `sentencepiece/${version}-${key}`);
  if (existsSync(join(folder, 'lib/libsentencepiece.a'))) return folder;
  const source = await ensureSource();
  say(`sentencepiece ${version} for ${key} (about a minute)`);
  const build = join(cache, `sentencepiece/build-${key}`);
  rmSync(build, { recursive: true, force: true });
  const options = [
    '-DCMAKE_BUILD_TYPE=Release',
    `-DCMAKE_CXX_FLAGS_RELEASE=${wasm ? '-O2' : '-O3'} -DNDEBUG`,
    '-DSPM_ENABLE_SHARED=OFF',
    '-DSPM_ENABLE_TCMALLOC=OFF',
    '-DCMAKE_POLICY_VERSION_MINIMUM=3.5',
    '-DCMAKE_CXX_FLAGS=-w',
  ];
  const toolchain = `${env.EMSCRIPTEN_ROOT}/cmake/Modules/Platform/Emscripten.cmake`;
  if (wasm) options.push(`-DCMAKE_TOOLCHAIN_FILE=${toolchain}`);
  await run('cmake', ['-G', 'Ninja', '-S', source, '-B', build, ...options], { env });
  await run('cmake', ['--build', build, '-j2', '--target', 'sentencepiece-static'], { env });
  mkdirSync(join(folder, 'include'), { recursive: true });
  mkdirSync(join(folder, 'lib'), { recursive: true });
  const header = 'sentencepiece_processor.h';
  copyFileSync(join(source, 'src', header), join(folder, 'include', header));
  const library = join(folder, 'lib/libsentencepiece.a'); // its being there says that all is
  copyFileSync(join(build, 'src/libsentencepiece.a'), `${library}.part`);
  renameSync(`${library}.part`, library);
  rmSync(build, { recursive: true, force: true });
  return folder;
}

async function ensureSource() {
  const source = join(cache, `sentencepiece/source-${version}`);
  if (existsSync(join(source, 'CMakeLists.txt'))) return source;
  say(`sentencepiece ${version}, source`);
  const folder = join(cache, 'sentencepiece/download');
  rmSync(folder, { recursive: true, force: true });
  const unpacked = await unpackSdist(folder).catch(async (error) => {
    console.log(`   ${error.message}`);
    return unpackRelease(folder);
  });
  rmSync(source, { recursive: true, force: true });
  renameSync(unpacked, source);
  rmSync(folder, { recursive: true, force: true });
  return source;
}

async function unpackSdist(folder) {
  await pipDownload(`sentencepiece==${version}`, folder, '--no-binary', 'sentencepiece');
  const archive = join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.tar.gz')),
  );
  await verify(archive, sdistSha256);
  await run('tar', ['-xzf', archive, '-C', folder]);
  return join(folder, `sentencepiece-${version}/sentencepiece`);
}

async function unpackRelease(folder) {
  const archive = join(folder, 'release.tar.gz');
  await fetchWithResume(release.url, archive);
  await verify(archive, release.sha256);
  await run('tar', ['-xzf', archive, '-C', folder]);
  return join(folder, `sentencepiece-${version}`);
}
