// The engine's exports as Emscripten hands them over: public/engine/nanoinfer-*.mjs. Written by
// hand; engine/wasm/*exports.cpp say what each function does. An address is a number and may come
// back negative above 2 GB. Functions that fail return 0 or -1 and leave the reason in
// ni_last_error().

type Address = number;

export interface EngineModule {
  readonly wasmMemory: WebAssembly.Memory;

  _ni_alloc(bytes: number): Address;
  _ni_free(address: Address): void;
  _ni_last_error(): Address;
  _ni_build_info(): Address;

  _ni_loader_new(fileBytes: number): Address;
  _ni_loader_reserve(loader: Address, bytes: number): Address;
  _ni_loader_commit(loader: Address, bytes: number): number;
  _ni_loader_model(loader: Address): Address;
  _ni_loader_finish(loader: Address): Address;
  _ni_loader_free(loader: Address): void;

  _ni_model_info(model: Address): Address;
  _ni_model_tensors(model: Address): Address;
  _ni_model_dequantise(model: Address, tensor: number, row: Address, values: Address): number;
  _ni_model_free(model: Address): void;
  _ni_model_tokenize(
    model: Address,
    text: Address,
    bytes: number,
    flags: number,
    ids: Address,
    capacity: number,
  ): number;
  _ni_model_token_text(model: Address, id: number, out: Address, capacity: number): number;
  _ni_model_token_merges(model: Address, id: number, out: Address, capacity: number): number;
  _ni_model_token_kind(model: Address, id: number): number;
  _ni_model_sentencepiece_proto(model: Address, out: Address, capacity: number): number;

  _ni_text_stream_new(model: Address, flags: number): Address;
  _ni_text_stream_push(stream: Address, id: number, out: Address, capacity: number): number;
  _ni_text_stream_flush(stream: Address, out: Address, capacity: number): number;
  _ni_text_stream_free(stream: Address): void;

  _ni_session_new(
    model: Address,
    nCtx: number,
    nBatch: number,
    nSeqs: number,
    nThreads: number,
  ): Address;
  _ni_session_free(session: Address): void;
  _ni_session_info(session: Address): Address;
  _ni_session_length(session: Address, seq: number): number;
  _ni_session_common_prefix(session: Address, seq: number, ids: Address, n: number): number;
  _ni_session_tokens(session: Address, seq: number): Address;
  _ni_session_truncate(session: Address, seq: number, tokens: number): number;
  _ni_session_begin(
    session: Address,
    ids: Address,
    seqs: Address,
    positions: Address,
    wantsLogits: Address,
    rows: number,
  ): number;
  _ni_session_run(session: Address, untilOp: number, maxMs: number): number;
  _ni_session_cursor(session: Address): number;
  _ni_session_abandon(session: Address): void;
  _ni_session_logits(session: Address, row: number): Address;
  _ni_session_tune(session: Address): number;
  _ni_session_use_kernels(session: Address, name: Address): number;
  _ni_session_started(session: Address): number;
  _ni_session_read_weights(session: Address): number;
  _ni_session_multiply(session: Address): number;
  _ni_session_timing(session: Address, on: number): void;
  _ni_session_op_ms(session: Address): Address;
  _ni_session_op_ms_reset(session: Address): void;

  _ni_sampler_new(numbers: Address, bias: Address, nBiases: number, nVocab: number): Address;
  _ni_sampler_sample(sampler: Address, logits: Address): number;
  _ni_sampler_seek(sampler: Address, draws: number): void;
  _ni_sampler_accept(sampler: Address, id: number): void;
  _ni_sampler_stages(sampler: Address): Address;
  _ni_sampler_free(sampler: Address): void;

  _ni_trace_new(session: Address, seq: number): Address;
  _ni_trace_free(trace: Address): void;
  _ni_trace_keep(trace: Address, taps: Address, n: number, maxBytes: number): number;
  _ni_trace_taps(trace: Address): Address;
  _ni_trace_row(trace: Address, op: number, position: number, n: Address): Address;
  _ni_trace_live(trace: Address, op: number, n: Address): Address;
  _ni_trace_write(trace: Address, op: number, rows: Address, n: number): number;
  _ni_trace_breaks(trace: Address, breaks: Address, n: number): number;
  _ni_trace_hit(trace: Address): Address;
  _ni_trace_edits(
    trace: Address,
    edits: Address,
    n: number,
    values: Address,
    nValues: number,
    ropeTheta: number,
  ): number;
  _ni_trace_attention(
    trace: Address,
    layer: number,
    head: number,
    position: number,
    n: Address,
  ): Address;
  _ni_trace_lens(trace: Address, tap: number, position: number, n: Address): Address;
  _ni_trace_part(
    trace: Address,
    op: number,
    tap: number,
    position: number,
    first: number,
    count: number,
    n: Address,
  ): Address;
  _ni_trace_input(trace: Address, op: number, tap: number, position: number): Address;

  _ni_matrix_row(
    session: Address,
    op: number,
    row: number,
    bytes: Address,
    values: Address,
  ): number;
  _ni_matrix_decode(session: Address, op: number, block: Address, out: Address): number;
  _ni_kv_table(session: Address, seq: number, n: Address): Address;
  _ni_kv_slot(
    session: Address,
    seq: number,
    layer: number,
    kvHead: number,
    position: number,
    out: Address,
  ): number;
}

export interface EngineModuleOptions {
  /** Workers to start before the factory resolves (threaded builds). */
  poolSize: number;
  print(text: string): void;
  printErr(text: string): void;
  onAbort(reason: unknown): void;
}

export type EngineFactory = (options: Partial<EngineModuleOptions>) => Promise<EngineModule>;

/** public/engine/sentencepiece.mjs: a module of its own, fetched only for a vocabulary of its kind. */
export interface SentencePieceModule {
  readonly wasmMemory: WebAssembly.Memory;

  _nisp_alloc(bytes: number): Address;
  _nisp_free(address: Address): void;
  _nisp_load(proto: Address, bytes: number): number;
  _nisp_merges(id: number, out: Address, capacity: number): number;
  _nisp_encode(text: Address, bytes: number, ids: Address, capacity: number): number;
  _nisp_error(): Address;
}

export type SentencePieceFactory = () => Promise<SentencePieceModule>;
