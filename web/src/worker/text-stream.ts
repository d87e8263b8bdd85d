// The C ABI of a text stream.
import type { Engine } from './engine.ts';
import { textAt } from './memory.ts';
import type { Model } from './model.ts';

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
