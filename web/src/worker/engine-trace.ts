// The C ABI's glass box as a typed object (engine/wasm/trace_exports.cpp). It knows addresses, as
// engine.ts does.
import type { Session } from './engine.ts';
import { floatsAt, idsAt } from './memory.ts';

/** An edit as the engine takes it; engine/trace/edits.h. */
export interface EngineEdit {
  op: number;
  kind: 'scale' | 'add' | 'replace';
  first: number;
  n: number;
  from: number;
  to: number;
  values: Float32Array;
}

export interface EngineBreak {
  op: number;
  when: 'always' | 'norm_above' | 'non_finite';
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
const kinds = { scale: 0, add: 1, replace: 2 };
const conditions = { always: 0, norm_above: 1, non_finite: 2 };

/** Taps, edits and breaks of the page's sequence. */
export class EngineTrace {
  readonly #session: Session;
  readonly #address: number;

  constructor(session: Session) {
    this.#session = session;
    const { engine } = session;
    this.#address = engine.check(engine.module._ni_trace_new(session.address, sequence), 0);
  }

  /** Keeps these ops' outputs, or their norms, and no others; returns for how many positions. */
  keep(taps: { op: number; normOnly: boolean }[], maxBytes: number): number {
    const { engine } = this.#session;
    const ops = Uint32Array.from(taps, ({ op }) => op);
    const norms = Uint8Array.from(taps, ({ normOnly }) => Number(normOnly));
    return engine.withCopy(ops, (opsAt) =>
      engine.withCopy(norms, (normsAt) =>
        engine.check(
          engine.module._ni_trace_keep(this.#address, opsAt, normsAt, taps.length, maxBytes),
          -1,
        ),
      ),
    );
  }

  /** The kept row of one position; a view. */
  row(op: number, position: number): Float32Array {
    return this.#values((n) => this.#module._ni_trace_row(this.#address, op, position, n));
  }

  /** What the op has left in the pass that stands still behind it; a view. */
  live(op: number): Float32Array {
    return this.#values((n) => this.#module._ni_trace_live(this.#address, op, n));
  }

  addBreak({ op, when, limit }: EngineBreak): void {
    const { engine } = this.#session;
    engine.check(this.#module._ni_trace_break(this.#address, op, conditions[when], limit), -1);
  }

  clearBreaks(): void {
    this.#module._ni_trace_clear_breaks(this.#address);
  }

  /** The break at which the pass has stopped; null: at none. */
  hit(): EngineHit | null {
    const address = this.#module._ni_trace_hit(this.#address);
    const [index, op, position, , element] = idsAt(this.#module, address, 5);
    if (index === undefined || index < 0) return null;
    const value = floatsAt(this.#module, address, 5)[3]!;
    return { index, op: op!, position: position!, value, element: element! };
  }

  addEdit({ op, kind, first, n, from, to, values }: EngineEdit): void {
    const { engine } = this.#session;
    const { module } = engine;
    engine.withCopy(values, (at) =>
      engine.check(
        module._ni_trace_edit(
          this.#address,
          op,
          kinds[kind],
          first,
          n,
          from,
          to,
          at,
          values.length,
        ),
        -1,
      ),
    );
  }

  clearEdits(): void {
    this.#module._ni_trace_clear_edits(this.#address);
  }

  get #module() {
    return this.#session.engine.module;
  }

  /** Floats of a call that returns their address and writes their number to `n`. */
  #values(call: (n: number) => number): Float32Array {
    const { engine } = this.#session;
    return engine.withSpace(4, (n) => {
      const address = engine.check(call(n), 0);
      return floatsAt(engine.module, address, idsAt(engine.module, n, 1)[0]!);
    });
  }
}
