// Types of the conversation between the page and its worker. Imports nothing.
// Fields that come from the engine's own JSON keep the engine's snake_case names.

/** Every failure, wherever it began. `place` names what it is about: a byte, a tensor, a key, a URL. */
export interface ErrorInfo {
  code: string;
  message: string;
  place: string;
  expected: string;
  actual: string;
}

export interface ControlToken {
  id: number;
  text: string;
}

export interface ModelInfo {
  architecture: string;
  name: string;
  file_bytes: number;
  weights_bytes: number;
  n_params: number;
  n_layers: number;
  n_heads: number;
  n_kv_heads: number;
  head_dim: number;
  d_model: number;
  d_ffn: number;
  n_vocab: number;
  n_ctx_train: number;
  rope_theta: number;
  rope_pairs: 'adjacent' | 'halves';
  tied_head: boolean;
  types: Record<string, number>;
  tokenizer: {
    kind: 'bpe' | 'sentencepiece';
    pre: string;
    bos_id: number;
    eos_id: number;
    eot_ids: number[];
    add_bos: boolean;
    control_tokens: ControlToken[];
    n_vocab: number;
  };
  chat_template: string | null;
  kv_bytes_per_token: number;
  kv_type: string;
  /** Of a session with the default context and one thread; the next two say what more adds. */
  scratch_bytes: number;
  scratch_bytes_per_token: number;
  scratch_bytes_per_thread: number;
  default_n_ctx: number;
  general: Record<string, string>;
}

export interface OpInfo {
  kind: string;
  layer: number;
  name: string;
  /** Weights that the op reads in a pass; of `embed`: for each row. */
  bytes: number;
  /** Multiply-adds of a row. */
  macs: number;
  /** What attention reads of the cache, and multiplies in each row, for every position it sees. */
  bytes_per_pos: number;
  macs_per_pos: number;
  /** Works on the rows that want logits only. */
  logit_rows: boolean;
  variant: string;
}

export interface SessionInfo {
  n_ctx: number;
  n_batch: number;
  n_threads: number;
  /** The kernel set in use. */
  kernels: string;
  kv_type: string;
  kv_bytes_used: number;
  kv_bytes_max: number;
  scratch_bytes: number;
  n_ops: number;
  ops: OpInfo[];
}

export interface BuildInfo {
  version: string;
  simd: 'simd128' | 'relaxed';
  threads: boolean;
  kernels: string[];
}

/** Which of the four wasm files runs, and why. */
export interface BuildChoice {
  simd: 'simd128' | 'relaxed';
  threads: boolean;
  nThreads: number;
  isolated: boolean;
  /** One sentence for a person. */
  reason: string;
}

/** Where a model's bytes come from. A kept copy of a URL is used instead of it, unasked. */
export type ModelSource =
  { kind: 'url'; url: string } | { kind: 'file'; file: File } | { kind: 'kept'; id: string };

/** The folder of kept models in the origin private file system. */
export const keptFolder = 'models';

/**
 * What is known about a kept model: `<id>.json`, beside the bytes in `<id>.gguf`. It is written
 * after the last byte, so it is the commit: bytes without a record of their size are no model.
 */
export interface KeptModel {
  id: string;
  /** What the person chose: a URL, or the name of a file. */
  origin: string;
  bytes: number;
  savedAt: string;
}

/** What the caller wants; left out: the best that this browser and this model offer. */
export interface LoadOptions {
  nCtx?: number;
  /** Store the model on this device once its last byte is there. */
  keep?: boolean;
  /** 0: the single-thread build. */
  threads?: number;
  simd?: 'simd128' | 'relaxed';
}

export interface LoadProgress {
  phase: 'connect' | 'header' | 'weights' | 'prepare';
  bytes: number;
  /** null: the source does not say how long it is. */
  total: number | null;
  bytesPerSecond: number;
}

export type LoadEvent =
  | ({ type: 'progress' } & LoadProgress)
  /** The header has been checked and no weight memory is taken yet; 'proceed' goes on. */
  | ({ type: 'header' } & CheckedHeader);

/** What is known of a model once its header has been read. */
export interface CheckedHeader {
  info: ModelInfo;
  /** The bytes come from this device already. */
  kept: boolean;
  nThreads: number;
}

/** What the caller chose after seeing the header. */
export interface LoadChoice {
  nCtx: number;
  keep: boolean;
}

export interface LoadedModel {
  source: ModelSource;
  /** What was asked for; the same again gives the same engine. */
  options: LoadOptions;
  /** What the person chose: a URL, or the name of a file. */
  origin: string;
  info: ModelInfo;
  session: SessionInfo;
  build: BuildInfo;
  choice: BuildChoice;
  loadMs: number;
  /** Set when this model is kept on this device. */
  kept: KeptModel | null;
  /** Something the reader should know: why the model could not be kept. */
  notice: string;
}

export interface SamplingParams {
  temperature: number;
  top_k: number;
  top_p: number;
  min_p: number;
  repetition_penalty: number;
  presence_penalty: number;
  frequency_penalty: number;
  penalty_window: number;
  seed: number;
  logit_bias?: Record<string, number>;
}

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface ChatOptions {
  sampling: SamplingParams;
  maxTokens: number;
  stop: string[];
  /** The beginning of the answer, which is then continued. */
  answerSoFar: string;
}

export type StopReason = 'end' | 'stop' | 'max_tokens' | 'context' | 'cancelled';

/** One token of an answer. `text` may be empty (half a character) or hold several characters. */
export interface ChatToken {
  type: 'token';
  id: number;
  text: string;
  /** Time from the previous token (from the request, for the first one). */
  ms: number;
  /** Tokens in the context so far. */
  position: number;
}

export type ChatEvent =
  | ChatToken
  | { type: 'prompt'; tokens: number; reused: number }
  | { type: 'prefill'; done: number; tokens: number }
  /** Characters that were held back, in case they had begun a stop string. */
  | { type: 'text'; text: string };

export interface ChatTimings {
  promptTokens: number;
  /** Prompt tokens that were still in the cache. */
  reusedTokens: number;
  prefillMs: number;
  firstTokenMs: number;
  tokens: number;
  decodeMs: number;
}

export interface ChatResult {
  reason: StopReason;
  ids: number[];
  text: string;
  timings: ChatTimings;
}

export interface PrefillResult {
  tokens: number;
  reused: number;
  ms: number;
}

export interface Memory {
  /** The engine's whole linear memory. */
  totalBytes: number;
  weightsBytes: number;
  kvBytesUsed: number;
  kvBytesMax: number;
  scratchBytes: number;
  contextTokens: number;
  nCtx: number;
  /** The kernel set in use: it may change once the engine has timed them. */
  kernels: string;
}

export interface OpTime {
  kind: string;
  ops: number;
  ms: number;
  bytes: number;
  macs: number;
}

/** What decides which wasm file is started, and where it lies. */
export interface EngineWanted {
  options: LoadOptions;
  /** The folder of the wasm files, ending in '/'. */
  engineUrl: string;
}

/** What a benchmark computes; left out: 512 and 64, or what the model's trained context holds. */
export interface BenchmarkOptions {
  /** Tokens of the prompt. */
  prompt?: number;
  /** Tokens decoded after it. */
  generate?: number;
}

export interface BenchmarkProgress {
  /** What is being measured. */
  doing: string;
  /** Steps done of all; the last ones may be left out when the machine is slow. */
  step: number;
  steps: number;
  /** null: not known before the first runs. */
  msLeft: number | null;
}

/** The middle of several readings, and the quartiles around it. */
export interface Spread {
  low: number;
  median: number;
  high: number;
}

/** All ops of one kind in one phase. */
export interface KindTime {
  kind: string;
  ms: number;
  /** Weights and cached keys and values, each counted once a pass. */
  bytes: number;
  /** Multiply-adds. */
  macs: number;
}

/** What was measured with one number of threads. */
export interface BenchmarkRun {
  nThreads: number;
  /** Runs that count; those that warmed up do not. */
  repeats: number;
  prefillPerSecond: Spread;
  decodePerSecond: Spread;
  /** From the prompt to the first token chosen. */
  firstTokenMs: Spread;
  /** All weights read by plain loads: nothing that reads them is faster. */
  readBytesPerSecond: Spread;
  /** The kernel set's own products with all they need in cache. */
  macsPerSecond: Spread;
  /** Of the prompt, and of the decoded tokens, in one more run in which every op was timed. */
  prefillKinds: KindTime[];
  decodeKinds: KindTime[];
}

export interface BenchmarkResult {
  model: { name: string; origin: string; fileBytes: number; types: Record<string, number> };
  prompt: number;
  generate: number;
  /** With one thread, and with as many as the page uses. */
  runs: BenchmarkRun[];
  kernels: string;
  build: BuildInfo;
  isolated: boolean;
  /** The engine's linear memory at its largest, the benchmark's own caches included. */
  memory: { weightsBytes: number; kvBytes: number; restBytes: number };
  loadMs: number;
  /** The smallest step of the clock. */
  tickMs: number;
  hardwareConcurrency: number;
  userAgent: string;
  /** ISO 8601. */
  at: string;
}

/**
 * Each request gets any number of events, then exactly one 'done' or 'error' with its id.
 * 'cancel' asks a running request to finish soon; 'proceed' answers a load's 'header' event.
 */
export interface Calls {
  load: {
    args: EngineWanted & { source: ModelSource };
    event: LoadEvent;
    result: LoadedModel;
  };
  tokenize: { args: { text: string; special: boolean }; event: never; result: Int32Array };
  detokenize: { args: { ids: Int32Array; special: boolean }; event: never; result: string };
  render: { args: { messages: ChatMessage[] }; event: never; result: Int32Array };
  prefill: {
    args: { ids: Int32Array };
    event: { type: 'prefill'; done: number; tokens: number };
    result: PrefillResult;
  };
  step: { args: { id: number }; event: never; result: { tokens: number; ms: number } };
  logits: { args: Record<string, never>; event: never; result: Float32Array };
  sample: {
    args: { sampling: SamplingParams };
    event: never;
    result: { id: number; text: string };
  };
  chat: {
    args: { messages: ChatMessage[]; options: ChatOptions };
    event: ChatEvent;
    result: ChatResult;
  };
  memory: { args: Record<string, never>; event: never; result: Memory };
  /** The name of the kernel set in use, once the engine has timed them. */
  kernels: { args: Record<string, never>; event: never; result: string };
  benchmark: { args: BenchmarkOptions; event: BenchmarkProgress; result: BenchmarkResult };
  opTimes: { args: { measure: boolean }; event: never; result: OpTime[] };
}

export type CallName = keyof Calls;

type Each<T> = T[keyof T];

export type CallRequest = Each<{
  [K in CallName]: { id: number; call: K; args: Calls[K]['args'] };
}>;

export type Request =
  | CallRequest
  | { id: number; call: 'cancel' }
  /** Start an engine before it is known what to load. Not answered. */
  | ({ call: 'prepare' } & EngineWanted)
  /** Is the worker's event loop alive? Answered with 'pong'. */
  | { call: 'ping' }
  | { id: number; call: 'proceed'; choice: LoadChoice };

export type Reply =
  | { id: number; kind: 'event'; event: unknown }
  | { id: number; kind: 'done'; result: unknown }
  | { id: number; kind: 'error'; error: ErrorInfo }
  | { kind: 'pong' }
  /** The engine has trapped: the worker must be ended and every promise rejected. */
  | { kind: 'fatal'; error: ErrorInfo };
