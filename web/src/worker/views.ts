// What the engine computes anew from kept rows, the cache and the weights, in the page's words.
import type {
  AttentionRow,
  Calls,
  Cell,
  KvRows,
  KvSlot,
  KvState,
  Lens,
  MatrixBlock,
  Plan,
  TopToken,
} from '../protocol.ts';
import { addUp, blockSize, isQuantised } from './cell.ts';
import { wholeIn } from './edits.ts';
import type { EngineTrace } from './engine-trace.ts';
import { Failure } from './failure.ts';
import { likeliest } from './likeliest.ts';
import type { Model } from './model.ts';
import type { Session } from './session.ts';
import { tapNamed } from './tap-names.ts';

/** Which product gives a tap, and which tap it multiplies. */
const products: Record<string, { op: string; input: string }> = {
  q: { op: 'attn_q', input: 'attn_norm' },
  k: { op: 'attn_k', input: 'attn_norm' },
  v: { op: 'attn_v', input: 'attn_norm' },
  attn_out: { op: 'attn_output', input: 'z' },
  gate: { op: 'ffn_gate', input: 'ffn_norm' },
  up: { op: 'ffn_up', input: 'ffn_norm' },
  ffn_out: { op: 'ffn_down', input: 'act' },
  logits: { op: 'output', input: 'final_norm' },
};

/** A row of weights as the file has it, and how its blocks lie there. */
interface Row {
  bytes: Uint8Array;
  values: Float32Array;
  type: string;
  /** Of a block. */
  elements: number;
  bytesEach: number;
}

export class Views {
  readonly #model: Model;
  readonly #session: Session;
  readonly #trace: EngineTrace;
  readonly #plan: Plan;

  constructor(model: Model, session: Session, trace: EngineTrace, plan: Plan) {
    this.#model = model;
    this.#session = session;
    this.#trace = trace;
    this.#plan = plan;
  }

  attention({ layer, head, position }: Calls['traceAttention']['args']): AttentionRow {
    const { n_heads, n_kv_heads, head_dim } = this.#layerInfo(layer);
    wholeIn(head, 0, n_heads - 1, 'head');
    this.#checkPosition(position);
    const all = this.#trace.attention(layer, head, position);
    const n = position + 1;
    const part = (i: number) => all.slice(i * n, (i + 1) * n);
    return {
      layer,
      head,
      kvHead: Math.floor(head / (n_heads / n_kv_heads)),
      position,
      raw: part(0),
      scaled: part(1),
      masked: part(2),
      probs: part(3),
      z: all.slice(4 * n, 4 * n + head_dim),
      m: all[4 * n + head_dim]!,
      l: all[4 * n + head_dim + 1]!,
    };
  }

  lens({ name, position, top: n, all }: Calls['traceLens']['args']): Lens {
    this.#checkPosition(position);
    wholeIn(n, 1, this.#model.info.n_vocab, 'top');
    const { op } = tapNamed(this.#plan.taps, name);
    const logits = this.#trace.lens(op, position);
    return { name, position, top: this.#top(logits, n), logits: all ? logits : null };
  }

  headWrite({ layer, head, position }: Calls['traceHeadWrite']['args']): Float32Array {
    const { n_heads, head_dim } = this.#layerInfo(layer);
    wholeIn(head, 0, n_heads - 1, 'head');
    this.#checkPosition(position);
    const { op, tap } = this.#product(`L.${layer}.attn_out`);
    return this.#trace.part(op, tap, position, head * head_dim, head_dim);
  }

  cell({ name, position, element }: Calls['traceCell']['args']): Cell {
    const { op, tap } = this.#product(name);
    this.#checkPosition(position);
    wholeIn(element, 0, this.#plan.ops[op]!.n_out - 1, 'element');
    const row = this.#codes(op, element);
    const input = this.#trace.input(op, tap, position, row.weights.length, isQuantised(row.type));
    const factors = { ...row, ...input };
    return { op, position, element, block: blockSize, ...factors, ...addUp(factors) };
  }

  matrixBlock({ op, row, block }: Calls['matrixBlock']['args']): MatrixBlock {
    const read = this.#row(op, row);
    const blocks = read.values.length / read.elements;
    wholeIn(block, 0, blocks - 1, 'block');
    return { op, type: read.type, row, block, blocks, ...this.#block(op, read, block) };
  }

  matrixRow({ op, row }: Calls['matrixRow']['args']): Float32Array {
    return this.#row(op, row).values;
  }

  top(n: number): TopToken[] {
    wholeIn(n, 1, this.#model.info.n_vocab, 'n');
    return this.#top(this.#session.copyLogits(), n);
  }

  kv(): KvState {
    const info = this.#session.info();
    return {
      blockPositions: info.kv_block_positions,
      blockBytes: info.kv_block_bytes,
      blocks: info.kv_bytes_used / info.kv_block_bytes,
      blocksMax: info.kv_bytes_max / info.kv_block_bytes,
      table: this.#trace.kvTable(),
      length: this.#session.length,
    };
  }

  kvSlot({ layer, kvHead, position }: Calls['kvSlot']['args']): KvSlot {
    const { n_kv_heads, head_dim } = this.#layerInfo(layer);
    wholeIn(kvHead, 0, n_kv_heads - 1, 'kvHead');
    this.#checkPosition(position);
    const both = this.#trace.kvSlot(layer, kvHead, position, head_dim);
    return { k: both.slice(0, head_dim), v: both.slice(head_dim) };
  }

  kvRows({ layer, end }: Calls['kvRows']['args']): KvRows {
    const { n_kv_heads: nHeads, head_dim: headDim } = this.#layerInfo(layer);
    wholeIn(end, 0, this.#session.length, 'end');
    const k = new Float32Array(end * nHeads * headDim);
    const v = new Float32Array(k.length);
    for (let at = 0; at < k.length; at += headDim) {
      const row = at / headDim;
      const both = this.#trace.kvSlot(layer, row % nHeads, Math.floor(row / nHeads), headDim);
      k.set(both.subarray(0, headDim), at);
      v.set(both.subarray(headDim), at);
    }
    return { k, v };
  }

  #layerInfo(layer: number) {
    wholeIn(layer, 0, this.#model.info.n_layers - 1, 'layer');
    return this.#model.info;
  }

  #checkPosition(position: number): void {
    wholeIn(position, 0, this.#session.nCtx - 1, 'position');
  }

  /** The op that multiplies, and the op of its input's tap. */
  #product(name: string): { op: number; tap: number } {
    const named = tapNamed(this.#plan.taps, name);
    const prefix = named.name.slice(0, named.name.lastIndexOf('.') + 1);
    const product = products[named.name.slice(prefix.length)];
    if (!product) {
      throw new Failure('bad_argument', 'No matrix product gives this tap.', {
        place: 'name',
        expected: Object.keys(products).join(', '),
        actual: named.name,
      });
    }
    const { layer } = this.#plan.ops[named.op]!;
    const op = this.#plan.ops.findIndex((one) => one.name === product.op && one.layer === layer);
    return { op, tap: tapNamed(this.#plan.taps, prefix + product.input).op };
  }

  #row(op: number, row: number): Row {
    wholeIn(op, 0, this.#plan.ops.length - 1, 'op');
    const { type, kind, n_in, n_out, bytes } = this.#plan.ops[op]!;
    if (type === undefined) {
      throw new Failure('bad_argument', 'This op has no matrix.', { place: 'op', actual: kind });
    }
    // The embedding's op takes a token: it reads one row of its matrix.
    const one = kind === 'embed';
    const nIn = one ? n_out : n_in;
    const nOut = one ? this.#model.info.n_vocab : n_out;
    wholeIn(row, 0, nOut - 1, 'row');
    const rowBytes = one ? bytes : bytes / nOut;
    const elements = type.endsWith('_K') ? 256 : isQuantised(type) ? blockSize : 1;
    const read = this.#trace.matrixRow(op, row, rowBytes, nIn);
    return { ...read, type, elements, bytesEach: rowBytes / (nIn / elements) };
  }

  /** A row of weights as codes and scales of each block; floats as they are, with d = 1. */
  #codes(op: number, row: number) {
    const read = this.#row(op, row);
    const { values, type, elements } = read;
    const weights = values.slice();
    const d = new Float32Array(Math.ceil(values.length / blockSize)).fill(1);
    const m = new Float32Array(d.length);
    for (let block = 0; isQuantised(type) && block < values.length / elements; ++block) {
      const one = this.#block(op, read, block);
      weights.set(one.codes, block * elements);
      d.set(one.d, (block * elements) / blockSize);
      m.set(one.m, (block * elements) / blockSize);
    }
    return { type, weights, d, m };
  }

  /** One of a row's blocks: its bytes, codes, scales and values; a float is a block of its own. */
  #block(op: number, { bytes, values, elements, bytesEach }: Row, block: number) {
    const own = bytes.slice(block * bytesEach, (block + 1) * bytesEach);
    const ownValues = values.slice(block * elements, (block + 1) * elements);
    const decoded = this.#trace.decode(op, own);
    const scales = decoded ? elements / blockSize : 0;
    return {
      bytes: own,
      codes: Float32Array.from(decoded?.codes.subarray(0, elements) ?? ownValues),
      d: decoded?.scales.slice(0, scales) ?? Float32Array.of(1),
      m: decoded?.scales.slice(8, 8 + scales) ?? Float32Array.of(0),
      values: ownValues,
    };
  }

  #top(logits: Float32Array, n: number): TopToken[] {
    const { ids, p } = likeliest(logits, n);
    return Array.from(ids, (id, i) => ({
      id,
      text: new TextDecoder().decode(this.#model.tokenText(id)),
      logit: logits[id]!,
      p: p[i]!,
    }));
  }
}
