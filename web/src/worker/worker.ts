// The worker's message loop: requests in, events and one reply each out. protocol.ts has the types.
import type { CallName, Calls, LoadChoice, Preparation, Reply, Request } from '../protocol.ts';
import { describeFailure, Failure, isTrap } from './failure.ts';
import { handlers } from './handlers.ts';
import { prepare } from './load-model.ts';

interface Running {
  abort: AbortController;
  proceed: (choice: LoadChoice) => void;
}
const running = new Map<number, Running>();

function post(reply: Reply, moved: Transferable[] = []): void {
  globalThis.postMessage(reply, { transfer: moved });
}

/** The buffers of arrays in a result: they are copies that nobody here needs any more. */
function buffersIn(result: unknown): Transferable[] {
  if (ArrayBuffer.isView(result)) return [result.buffer as ArrayBuffer];
  if (typeof result !== 'object' || result === null) return [];
  return Object.values(result).flatMap((value) =>
    ArrayBuffer.isView(value) ? buffersIn(value) : [],
  );
}

async function answer<K extends CallName>(id: number, call: K, args: Calls[K]['args']) {
  const abort = new AbortController();
  let proceed: Running['proceed'] = () => undefined;
  const proceeded = new Promise<LoadChoice>((resolve) => (proceed = resolve));
  running.set(id, { abort, proceed });
  try {
    const result = await handlers[call](args, {
      emit: (event) => post({ id, kind: 'event', event }),
      signal: abort.signal,
      proceed: () => proceeded,
    });
    post({ id, kind: 'done', result }, buffersIn(result));
  } catch (thrown) {
    if (isTrap(thrown)) {
      reportFatal(thrown);
    } else if (abort.signal.aborted) {
      post({ id, kind: 'error', error: new Failure('aborted', 'Cancelled.').info });
    } else {
      post({ id, kind: 'error', error: describeFailure(thrown) });
    }
  } finally {
    running.delete(id);
  }
}

function reportFatal(thrown: unknown): void {
  const actual = thrown instanceof Error ? thrown.message : String(thrown);
  const message = 'The engine has stopped on an internal fault. Load the model again to go on.';
  post({ kind: 'fatal', error: new Failure('trap', message, { actual }).info });
}

post({ kind: 'pong' }); // awake
if (globalThis.name !== '') prepare(JSON.parse(globalThis.name) as Preparation);

globalThis.addEventListener('message', ({ data }: MessageEvent<Request>) => {
  if (data.call === 'ping') post({ kind: 'pong' });
  else if (data.call === 'cancel') running.get(data.id)?.abort.abort();
  else if (data.call === 'proceed') running.get(data.id)?.proceed(data.choice);
  else void answer(data.id, data.call, data.args as never);
});
// A trap in one of the engine's threads arrives here.
globalThis.addEventListener('error', (event) => reportFatal(event.error ?? event.message));
globalThis.addEventListener('unhandledrejection', (event) => reportFatal(event.reason));
