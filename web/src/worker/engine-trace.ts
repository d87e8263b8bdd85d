// The C ABI's glass box as a typed object (engine/wasm/trace_exports.cpp). It knows addresses, as
// engine.ts does. What comes back is a copy.
import { blockSize } from './cell.ts';
import { bytesAt, floatsAt, idsAt } from './memory.ts';
import type { Logits, Session } from './session.ts';

const kinds = { scale: 0, add: 1, replace: 2, mask: 3 };
const conditions = { always: 0, norm_above: 1, non_finite: 2 };

/** An edit as the engine takes it; engine/trace/edits.h. */
export type EngineEdit = {
  op: number;
  /** Elements [first, first + n) of rows of positions [from, to). */
  first: number;
  n: number;
  from: number;
  to: number;
} & (
  | { kind: 'scale' | 'add' | 'replace'; values: Float32Array }
  /** Positions [begin, end) that the heads whose elements these are do not see. */
  | { kind: 'mask'; begin: number; end: number }
);

export interface EngineBreak {
  op: number;
  when: keyof typeof conditions;
  limit: number;
}

export interface EngineHit {
  index: number;
  op: number;
  position: number;
  value: number;
  element: number;
}

const sequence = 0;

/** Taps, edits and breaks of the page's sequence, and what is computed from them. */
export class EngineTrace {
  readonly #session: Session;
  readonly #address: number;

  constructor(session: Session) {
    this.#session = session;
    const { engine } = session;
    this.#address = engine.check(engine.module._ni_trace_new(session.address, sequence), 0);
  }

  /** Keeps these ops' outputs, or their norms, and no others; returns for how many positions. */
  keep(taps: readonly { op: number; normOnly: boolean }[], maxBytes: number): number {
    const { engine } = this.#session;
    const packed = Uint32Array.from(taps.flatMap(({ op, normOnly }) => [op, Number(normOnly)]));
    return engine.withCopy(packed, (at) =>
      engine.check(this.#module._ni_trace_keep(this.#address, at, taps.length, maxBytes), -1),
    );
  }

  /** Where all that is kept lies; 0: nothing is. */
  get tapsAddress(): number {
    return this.#module._ni_trace_taps(this.#address);
  }

  /** The kept row of one position. */
  row(op: number, position: number): Float32Array {
    return this.#floats((n) => this.#module._ni_trace_row(this.#address, op, position, n));
  }

  /** Where the kept row of one position lies, if `op` gives logits; null: it is not kept. */
  keptLogits(op: number, position: number): Logits | null {
    const address = this.#session.engine.withSpace(4, (n) =>
      this.#module._ni_trace_row(this.#address, op, position, n),
    );
    return address === 0 ? null : (address as Logits);
  }

  /** What the op has left in the pass that stands still behind it. */
  live(op: number): Float32Array {
    return this.#floats((n) => this.#module._ni_trace_live(this.#address, op, n));
  }

  /** All of the pass's rows in the place of what the op has just left. */
  write(op: number, rows: Float32Array): void {
    const { engine } = this.#session;
    engine.withCopy(rows, (at) =>
      engine.check(this.#module._ni_trace_write(this.#address, op, at, rows.length), -1),
    );
  }

  setBreaks(breaks: readonly EngineBreak[]): void {
    const { engine } = this.#session;
    const packed = new Uint32Array(3 * breaks.length);
    const limits = new Float32Array(packed.buffer);
    breaks.forEach(({ op, when, limit }, i) => {
      packed.set([op, conditions[when]], 3 * i);
      limits[3 * i + 2] = limit;
    });
    engine.withCopy(packed, (at) =>
      engine.check(this.#module._ni_trace_breaks(this.#address, at, breaks.length), -1),
    );
  }

  /** The break at which the pass has stopped; null: at none. */
  hit(): EngineHit | null {
    const address = this.#module._ni_trace_hit(this.#address);
    const [index, op, position, , element] = idsAt(this.#module, address, 5);
    if (index === undefined || index < 0) return null;
    const value = floatsAt(this.#module, address, 5)[3]!;
    return { index, op: op!, position: position!, value, element: element! };
  }

  /** These edits and no others; on an error those before stay. */
  setEdits(edits: readonly EngineEdit[], ropeTheta: number): void {
    const { engine } = this.#session;
    const packed = new Uint32Array(8 * edits.length);
    const lists = edits.map((edit) => (edit.kind === 'mask' ? [] : edit.values));
    const values = new Float32Array(lists.reduce((sum, list) => sum + list.length, 0));
    let used = 0;
    edits.forEach((edit, i) => {
      const { op, kind, first, n, from, to } = edit;
      const list = lists[i]!;
      const [begin, end] =
        edit.kind === 'mask' ? [edit.begin, edit.end] : [used, used + list.length];
      packed.set([op, kinds[kind], first, n, from, to, begin, end], 8 * i);
      values.set(list, used);
      used += list.length;
    });
    engine.withCopy(packed, (editsAt) =>
      engine.withCopy(values, (valuesAt) =>
        engine.check(
          engine.module._ni_trace_edits(
            this.#address,
            editsAt,
            edits.length,
            valuesAt,
            values.length,
            ropeTheta,
          ),
          -1,
        ),
      ),
    );
  }

  /** raw, scaled, masked, probs (position + 1 each), z (head_dim), m, l. */
  attention(layer: number, head: number, position: number): Float32Array {
    return this.#floats((n) =>
      this.#module._ni_trace_attention(this.#address, layer, head, position, n),
    );
  }

  /** (n_vocab) final norm and head on a tap's row. */
  lens(tap: number, position: number): Float32Array {
    return this.#floats((n) => this.#module._ni_trace_lens(this.#address, tap, position, n));
  }

  /** Where they lie, until the next product. */
  lensLogits(tap: number, position: number): Logits {
    const { engine } = this.#session;
    const address = engine.withSpace(4, (n) =>
      this.#module._ni_trace_lens(this.#address, tap, position, n),
    );
    return engine.check(address, 0) as Logits;
  }

  /** (n_out) what elements [first, first + count) of a product's input tap give alone. */
  part(op: number, tap: number, position: number, first: number, count: number): Float32Array {
    return this.#floats((n) =>
      this.#module._ni_trace_part(this.#address, op, tap, position, first, count, n),
    );
  }

  /** A tap's row as product `op` multiplies it: codes, a and s of each block; floats as they are. */
  input(op: number, tap: number, position: number, nIn: number, quantised: boolean) {
    const { engine } = this.#session;
    const { module } = engine;
    const found = engine.check(module._ni_trace_input(this.#address, op, tap, position), 0);
    const [values, q, a, s] = idsAt(module, found, 4);
    const blocks = Math.ceil(nIn / blockSize);
    if (!quantised) {
      return {
        inputs: floatsAt(module, values!, nIn).slice(),
        a: new Float32Array(blocks).fill(1),
        s: new Float32Array(blocks),
      };
    }
    return {
      inputs: Float32Array.from(new Int16Array(bytesAt(module, q!, 2 * nIn).slice().buffer)),
      a: floatsAt(module, a!, blocks).slice(),
      s: floatsAt(module, s!, blocks).slice(),
    };
  }

  /** A row of an op's matrix: its bytes in the file's order and its values. */
  matrixRow(op: number, row: number, nBytes: number, nIn: number) {
    const { engine, address } = this.#session;
    const { module } = engine;
    return engine.withSpace(nBytes, (bytes) =>
      engine.withSpace(nIn * 4, (values) => {
        engine.check(module._ni_matrix_row(address, op, row, bytes, values), -1);
        return {
          bytes: bytesAt(module, bytes, nBytes).slice(),
          values: floatsAt(module, values, nIn).slice(),
        };
      }),
    );
  }

  /** A block's codes and scales, of as many as the type's blocks have; null: the matrix has floats. */
  decode(op: number, block: Uint8Array): { codes: Int16Array; scales: Float32Array } | null {
    const { engine, address } = this.#session;
    const { module } = engine;
    return engine.withCopy(block, (at) =>
      engine.withSpace(512 + 64, (out) => {
        if (module._ni_matrix_decode(address, op, at, out) === 0) return null;
        const bytes = bytesAt(module, out, 512 + 64).slice();
        return {
          codes: new Int16Array(bytes.buffer, 0, 256),
          scales: new Float32Array(bytes.buffer, 512, 16),
        };
      }),
    );
  }

  /** The blocks that hold the context, in the order of its positions. */
  kvTable(): Uint32Array {
    const { engine, address } = this.#session;
    return engine.withSpace(4, (n) => {
      const table = engine.module._ni_kv_table(address, sequence, n);
      const length = idsAt(engine.module, n, 1)[0]!;
      return Uint32Array.from(idsAt(engine.module, table, length));
    });
  }

  /** k, then v (headDim each), as the cache has them. */
  kvSlot(layer: number, kvHead: number, position: number, headDim: number): Float32Array {
    const { engine, address } = this.#session;
    const { module } = engine;
    return engine.withSpace(8 * headDim, (out) => {
      engine.check(module._ni_kv_slot(address, sequence, layer, kvHead, position, out), -1);
      return floatsAt(module, out, 2 * headDim).slice();
    });
  }

  get #module() {
    return this.#session.engine.module;
  }

  /** Floats of a call that returns their address and writes their number to `n`. */
  #floats(call: (n: number) => number): Float32Array {
    const { engine } = this.#session;
    return engine.withSpace(4, (n) => {
      const address = engine.check(call(n), 0);
      return floatsAt(engine.module, address, idsAt(engine.module, n, 1)[0]!).slice();
    });
  }
}
