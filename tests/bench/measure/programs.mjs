// The small C++ programs of this folder, in Chromium and natively.
import { join } from 'node:path';
import { buildNative, buildPreset } from '../../../scripts/build.mjs';
import { runInChromium } from '../../../scripts/chromium-gtest.mjs';
import { emscriptenEnvironment } from '../../../scripts/setup/emscripten.mjs';
import { capture, root, run, SetupError } from '../../../scripts/setup/process.mjs';
import { withoutTrace } from '../../../scripts/trace-size.mjs';

const { preset } = withoutTrace;
const wasm = (name) => join(root, 'build', preset, `${name}.mjs`);
const native = (name) => join(root, 'build/release', name);

export async function buildPrograms(names) {
  await buildPreset(preset, await emscriptenEnvironment(), [...names, withoutTrace.target]);
  await buildNative('release', names);
}

/** What a program prints in Chromium, as JSON. */
async function jsonInChromium(name, args) {
  const lines = [];
  const code = await runInChromium(wasm(name), args, (line) => lines.push(line));
  if (code !== 0) throw new SetupError(`${name} ended with ${code}\n${lines.join('\n')}`);
  return JSON.parse(lines.join(''));
}

function jsonNatively(name, args) {
  const text = capture(native(name), args);
  if (text === null) throw new SetupError(`${native(name)} ${args.join(' ')} failed`);
  return JSON.parse(text);
}

/** GB/s at which memory of this size is read: {wasm: [...], native: [...]}, of each round. */
export async function readRate(bytes, threads) {
  const args = [`${Math.ceil(bytes / 1e6)}`, `${threads}`, '9'];
  const { gbPerS } = await jsonInChromium('memory_bench', args);
  return { wasm: gbPerS, native: jsonNatively('memory_bench', args).gbPerS };
}

/** The plan's cost beside its kernels: {wasm, native}, each {ops, nsPerOp, share: of a token}. */
export async function dispatch(cell, { pathOf }) {
  const model = pathOf(cell);
  const args = [model, `${cell.entrants[0].threads}`];
  process.env.NANOINFER_BENCH_MODEL = model; // the runner copies files that such names point to
  try {
    const inWasm = await jsonInChromium('dispatch_bench', args);
    return { wasm: inWasm, native: jsonNatively('dispatch_bench', args) };
  } finally {
    delete process.env.NANOINFER_BENCH_MODEL;
  }
}

/** Speed of each kernel alone, as it is printed. */
export async function kernels() {
  console.log('\nnative');
  await run(native('kernels_bench'), []);
  console.log('\nChromium');
  await runInChromium(wasm('kernels_bench'), []);
}
