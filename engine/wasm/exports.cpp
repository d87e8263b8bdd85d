// The engine as JavaScript sees it: pointers and counts, one list. There is no `generate` here: the
// token loop belongs to the page (web/src/worker/token-loop.ts). What looks into a pass and changes
// it is in trace_exports.cpp.
//
// Strings are UTF-8. JSON is NUL-terminated, the engine's, and valid until the next call that
// returns JSON. A call that fails returns null or -1 and leaves the reason in ni_last_error(). File
// sizes cross as double, which is exact below 2^53. Addresses handed out are the caller's to free
// with the matching ni_..._free.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/loader.h"
#include "engine/model/model.h"
#include "engine/quant/blocks.h"
#include "engine/run/kernel_tuner.h"
#include "engine/run/roofline.h"
#include "engine/run/sampler.h"
#include "engine/run/session.h"
#include "engine/text/sentencepiece_proto.h"
#include "engine/text/text_stream.h"
#include "engine/text/vocab_gguf.h"
#include "engine/trace/info.h"
#include "engine/trace/refusal.h"
#include "engine/wasm/answers.h"

using namespace nanoinfer;

namespace {

// Copies as much of `bytes` as fits; returns how much there is.
int copy_out(std::string_view bytes, char* out, uint32_t capacity) {
  std::memcpy(out, bytes.data(), std::min<size_t>(bytes.size(), capacity));
  return static_cast<int>(bytes.size());
}

constexpr uint32_t kMatchControlTokens = 1;
constexpr uint32_t kAddBos = 2;
constexpr uint32_t kShowControlTokens = 1;

}  // namespace

// ---- memory and build ---------------------------------------------------------------------------

// null if there is none to be had.
EXPORT void* ni_alloc(uint32_t n_bytes) {
  return std::malloc(n_bytes);
}
EXPORT void ni_free(void* memory) {
  std::free(memory);
}

// {"code", "message", "place", "expected", "actual"} of the last call that failed.
EXPORT const char* ni_last_error() {
  return json(error_json(last_error));
}

// {"version", "simd", "threads", "kernels": [...]}
EXPORT const char* ni_build_info() {
#if NANOINFER_HAS_RELAXED
  constexpr const char* simd = "relaxed";
#else
  constexpr const char* simd = "simd128";
#endif
#ifdef __EMSCRIPTEN_PTHREADS__
  constexpr bool threads = true;
#else
  constexpr bool threads = false;
#endif
  return json(build_info_json(simd, threads));
}

// ---- loader: bytes go once from their source into their final place -----------------------------

// file_bytes 0: unknown.
EXPORT ModelLoader* ni_loader_new(double file_bytes) {
  return new ModelLoader(static_cast<uint64_t>(file_bytes));
}

// Where the next n bytes of the file are to be written.
EXPORT uint8_t* ni_loader_reserve(ModelLoader* loader, uint32_t n_bytes) {
  const Result<uint8_t*> to = loader->reserve(n_bytes);
  if (to) return *to;
  last_error = to.error();
  return nullptr;
}

// n bytes are there. 0: the header is not complete; 1: it is, and has been checked, weights are
// still to come (their memory is taken by the next reserve); 2: every weight has landed; -1: error.
EXPORT int ni_loader_commit(ModelLoader* loader, uint32_t n_bytes) {
  const Result<LoadPhase> phase = loader->commit(n_bytes);
  if (phase) return static_cast<int>(*phase);
  last_error = phase.error();
  return -1;
}

// The model that is about to be loaded, without its weights, for ni_model_info, ..._tensors and
// ..._dequantise; the loader's own. Null before the header is complete.
EXPORT const Model* ni_loader_model(ModelLoader* loader) {
  return loader->header_model();
}

// The model; null if bytes are missing. Frees the loader either way.
EXPORT Model* ni_loader_finish(ModelLoader* loader) {
  Model* model = own(loader->finish());
  delete loader;
  return model;
}

EXPORT void ni_loader_free(ModelLoader* loader) {
  delete loader;
}

// ---- model --------------------------------------------------------------------------------------

EXPORT const char* ni_model_info(const Model* model) {
  return json(model_info_json(*model));
}

// Its tensors in the file's order: name, type, shape, where they lie in the file and in memory.
EXPORT const char* ni_model_tensors(const Model* model) {
  return json(tensors_json(*model));
}

// The values (row length) of one row of the tensor-th tensor, from its bytes as the file has them.
// They come from the caller: a model without weights will do.
EXPORT int ni_model_dequantise(const Model* model, uint32_t tensor, const uint8_t* row,
                               float* values) {
  const std::vector<TensorInfo>& tensors = model->header.tensors;
  if (tensor >= tensors.size()) return report(refusal("there is no such tensor", "tensor", tensor));
  dequantise_row(tensors[tensor].type, row, static_cast<size_t>(tensors[tensor].dims[0]), values);
  return 0;
}

EXPORT void ni_model_free(Model* model) {
  delete model;
}

// flags: 1 = control tokens in the text are matched, 2 = BOS first if the file asks for it.
// Writes at most `capacity` ids; returns how many there are, which may be more.
EXPORT int ni_model_tokenize(Model* model, const char* text, uint32_t n_bytes, uint32_t flags,
                             int32_t* ids, uint32_t capacity) {
  const Result<std::vector<int32_t>> encoded = model->tokenizer.encode(
      {text, n_bytes}, {.match_control_tokens = (flags & kMatchControlTokens) != 0,
                        .add_bos = (flags & kAddBos) != 0});
  if (!encoded) {
    last_error = encoded.error();
    return -1;
  }
  std::copy_n(encoded->begin(), std::min<size_t>(encoded->size(), capacity), ids);
  return static_cast<int>(encoded->size());
}

// The bytes that a token stands for; their number, which may be more than `capacity`; -1: no such
// id.
EXPORT int ni_model_token_text(Model* model, int32_t id, char* out, uint32_t capacity) {
  if (!model->tokenizer.valid_id(id)) return -1;
  return copy_out(model->tokenizer.token_bytes(id), out, capacity);
}

// 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte; -1: no such id.
EXPORT int ni_model_token_kind(Model* model, int32_t id) {
  return model->tokenizer.valid_id(id) ? static_cast<int>(model->tokenizer.kind(id)) : -1;
}

// The joins that lead from a token's bytes to it, in order; their number, which may be more than
// `capacity`; -1: no such id.
EXPORT int ni_model_token_merges(Model* model, int32_t id, MergeStep* out, uint32_t capacity) {
  if (!model->tokenizer.valid_id(id)) return -1;
  const std::vector<MergeStep> steps = model->tokenizer.merges_of(id);
  std::copy_n(steps.begin(), std::min<size_t>(steps.size(), capacity), out);
  return static_cast<int>(steps.size());
}

// A serialised sentencepiece.ModelProto of the file's vocabulary; its size, or -1.
EXPORT int ni_model_sentencepiece_proto(Model* model, uint8_t* out, uint32_t capacity) {
  const Result<VocabData> vocab = vocab_from_gguf(model->header.metadata);
  const Result<std::vector<uint8_t>> proto = vocab ? sentencepiece_proto(*vocab) : vocab.error();
  if (!proto) {
    last_error = proto.error();
    return -1;
  }
  return copy_out({reinterpret_cast<const char*>(proto->data()), proto->size()},
                  reinterpret_cast<char*>(out), capacity);
}

// ---- incremental detokenizer: never half a character --------------------------------------------

// flags: 1 = control tokens appear as their text.
EXPORT TextStream* ni_text_stream_new(Model* model, uint32_t flags) {
  return new TextStream(model->tokenizer, (flags & kShowControlTokens) != 0);
}

// The characters that are now complete; their bytes, or -1 for an id that does not exist.
EXPORT int ni_text_stream_push(TextStream* stream, int32_t id, char* out, uint32_t capacity) {
  if (!stream->tokenizer().valid_id(id)) return -1;
  return copy_out(stream->push(id), out, capacity);
}

// What is left; an unfinished character gives U+FFFD.
EXPORT int ni_text_stream_flush(TextStream* stream, char* out, uint32_t capacity) {
  return copy_out(stream->flush(), out, capacity);
}

EXPORT void ni_text_stream_free(TextStream* stream) {
  delete stream;
}

// ---- session: one plan of ops, many sequences ---------------------------------------------------

// n_ctx, n_batch 0: defaults.
EXPORT Session* ni_session_new(Model* model, uint32_t n_ctx, uint32_t n_batch, uint32_t n_seqs,
                               uint32_t n_threads) {
  SessionOptions options{.n_ctx = n_ctx, .n_seqs = n_seqs, .n_threads = n_threads};
  if (n_batch != 0) options.n_batch = n_batch;
  return own(Session::create(*model, options));
}

EXPORT void ni_session_free(Session* session) {
  delete session;
}

// Sizes and the plan, op by op.
EXPORT const char* ni_session_info(Session* session) {
  return json(session_info_json(*session));
}

// Tokens of a sequence in the cache.
EXPORT int ni_session_length(Session* session, uint32_t seq) {
  return seq < session->n_seqs() ? static_cast<int>(session->tokens(seq).size()) : -1;
}

// How many of the ids the cache already starts with.
EXPORT int ni_session_common_prefix(Session* session, uint32_t seq, const int32_t* ids,
                                    uint32_t n) {
  return seq < session->n_seqs() ? static_cast<int>(session->common_prefix(seq, {ids, n})) : -1;
}

// Their ids, until the sequence changes.
EXPORT const int32_t* ni_session_tokens(Session* session, uint32_t seq) {
  return seq < session->n_seqs() ? session->tokens(seq).data() : nullptr;
}

EXPORT int ni_session_truncate(Session* session, uint32_t seq, uint32_t n_tokens) {
  return report(session->truncate(seq, n_tokens));
}

// Rows (n_rows): token, sequence, position, whether logits are wanted. Checks them, makes room in
// the cache and puts the cursor at op 0.
EXPORT int ni_session_begin(Session* session, const int32_t* token_ids, const int32_t* seqs,
                            const int32_t* positions, const uint8_t* wants_logits,
                            uint32_t n_rows) {
  std::vector<Row> rows;
  for (uint32_t i = 0; i < std::min(n_rows, session->n_batch() + 1); ++i) {
    rows.push_back({.token_id = token_ids[i],
                    .seq = static_cast<uint32_t>(seqs[i]),
                    .pos = static_cast<uint32_t>(positions[i]),
                    .wants_logits = wants_logits[i] != 0});
  }
  return report(session->begin(rows));
}

// Runs from the cursor to until_op or the plan's end, or to the end of the region in which max_ms
// (if not 0) have passed. Returns the cursor: the number of ops once the pass is complete. -1:
// error.
EXPORT int ni_session_run(Session* session, uint32_t until_op, double max_ms) {
  const Result<size_t> cursor = session->run(until_op, max_ms);
  if (cursor) return static_cast<int>(*cursor);
  last_error = cursor.error();
  return -1;
}

// How many ops of the begun pass have run; -1: none is begun.
EXPORT int ni_session_cursor(Session* session) {
  return session->in_pass() ? static_cast<int>(session->cursor()) : -1;
}

// Drops a begun pass.
EXPORT void ni_session_abandon(Session* session) {
  session->abandon();
}

// (n_vocab) logits of the row-th row of the last pass that wanted them, until the next begin; null
// if there is no such row.
EXPORT const float* ni_session_logits(Session* session, uint32_t row) {
  if (row < session->n_logits()) return session->logits(row).data();
  last_error = {ErrorCode::kBadArgument, "there are no logits of that row", "",
                std::to_string(session->n_logits()) + " rows", std::to_string(row)};
  return nullptr;
}

// Times the kernel sets for a few milliseconds. 1 once the fastest is known: the session then runs
// on it. The bits do not depend on it.
EXPORT int ni_session_tune(Session* session) {
  static KernelTuner tuner;
  if (!tuner.step()) return 0;
  session->set_kernels(tuner.best());
  return 1;
}

// The set that an earlier visit found the fastest; -1 if this build has none of that name.
EXPORT int ni_session_use_kernels(Session* session, const char* name) {
  const Kernels* kernels = find_kernels(name);
  if (kernels == nullptr) {
    return report(
        Error{ErrorCode::kBadArgument, "this build has no such kernel set", name, "", ""});
  }
  session->set_kernels(*kernels);
  return 0;
}

// Whether its threads run by now. Those beyond the pool that the page made ready begin only once
// JavaScript is idle; ni_session_run before that would wait for ever.
EXPORT int ni_session_started(Session* session) {
  return session->pool().started();
}

// Reads the model's weights once with all threads, for the page to time; returns the bytes read.
EXPORT double ni_session_read_weights(Session* session) {
  const Model& model = session->model();
  const size_t n_blocks = static_cast<size_t>(model.header.data_bytes) / kReadBlock;
  read_blocks(model.data.get(), n_blocks, session->pool());
  return static_cast<double>(n_blocks * kReadBlock);
}

// Multiplies in cache with all threads, for the page to time; returns the multiply-adds done.
EXPORT double ni_session_multiply(Session* session) {
  return static_cast<double>(multiply_cached(session->kernels(), session->pool()));
}

EXPORT void ni_session_timing(Session* session, uint32_t on) {
  session->set_timing(on != 0);
}

// (n_ops) milliseconds of each op while timing was on, since the last reset.
EXPORT const double* ni_session_op_ms(Session* session) {
  return session->op_ms().data();
}

EXPORT void ni_session_op_ms_reset(Session* session) {
  std::fill(session->op_ms().begin(), session->op_ms().end(), 0.0);
}

// ---- sampler: a visible chain -------------------------------------------------------------------

// bias: (n_biases, 2) token id, what is added to its logit. Null if a parameter is out of range.
EXPORT Sampler* ni_sampler_new(const SamplerNumbers* numbers, const double* bias, uint32_t n_biases,
                               uint32_t n_vocab) {
  const Result<SamplerParams> params = sampler_params(*numbers, {bias, 2 * size_t{n_biases}});
  if (params) return own(Sampler::create(*params, n_vocab));
  last_error = params.error();
  return nullptr;
}

// Chooses from (n_vocab) logits; -1 if none is finite. The choice is not yet part of the history.
EXPORT int ni_sampler_sample(Sampler* sampler, const float* logits) {
  const Result<int32_t> id = sampler->sample({logits, sampler->n_vocab()});
  if (id) return *id;
  last_error = id.error();
  return -1;
}

// The next draw takes the seed's number that follows so many draws.
EXPORT void ni_sampler_seek(Sampler* sampler, uint32_t draws) {
  sampler->seek(draws);
}

// Adds a token to the history that the penalties look at.
EXPORT void ni_sampler_accept(Sampler* sampler, int32_t id) {
  sampler->accept(id);
}

// What each stage of the last sample left, the random number and the choice.
EXPORT const char* ni_sampler_stages(Sampler* sampler) {
  return json(sampler_stages_json(*sampler));
}

EXPORT void ni_sampler_free(Sampler* sampler) {
  delete sampler;
}
