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

/** What one token of the vocabulary stands for. */
export interface TokenPiece {
  id: number;
  /** May be a part of a character. */
  bytes: Uint8Array;
  kind: 'normal' | 'unknown' | 'control' | 'user_defined' | 'unused' | 'byte';
}

/** Two neighbours that byte-pair encoding joins. */
export interface MergeStep {
  /** Byte of the token at which the left one begins. */
  pos: number;
  /** Token ids; -1: a character that is no token. */
  left: number;
  right: number;
  /**
   * Of all joins that are possible the one of the lowest rank is made. Of a sentencepiece vocabulary:
   * the score of what it makes, its sign changed.
   */
  rank: number;
  result: number;
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
  /** Added to the mean square in RMSNorm. */
  rms_eps: number;
  /** Leading elements of a head that RoPE turns: pair i of n_rot / 2 by the angle
   * position * rope_scale * rope_theta^(-2i / n_rot) / rope_factors[i]. */
  n_rot: number;
  rope_theta: number;
  rope_scale: number;
  /** null: all 1, or their bytes have not come yet. */
  rope_factors: number[] | null;
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

/** A tensor of a model's file. */
export interface TensorInfo {
  name: string;
  type: string;
  /** Outermost first: (n_out, n_in). */
  shape: number[];
  /** Of its first byte in the file. */
  offset: number;
  bytes: number;
  /** Of the same bytes in the engine's memory; 0: they are not there. */
  address: number;
  /** So many rows are interleaved there; 0: they lie as in the file. */
  tile_rows: number;
}

/** One operation of the plan. */
export interface OpInfo {
  kind: string;
  /** -1: before or after the layers. */
  layer: number;
  name: string;
  /** Widths of its input and output rows. */
  n_in: number;
  n_out: number;
  /** Weights that the op reads in a pass; of `embed`: for each row. */
  bytes: number;
  /** Multiply-adds of a row. */
  macs: number;
  /** What attention reads of the cache, and multiplies in each row, for every position it sees. */
  bytes_per_pos: number;
  macs_per_pos: number;
  /** Works on the rows that want logits only. */
  logit_rows: boolean;
  /** Of its matrix, where it has one. */
  type?: string;
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
  kv_block_bytes: number;
  /** Positions that a block holds. */
  kv_block_positions: number;
  kv_block_addresses: number[];
  scratch_bytes: number;
  scratch_address: number;
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
  scratchAddress: number;
  /** Of each block of keys and values that was taken; all are of one size. */
  kvBlockAddresses: number[];
  /** Of the values kept for the lab; 0: none are. */
  tapsAddress: number;
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

/**
 * What a worker does before its first call, as JSON in its name: a message would wait until the page
 * has been drawn.
 */
export interface Preparation extends EngineWanted {
  /** A kept copy of this is opened; a model that is not kept is not asked for. */
  source: ModelSource | null;
}

/** What a benchmark computes; left out: 512 and 64, or what the model's trained context holds. */
export interface BenchmarkOptions {
  /** Tokens of the prompt. */
  prompt?: number;
  /** Tokens decoded after it. */
  generate?: number;
  /** Numbers of threads to measure with; left out: one, and as many as the page uses. */
  threads?: readonly number[];
  /** Kernel sets of the build to measure with, each with each number of threads; left out: the one in use. */
  kernels?: readonly string[];
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
  /** The set that ran. */
  kernels: string;
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
  /** One for each number of threads and kernel set. */
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

// ---- the glass box ----------------------------------------------------------------------------------

/** One axis; `size` null: as many as there are at the time, as rows of a pass. */
export interface TapAxis {
  name: string;
  size: number | null;
}

/**
 * A value of the pass that can be looked at: what op `op` leaves. Names: embd; of layer i
 * L.i.resid_pre, attn_norm, q, k, v (with their biases), q_rot, k_rot, z (the heads' outputs),
 * attn_out, resid_mid, ffn_norm, gate, up, act, ffn_out, resid_post; final_norm; logits.
 */
export interface TapInfo {
  name: string;
  op: number;
  axes: TapAxis[];
  dtype: 'f32';
  unit: string;
}

/**
 * What is computed when it is asked for, with its axes and unit. L.* stands for every layer: L.*.raw,
 * scaled, masked, probs (attention), head_write (what one head writes), lens, kv.k, kv.v; kv.table; topk.*
 * (the likeliest tokens); sampler.* (candidates behind each stage); op.ms, op.bytes, op.macs.
 */
export interface ViewInfo {
  name: string;
  axes: TapAxis[];
  dtype: 'f32' | 'f64' | 'i32' | 'u32' | 'u64';
  unit: string;
}

/** The forward pass as it runs: its ops in order, the taps behind them, and what they are seen by. */
export interface Plan {
  ops: OpInfo[];
  taps: TapInfo[];
  views: ViewInfo[];
}

/** Which break has stopped a pass, and on what. */
export interface BreakHit {
  /** In the list of breaks. */
  index: number;
  /** The op behind which the pass stands, and its tap if it has one. */
  op: number;
  tap: string | null;
  /** Position of the first row that met the condition. */
  position: number;
  /** 'norm_above': the row's norm. 'non_finite': the value itself. */
  value: number;
  /** 'non_finite': where in the row. */
  element: number;
}

/** Where a pass stands. */
export interface PassState {
  /** How many ops have run: ops[cursor - 1] was the last, ops[cursor] comes next. */
  cursor: number;
  nOps: number;
  /** All ops have run: the tokens are in the context, and the last one's logits are there. */
  complete: boolean;
  /** A pass has been begun and is not complete. */
  begun: boolean;
  /** Tokens in the context; a begun pass computes the positions from here on. */
  length: number;
  hit: BreakHit | null;
}

/** Names of taps; '*' stands for any part between points: 'L.*.q_rot', 'L.3.*'. */
export interface KeepRequest {
  /** Taps whose values are kept. */
  values: string[];
  /** Taps of which only each row's norm (the root of the sum of squares) is kept. */
  norms: string[];
  /** Most memory for them. */
  maxBytes: number;
}

/** What is kept, or would be. */
export interface Kept {
  values: string[];
  norms: string[];
  bytesPerPosition: number;
  /** The last positions that fit into `maxBytes`; nCtx at most. */
  positions: number;
  bytes: number;
}

/** Rows of one tap: data (positions, ...axes behind the first), of positions first, first + 1, ... */
export interface TapValues {
  name: string;
  first: number;
  positions: number;
  /** Values a position: the product of the axes' sizes, or 1 where the norm is kept. */
  width: number;
  axes: TapAxis[];
  unit: string;
  data: Float32Array;
}

/** Taps of a run, by name: what `Trace.record` saves and a 'patch' puts back. */
export type Recording = Record<string, TapValues>;

/** Where a pass stops. */
export interface Break {
  /** An op's number, or taps by name ('L.*.resid_post'). */
  at: number | string;
  /** Default 'always'. 'norm_above': a row's norm is above `limit`. 'non_finite': a NaN or infinity. */
  when?: 'always' | 'norm_above' | 'non_finite';
  limit?: number;
}

/** Which rows and which part of them an edit is for. */
interface EditPlace {
  /** Taps by name ('L.2.z', 'L.*.resid_post'). A change of k_rot or v is one of the KV cache. */
  site: string;
  /** A query head of q, q_rot and z, a KV head of k, k_rot and v; left out: all. */
  head?: number;
  /** Elements [first, end) of the head, or of the row where no head is named; left out: all. */
  range?: [number, number];
  /** Positions [from, to); left out: all. */
  from?: number;
  to?: number;
}

/** A change of what is computed, made behind the op whose output it is about. */
export type Edit =
  | ({ do: 'scale'; by: number } & EditPlace)
  | ({ do: 'zero' } & EditPlace)
  /** `by`: one value, or one for each element. */
  | ({ do: 'add' | 'replace'; by: number | number[] } & EditPlace)
  /** The values of another run take the place of these, at the positions that it holds. */
  | ({ do: 'patch'; recording: Recording } & EditPlace)
  /** `site` is 'L.3.scores': attention at positions [from, to) does not see positions [keys]. */
  | ({ do: 'mask'; keys: [number, number] } & EditPlace)
  /** Base of the RoPE angles, for all layers and positions. */
  | { do: 'rope_theta'; theta: number }
  /** Added to one token's logit. */
  | { do: 'logit_bias'; id: number; by: number; from?: number; to?: number };

/** The context was computed again from a position on, since what it held depended on an edit. */
export interface Rerun {
  /** Positions [from, to) are new. */
  from: number;
  to: number;
  /** One sentence for a person. */
  because: string;
}

/**
 * One head's attention at one position, computed again by the same kernels from the kept q_rot and
 * the cache: n scores, one a position from 0 on.
 */
export interface AttentionRow {
  layer: number;
  head: number;
  /** The key/value head that it shares. */
  kvHead: number;
  position: number;
  /** (n) q . k. */
  raw: Float32Array;
  /** (n) raw / sqrt(head_dim). */
  scaled: Float32Array;
  /** (n) scaled; -Infinity where an edit hides the position. */
  masked: Float32Array;
  /** (n) exp(masked - m) / l. */
  probs: Float32Array;
  /** The kernel's own largest score, and its sum of exp(score - m). */
  m: number;
  l: number;
  /** (head_dim) sum of probs times the values: z of this head, to rounding. */
  z: Float32Array;
}

/** A token of the vocabulary with its logit, and its probability among all. */
export interface TopToken {
  id: number;
  text: string;
  logit: number;
  p: number;
}

/** What the model would say if it ended here: final norm and head applied to a kept row. */
export interface Lens {
  name: string;
  position: number;
  top: TopToken[];
  /** (n_vocab), if asked for. */
  logits: Float32Array | null;
}

/**
 * One element of a matrix product, added up from the engine's codes and scales as the kernel does it
 * (worker/cell.ts): for each block b of inputs, in order, sum += (d[b] * a[b]) * dot[b], then, for
 * types with a minimum, sum += m[b] * s[b].
 */
export interface Cell {
  /** The matrix product's op. */
  op: number;
  type: string;
  position: number;
  element: number;
  /** (n_in) codes of the weight's row; the weights themselves where the type is a float's. */
  weights: Float32Array;
  /** (n_in) the input in 13 bits; the input itself where the type is a float's. */
  inputs: Float32Array;
  /** Inputs a block. */
  block: number;
  /** (n_in / block) each: weight scale, input scale, sum of weight * input, minimum, a * sum of inputs. */
  d: Float32Array;
  a: Float32Array;
  dot: Float32Array;
  m: Float32Array;
  s: Float32Array;
  /** (n_in / block) the sum behind each block: the last one is the kernel's result, bit for bit. */
  running: Float32Array;
}

/** One block of one row of a matrix, as the file has it. */
export interface MatrixBlock {
  op: number;
  type: string;
  row: number;
  block: number;
  /** Blocks in the row. */
  blocks: number;
  /** In the file's order. */
  bytes: Uint8Array;
  /** (elements) value = d * code + m, with d and m of each 32 elements. */
  codes: Float32Array;
  d: Float32Array;
  m: Float32Array;
  values: Float32Array;
}

/** Another file of the model, whose weights the loaded ones are compared with. */
export interface ReferenceFile {
  name: string;
  file: File;
  /** How many tensors of each type. */
  types: Record<string, number>;
  /** Of those that have been opened. */
  nth: number;
}

/** Rows of a matrix as a reference file has them. */
export interface ReferenceRows {
  /** The tensor's. */
  name: string;
  type: string;
  /** (rows, n_in) */
  values: Float32Array;
}

/** What each stage of the sampler left. Names in order: engine/run/sampler.h. */
export interface SamplerStages {
  stages: { stage: string; kept: number; top: { id: number; logit: number; p: number }[] }[];
  /** The uniform number in [0, 1) of the draw; null: nothing was drawn. */
  random: number | null;
  chosen: number;
}

/** Logits as the pass left them, or from what the last layer left, by the final norm and the head. */
export type LogitsFrom = 'kept' | 'residual';

export interface Resampled extends SamplerStages {
  from: LogitsFrom;
}

/** Which draw: from the logits of `position`, with the seed's n-th random number, counted from 1. */
export interface DrawPlace {
  position: number;
  nth: number;
}

/** The KV cache: blocks from a pool, and the table of those that hold the context. */
export interface KvState {
  /** Positions a block. */
  blockPositions: number;
  blockBytes: number;
  /** Blocks taken from the system so far, and the most there can be. */
  blocks: number;
  blocksMax: number;
  /** The blocks of positions 0, blockPositions, 2 * blockPositions ... */
  table: Uint32Array;
  /** Positions in the context. */
  length: number;
}

/** What the cache holds of one position: (head_dim) each, the key turned by RoPE. */
export interface KvSlot {
  k: Float32Array;
  v: Float32Array;
}

/** What the cache holds of positions [0, end) in one layer: (end, n_kv_heads, head_dim) each. */
export interface KvRows {
  k: Float32Array;
  v: Float32Array;
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
  pieces: { args: { ids: Int32Array }; event: never; result: TokenPiece[] };
  tokenMerges: { args: { id: number }; event: never; result: MergeStep[] };
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
    /** `nth`: by the seed's n-th random number, counted from 1; null: by the next one. */
    args: { sampling: SamplingParams; nth: number | null };
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

  // The glass box: client/trace.ts says what each does.
  plan: { args: Record<string, never>; event: never; result: Plan };
  context: { args: Record<string, never>; event: never; result: Int32Array };
  opMs: { args: { measure: boolean; reset: boolean }; event: never; result: Float64Array };
  passBegin: { args: { ids: Int32Array }; event: never; result: PassState };
  passRun: { args: { until: number }; event: never; result: PassState };
  passAbandon: { args: Record<string, never>; event: never; result: PassState };
  truncate: { args: { length: number }; event: never; result: PassState };
  traceKeep: { args: { request: KeepRequest; measureOnly: boolean }; event: never; result: Kept };
  traceRead: {
    args: { name: string; first: number; end: number };
    event: never;
    result: TapValues;
  };
  traceLive: { args: { name: string }; event: never; result: TapValues };
  traceWrite: { args: { name: string; rows: Float32Array }; event: never; result: PassState };
  traceBreaks: { args: { breaks: Break[] }; event: never; result: number };
  traceEdits: {
    /**
     * `logitsFrom`: what is stale is dropped, and computed again by whoever asks; kept logits from this
     * position on count. null: it is computed again at once, and of logits the last ones.
     */
    args: { edits: Edit[]; logitsFrom: number | null };
    event: { type: 'prefill'; done: number; tokens: number };
    result: { rerun: Rerun | null; state: PassState };
  };
  traceAttention: {
    args: { layer: number; head: number; position: number };
    event: never;
    result: AttentionRow;
  };
  traceLens: {
    args: { name: string; position: number; top: number; all: boolean };
    event: never;
    result: Lens;
  };
  traceHeadWrite: {
    args: { layer: number; head: number; position: number };
    event: never;
    result: Float32Array;
  };
  traceCell: {
    args: { name: string; position: number; element: number };
    event: never;
    result: Cell;
  };
  matrixBlock: {
    args: { op: number; row: number; block: number };
    event: never;
    result: MatrixBlock;
  };
  matrixRow: { args: { op: number; row: number }; event: never; result: Float32Array };
  tensors: { args: Record<string, never>; event: never; result: TensorInfo[] };
  vector: { args: { name: string }; event: never; result: Float32Array };
  referenceOpen: { args: { file: File }; event: never; result: ReferenceFile };
  reference: { args: Record<string, never>; event: never; result: ReferenceFile | null };
  referenceRows: { args: { op: number; rows: number[] }; event: never; result: ReferenceRows };
  top: { args: { n: number }; event: never; result: TopToken[] };
  samplerStages: { args: Record<string, never>; event: never; result: SamplerStages };
  resample: {
    args: { sampling: SamplingParams; at: DrawPlace | null };
    event: never;
    result: Resampled;
  };
  kv: { args: Record<string, never>; event: never; result: KvState };
  kvSlot: {
    args: { layer: number; kvHead: number; position: number };
    event: never;
    result: KvSlot;
  };
  kvRows: { args: { layer: number; end: number }; event: never; result: KvRows };
}

export type CallName = keyof Calls;

type Each<T> = T[keyof T];

export type CallRequest = Each<{
  [K in CallName]: { id: number; call: K; args: Calls[K]['args'] };
}>;

export type Request =
  | CallRequest
  | { id: number; call: 'cancel' }
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
