// What the glass box adds to the largest wasm file: it is held against the same file without it.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup/process.mjs';

const preset = 'wasm-relaxed-threads';
const target = 'nanoinfer_without_trace';

export const withoutTrace = {
  preset,
  target,
  path: join(root, 'build', preset, `${target}.wasm`),
};

export const largestWasm = join(root, 'public/engine/nanoinfer-relaxed-threads.wasm');

/** Both files must have been built. */
export function traceBytes() {
  return statSync(largestWasm).size - statSync(withoutTrace.path).size;
}
