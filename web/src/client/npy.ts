// NumPy's .npy format, version 1.0: a line of Python that says type and shape, then the bytes.

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
