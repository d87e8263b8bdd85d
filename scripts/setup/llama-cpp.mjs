// Native llama.cpp as PyPI's llama-cpp-python builds it on this machine, in the cache folder: what
// benchmarks are measured beside, and what quantises their files.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, capture, root, run, say } from './process.mjs';
import { installSystemPackages, nativeCompilers } from './system.mjs';

const venv = join(cache, 'oracle');
const python = join(venv, 'bin/python');
const avx2Folder = join(cache, 'bench/llama-cpp-avx2');

/** The Python that has llama_cpp, gguf and numpy; null if nothing was set up. */
export function llamaCppPython() {
  return existsSync(python) && capture(python, ['-c', 'import llama_cpp, gguf']) !== null
    ? python
    : null;
}

/** That Python, set up first if it is missing: every unit of this processor may be used. */
export async function ensureLlamaCpp() {
  if (llamaCppPython()) return python;
  await installSystemPackages('bench');
  say('llama.cpp, built for this processor (about 15 minutes on 2 cores)');
  if (!existsSync(python)) await run('python3', ['-m', 'venv', venv]);
  const wanted = ['numpy', 'gguf', 'llama-cpp-python'].map(pinned);
  await pipBuild('-DGGML_NATIVE=ON', wanted);
  return python;
}

/** The folder of a second build that keeps to AVX2 (for PYTHONPATH), made first if it is missing. */
export async function ensureLlamaCppAvx2() {
  if (existsSync(join(avx2Folder, 'llama_cpp'))) return avx2Folder;
  say('llama.cpp once more, limited to AVX2 (about 15 minutes on 2 cores)');
  const part = `${avx2Folder}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  const units = ['AVX', 'AVX2', 'FMA', 'F16C', 'BMI2'].map((unit) => `-DGGML_${unit}=ON`);
  const flags = ['-DGGML_NATIVE=OFF', ...units, '-DGGML_AVX512=OFF', '-DGGML_AVX_VNNI=OFF'];
  await pipBuild(flags.join(' '), ['--no-deps', '--target', part, pinned('llama-cpp-python')]);
  renameSync(part, avx2Folder);
  return avx2Folder;
}

// By our own compiler: GCC before 12.4 drops half of an AMX configuration, and llama.cpp crashes.
// pip's cache would hand out a wheel that was built with other flags.
async function pipBuild(flags, wanted) {
  const pipOptions = { PIP_DISABLE_PIP_VERSION_CHECK: '1' };
  const env = {
    ...process.env,
    ...nativeCompilers(),
    CMAKE_ARGS: `${flags} -DLLAVA_BUILD=OFF`,
    ...pipOptions,
  };
  const pip = ['-m', 'pip', 'install', '--no-cache-dir', '--no-binary', 'llama-cpp-python'];
  await run(python, [...pip, ...wanted], { env });
}

/** "name==version" as scripts/requirements.txt has it. */
function pinned(name) {
  const lines = readFileSync(join(root, 'scripts/requirements.txt'), 'utf8').split('\n');
  return lines.find((line) => line.startsWith(`${name}==`));
}
