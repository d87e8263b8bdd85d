// The C ABI of a session.
import type { SessionInfo } from '../protocol.ts';
import type { Engine } from './engine.ts';
import { bytesAt, doublesAt, encodeText, floatsAt, idsAt } from './memory.ts';
import type { Model } from './model.ts';

declare const logitsBrand: unique symbol;
/** (n_vocab) float32 in the engine's memory, valid until the session's next pass. */
export type Logits = number & { readonly [logitsBrand]: true };

const sequence = 0; // The page holds one conversation; the engine could hold many.

/** One conversation's cache and the plan of ops that extends it. */
export class Session {
  readonly engine: Engine;
  readonly address: number;
  readonly #rows: number; // nBatch rows: ids, sequences, positions (int32 each), wants logits (u8)
  readonly #nVocab: number;
  readonly nCtx: number;
  readonly nBatch: number;
  readonly nOps: number;

  constructor(model: Model, nCtx: number, nBatch: number, nThreads: number) {
    this.engine = model.engine;
    const { module } = model.engine;
    const address = module._ni_session_new(model.address, nCtx, nBatch, 1, nThreads);
    this.address = model.engine.check(address, 0);
    this.#nVocab = model.info.n_vocab;
    const info = this.info();
    this.nCtx = info.n_ctx;
    this.nBatch = info.n_batch;
    this.nOps = info.n_ops;
    this.#rows = model.engine.check(module._ni_alloc(this.nBatch * 13), 0);
  }

  info(): SessionInfo {
    return this.engine.json(this.engine.module._ni_session_info(this.address));
  }

  get length(): number {
    return this.engine.module._ni_session_length(this.address, sequence);
  }

  /** How many of these ids the cache already holds, from the start. */
  commonPrefix(ids: readonly number[]): number {
    return this.engine.withCopy(Int32Array.from(ids), (address) =>
      this.engine.module._ni_session_common_prefix(this.address, sequence, address, ids.length),
    );
  }

  /** What the context holds. */
  tokens(): Int32Array {
    const { module } = this.engine;
    const address = module._ni_session_tokens(this.address, sequence);
    return idsAt(module, address, this.length).slice();
  }

  truncate(nTokens: number): void {
    const { module } = this.engine;
    this.engine.check(module._ni_session_truncate(this.address, sequence, nTokens), -1);
  }

  /** Begins a pass over at most nBatch tokens after those in the cache. */
  begin(ids: readonly number[], wantsLogits: boolean): void {
    const { module } = this.engine;
    const n = ids.length;
    const length = this.length;
    const seqs = this.#rows + 4 * this.nBatch;
    const positions = this.#rows + 8 * this.nBatch;
    const wants = this.#rows + 12 * this.nBatch;
    idsAt(module, this.#rows, n).set(ids);
    idsAt(module, seqs, n).fill(sequence);
    idsAt(module, positions, n).forEach((_, row, all) => (all[row] = length + row));
    bytesAt(module, wants, n).fill(0);
    if (wantsLogits) bytesAt(module, wants, n)[n - 1] = 1;
    const begun = module._ni_session_begin(this.address, this.#rows, seqs, positions, wants, n);
    this.engine.check(begun, -1);
  }

  /** Times the kernel sets for a few milliseconds; true once the fastest is known and in use. */
  tuneKernels(): boolean {
    return this.engine.module._ni_session_tune(this.address) !== 0;
  }

  /** Runs on the set of that name; false if this build has none. */
  useKernels(name: string): boolean {
    return this.engine.withCopy(
      encodeText(`${name}\0`),
      (address) => this.engine.module._ni_session_use_kernels(this.address, address) === 0,
    );
  }

  /** Goes on with the pass for about maxMs; true when it is complete. */
  run(maxMs: number): boolean {
    return this.runTo(this.nOps, maxMs) === this.nOps;
  }

  /** The same until `until` ops have run, or to a break; returns how many have. */
  runTo(until: number, maxMs: number): number {
    const cursor = this.engine.module._ni_session_run(this.address, until, maxMs);
    return this.engine.check(cursor, -1);
  }

  /** How many ops of the begun pass have run; null: none is begun. */
  get cursor(): number | null {
    const cursor = this.engine.module._ni_session_cursor(this.address);
    return cursor < 0 ? null : cursor;
  }

  /** Drops a begun pass; the cache is as before it. */
  abandon(): void {
    this.engine.module._ni_session_abandon(this.address);
  }

  /** The logits of the last pass's last row. */
  logits(): Logits {
    const address = this.engine.module._ni_session_logits(this.address, 0);
    return this.engine.check(address, 0) as Logits;
  }

  copyLogits(): Float32Array {
    return floatsAt(this.engine.module, this.logits(), this.#nVocab).slice();
  }

  /** Whether its threads run by now; only then may a pass be run. */
  get started(): boolean {
    return this.engine.module._ni_session_started(this.address) !== 0;
  }

  /** Reads all weights once, on all threads; the bytes read. */
  readWeights(): number {
    return this.engine.module._ni_session_read_weights(this.address);
  }

  /** Multiplies in cache for some milliseconds, on all threads; the multiply-adds done. */
  multiply(): number {
    return this.engine.module._ni_session_multiply(this.address);
  }

  measureOps(on: boolean): void {
    this.engine.module._ni_session_timing(this.address, on ? 1 : 0);
  }

  /** (n_ops) milliseconds spent in each op since they were last reset. */
  opMs(): Float64Array {
    const { module } = this.engine;
    return doublesAt(module, module._ni_session_op_ms(this.address), this.nOps).slice();
  }

  resetOpMs(): void {
    this.engine.module._ni_session_op_ms_reset(this.address);
  }

  free(): void {
    this.engine.module._ni_session_free(this.address);
    this.engine.module._ni_free(this.#rows);
  }
}
