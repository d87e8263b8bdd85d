// Where a model's bytes come from: a URL, a file, or a kept copy. Each gives its bytes in order.
import { Failure } from './failure.ts';
import { openForReading } from './kept-models.ts';

const pieceBytes = 4 << 20;
const stallMs = 30_000;

/** `next` asks `place` for room for n bytes, fills it, and returns n; 0 at the end. */
export interface ByteSource {
  /** null: not known beforehand. */
  readonly total: number | null;
  next(place: (n: number) => Uint8Array<ArrayBuffer>): Promise<number>;
  close(): void;
}

export async function openUrl(url: string): Promise<ByteSource> {
  const stall = new AbortController();
  const response = await withStallCheck(stall, fetchModel(url, stall.signal), url);
  const reader = response.body!.getReader();
  const encoded = (response.headers.get('content-encoding') ?? 'identity') !== 'identity';
  const length = Number(response.headers.get('content-length') ?? 0);
  return {
    total: encoded || !(length > 0) ? null : length,
    async next(place) {
      const reading = reader.read().catch((thrown: unknown) => {
        throw stall.signal.aborted ? stall.signal.reason : lostConnection(url, thrown);
      });
      const { value, done } = await withStallCheck(stall, reading, url);
      if (done) return 0;
      place(value.length).set(value);
      return value.length;
    },
    close: () => void reader.cancel().catch(() => undefined),
  };
}

async function fetchModel(url: string, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal, credentials: 'omit', redirect: 'follow' });
  } catch (thrown) {
    throw signal.aborted ? signal.reason : lostConnection(url, thrown);
  }
  if (!response.ok) {
    const actual = `${response.status} ${response.statusText}`.trim();
    const missing = response.status === 404 || response.status === 410;
    const what = missing ? 'The server has no such file' : 'The server does not give the file';
    throw new Failure('http', `${what}: it answered ${actual}.`, {
      place: url,
      expected: '200',
      actual,
    });
  }
  const type = response.headers.get('content-type') ?? '';
  if (type.startsWith('text/html')) {
    throw new Failure('not_a_model', 'The address gives a web page and not a model file.', {
      place: url,
      expected: 'a GGUF file',
      actual: type,
    });
  }
  return response;
}

function lostConnection(url: string, thrown: unknown): Failure {
  const message = navigator.onLine
    ? 'The file could not be fetched: the server cannot be reached, or it does not let other sites read the file (CORS). You can download it yourself and drop it on this page.'
    : 'The file could not be fetched: this device is offline.';
  const actual = thrown instanceof Error ? thrown.message : String(thrown);
  return new Failure('network', message, { place: url, actual });
}

/** Fails a network wait in which nothing has arrived for half a minute. */
async function withStallCheck<T>(
  stall: AbortController,
  waiting: Promise<T>,
  url: string,
): Promise<T> {
  const timer = setTimeout(() => {
    const message = `Nothing has arrived for ${stallMs / 1000} seconds.`;
    stall.abort(new Failure('network', message, { place: url }));
  }, stallMs);
  try {
    return await waiting;
  } finally {
    clearTimeout(timer);
  }
}

export function openFile(file: File): ByteSource {
  let at = 0;
  return {
    total: file.size,
    async next(place) {
      const n = Math.min(pieceBytes, file.size - at);
      if (n === 0) return 0;
      const bytes = await readBytes(file, at, at + n);
      place(n).set(bytes);
      at += n;
      return n;
    },
    close: () => undefined,
  };
}

/** Bytes [begin, end) of a file. */
export async function readBytes(file: File, begin: number, end: number): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.slice(begin, end).arrayBuffer());
  } catch (thrown) {
    const actual = thrown instanceof Error ? thrown.message : String(thrown);
    const message = 'The file cannot be read; a folder is not a model file.';
    throw new Failure('io', message, { place: file.name, actual });
  }
}

/** A kept model, read straight into linear memory where the browser can. */
export async function openKeptFile(handle: FileSystemFileHandle): Promise<ByteSource> {
  const file = await openForReading(handle);
  if (!file) return openFile(await handle.getFile());
  const total = file.getSize();
  let at = 0;
  return {
    total,
    next(place) {
      const wanted = Math.min(pieceBytes, total - at);
      const n = wanted > 0 ? file.read(place(wanted), { at }) : 0; // may be fewer
      at += n;
      return Promise.resolve(n);
    },
    close: () => file.close(),
  };
}
