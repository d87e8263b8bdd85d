// The engine as a typed, promise-based API over a worker. No DOM: the page uses exactly this.
import type {
  BenchmarkOptions,
  BenchmarkProgress,
  BenchmarkResult,
  ChatEvent,
  ChatMessage,
  ChatOptions,
  CheckedHeader,
  KeptModel,
  LoadChoice,
  LoadedModel,
  LoadOptions,
  LoadProgress,
  Memory,
  ModelInfo,
  ModelSource,
  OpTime,
  PrefillResult,
  Preparation,
  SamplingParams,
  TokenPiece,
} from '../protocol.ts';
import { ChatStream } from './chat-stream.ts';
import { Connection } from './connection.ts';
import { defaultChatOptions, defaultSampling } from './defaults.ts';
import { EngineError } from './errors.ts';
import { deleteKeptModel, listKeptModels } from './kept-models.ts';
import { RecordedEngine } from './recorded-engine.ts';
import type { RecordedRun } from './recorded-run.ts';
import { Trace } from './trace.ts';

export interface LoadCallbacks {
  signal?: AbortSignal;
  onProgress?: (progress: LoadProgress) => void;
  /** Sees the checked header before memory is taken; null stops. */
  onHeader?: (header: CheckedHeader) => Promise<LoadChoice | null>;
}

export interface ClientSettings {
  /** The folder of the wasm files, ending in '/'. */
  engineUrl: string;
  /** Defaults for every load. */
  load: LoadOptions;
}

/** Most tokens of context that are taken unless the caller asks for more. */
export const defaultContext = (info: ModelInfo): number => Math.min(info.n_ctx_train, 4096);

/** The session's own buffers. */
export const scratchNeeded = ({ info, nThreads }: CheckedHeader, nCtx: number): number =>
  info.scratch_bytes +
  info.scratch_bytes_per_token * (nCtx - info.default_n_ctx) +
  info.scratch_bytes_per_thread * (nThreads - 1);

/** What a model takes in memory with a context of nCtx tokens. */
export const memoryNeeded = (header: CheckedHeader, nCtx: number): number =>
  header.info.weights_bytes + header.info.kv_bytes_per_token * nCtx + scratchNeeded(header, nCtx);

const noneLoaded = EngineError.of(
  'no_model',
  'The model that was in use made room for one that did not load.',
);

/** A wasm module's addresses have 32 bits. */
const maxMemory = 2 ** 32;

function refuseTooLarge(header: CheckedHeader, nCtx: number): void {
  const needed = memoryNeeded(header, nCtx);
  if (needed < maxMemory) return;
  const gigabytes = (needed / 1e9).toFixed(2);
  throw new EngineError({
    code: 'out_of_memory',
    message: `The model needs ${gigabytes} GB of memory with a context of ${nCtx} tokens, and WebAssembly has at most 4.29 GB.`,
    place: 'the header',
    expected: `less than ${maxMemory} bytes`,
    actual: `${needed} bytes`,
  });
}

/** The worker lies elsewhere than the page, so a URL is made complete before it goes there. */
function withFullUrl(source: ModelSource | string): ModelSource {
  const named: ModelSource = typeof source === 'string' ? { kind: 'url', url: source } : source;
  if (named.kind !== 'url') return named;
  return { kind: 'url', url: new URL(named.url, globalThis.location.href).href };
}

/**
 * @fires load - a model is ready, or a recorded run in its place: `model`, `recorded`
 * @fires lost - the model in use is gone: the engine has trapped or cannot run (`error`), or another model
 *   has begun to take its place; `load` starts a fresh one
 */
export class Client extends EventTarget {
  /** Resolves with the first model that is loaded. */
  readonly ready: Promise<LoadedModel>;
  readonly #settings: ClientSettings;
  #connection: Connection | RecordedEngine | null = null;
  /** The worker of the first load: it starts with the page, beside its first drawing. */
  #spare: Connection | null = null;
  #loading: { connection: Connection; abort: AbortController } | null = null;
  #becomeReady: (model: LoadedModel) => void = () => undefined;
  /** The model that was in use made room for a load, and none has come yet. */
  #released = false;
  /** The model in use; of a recorded run the one that it was made with. */
  model: LoadedModel | null = null;
  /** What plays in a model's place: none is loaded. */
  recorded: RecordedRun | null = null;
  /** The model that was loaded last: it stays when the engine is lost. */
  latest: LoadedModel | null = null;
  /** Why there is none any more. */
  error: EngineError | null = null;
  /** Everything that a pass computes, to be looked at, stopped and changed. A load starts it anew. */
  trace: Trace = this.#newTrace();

  constructor(settings: ClientSettings) {
    super();
    this.#settings = settings;
    this.ready = new Promise((resolve) => (this.#becomeReady = resolve));
  }

  /** Another one with the same settings, for a model beside this one's. */
  beside(): Client {
    return new Client(this.#settings);
  }

  /** Ends the engine, which gives its memory back. What still runs is rejected; `load` starts anew. */
  close(): void {
    const closed = EngineError.of('closed', 'The engine has been closed.');
    this.#loading?.abort.abort();
    this.#spare?.end(closed);
    this.#connection?.end(closed);
    this.#spare = this.#connection = null;
    if (!this.model) return;
    this.model = this.recorded = null;
    this.#lost(closed);
  }

  /** Starts an engine before it is known what to load, and opens what most likely will be. */
  prepare(likely: ModelSource | null = null): void {
    const { load: options, engineUrl } = this.#settings;
    const source = likely && withFullUrl(likely);
    this.#spare = this.#connect({ options, engineUrl, source });
  }

  /** The engine that was prepared hears calls by now: until a worker runs, a busy page keeps them. */
  get awake(): Promise<void> {
    return this.#spare?.awake ?? Promise.resolve();
  }

  /**
   * Loads a model into a fresh worker. A file that is refused at its header leaves the model in use;
   * after that the old one is released. A later load takes the place of one that still runs.
   */
  async load(
    source: ModelSource | string,
    options: LoadOptions = {},
    { signal, onProgress, onHeader }: LoadCallbacks = {},
  ): Promise<LoadedModel> {
    this.#loading?.abort.abort();
    const connection = this.#spare ?? this.#connect();
    this.#spare = null;
    const abort = new AbortController();
    const loading = { connection, abort };
    this.#loading = loading;
    // A load is cancelled by ending its worker: at once, wherever it is.
    const cancel = () => connection.end(EngineError.of('aborted', 'Loading was cancelled.'));
    abort.signal.addEventListener('abort', cancel);
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted) cancel();
    const wanted = { ...this.#settings.load, ...options };
    const accept = async (header: CheckedHeader, id: number) => {
      refuseTooLarge(header, 1);
      const nCtx = wanted.nCtx ?? defaultContext(header.info);
      const byDefault = { nCtx, keep: wanted.keep ?? false };
      const choice = onHeader ? await onHeader(header) : byDefault;
      if (choice === null) cancel();
      if (choice === null || connection.ended) return;
      refuseTooLarge(header, choice.nCtx);
      this.#connection?.end(EngineError.of('replaced', 'Another model has been loaded.'));
      this.#connection = connection;
      const inUse = this.model;
      this.model = this.recorded = null;
      this.#released ||= inUse !== null;
      if (inUse) this.dispatchEvent(new Event('lost'));
      connection.proceed(id, choice);
    };
    const args = {
      source: withFullUrl(source),
      options: wanted,
      engineUrl: this.#settings.engineUrl,
    };
    try {
      const model = await connection.call('load', args, undefined, (event, id) => {
        if (event.type === 'progress') onProgress?.(event);
        else accept(event, id).catch((thrown: unknown) => connection.end(EngineError.from(thrown)));
      });
      this.#use(model);
      return model;
    } catch (thrown) {
      connection.end(EngineError.from(thrown));
      if (this.#connection === connection) this.#connection = null;
      // A load that takes this one's place may yet succeed.
      if (this.#released && this.#loading === loading) this.#lost(noneLoaded);
      throw thrown;
    } finally {
      signal?.removeEventListener('abort', cancel);
      if (this.#loading === loading) this.#loading = null;
    }
  }

  /** A recorded run takes the engine's place; the model in use is released. */
  play(recorded: RecordedRun): void {
    this.#loading?.abort.abort();
    this.#connection?.end(EngineError.of('replaced', 'A recorded run has been opened.'));
    this.#connection = new RecordedEngine(recorded);
    this.recorded = recorded;
    this.model = recorded.model;
    this.#released = false;
    this.trace = this.#newTrace();
    this.error = null;
    this.dispatchEvent(new Event('load'));
  }

  /** Token ids of a text. `special`: control tokens written in it become tokens. */
  tokenize(text: string, { special = false } = {}): Promise<Int32Array> {
    return this.#engine().call('tokenize', { text, special });
  }

  /** The bytes of each of these tokens, and what kind of token it is. */
  pieces(ids: Iterable<number>): Promise<TokenPiece[]> {
    return this.#engine().call('pieces', { ids: Int32Array.from(ids) });
  }

  detokenize(ids: Iterable<number>, { special = false } = {}): Promise<string> {
    return this.#engine().call('detokenize', { ids: Int32Array.from(ids), special });
  }

  /** The token ids of a conversation in the model's own chat template. */
  render(messages: ChatMessage[]): Promise<Int32Array> {
    return this.#engine().call('render', { messages });
  }

  /** Makes the context hold exactly these tokens; what it already holds of them is not recomputed. */
  prefill(
    ids: Iterable<number>,
    options: { signal?: AbortSignal; onProgress?: (done: number, tokens: number) => void } = {},
  ): Promise<PrefillResult> {
    const { signal, onProgress } = options;
    return this.#engine().call('prefill', { ids: Int32Array.from(ids) }, signal, (event) =>
      onProgress?.(event.done, event.tokens),
    );
  }

  /** One forward pass: appends one token to the context. */
  step(
    id: number,
    options: { signal?: AbortSignal } = {},
  ): Promise<{ tokens: number; ms: number }> {
    return this.#engine().call('step', { id }, options.signal);
  }

  /** (n_vocab) logits after the context's last token. */
  logits(): Promise<Float32Array> {
    return this.#engine().call('logits', {});
  }

  /**
   * What the sampler picks from the logits; the token is not appended. `nth`: by the seed's n-th random
   * number, counted from 1; left out: by the one after the last draw's.
   */
  sample(
    sampling: Partial<SamplingParams> = {},
    nth?: number,
  ): Promise<{ id: number; text: string }> {
    const args = { sampling: { ...defaultSampling, ...sampling }, nth: nth ?? null };
    return this.#engine().call('sample', args);
  }

  /** Answers a conversation. Abort the signal to stop: the answer ends with 'cancelled'. */
  chat(
    messages: ChatMessage[],
    options: Partial<Omit<ChatOptions, 'sampling'>> & {
      sampling?: Partial<SamplingParams>;
      signal?: AbortSignal;
      onEvent?: (event: ChatEvent) => void;
    } = {},
  ): ChatStream {
    const { signal, onEvent, sampling, ...rest } = options;
    const full: ChatOptions = {
      ...defaultChatOptions,
      ...rest,
      sampling: { ...defaultSampling, ...sampling },
    };
    return new ChatStream(async (onToken) =>
      this.#engine().call('chat', { messages, options: full }, signal, (event) => {
        onToken(event);
        onEvent?.(event);
      }),
    );
  }

  /**
   * The kernel set in use, once the engine has timed them (it waits while an answer is computed). All
   * give the same bits; a benchmark waits for this first.
   */
  kernels(): Promise<string> {
    return this.#engine().call('kernels', {});
  }

  /**
   * Measures the loaded model on this machine, in sessions of its own: the context stays as it is.
   * Takes a minute or less with a small model; abort the signal to stop. Figures of a tab that is
   * hidden meanwhile say little.
   */
  benchmark(
    options: BenchmarkOptions & {
      signal?: AbortSignal;
      onProgress?: (progress: BenchmarkProgress) => void;
    } = {},
  ): Promise<BenchmarkResult> {
    const { signal, onProgress, ...counts } = options;
    return this.#engine().call('benchmark', counts, signal, onProgress);
  }

  memory(): Promise<Memory> {
    return this.#engine().call('memory', {});
  }

  /** Time by kind of op since the model was loaded, while measuring is on. */
  opTimes(measure: boolean): Promise<OpTime[]> {
    return this.#engine().call('opTimes', { measure });
  }

  keptModels(): Promise<KeptModel[]> {
    return listKeptModels();
  }

  deleteKeptModel(id: string): Promise<void> {
    return deleteKeptModel(id);
  }

  #connect(preparation?: Preparation): Connection {
    const lose = (error: EngineError) => this.#lose(connection, error);
    const connection: Connection = new Connection(lose, preparation);
    return connection;
  }

  #engine(): Connection | RecordedEngine {
    if (this.#connection && this.model) return this.#connection;
    throw this.error ?? EngineError.of('no_model', 'No model is loaded.');
  }

  #newTrace(): Trace {
    return new Trace((...call) => this.#engine().call(...call));
  }

  #use(model: LoadedModel): void {
    this.model = model;
    this.#released = false;
    this.trace = this.#newTrace();
    this.latest = model;
    this.error = null;
    if (model.kept) void navigator.storage.persist().catch(() => false);
    this.#becomeReady(model);
    this.dispatchEvent(new Event('load'));
  }

  #lose(connection: Connection, error: EngineError): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    if (this.model === null) return; // The load that still ran reports it.
    this.model = null;
    this.#lost(error);
  }

  #lost(error: EngineError): void {
    this.#released = false;
    this.error = error;
    this.dispatchEvent(new Event('lost'));
  }
}
