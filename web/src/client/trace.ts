import type {
  AttentionRow,
  Break,
  CallName,
  Calls,
  Cell,
  DrawPlace,
  Edit,
  KeepRequest,
  Kept,
  KvRows,
  KvSlot,
  KvState,
  Lens,
  MatrixBlock,
  MergeStep,
  PassState,
  Plan,
  Recording,
  ReferenceFile,
  ReferenceRows,
  Rerun,
  Resampled,
  SamplerStages,
  SamplingParams,
  TapInfo,
  TapValues,
  TensorInfo,
  TopToken,
} from '../protocol.ts';
import { defaultSampling } from './defaults.ts';

type Call = <K extends CallName>(
  call: K,
  args: Calls[K]['args'],
  signal?: AbortSignal,
  onEvent?: (event: Calls[K]['event']) => void,
) => Promise<Calls[K]['result']>;

/** A point to which a run can go back: the same tokens and edits give the same values, bit for bit. */
export interface Checkpoint {
  ids: Int32Array;
  edits: Edit[];
}

/** The glass box of a client: everything that a pass computes can be looked at, stopped and changed. */
export class Trace {
  readonly #call: Call;
  #edits: Edit[] = [];

  constructor(call: Call) {
    this.#call = call;
  }

  /** The ops in order, and the taps behind them with their axes and units. */
  plan(): Promise<Plan> {
    return this.#call('plan', {});
  }

  /** How encoding comes from a token's bytes, or its characters (sentencepiece), to it: the joins in order. */
  merges(id: number): Promise<MergeStep[]> {
    return this.#call('tokenMerges', { id });
  }

  /** Token ids in the context. */
  context(): Promise<Int32Array> {
    return this.#call('context', {});
  }

  /** (nOps) milliseconds spent in each op since the last reset, while measuring is on. */
  opMs({ measure = true, reset = false } = {}): Promise<Float64Array> {
    return this.#call('opMs', { measure, reset });
  }

  // ---- transport

  /** Begins a pass over tokens that follow the context, and stands before op 0. */
  begin(ids: Iterable<number>): Promise<PassState> {
    return this.#call('passBegin', { ids: Int32Array.from(ids) });
  }

  /**
   * Goes on until `until` ops have run, to a break or to the end. 'prefill', 'step' and 'chat' drop a
   * pass that stands still, and do not stop at breaks.
   */
  run({ until, signal }: { until?: number; signal?: AbortSignal } = {}): Promise<PassState> {
    return this.#call('passRun', { until: until ?? Infinity }, signal);
  }

  /** Drops a begun pass: the context is as before it. */
  abandon(): Promise<PassState> {
    return this.#call('passAbandon', {});
  }

  /** Forgets positions from `length` on, and a begun pass; the sampler begins anew. */
  truncate(length: number): Promise<PassState> {
    return this.#call('truncate', { length });
  }

  /** Sets where passes stop, in place of what was set before; returns how many ops that are. */
  setBreaks(breaks: Break[]): Promise<number> {
    return this.#call('traceBreaks', { breaks });
  }

  // ---- taps

  /** What keeping these taps would take. */
  estimate(request: Partial<KeepRequest>): Promise<Kept> {
    return this.#call('traceKeep', { request: complete(request), measureOnly: true });
  }

  /** Keeps these taps from the next pass on, and no others; {} keeps none. */
  keep(request: Partial<KeepRequest>): Promise<Kept> {
    return this.#call('traceKeep', { request: complete(request), measureOnly: false });
  }

  /** Kept rows of positions [first, end); an error names what is not kept. */
  read(name: string, first: number, end = first + 1): Promise<TapValues> {
    return this.#call('traceRead', { name, first, end });
  }

  /** What a tap holds in the pass that stands still behind it, kept or not. */
  live(name: string): Promise<TapValues> {
    return this.#call('traceLive', { name });
  }

  /**
   * Puts all rows of the pass, as `live` gives them, in the place of what a tap holds: later ops see
   * them. The pass must stand directly behind the tap's op; behind a complete one it may be 'logits'.
   */
  write(name: string, rows: Float32Array): Promise<PassState> {
    return this.#call('traceWrite', { name, rows });
  }

  /** All kept rows of these taps, to be put back by an edit: { do: 'patch', recording }. */
  async record(taps: TapInfo[], first: number, end: number): Promise<Recording> {
    const rows = await Promise.all(taps.map(({ name }) => this.read(name, first, end)));
    return Object.fromEntries(rows.map((values) => [values.name, values]));
  }

  // ---- computed from what was kept, by the pass's own kernels

  /** One head's scores and probabilities at one position. Needs L.layer.q_rot kept there, or live. */
  attention(layer: number, head: number, position: number): Promise<AttentionRow> {
    return this.#call('traceAttention', { layer, head, position });
  }

  /** Final norm and head on a kept row of width d_model: the `top` likeliest tokens, or all logits. */
  lens(name: string, position: number, { top = 5, all = false } = {}): Promise<Lens> {
    return this.#call('traceLens', { name, position, top, all });
  }

  /** (d_model) what one head adds to the residual: attn_output times its part of L.layer.z. */
  headWrite(layer: number, head: number, position: number): Promise<Float32Array> {
    return this.#call('traceHeadWrite', { layer, head, position });
  }

  /**
   * How one element of a matrix product comes about. `name`: q, k, v (before the bias), attn_out,
   * gate, up, ffn_out of a layer, or logits; the tap of its input must be kept there, or live:
   * attn_norm, z, ffn_norm, act, final_norm.
   */
  cell(name: string, position: number, element: number): Promise<Cell> {
    return this.#call('traceCell', { name, position, element });
  }

  /** One block of one row of an op's matrix, in the file's own bytes and as what they mean. */
  matrixBlock(op: number, row: number, block: number): Promise<MatrixBlock> {
    return this.#call('matrixBlock', { op, row, block });
  }

  /** (n_in) one row of an op's matrix, as floats. */
  matrixRow(op: number, row: number): Promise<Float32Array> {
    return this.#call('matrixRow', { op, row });
  }

  /** The tensors of the model's file in its order: where they lie there, and where in memory. */
  tensors(): Promise<TensorInfo[]> {
    return this.#call('tensors', {});
  }

  /** The values of a tensor that is a vector: a norm's weight, a bias. */
  vector(name: string): Promise<Float32Array> {
    return this.#call('vector', { name });
  }

  /**
   * Opens another file of the model, in a higher precision, to compare weights with. Its header is
   * checked like every model's; of its weights only rows that are asked for are read.
   */
  openReference(file: File): Promise<ReferenceFile> {
    return this.#call('referenceOpen', { file });
  }

  /** The one that is open; null: none is. */
  reference(): Promise<ReferenceFile | null> {
    return this.#call('reference', {});
  }

  /** These rows of an op's matrix, as the reference has them. */
  referenceRows(op: number, rows: number[]): Promise<ReferenceRows> {
    return this.#call('referenceRows', { op, rows });
  }

  /** The n likeliest next tokens, from the context's logits. */
  top(n = 10): Promise<TopToken[]> {
    return this.#call('top', { n });
  }

  /** What each stage of the last `sample` left. */
  samplerStages(): Promise<SamplerStages> {
    return this.#call('samplerStages', {});
  }

  /**
   * The same with other parameters on the logits that are there: no forward pass, the same random
   * number as the last `sample` took (the seed's), and that chain stays where it is. `at`: on the
   * logits of another position, which must be kept, or the last layer's resid_post there.
   */
  resample(sampling: Partial<SamplingParams>, at?: DrawPlace): Promise<Resampled> {
    return this.#call('resample', {
      sampling: { ...defaultSampling, ...sampling },
      at: at ?? null,
    });
  }

  /** The cache's blocks, and which of them hold the context. */
  kv(): Promise<KvState> {
    return this.#call('kv', {});
  }

  /** What the cache holds of one position. It is changed by an edit of k_rot or v. */
  kvSlot(layer: number, kvHead: number, position: number): Promise<KvSlot> {
    return this.#call('kvSlot', { layer, kvHead, position });
  }

  /** The same of all heads of positions [0, end), as many as are in the context. */
  kvRows(layer: number, end: number): Promise<KvRows> {
    return this.#call('kvRows', { layer, end });
  }

  // ---- edits

  /** The edits in force. */
  get edits(): readonly Edit[] {
    return this.#edits;
  }

  /**
   * Sets the edits, in place of those before. If what the context holds depends on the difference, it
   * is computed again from the first position that does, and `rerun` says so.
   */
  async setEdits(
    edits: Edit[],
    options: { signal?: AbortSignal; onProgress?: (done: number, tokens: number) => void } = {},
  ): Promise<{ rerun: Rerun | null; state: PassState }> {
    const { signal, onProgress } = options;
    const args = { edits, logitsFrom: null };
    const result = await this.#call('traceEdits', args, signal, (event) =>
      onProgress?.(event.done, event.tokens),
    );
    this.#edits = edits;
    return result;
  }

  /**
   * The same, and what the context holds from the first position that depends on the difference is
   * dropped: to be computed again pass by pass, so that all of it is kept. Logits count from position
   * `logitsFrom` on.
   */
  async exchangeEdits(
    edits: Edit[],
    logitsFrom: number,
  ): Promise<{ rerun: Rerun | null; state: PassState }> {
    const result = await this.#call('traceEdits', { edits, logitsFrom });
    this.#edits = edits;
    return result;
  }

  /** Where the run stands now. */
  async checkpoint(): Promise<Checkpoint> {
    return { ids: await this.context(), edits: this.#edits };
  }

  /** Goes back there: what is still in the cache and does not depend on an edit is not recomputed. */
  async restore({ ids, edits }: Checkpoint): Promise<void> {
    await this.setEdits(edits);
    await this.#call('prefill', { ids });
  }
}

function complete(request: Partial<KeepRequest>): KeepRequest {
  return { values: [], norms: [], maxBytes: 64 * 2 ** 20, ...request };
}
