// Where the bits of one weight lie in a block of a quantised matrix, as ggml lays it out, and how they
// become its value. The engine's own decoding is engine/quant/blocks.cpp; tests compare the two.

/** Some bits of a byte: `count` of them from bit `shift` up. */
export interface Bits {
  byte: number;
  shift: number;
  count: number;
}

export type PartName = 'd' | 'dmin' | 'm' | 'scale' | 'min' | 'code' | 'float';

/** A number that a weight's value is made of. */
export interface Part {
  name: PartName;
  kind: 'unsigned' | 'signed' | 'f16' | 'bf16' | 'f32';
  /** The highest first. */
  bits: readonly Bits[];
}

interface Layout {
  elements: number;
  /** First bytes of the fields that the type has. */
  d?: number;
  dmin?: number;
  m?: number;
  /** Six-bit scales and minima of sub-blocks, packed in 12 bytes. */
  packed?: number;
  /** Eight-bit scales of 16 elements each. */
  scales?: number;
  /** The codes' low four bits: a byte holds element i and element i + lowSpan. */
  low?: number;
  lowSpan?: number;
  high?: number;
  highBits?: number;
  /** Whole bytes. */
  codes?: number;
  /** The code that stands for 0. */
  zero?: number;
  float?: 'f16' | 'bf16' | 'f32';
}

const layouts: Record<string, Layout> = {
  Q8_0: { elements: 32, d: 0, codes: 2 },
  Q4_0: { elements: 32, d: 0, low: 2, lowSpan: 16, zero: 8 },
  Q4_1: { elements: 32, d: 0, m: 2, low: 4, lowSpan: 16 },
  Q5_0: { elements: 32, d: 0, high: 2, highBits: 1, low: 6, lowSpan: 16, zero: 16 },
  Q5_1: { elements: 32, d: 0, m: 2, high: 4, highBits: 1, low: 8, lowSpan: 16 },
  Q4_K: { elements: 256, d: 0, dmin: 2, packed: 4, low: 16, lowSpan: 32 },
  Q5_K: { elements: 256, d: 0, dmin: 2, packed: 4, high: 16, highBits: 1, low: 48, lowSpan: 32 },
  Q6_K: {
    elements: 256,
    low: 0,
    lowSpan: 64,
    high: 128,
    highBits: 2,
    scales: 192,
    d: 208,
    zero: 32,
  },
  F16: { elements: 1, float: 'f16' },
  BF16: { elements: 1, float: 'bf16' },
  F32: { elements: 1, float: 'f32' },
};

const subBlock = 32;

function littleEndian(first: number, bytes: number): Bits[] {
  return Array.from({ length: bytes }, (_, i) => ({
    byte: first + bytes - 1 - i,
    shift: 0,
    count: 8,
  }));
}

/** The parts of one element of a block; none: the type is not known here. */
export function partsOf(type: string, element: number): Part[] {
  const layout = layouts[type];
  if (!layout) return [];
  if (layout.float) {
    const bits = littleEndian(0, layout.float === 'f32' ? 4 : 2);
    return [{ name: 'float', kind: layout.float, bits }];
  }
  const f16 = (name: PartName, at: number | undefined): Part[] =>
    at === undefined ? [] : [{ name, kind: 'f16', bits: littleEndian(at, 2) }];
  return [
    ...f16('d', layout.d),
    ...f16('dmin', layout.dmin),
    ...f16('m', layout.m),
    ...scaleParts(layout, element),
    codePart(layout, element),
  ];
}

function scaleParts({ packed, scales }: Layout, element: number): Part[] {
  if (scales !== undefined) {
    const bits = [{ byte: scales + Math.floor(element / 16), shift: 0, count: 8 }];
    return [{ name: 'scale', kind: 'signed', bits }];
  }
  if (packed === undefined) return [];
  const sub = Math.floor(element / subBlock);
  const part = (name: PartName, bits: Bits[]): Part => ({ name, kind: 'unsigned', bits });
  if (sub < 4) {
    return [
      part('scale', [{ byte: packed + sub, shift: 0, count: 6 }]),
      part('min', [{ byte: packed + 4 + sub, shift: 0, count: 6 }]),
    ];
  }
  // The last four: a nibble each, and two bits on top of the first four.
  return [
    part('scale', [
      { byte: packed + sub - 4, shift: 6, count: 2 },
      { byte: packed + sub + 4, shift: 0, count: 4 },
    ]),
    part('min', [
      { byte: packed + sub, shift: 6, count: 2 },
      { byte: packed + sub + 4, shift: 4, count: 4 },
    ]),
  ];
}

function codePart(layout: Layout, element: number): Part {
  if (layout.codes !== undefined) {
    const bits = [{ byte: layout.codes + element, shift: 0, count: 8 }];
    return { name: 'code', kind: 'signed', bits };
  }
  const { elements, low = 0, lowSpan: span = 16, high, highBits = 0 } = layout;
  const bits: Bits[] = [
    {
      byte: low + Math.floor(element / (2 * span)) * span + (element % span),
      shift: (Math.floor(element / span) % 2) * 4,
      count: 4,
    },
  ];
  if (high !== undefined) bits.unshift(highOf(elements, high, highBits, element));
  return { name: 'code', kind: 'unsigned', bits };
}

/** A word of 32 bits; or planes of 32 elements, one element a byte, the next 32 in the next bits. */
function highOf(elements: number, high: number, count: number, element: number): Bits {
  if (elements === subBlock) {
    return { byte: high + Math.floor(element / 8), shift: element % 8, count };
  }
  const planes = 8 / count;
  return {
    byte: high + Math.floor(element / (subBlock * planes)) * subBlock + (element % subBlock),
    shift: (Math.floor(element / subBlock) % planes) * count,
    count,
  };
}

/** A part's bits as they are written: '1 01011 1100110011' for a float: sign, exponent, fraction. */
export function bitText(part: Part, bytes: Uint8Array): string {
  const pieces = part.bits.map(({ byte, shift, count }) =>
    ((bytes[byte]! >> shift) & ((1 << count) - 1)).toString(2).padStart(count, '0'),
  );
  const exponent = { f16: 5, bf16: 8, f32: 8, signed: 0, unsigned: 0 }[part.kind];
  if (exponent === 0) return pieces.join(' ');
  const all = pieces.join('');
  return `${all[0]!} ${all.slice(1, 1 + exponent)} ${all.slice(1 + exponent)}`;
}

/** The number that a part's bits stand for. */
export function partValue(part: Part, bytes: Uint8Array): number {
  let raw = 0;
  let width = 0;
  for (const { byte, shift, count } of part.bits) {
    raw = raw * 2 ** count + ((bytes[byte]! >> shift) & ((1 << count) - 1));
    width += count;
  }
  switch (part.kind) {
    case 'f16':
      return halfFloat(raw);
    case 'bf16':
      return new Float32Array(Uint32Array.of(raw * 2 ** 16).buffer)[0]!;
    case 'f32':
      return new Float32Array(Uint32Array.of(raw).buffer)[0]!;
    case 'signed':
      return raw >= 2 ** (width - 1) ? raw - 2 ** width : raw;
    case 'unsigned':
      return raw;
  }
}

/** A copy of the block's bytes with bit `bit` of the part's number turned, counted from its lowest. */
export function flipBit({ bits }: Part, bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  let below = bit;
  for (const { byte, shift, count } of bits.toReversed()) {
    if (below < count) {
      flipped[byte]! ^= 1 << (shift + below);
      break;
    }
    below -= count;
  }
  return flipped;
}

function halfFloat(bits: number): number {
  const sign = bits >= 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 0x3ff) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

/** How a value comes of its parts, in letters. */
export function formulaOf(type: string): string {
  const layout = layouts[type];
  if (!layout) return '';
  if (layout.float) return '(−1)^sign × 2^(exponent − bias) × 1.fraction';
  const code = layout.zero ? `(code − ${layout.zero})` : 'code';
  const scale = layout.packed !== undefined || layout.scales !== undefined ? 'scale × ' : '';
  if (layout.dmin !== undefined) return `d × ${scale}${code} − dmin × min`;
  return `d × ${scale}${code}${layout.m === undefined ? '' : ' + m'}`;
}

/** The same formula worked out. */
export function valueOf(type: string, parts: readonly Part[], bytes: Uint8Array): number {
  const of = (name: PartName, otherwise: number) => {
    const part = parts.find((one) => one.name === name);
    return part ? partValue(part, bytes) : otherwise;
  };
  const zero = layouts[type]?.zero ?? 0;
  if (layouts[type]?.float) return of('float', NaN);
  const product = of('d', 0) * of('scale', 1) * (of('code', 0) - zero);
  return product + of('m', 0) - of('dmin', 0) * of('min', 0);
}

export type FieldName =
  'd' | 'dmin' | 'm' | 'scales' | 'high bits' | 'low bits' | 'codes' | 'value';

/** Which field of its block each byte belongs to. */
export function fieldOf(type: string, byte: number): FieldName {
  const { d, dmin, m, packed, scales, low, high, codes } = layouts[type] ?? {};
  const starts: [FieldName, number | undefined][] = [
    ['d', d],
    ['dmin', dmin],
    ['m', m],
    ['scales', packed ?? scales],
    ['high bits', high],
    ['low bits', low],
    ['codes', codes],
  ];
  const before = starts.filter(([, at]) => at !== undefined && at <= byte);
  return before.sort((a, b) => b[1]! - a[1]!)[0]?.[0] ?? 'value';
}
