// Small GGUF files made on the spot: each test says what its file holds and what is wrong with it.
import { readFileSync } from 'node:fs';

type Value =
  | { u32: number }
  | { f32: number }
  | { bool: boolean }
  | { text: string }
  | { texts: readonly (string | Buffer)[] }
  | { f32s: readonly number[] }
  | { i32s: readonly number[] };

export interface Tensor {
  name: string;
  dims: readonly number[];
  /** ggml's number; 0 is F32, 8 is Q8_0. */
  type: number;
  /** Left out: only the header is written. */
  data?: Float32Array | Uint8Array;
}

const alignment = 32;

export function gguf(metadata: Record<string, Value>, tensors: readonly Tensor[]): Buffer {
  let offset = 0;
  const infos = tensors.map(({ name, dims, type, data }) => {
    const info = Buffer.concat([
      text(name),
      u32(dims.length),
      ...dims.map(u64),
      u32(type),
      u64(offset),
    ]);
    const bytes = data?.byteLength ?? dims.reduce((a, b) => a * b) * 4;
    offset += Math.ceil(bytes / alignment) * alignment;
    return info;
  });
  const entries = Object.entries(metadata);
  const head = [
    Buffer.from('GGUF'),
    u32(3),
    u64(tensors.length),
    u64(entries.length),
    ...entries.flatMap(([key, value]) => [text(key), valueBytes(value)]),
    ...infos,
  ];
  const data = tensors.flatMap(({ data }) =>
    data ? [padded(Buffer.from(data.buffer, data.byteOffset, data.byteLength))] : [],
  );
  return Buffer.concat([padded(Buffer.concat(head)), ...data]);
}

/** A Llama of one layer with random weights (`noise`), which spells as `vocabulary` says. */
export function tinyLlama(
  vocabulary: Record<string, Value>,
  nVocab: number,
  type: 'F32' | 'Q8_0' = 'F32',
): Buffer {
  const [dModel, dFfn] = [32, 64];
  const matrix = (name: string, nIn: number, nOut: number): Tensor => {
    const weights = noise(nIn * nOut);
    return type === 'F32'
      ? { name, dims: [nIn, nOut], type: 0, data: weights }
      : { name, dims: [nIn, nOut], type: 8, data: asQ8(weights) };
  };
  const ones = (name: string): Tensor => {
    return { name, dims: [dModel], type: 0, data: new Float32Array(dModel).fill(1) };
  };
  return gguf({ ...llama({ dModel, dFfn, nLayers: 1, nHeads: 2 }), ...vocabulary }, [
    matrix('token_embd.weight', dModel, nVocab),
    ones('blk.0.attn_norm.weight'),
    ...['q', 'k', 'v', 'output'].map((part) => matrix(`blk.0.attn_${part}.weight`, dModel, dModel)),
    ones('blk.0.ffn_norm.weight'),
    matrix('blk.0.ffn_gate.weight', dModel, dFfn),
    matrix('blk.0.ffn_up.weight', dModel, dFfn),
    matrix('blk.0.ffn_down.weight', dFfn, dModel),
    ones('output_norm.weight'),
  ]);
}

/** The header of a model whose weights need about `gigabytes`. */
export function hugeHeader(gigabytes: number): Buffer {
  const nVocab = 259;
  const dModel = 4096;
  const nFfn = Math.round((gigabytes * 1e9) / (3 * 4 * dModel));
  const dFfn = Math.ceil(nFfn / 256) * 256;
  const tensor = (name: string, ...dims: number[]): Tensor => ({ name, dims, type: 0 });
  return gguf({ ...llama({ dModel, dFfn, nLayers: 1, nHeads: 32 }), ...byteVocabulary() }, [
    tensor('token_embd.weight', dModel, nVocab),
    tensor('blk.0.attn_norm.weight', dModel),
    ...['q', 'k', 'v', 'output'].map((part) => tensor(`blk.0.attn_${part}.weight`, dModel, dModel)),
    tensor('blk.0.ffn_norm.weight', dModel),
    tensor('blk.0.ffn_gate.weight', dModel, dFfn),
    tensor('blk.0.ffn_up.weight', dModel, dFfn),
    tensor('blk.0.ffn_down.weight', dFfn, dModel),
    tensor('output_norm.weight', dModel),
  ]);
}

/** The sentencepiece library's own vocabulary of scripts/sentencepiece_goldens.py, for chat. */
export function sentencepieceModel(): Buffer {
  const folder = 'tests/fixtures/tokenizer/sentencepiece';
  const tokens = readTable(`${folder}/tokens.bin`).map((bytes) => Buffer.from(bytes));
  const [bits, types] = readTable(`${folder}/scores_and_types.bin`, true);
  const scores = bits!.map((value) => new Float32Array(Uint32Array.of(value).buffer)[0]!);
  return tinyLlama(
    {
      'tokenizer.ggml.model': { text: 'llama' },
      'tokenizer.ggml.tokens': { texts: tokens },
      'tokenizer.ggml.scores': { f32s: scores },
      'tokenizer.ggml.token_type': { i32s: types! },
      'tokenizer.ggml.bos_token_id': { u32: 1 },
      'tokenizer.ggml.eos_token_id': { u32: 2 },
      'tokenizer.chat_template': {
        text: "{{ bos_token }}{% for message in messages %}{{ '[INST] ' + message['content'] + ' <tool> ' }}{% endfor %}",
      },
    },
    tokens.length,
  );
}

/** Every byte is a token, then <|end|>, <|user|> and <tool>: control, control, user-defined. */
export function byteVocabulary(template = ''): Record<string, Value> {
  const spelled = [...Array(256).keys()].map((byte) => {
    const printable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return printable ? String.fromCharCode(byte) : null;
  });
  let next = 256;
  const bytes = spelled.map((character) => character ?? String.fromCharCode(next++));
  return {
    'tokenizer.ggml.model': { text: 'gpt2' },
    'tokenizer.ggml.pre': { text: 'gpt-2' },
    'tokenizer.ggml.tokens': { texts: [...bytes, '<|end|>', '<|user|>', '<tool>'] },
    'tokenizer.ggml.token_type': { i32s: [...Array<number>(256).fill(1), 3, 3, 4] },
    'tokenizer.ggml.eos_token_id': { u32: 256 },
    ...(template === '' ? {} : { 'tokenizer.chat_template': { text: template } }),
  };
}

function llama(shape: { dModel: number; dFfn: number; nLayers: number; nHeads: number }) {
  return {
    'general.architecture': { text: 'llama' },
    'general.name': { text: 'Made by a test' },
    'llama.context_length': { u32: 512 },
    'llama.embedding_length': { u32: shape.dModel },
    'llama.block_count': { u32: shape.nLayers },
    'llama.feed_forward_length': { u32: shape.dFfn },
    'llama.attention.head_count': { u32: shape.nHeads },
    'llama.attention.head_count_kv': { u32: shape.nHeads },
    'llama.attention.layer_norm_rms_epsilon': { f32: 1e-5 },
    'llama.rope.freq_base': { f32: 10_000 },
  } satisfies Record<string, Value>;
}

/** The nearest 256th of a weight in (-0.5, 0.5): what `asQ8` stores. */
export const roundedToQ8 = (x: number) => Math.min(127, Math.round(x * 256)) / 256;

/** Blocks of Q8_0 whose scales are all 1/256. */
function asQ8(weights: Float32Array): Uint8Array {
  const [block, blockBytes] = [32, 34];
  const bytes = new Uint8Array((weights.length / block) * blockBytes);
  weights.forEach((x, i) => {
    const at = Math.floor(i / block) * blockBytes;
    bytes[at + 1] = 0x1c; // The float16 1/256 is 0x1c00.
    bytes[at + 2 + (i % block)] = roundedToQ8(x) * 256;
  });
  return bytes;
}

/** Numbers in (-0.5, 0.5), the same on every run. */
export function noise(n: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
}

/** Entries of LEB128 numbers (or bytes), each after its length, as the goldens are written. */
function readTable(path: string, numbers = false): number[][] {
  const bytes = readFileSync(path);
  let at = 0;
  const leb128 = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  return Array.from({ length: leb128() }, () =>
    Array.from({ length: leb128() }, () => (numbers ? leb128() : bytes[at++]!)),
  );
}

function valueBytes(value: Value): Buffer {
  if ('u32' in value) return Buffer.concat([u32(4), u32(value.u32)]);
  if ('f32' in value) return Buffer.concat([u32(6), f32(value.f32)]);
  if ('bool' in value) return Buffer.concat([u32(7), Buffer.from([Number(value.bool)])]);
  if ('text' in value) return Buffer.concat([u32(8), text(value.text)]);
  if ('texts' in value) return array(8, value.texts.map(text));
  if ('f32s' in value) return array(6, value.f32s.map(f32));
  return array(5, value.i32s.map(u32));
}

function array(type: number, items: Buffer[]): Buffer {
  return Buffer.concat([u32(9), u32(type), u64(items.length), ...items]);
}

function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & (alignment - 1))]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function f32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}
