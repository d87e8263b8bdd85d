// The C ABI of a model: its bytes on their way in, and what its file says.
import type { MergeStep, ModelInfo, TensorInfo } from '../protocol.ts';
import type { Engine } from './engine.ts';
import { Failure } from './failure.ts';
import { bytesAt, encodeText, floatsAt, idsAt } from './memory.ts';

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

  /** The joins that lead from a token's bytes to it, in order. Of byte-level vocabularies. */
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
