// Reading and writing a wasm module's linear memory. A view is made anew for every access: growth
// replaces the buffer, and shared memory keeps the old length in old views.

interface HasMemory {
  readonly wasmMemory: WebAssembly.Memory;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The bytes [address, address + n) of linear memory, valid until the next call into the module. */
export function bytesAt(module: HasMemory, address: number, n: number): Uint8Array<ArrayBuffer> {
  // With threads the buffer is a shared one; the library's types do not say so.
  return new Uint8Array(module.wasmMemory.buffer, address >>> 0, n);
}

export function floatsAt(module: HasMemory, address: number, n: number): Float32Array {
  return new Float32Array(module.wasmMemory.buffer, address >>> 0, n);
}

export function doublesAt(module: HasMemory, address: number, n: number): Float64Array {
  return new Float64Array(module.wasmMemory.buffer, address >>> 0, n);
}

export function idsAt(module: HasMemory, address: number, n: number): Int32Array {
  return new Int32Array(module.wasmMemory.buffer, address >>> 0, n);
}

/** Text out of linear memory; TextDecoder refuses shared memory, so the bytes are copied first. */
export function textAt(module: HasMemory, address: number, n: number): string {
  return decoder.decode(bytesAt(module, address, n).slice());
}

/** NUL-terminated text, '' at address 0. */
export function stringAt(module: HasMemory, address: number): string {
  if (address === 0) return '';
  const memory = new Uint8Array(module.wasmMemory.buffer);
  const start = address >>> 0;
  return textAt(module, start, memory.indexOf(0, start) - start);
}

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}
