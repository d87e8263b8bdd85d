// The wasm files as they are served.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { root } from '../../../scripts/setup/process.mjs';
import { traceBytes } from '../../../scripts/trace-size.mjs';

/** {files: [{name, bytes, brotliBytes}], traceBytes} */
export function sizes() {
  const folder = join(root, 'public/engine');
  const names = readdirSync(folder).filter((name) => name.endsWith('.wasm'));
  const files = names.map((name) => {
    const bytes = readFileSync(join(folder, name));
    return { name, bytes: bytes.length, brotliBytes: brotliCompressSync(bytes).length };
  });
  return { files, traceBytes: traceBytes() };
}
