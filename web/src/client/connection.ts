import type { CallName, Calls, ErrorInfo, LoadChoice, Reply, Request } from '../protocol.ts';
import { EngineError } from './errors.ts';

interface Pending {
  resolve: (result: unknown) => void;
  reject: (error: EngineError) => void;
  onEvent: ((event: unknown) => void) | undefined;
}

const unresponsiveMs = 5000;

/** One worker and the calls that wait for it. Once it is lost, every call has been rejected. */
export class Connection {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #onLost: (error: EngineError) => void;
  #nextId = 1;
  #lost: EngineError | null = null;

  /** `onLost` hears of a trap or a worker that cannot run, not of `end()`. */
  constructor(onLost: (error: EngineError) => void) {
    this.#onLost = onLost;
    this.#worker = new Worker(new URL('../worker/worker.ts', import.meta.url), { type: 'module' });
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
    if (signal?.aborted) return Promise.reject(EngineError.of('aborted', 'Cancelled.'));
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
    return result.finally(() => signal?.removeEventListener('abort', cancel));
  }

  proceed(id: number, choice: LoadChoice): void {
    this.#post({ id, call: 'proceed', choice });
  }

  /** Ends the worker and rejects what waits for it. */
  end(error: EngineError): void {
    if (this.#lost) return;
    this.#lost = error;
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

  #post(request: Request): void {
    this.#worker.postMessage(request);
  }

  #receive(reply: Reply): void {
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
