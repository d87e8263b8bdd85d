// The engine's C ABI as typed objects: with engine-trace.ts and memory.ts the only code here that
// knows addresses.
import type {
  BuildChoice,
  BuildInfo,
  ErrorInfo,
  MergeStep,
  ModelInfo,
  SamplerStages,
  SessionInfo,
  TapInfo,
  TensorInfo,
} from '../protocol.ts';
import type { EngineFactory, EngineModule } from './engine-module.d.ts';
import { Failure, isTrap } from './failure.ts';
import { bytesAt, doublesAt, encodeText, floatsAt, idsAt, stringAt, textAt } from './memory.ts';
import { samplerNumbers } from './sampler-numbers.ts';

declare const logitsBrand: unique symbol;
/** (n_vocab) float32 in the engine's memory, valid until the session's next pass. */
export type Logits = number & { readonly [logitsBrand]: true };

const sequence = 0; // The page holds one conversation; the engine could hold many.

/** Frees what `use` needed once it is done, but not after a trap: then nothing may be called. */
export async function freeing<T>(
  owned: readonly { free(): void }[],
  use: () => T | Promise<T>,
): Promise<T> {
  let trapped = false;
  try {
    return await use();
  } catch (thrown) {
    trapped = isTrap(thrown);
    throw thrown;
  } finally {
    if (!trapped) owned.forEach((object) => object.free());
  }
}

/** A running wasm module. */
export class Engine {
  readonly module: EngineModule;

  private constructor(module: EngineModule) {
    this.module = module;
  }

  /** Fetches and starts the file that `choice` names, from the folder `engineUrl`. */
  static async start(engineUrl: string, choice: BuildChoice): Promise<Engine> {
    const name = `nanoinfer-${choice.simd === 'relaxed' ? 'relaxed' : 'simd'}`;
    const url = new URL(`${name}${choice.threads ? '-threads' : ''}.mjs`, engineUrl).href;
    try {
      const { default: create } = (await import(/* @vite-ignore */ url)) as {
        default: EngineFactory;
      };
      return new Engine(await create({ poolSize: choice.nThreads - 1 }));
    } catch (thrown) {
      const actual = thrown instanceof Error ? thrown.message : String(thrown);
      const message =
        'The engine could not be started. If the page has just been updated, reload it.';
      throw new Failure('engine_unavailable', message, { place: url, actual });
    }
  }

  get memoryBytes(): number {
    return this.module.wasmMemory.buffer.byteLength;
  }

  buildInfo(): BuildInfo {
    return this.json(this.module._ni_build_info());
  }

  json<T>(address: number): T {
    if (address === 0) throw this.lastError();
    return JSON.parse(stringAt(this.module, address)) as T;
  }

  lastError(): Failure {
    const text = stringAt(this.module, this.module._ni_last_error());
    const info = JSON.parse(text || '{}') as Partial<ErrorInfo>;
    return new Failure(info.code ?? 'internal', info.message ?? 'The engine gave no reason', info);
  }

  /** Throws the engine's own reason where a call returned its failure value. */
  check(result: number, failed: number): number {
    if (result === failed) throw this.lastError();
    return result;
  }

  /** Calls `use` with the address of a copy of `data`, which lives until `use` returns. */
  withCopy<T>(data: ArrayBufferView, use: (address: number) => T): T {
    return this.withSpace(data.byteLength, (address) => {
      const source = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      bytesAt(this.module, address, data.byteLength).set(source);
      return use(address);
    });
  }

  withSpace<T>(bytes: number, use: (address: number) => T): T {
    const address = this.check(this.module._ni_alloc(Math.max(1, bytes)), 0);
    let trapped = false;
    try {
      return use(address);
    } catch (thrown) {
      trapped = isTrap(thrown);
      throw thrown;
    } finally {
      if (!trapped) this.module._ni_free(address);
    }
  }

  /** Bytes from a call that returns the length it needs; called again when `capacity` was small. */
  fill(capacity: number, call: (out: number, capacity: number) => number): Uint8Array {
    const attempt = (size: number): Uint8Array | number =>
      this.withSpace(size, (out) => {
        const length = call(out, size);
        if (length < 0 || length > size) return length;
        return bytesAt(this.module, out, length).slice();
      });
    let result = attempt(capacity);
    if (typeof result === 'number' && result > 0) result = attempt(result);
    if (typeof result === 'number') throw this.lastError();
    return result;
  }
}

/** Takes a file's bytes in order, each written once where it will stay. */
export class Loader {
  readonly #engine: Engine;
  readonly #address: number;

  /** fileBytes 0: not known. */
  constructor(engine: Engine, fileBytes: number) {
    this.#engine = engine;
    this.#address = engine.check(engine.module._ni_loader_new(fileBytes), 0);
  }

  /** Where the next n bytes of the file belong; valid until the next call. */
  reserve(n: number): Uint8Array<ArrayBuffer> {
    const { module } = this.#engine;
    const address = this.#engine.check(module._ni_loader_reserve(this.#address, n), 0);
    return bytesAt(module, address, n);
  }

  /** n bytes have been written: 0 header incomplete, 1 weights still coming, 2 all is there. */
  commit(n: number): number {
    return this.#engine.check(this.#engine.module._ni_loader_commit(this.#address, n), -1);
  }

  /** The model without its weights, once the header is complete; it goes with the loader. */
  model(): Model {
    return new Model(this.#engine, this.#engine.module._ni_loader_model(this.#address));
  }

  finish(): Model {
    const address = this.#engine.module._ni_loader_finish(this.#address);
    return new Model(this.#engine, this.#engine.check(address, 0));
  }

  free(): void {
    this.#engine.module._ni_loader_free(this.#address);
  }
}

export class Model {
  readonly engine: Engine;
  readonly address: number;
  readonly info: ModelInfo;

  constructor(engine: Engine, address: number) {
    this.engine = engine;
    this.address = address;
    this.info = engine.json(engine.module._ni_model_info(address));
  }

  #tensors: TensorInfo[] | null = null;

  /** In the file's order. */
  tensors(): TensorInfo[] {
    this.#tensors ??= this.engine.json<TensorInfo[]>(
      this.engine.module._ni_model_tensors(this.address),
    );
    return this.#tensors;
  }

  /** A tensor of one axis, which lies in memory as in the file: float32. */
  vector(name: string): Float32Array {
    const found = this.tensors().find((tensor) => tensor.name === name);
    if (found?.type !== 'F32' || found.tile_rows > 0) {
      throw new Failure('bad_argument', 'The file has no vector of this name.', {
        place: name,
        expected: 'a tensor with one axis',
        actual: found ? `${found.type} ${found.shape.join(' × ')}` : 'none',
      });
    }
    return floatsAt(this.engine.module, found.address, found.shape[0]!).slice();
  }

  /** (n) one row of the nth tensor, from its bytes as the file has them. */
  dequantise(nth: number, row: Uint8Array, n: number): Float32Array {
    const { engine } = this;
    return engine.withCopy(row, (bytes) =>
      engine.withSpace(4 * n, (values) => {
        engine.check(engine.module._ni_model_dequantise(this.address, nth, bytes, values), -1);
        return floatsAt(engine.module, values, n).slice();
      }),
    );
  }

  /** `special`: control tokens written in the text become tokens. Never for what a user typed. */
  tokenize(text: string, special: boolean): number[] {
    const bytes = encodeText(text);
    const { engine } = this;
    return engine.withCopy(bytes, (address) => {
      const attempt = (capacity: number): number[] | number =>
        engine.withSpace(capacity * 4, (ids) => {
          const count = engine.module._ni_model_tokenize(
            this.address,
            address,
            bytes.length,
            special ? 1 : 0,
            ids,
            capacity,
          );
          if (count < 0 || count > capacity) return count;
          return [...idsAt(engine.module, ids, count)];
        });
      let result = attempt(bytes.length + 16);
      if (typeof result === 'number' && result > 0) result = attempt(result);
      if (typeof result === 'number') throw engine.lastError();
      return result;
    });
  }

  /** The joins that lead from a token's bytes to it, in order; none of a sentencepiece vocabulary. */
  tokenMerges(id: number): MergeStep[] {
    const { module } = this.engine;
    const most = this.tokenText(id).length; // each join leaves one token less
    return this.engine.withSpace(20 * most, (out) => {
      const n = module._ni_model_token_merges(this.address, id, out, most);
      return Array.from({ length: n }, (_, i) => {
        const [pos, left, right, rank, result] = idsAt(module, out + 20 * i, 5);
        return { pos: pos!, left: left!, right: right!, rank: rank!, result: result! };
      });
    });
  }

  tokenText(id: number): Uint8Array {
    const { module } = this.engine;
    return this.engine.fill(256, (out, capacity) =>
      module._ni_model_token_text(this.address, id, out, capacity),
    );
  }

  /** -1: no such id. */
  tokenKind(id: number): number {
    return this.engine.module._ni_model_token_kind(this.address, id);
  }

  sentencePieceProto(): Uint8Array {
    const { module } = this.engine;
    return this.engine.fill(4 << 20, (out, capacity) =>
      module._ni_model_sentencepiece_proto(this.address, out, capacity),
    );
  }
}

/** Token ids to text, a character only when all its bytes are there. */
export class TextStream {
  readonly #engine: Engine;
  readonly #address: number;
  readonly #out: number;
  static readonly #capacity = 8192; // Longer than any token's text.

  constructor(model: Model, showControl: boolean) {
    this.#engine = model.engine;
    const { module } = model.engine;
    const address = module._ni_text_stream_new(model.address, showControl ? 1 : 0);
    this.#address = model.engine.check(address, 0);
    this.#out = model.engine.check(module._ni_alloc(TextStream.#capacity), 0);
  }

  push(id: number): string {
    const { module } = this.#engine;
    return this.#text(
      module._ni_text_stream_push(this.#address, id, this.#out, TextStream.#capacity),
    );
  }

  /** What is left of an incomplete character. */
  flush(): string {
    const { module } = this.#engine;
    return this.#text(module._ni_text_stream_flush(this.#address, this.#out, TextStream.#capacity));
  }

  free(): void {
    this.#engine.module._ni_text_stream_free(this.#address);
    this.#engine.module._ni_free(this.#out);
  }

  #text(n: number): string {
    const length = Math.min(this.#engine.check(n, -1), TextStream.#capacity);
    return textAt(this.#engine.module, this.#out, length);
  }
}

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

  /** What can be looked at in a pass. */
  taps(): TapInfo[] {
    return this.engine.json(this.engine.module._ni_session_taps(this.address));
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

  /** The n likeliest of (n_vocab) logits in the engine's memory, with their probabilities among all. */
  top(logits: number, n: number): { ids: Int32Array; p: Float32Array } {
    const { module } = this.engine;
    return this.engine.withSpace(8 * n, (ids) => {
      module._ni_logits_top(logits, this.#nVocab, n, ids, ids + 4 * n);
      return {
        ids: idsAt(module, ids, n).slice(),
        p: floatsAt(module, ids + 4 * n, n).slice(),
      };
    });
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

/** The sampler chain, with its random numbers and its history for the penalties. */
export class Sampler {
  readonly #engine: Engine;
  readonly #address: number;

  constructor(model: Model, params: object) {
    const { engine, info } = model;
    const { numbers, bias } = samplerNumbers(params);
    this.#engine = engine;
    this.#address = engine.withCopy(numbers, (at) =>
      engine.withCopy(bias, (biasAt) =>
        engine.check(engine.module._ni_sampler_new(at, biasAt, bias.length / 2, info.n_vocab), 0),
      ),
    );
  }

  sample(logits: Logits): number {
    return this.#engine.check(this.#engine.module._ni_sampler_sample(this.#address, logits), -1);
  }

  /** What each stage of the last sample left. */
  stages(): SamplerStages {
    return this.#engine.json(this.#engine.module._ni_sampler_stages(this.#address));
  }

  accept(id: number): void {
    this.#engine.module._ni_sampler_accept(this.#address, id);
  }

  free(): void {
    this.#engine.module._ni_sampler_free(this.#address);
  }
}
