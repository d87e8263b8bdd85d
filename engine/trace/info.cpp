#include "engine/trace/info.h"

#include <map>
#include <span>
#include <utility>

#include "engine/kernels/tiles.h"
#include "engine/trace/json.h"

namespace nanoinfer {
namespace {

constexpr const char* kKvType = "f32";

Json tokenizer_info(const Tokenizer& tokenizer) {
  const bool bpe = tokenizer.tokenizer_kind() == TokenizerKind::kByteLevelBpe;
  Json control_tokens = Json::array();
  for (const int32_t id : tokenizer.control_ids()) {
    control_tokens.push_back({{"id", id}, {"text", tokenizer.token_bytes(id)}});
  }
  return {{"kind", bpe ? "bpe" : "sentencepiece"},
          {"pre", tokenizer.pre()},
          {"n_vocab", tokenizer.n_vocab()},
          {"bos_id", tokenizer.bos_id().value_or(-1)},
          {"eos_id", tokenizer.eos_id().value_or(-1)},
          {"eot_ids", Json::array(tokenizer.end_ids())},
          {"add_bos", tokenizer.adds_bos()},
          {"control_tokens", control_tokens}};
}

// How many tensors there are of each type.
Json type_counts(const GgufHeader& header) {
  std::map<std::string, int> counts;
  for (const TensorInfo& tensor : header.tensors) ++counts[traits(tensor.type).name];
  Json json = Json::object();
  for (const auto& [type, count] : counts) json.add(type, count);
  return json;
}

uint64_t count_params(const GgufHeader& header) {
  uint64_t n_params = 0;
  for (const TensorInfo& tensor : header.tensors) n_params += tensor.n_elements();
  return n_params;
}

// What one more position, and one more thread, adds to a session's scratch.
uint64_t scratch_bytes_per_token(const Config& config) {
  constexpr uint32_t kPositions = 1u << 12;
  const uint64_t more = scratch_bytes(config, {.n_ctx = 2 * kPositions});
  return (more - scratch_bytes(config, {.n_ctx = kPositions})) / kPositions;
}

uint64_t scratch_bytes_per_thread(const Config& config) {
  return scratch_bytes(config, {.n_threads = 2}) - scratch_bytes(config, {.n_threads = 1});
}

Json string_or_null(const Metadata& metadata, std::string_view key) {
  const Result<std::string_view> text = metadata.get_string(key);
  return text ? Json(*text) : Json();
}

// The file's words about itself: name, licence, organisation ...
Json general_info(const Metadata& metadata) {
  constexpr std::string_view kPrefix = "general.";
  Json general = Json::object();
  for (size_t i = 0; i < metadata.size(); ++i) {
    const std::string_view key = metadata.key(i);
    if (!key.starts_with(kPrefix) || metadata.entry(i).type != MetadataType::kString) continue;
    general.add(key.substr(kPrefix.size()), string_or_null(metadata, key));
  }
  return general;
}

// What RoPE's frequencies are divided by, once the weights are there.
Json rope_factors(const Model& model) {
  const float* factors = model.weights.rope_factors;
  if (factors == nullptr) return Json();
  return Json::array(std::span(factors, model.config.n_rot / 2));
}

Json op_info(const Op& op) {
  Json info = {{"kind", op_kind_name(op.kind)},
               {"layer", op.layer},
               {"name", op.name},
               {"n_in", op.n_in},
               {"n_out", op.n_out},
               {"bytes", op.bytes},
               {"macs", op.macs},
               {"bytes_per_pos", op.bytes_per_pos},
               {"macs_per_pos", op.macs_per_pos},
               {"logit_rows", op.logit_rows}};
  if (op.matrix) info.add("type", traits(op.matrix->type).name);
  return info;
}

}  // namespace

std::string error_json(const Error& error) {
  return to_text({{"code", error_code_name(error.code)},
                  {"message", error.message},
                  {"place", error.place},
                  {"expected", error.expected},
                  {"actual", error.actual}});
}

std::string build_info_json(const char* simd, bool threads) {
  Json kernels = Json::array();
  for (const Kernels* set : all_kernels()) kernels.push_back(set->name);
  return to_text({{"version", NANOINFER_VERSION},
                  {"numerics", kNumericsVersion},
                  {"simd", simd},
                  {"threads", threads},
                  {"kernels", kernels}});
}

std::string model_info_json(const Model& model) {
  const Config& config = model.config;
  const Metadata& metadata = model.header.metadata;
  const Result<std::string_view> name = metadata.get_string("general.name");
  return to_text({{"architecture", config.architecture},
                  {"name", name ? *name : ""},
                  {"file_bytes", model.file_bytes},
                  {"weights_bytes", model.header.data_bytes},
                  {"n_params", count_params(model.header)},
                  {"n_layers", config.n_layers},
                  {"n_heads", config.n_heads},
                  {"n_kv_heads", config.n_kv_heads},
                  {"head_dim", config.head_dim},
                  {"d_model", config.d_model},
                  {"d_ffn", config.d_ffn},
                  {"n_vocab", config.n_vocab},
                  {"n_ctx_train", config.n_ctx_train},
                  {"rms_eps", config.rms_eps},
                  {"n_rot", config.n_rot},
                  {"rope_theta", config.rope_theta},
                  {"rope_scale", config.rope_scale},
                  {"rope_factors", rope_factors(model)},
                  {"rope_pairs", config.rope_pairs == RopePairs::kAdjacent ? "adjacent" : "halves"},
                  {"tied_head", model.header.find("output.weight") == nullptr},
                  {"types", type_counts(model.header)},
                  {"tokenizer", tokenizer_info(model.tokenizer)},
                  {"chat_template", string_or_null(metadata, "tokenizer.chat_template")},
                  {"kv_bytes_per_token", kv_bytes_per_token(config)},
                  {"kv_type", kKvType},
                  {"scratch_bytes", scratch_bytes(config, {})},
                  {"scratch_bytes_per_token", scratch_bytes_per_token(config)},
                  {"scratch_bytes_per_thread", scratch_bytes_per_thread(config)},
                  {"default_n_ctx", default_context(config)},
                  {"general", general_info(metadata)}});
}

std::string tensors_json(const Model& model) {
  Json tensors = Json::array();
  for (const TensorInfo& tensor : model.header.tensors) {
    Json shape = Json::array();
    for (uint32_t i = tensor.n_dims; i > 0; --i) shape.push_back(tensor.dims[i - 1]);
    const uint8_t* data =
        model.data ? model.data.get() + static_cast<size_t>(tensor.offset) : nullptr;
    tensors.push_back({{"name", tensor.name},
                       {"type", traits(tensor.type).name},
                       {"shape", std::move(shape)},
                       {"offset", model.header.data_offset + tensor.offset},
                       {"bytes", tensor.n_bytes},
                       {"address", reinterpret_cast<uintptr_t>(data)},
                       {"tile_rows", tensor.n_dims == 2 ? kTileRows : 0}});
  }
  return to_text(tensors);
}

std::string session_info_json(const Session& session) {
  Json ops = Json::array();
  for (const Op& op : session.ops()) ops.push_back(op_info(op));
  Json kv_blocks = Json::array();
  for (const Memory& block : session.cache().blocks()) {
    kv_blocks.push_back(reinterpret_cast<uintptr_t>(block.get()));
  }
  return to_text({{"n_ctx", session.n_ctx()},
                  {"n_batch", session.n_batch()},
                  {"n_seqs", session.n_seqs()},
                  {"n_threads", session.n_threads()},
                  {"kernels", session.kernels().name},
                  {"kv_type", kKvType},
                  {"kv_bytes_used", session.cache().bytes_used()},
                  {"kv_bytes_max", session.cache().bytes_max()},
                  {"kv_block_bytes", session.cache().block_bytes()},
                  {"kv_block_positions", kChunkPositions},
                  {"kv_block_addresses", kv_blocks},
                  {"scratch_bytes", session.scratch_bytes()},
                  {"scratch_address", reinterpret_cast<uintptr_t>(session.scratch())},
                  {"n_ops", session.ops().size()},
                  {"ops", ops}});
}

}  // namespace nanoinfer
