// Compilers and libraries from the system's package manager.
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
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
    'unzip',
  ],
  test: [`clang-format-${llvm}`, 'libgtest-dev', 'chromium'],
  bench: ['chromium', `libomp-${llvm}-dev`, 'python3-venv'], // llama.cpp's threads, its Python
};

// What the packages are needed for, as a test that also passes on other systems.
const needs = {
  build: () =>
    firstProgram('cmake') && firstProgram('ninja') && firstProgram('clang++-22', 'clang++', 'g++'),
  test: () => firstProgram('cmake') && firstProgram('ninja') && clangFormat(),
  bench: () => needs.build() && firstProgram('python3'),
};

/** clang-format of the pinned major version: others break lines differently. */
export function clangFormat() {
  const name = firstProgram(`clang-format-${llvm}`, 'clang-format');
  return name && capture(name, ['--version'])?.includes(`version ${llvm}.`) ? name : null;
}

export function isDebian() {
  return existsSync('/etc/debian_version') && firstProgram('apt-get') !== null;
}

/** Installs what `npm start` ('build'), or also `npm test` or `npm run bench`, needs of the system. */
export async function installSystemPackages(purpose) {
  if (!isDebian()) {
    if (needs[purpose]()) return;
    throw new SetupError(
      'Something is missing: CMake 3.25 or later, Ninja, clang (or g++ 12 or later)' +
        (purpose === 'test' ? `, clang-format ${llvm}, Chromium` : '') +
        '.\nPlease install it with your package manager (macOS: brew install cmake ninja llvm), then run this again.',
    );
  }
  const wanted = [...new Set([...debianPackages.build, ...debianPackages[purpose]])];
  const missing = wanted.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  say(`Debian packages that are missing: ${missing.join(' ')}`);
  await askFirst();
  const sudo = process.getuid() === 0 ? [] : ['sudo'];
  const apt = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
  const [command, ...rest] = apt;
  try {
    await run(command, [...rest, 'update', '-q']);
    await run(command, [...rest, 'install', '-y', '-q', '--no-install-recommends', ...missing]);
  } catch (error) {
    throw new SetupError(
      `${error.message}\nPlease install them by hand: apt-get install ${missing.join(' ')}`,
    );
  }
}

function isInstalled(name) {
  return capture('dpkg-query', ['-W', '-f=${Status}', name]) === 'install ok installed';
}

async function askFirst() {
  const unattended =
    process.env.CI === 'true' || process.argv.includes('--yes') || !process.stdin.isTTY;
  if (unattended) return;
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

/** Version of the running Debian, for messages. */
export function systemName() {
  if (!existsSync('/etc/os-release')) return process.platform;
  return /PRETTY_NAME="(.*)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
}
