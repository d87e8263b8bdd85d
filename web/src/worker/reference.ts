// Another file of the loaded model: checked by its header, read row by row, never loaded.
import type { ModelInfo, OpInfo, ReferenceFile, ReferenceRows, TensorInfo } from '../protocol.ts';
import { tensorName } from '../tensor-name.ts';
import { wholeIn } from './edits.ts';
import type { Engine } from './engine.ts';
import { Failure, isTrap } from './failure.ts';
import { refuseTextFiles } from './load-model.ts';
import { Loader, type Model } from './model.ts';
import { openFile, readBytes } from './sources.ts';

/** What files of one model have in common, in whatever types their weights are. */
const shapeKeys = [
  'architecture',
  'n_layers',
  'd_model',
  'd_ffn',
  'n_heads',
  'n_kv_heads',
  'head_dim',
  'n_vocab',
] as const satisfies readonly (keyof ModelInfo)[];

let opened = 0;

export class Reference {
  readonly #nth = ++opened;
  readonly #file: File;
  readonly #loader: Loader;
  readonly #header: Model;
  readonly #tensors: TensorInfo[];
  /** Of the loaded file. */
  readonly #own: ReadonlyMap<string, TensorInfo>;
  #closed = false;

  private constructor(file: File, loader: Loader, header: Model, loaded: Model) {
    this.#file = file;
    this.#loader = loader;
    this.#header = header;
    this.#tensors = header.tensors();
    this.#own = new Map(loaded.tensors().map((tensor) => [tensor.name, tensor]));
  }

  static async open(engine: Engine, file: File, loaded: Model): Promise<Reference> {
    const loader = new Loader(engine, file.size);
    try {
      await readHeader(loader, file);
      const header = loader.model();
      refuseOtherModel(header.info, loaded.info, file.name);
      return new Reference(file, loader, header, loaded);
    } catch (thrown) {
      if (!isTrap(thrown)) loader.free();
      throw thrown;
    }
  }

  get info(): ReferenceFile {
    const file = this.#file;
    return { name: file.name, file, types: this.#header.info.types, nth: this.#nth };
  }

  /** These rows of the tensor that an op of the loaded model multiplies. */
  async rows(op: OpInfo, rows: readonly number[]): Promise<ReferenceRows> {
    if (op.type === undefined) {
      throw new Failure('bad_argument', 'This op has no matrix.', { place: 'op', actual: op.kind });
    }
    const own = this.#tensorOf(op);
    const nth = this.#tensors.findIndex(({ name }) => name === own.name);
    const tensor = this.#tensors[nth];
    this.#refuseOtherShape(own, tensor);
    const { name, type, shape, offset, bytes } = tensor;
    const [nOut, nIn] = shape as [number, number];
    const values = new Float32Array(rows.length * nIn);
    const rowBytes = bytes / nOut;
    for (const [i, row] of rows.entries()) {
      wholeIn(row, 0, nOut - 1, `rows[${i}]`);
      const begin = offset + row * rowBytes;
      const stored = await readBytes(this.#file, begin, begin + rowBytes);
      if (this.#closed) throw new Failure('no_reference', 'Another reference has been opened.');
      values.set(this.#header.dequantise(nth, stored, nIn), i * nIn);
    }
    this.#refuseNonFinite(values, name);
    return { name, type, values };
  }

  free(): void {
    this.#closed = true;
    this.#loader.free();
  }

  /** The head of a model that has none of its own is the embedding. */
  #tensorOf({ name, layer }: OpInfo): TensorInfo {
    return (
      this.#own.get(tensorName(layer, `${name}.weight`)) ?? this.#own.get('token_embd.weight')!
    );
  }

  #refuseOtherShape(own: TensorInfo, found?: TensorInfo): asserts found is TensorInfo {
    if (found && found.shape.join() === own.shape.join()) return;
    throw new Failure('other_model', 'The reference has no such matrix.', {
      place: `tensor ${own.name} of ${this.#file.name}`,
      expected: own.shape.join(' × '),
      actual: found?.shape.join(' × ') ?? 'no tensor of that name',
    });
  }

  #refuseNonFinite(values: Float32Array, name: string): void {
    if (values.every(Number.isFinite)) return;
    throw new Failure('malformed', 'A weight of the reference is not a finite number.', {
      place: `tensor ${name} of ${this.#file.name}`,
    });
  }
}

/** Gives the loader pieces of the file until the header is complete and checked. */
async function readHeader(loader: Loader, file: File): Promise<void> {
  const bytes = openFile(file);
  let first = true;
  let piece = new Uint8Array();
  for (;;) {
    const n = await bytes.next((size) => (piece = loader.reserve(size)));
    if (n === 0)
      throw new Failure('truncated', 'The file ends inside its header.', { place: file.name });
    if (first) refuseTextFiles(piece, file.name);
    first = false;
    if (loader.commit(n) > 0) return;
  }
}

function refuseOtherModel(found: ModelInfo, loaded: ModelInfo, place: string): void {
  const other = shapeKeys.filter((key) => found[key] !== loaded[key]);
  if (other.length === 0) return;
  const words = (info: ModelInfo) => other.map((key) => `${key} ${info[key]}`).join(', ');
  throw new Failure('other_model', 'This file is of another model than the one loaded.', {
    place,
    expected: words(loaded),
    actual: words(found),
  });
}
