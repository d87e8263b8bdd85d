// Loading as the page shows it: one load at a time, its decision, its progress, its failure. No DOM.
import { type Client, defaultContext } from './client.ts';
import type { Wanted } from './catalogue.ts';
import { EngineError } from './errors.ts';
import type { CheckedHeader, LoadChoice, LoadOptions, LoadProgress } from '../protocol.ts';

export interface LoadState {
  wanted: Wanted;
  progress: LoadProgress | null;
  /** Set once the header has been read. */
  header: CheckedHeader | null;
  /** What is to become of it; null while it waits for a decision. */
  choice: LoadChoice | null;
}

export interface LoadFailure {
  wanted: Wanted;
  error: EngineError;
}

/** @fires change - what is being loaded, or why it failed, has changed */
export class Loading extends EventTarget {
  readonly #client: Client;
  /** What the page's address asks for. */
  readonly options: LoadOptions;
  state: LoadState | null = null;
  failure: LoadFailure | null = null;
  #abort = new AbortController();
  #decide: (choice: LoadChoice | null) => void = () => undefined;

  constructor(client: Client, options: LoadOptions) {
    super();
    this.#client = client;
    this.options = options;
  }

  /** Resolves when the model is there, or is not coming; `failure` says why. */
  async load(wanted: Wanted): Promise<void> {
    this.cancel();
    const abort = new AbortController();
    this.#abort = abort;
    const mine = (change: Partial<LoadState>) => {
      if (abort.signal.aborted || this.#abort !== abort) return;
      this.state = { ...this.state!, ...change };
      this.#changed();
    };
    this.failure = null;
    this.state = { wanted, progress: null, header: null, choice: null };
    this.#changed();
    try {
      const options = { ...this.options, ...wanted.options };
      await this.#client.load(wanted.source, options, {
        signal: abort.signal,
        onProgress: (progress) => mine({ progress }),
        onHeader: async (header) => {
          const nCtx = options.nCtx ?? defaultContext(header.info);
          let choice: LoadChoice | null = { nCtx, keep: options.keep ?? wanted.keep };
          if (wanted.ask) {
            mine({ header });
            choice = await new Promise((resolve) => (this.#decide = resolve));
          }
          mine({ header, choice });
          return choice;
        },
      });
    } catch (thrown) {
      const error = EngineError.from(thrown);
      const replaced = this.#abort !== abort;
      if (error.code !== 'aborted' && !replaced) this.failure = { wanted, error };
    }
    if (this.#abort === abort) {
      this.state = null;
      this.#changed();
    }
  }

  /** The answer to a header that waits. */
  decide(choice: LoadChoice): void {
    this.#decide(choice);
  }

  cancel(): void {
    this.#abort.abort();
    this.#decide(null);
    this.state = null;
    this.#changed();
  }

  dismissFailure(): void {
    this.failure = null;
    this.#changed();
  }

  /** A failure from outside a load: a dropped folder, an address that is none. */
  refuse(wanted: Wanted, error: EngineError): void {
    this.failure = { wanted, error };
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
