// Compilers and libraries from the system's package manager.
import { createInterface } from 'node:readline/promises';
import { isDebian, systemName } from './debian.mjs';
import { emscriptenOnPath, howToGetEmscripten } from './emscripten.mjs';
import { capture, firstProgram, run, say, SetupError } from './process.mjs';

const llvm = 22;
const debianPackages = {
  build: [
    `clang-${llvm}`,
    `lld-${llvm}`,
    `llvm-${llvm}`,
    `libclang-rt-${llvm}-dev`,
    'cmake',
    'ninja-build',
    'nlohmann-json3-dev',
    'libsimde-dev',
    'python3-pip',
  ],
  test: [`clang-format-${llvm}`, 'libgtest-dev', 'chromium'],
  bench: ['chromium', `libomp-${llvm}-dev`, 'python3-venv'], // llama.cpp's threads, its Python
};

// What the packages are needed for, as tests that also pass on other systems.
const needs = {
  build: [
    ['CMake 3.25 or later', () => cmakeVersion() >= 3.25],
    ['Ninja', () => firstProgram('ninja') !== null],
    ['clang, or g++ 12 or later', () => firstProgram('clang++-22', 'clang++', 'g++') !== null],
    ['Emscripten', () => emscriptenOnPath() !== null],
  ],
  test: [[`clang-format ${llvm}`, () => clangFormat() !== null]],
  bench: [['python3', () => firstProgram('python3') !== null]],
};

/** What a purpose ('build', 'test' or 'bench') needs and this machine lacks. */
export function missing(purpose) {
  const wanted = purpose === 'build' ? needs.build : [...needs.build, ...needs[purpose]];
  return wanted.filter(([, isThere]) => !isThere()).map(([name]) => name);
}

// 3.25 for CMake 3.25.1; 0 without one.
function cmakeVersion() {
  const version = /version (\d+)\.(\d+)/.exec(capture('cmake', ['--version']) ?? '');
  return version ? Number(version[1]) + Number(version[2]) / 100 : 0;
}

/** clang-format of the pinned major version: others break lines differently. */
export function clangFormat() {
  const name = firstProgram(`clang-format-${llvm}`, 'clang-format');
  return name && capture(name, ['--version'])?.includes(`version ${llvm}.`) ? name : null;
}

/** Installs what `npm start` ('build'), or also `npm test` or `npm run bench`, needs of the system. */
export async function installSystemPackages(purpose) {
  const lacking = missing(purpose);
  if (lacking.length === 0) return;
  if (!isDebian()) {
    throw new SetupError(
      `${systemName()} lacks: ${lacking.join(', ')}.\nPlease install what is missing with your ` +
        'package manager (macOS: brew install cmake ninja llvm), then run this again.' +
        (lacking.includes('Emscripten') ? `\n${howToGetEmscripten}` : ''),
    );
  }
  const wanted = [...new Set([...debianPackages.build, ...debianPackages[purpose]])];
  const packages = wanted.filter((name) => !isInstalled(name));
  if (packages.length === 0) return;
  say(`Debian packages that are missing: ${packages.join(' ')}`);
  await askFirst();
  const sudo = process.getuid() === 0 ? [] : ['sudo'];
  const apt = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
  const [command, ...rest] = apt;
  try {
    await run(command, [...rest, 'update', '-q']);
    await run(command, [...rest, 'install', '-y', '-q', '--no-install-recommends', ...packages]);
  } catch (error) {
    throw new SetupError(
      `${error.message}\nPlease install them by hand: apt-get install ${packages.join(' ')}`,
    );
  }
}

function isInstalled(name) {
  return capture('dpkg-query', ['-W', '-f=${Status}', name]) === 'install ok installed';
}

/** True where nobody is to be asked. npm keeps `npm start --yes` to itself, as npm_config_yes. */
export function unattended(env, args, isTerminal) {
  return (
    env.CI === 'true' || env.npm_config_yes === 'true' || args.includes('--yes') || !isTerminal
  );
}

async function askFirst() {
  if (unattended(process.env, process.argv, process.stdin.isTTY)) return;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question('Install them with apt-get now? [Y/n] ');
  terminal.close();
  if (/^n/i.test(answer)) throw new SetupError('Nothing was installed.');
}

/** The native compilers, as an environment for CMake. */
export function nativeCompilers() {
  const clang = firstProgram(`clang++-${llvm}`);
  return clang ? { CC: `clang-${llvm}`, CXX: clang } : {};
}
