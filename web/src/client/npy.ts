// NumPy's .npy format, version 1.0: a line of Python that says type and shape, then the bytes.
import { EngineError } from './errors.ts';

const types = { float32: '<f4', int32: '<i4' };
const alignment = 64;
const preamble = 10;

/** `shape`: sizes whose product is the number of elements, the slowest first. */
export function npy(data: Float32Array | Int32Array, shape: readonly number[]): Uint8Array {
  const type = data instanceof Float32Array ? types.float32 : types.int32;
  const sizes = shape.map((size) => `${size},`).join(' ');
  const line = `{'descr': '${type}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((preamble + line.length + 1) / alignment) * alignment;
  const header = `${line.padEnd(length - preamble - 1)}\n`;
  const bytes = new Uint8Array(length + data.byteLength);
  bytes.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0]);
  new DataView(bytes.buffer).setUint16(8, header.length, true);
  bytes.set(new TextEncoder().encode(header), preamble);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), length);
  return bytes;
}

const header = new RegExp(
  String.raw`^\x93NUMPY\x01\x00[^]{2}\{'descr': '<f4', 'fortran_order': False, 'shape': \((\d+),\), \} *\n`,
);

/** (n) float32, as `npy` writes them; anything else is refused. `place`: how errors call the file. */
export function floatsOfNpy(bytes: Uint8Array, place: string): Float32Array {
  const refuse = (expected: string, actual: string) =>
    new EngineError({
      code: 'bad_recording',
      message: 'An array of the file is not as it should be.',
      ...{ place, expected, actual },
    });
  const text = String.fromCharCode(...bytes.subarray(0, 512));
  const found = header.exec(text);
  if (!found) throw refuse('one axis of float32 in .npy 1.0', text.slice(0, 60));
  const data = bytes.slice(found[0].length); // Where floats may begin.
  const n = Number(found[1]);
  if (data.length !== 4 * n) throw refuse(`${n} floats, ${4 * n} bytes`, `${data.length} bytes`);
  return new Float32Array(data.buffer);
}
