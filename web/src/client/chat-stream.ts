import type { ChatEvent, ChatResult, ChatToken } from '../protocol.ts';
import { EngineError } from './errors.ts';

/**
 * An answer as it comes: iterate over its tokens, then await `result`. The answer ends with a
 * reason ('end', 'stop', 'max_tokens', 'context', 'cancelled'); only a failure rejects.
 */
export class ChatStream implements AsyncIterable<ChatToken> {
  readonly result: Promise<ChatResult>;
  readonly #tokens: ChatToken[] = [];
  readonly #waiting: (() => void)[] = [];
  #ended = false;
  #error: EngineError | null = null;

  /** `start` makes the request; it is given the function that takes the events. */
  constructor(start: (onEvent: (event: ChatEvent) => void) => Promise<ChatResult>) {
    this.result = start((event) => {
      if (event.type !== 'token') return;
      this.#tokens.push(event);
      this.#wake();
    });
    this.result
      .catch((thrown: unknown) => (this.#error = EngineError.from(thrown)))
      .finally(() => {
        this.#ended = true;
        this.#wake();
      });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ChatToken, void> {
    for (let next = 0; ; ++next) {
      while (next >= this.#tokens.length) {
        if (this.#error) throw this.#error;
        if (this.#ended) return;
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
      yield this.#tokens[next]!;
    }
  }

  #wake(): void {
    for (const goOn of this.#waiting.splice(0)) goOn();
  }
}
