import type {
  CallName,
  Calls,
  ErrorInfo,
  LoadChoice,
  Preparation,
  Reply,
  Request,
} from '../protocol.ts';
import { EngineError } from './errors.ts';

interface Pending {
  resolve: (result: unknown) => void;
  reject: (error: EngineError) => void;
  onEvent: ((event: unknown) => void) | undefined;
}

const unresponsiveMs = 5000;
const pingMs = 1000;
/** Counted in pings and not on the clock, which runs on while a machine sleeps. */
const maxUnanswered = 10;

/** One worker and the calls that wait for it. Once it is lost, every call has been rejected. */
export class Connection {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #onLost: (error: EngineError) => void;
  #nextId = 1;
  #unanswered = 0;
  #pinging: ReturnType<typeof setInterval> | undefined;
  #lost: EngineError | null = null;
  #wake: () => void = () => undefined;
  /** The worker has spoken, or is lost. */
  readonly awake = new Promise<void>((resolve) => (this.#wake = resolve));

  /** `onLost` hears of a trap or a worker that cannot run, not of `end()`. */
  constructor(onLost: (error: EngineError) => void, preparation?: Preparation) {
    this.#onLost = onLost;
    const name = preparation ? JSON.stringify(preparation) : '';
    // Vite looks for `new Worker(new URL(`.
    this.#worker = new Worker(new URL('../worker/worker.ts', import.meta.url), {
      type: 'module',
      name,
    });
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#receive(data);
    this.#worker.onmessageerror = () =>
      this.#fail('worker', 'The worker sent what cannot be read.');
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const why = event.message || 'its script could not be loaded; reload the page';
      this.#fail('worker', `The engine's worker has failed: ${why}.`);
    };
  }

  call<K extends CallName>(
    call: K,
    args: Calls[K]['args'],
    signal?: AbortSignal,
    onEvent?: (event: Calls[K]['event'], id: number) => void,
  ): Promise<Calls[K]['result']> {
    if (this.#lost) return Promise.reject(this.#lost);
    const id = this.#nextId++;
    const cancel = () => this.#cancel(id);
    signal?.addEventListener('abort', cancel, { once: true });
    const result = new Promise<Calls[K]['result']>((resolve, reject) => {
      this.#pending.set(id, {
        resolve: resolve as Pending['resolve'],
        reject,
        onEvent: onEvent && ((event) => onEvent(event as Calls[K]['event'], id)),
      });
      this.#post({ id, call, args } as Request);
    });
    this.#watch();
    if (signal?.aborted) cancel();
    return result.finally(() => signal?.removeEventListener('abort', cancel));
  }

  proceed(id: number, choice: LoadChoice): void {
    this.#post({ id, call: 'proceed', choice });
  }

  get ended(): boolean {
    return this.#lost !== null;
  }

  /** Ends the worker and rejects what waits for it. */
  end(error: EngineError): void {
    if (this.#lost) return;
    this.#lost = error;
    this.#wake();
    clearInterval(this.#pinging);
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  #cancel(id: number): void {
    this.#post({ id, call: 'cancel' });
    setTimeout(() => {
      if (this.#pending.has(id)) this.#fail('unresponsive', 'The engine does not answer.');
    }, unresponsiveMs);
  }

  /**
   * A fault in one of the engine's threads leaves the worker waiting for that thread for ever, and
   * nobody to tell of it. So while a call waits, the worker has to show that it still hears.
   */
  #watch(): void {
    this.#pinging ??= setInterval(() => {
      if (this.#pending.size === 0) {
        clearInterval(this.#pinging);
        this.#pinging = undefined;
        this.#unanswered = 0;
      } else if (this.#unanswered++ < maxUnanswered) {
        this.#post({ call: 'ping' });
      } else {
        this.#fail('unresponsive', 'The engine has stopped answering. Load the model again.');
      }
    }, pingMs);
  }

  #post(request: Request): void {
    this.#worker.postMessage(request);
  }

  #receive(reply: Reply): void {
    this.#unanswered = 0;
    this.#wake();
    if (reply.kind === 'pong') return;
    if (reply.kind === 'fatal') {
      this.#lose(new EngineError(reply.error));
      return;
    }
    const pending = this.#pending.get(reply.id);
    if (!pending) return;
    if (reply.kind === 'event') {
      pending.onEvent?.(reply.event);
      return;
    }
    this.#pending.delete(reply.id);
    if (reply.kind === 'done') pending.resolve(reply.result);
    else pending.reject(new EngineError(reply.error));
  }

  #fail(code: string, message: string): void {
    const info: ErrorInfo = { code, message, place: '', expected: '', actual: '' };
    this.#lose(new EngineError(info));
  }

  #lose(error: EngineError): void {
    if (this.#lost) return;
    this.end(error);
    this.#onLost(error);
  }
}
