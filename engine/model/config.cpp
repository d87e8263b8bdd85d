#include "engine/model/config.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/base/number_text.h"

namespace nanoinfer {

namespace {

constexpr uint32_t kMaxLayers = 512;
constexpr uint32_t kMaxWidth = 1u << 20;
constexpr uint32_t kMaxContext = 1u << 24;
constexpr uint32_t kMaxVocab = 1u << 20;

// RoPE's angles stay below 2^30, up to which rope.cpp computes them exactly: at most 2^20 positions
// (kMaxContext of the session), times 1 / kMinRopeScaling, over kMinRopeFactor of weights.cpp.
constexpr float kMinRopeScaling = 1.0f / 16;
constexpr float kMaxRopeScaling = 65536;

// Reads keys "<architecture>.name"; remembers the first failure, after which values mean nothing.
class Keys {
 public:
  Keys(const Metadata& metadata, std::string architecture)
      : metadata_(metadata), prefix_(std::move(architecture) + ".") {}

  bool has(std::string_view name) const { return metadata_.contains(key(name)); }

  // An integer in [low, high]; `absent` if there is no such key, which without it is an error.
  uint32_t u32(std::string_view name, uint32_t low, uint32_t high,
               std::optional<uint32_t> absent = {}) {
    const Result<uint32_t> value =
        absent ? metadata_.u32_or(key(name), *absent) : metadata_.get_u32(key(name));
    if (!value) return fail(value.error()), 0;
    if (*value < low || *value > high) {
      fail({ErrorCode::kMalformed, "a hyper-parameter is out of range", "key " + key(name),
            std::to_string(low) + " to " + std::to_string(high), std::to_string(*value)});
    }
    return *value;
  }

  // A number in [low, high].
  float f32(std::string_view name, float low, float high, std::optional<float> absent = {}) {
    const Result<float> value =
        absent ? metadata_.f32_or(key(name), *absent) : metadata_.get_f32(key(name));
    if (!value) return fail(value.error()), 0.0f;
    if (!(*value >= low && *value <= high)) {
      fail({ErrorCode::kMalformed, "a hyper-parameter is out of range", "key " + key(name),
            number_text(low) + " to " + number_text(high), number_text(*value)});
    }
    return *value;
  }

  std::string_view string(std::string_view name, std::string_view absent) {
    const Result<std::string_view> value = metadata_.string_or(key(name), absent);
    if (!value) return fail(value.error()), absent;
    return *value;
  }

  // Refuses `name` unless it is absent or holds the integer that changes nothing.
  void require_u32(std::string_view name, uint32_t harmless) {
    if (has(name) && u32(name, 0, UINT32_MAX) != harmless) unsupported(name);
  }

  void unsupported(std::string_view name) {
    fail({ErrorCode::kUnsupported, "this setting changes the model and is not supported",
          "key " + key(name), "", ""});
  }

  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }
  const std::optional<Error>& error() const { return error_; }
  std::string key(std::string_view name) const { return prefix_ + std::string(name); }
  const std::string& prefix() const { return prefix_; }

 private:
  const Metadata& metadata_;
  std::string prefix_;
  std::optional<Error> error_;
};

// Refuses every key "<architecture>.name" that is not known here, such as
// "attn_logit_softcapping": they exist to describe the arithmetic.
void refuse_unknown_keys(const Metadata& metadata, Keys& keys) {
  static constexpr std::string_view kKnown[] = {
      "block_count", "context_length", "embedding_length", "feed_forward_length",
      // The embedding's rows say it.
      "vocab_size",
      // Allowed with one value only; checked below.
      "expert_count", "expert_used_count", "tensor_data_layout", "use_parallel_residual",
      "rope.dimension_count", "rope.freq_base", "rope.scaling.type", "rope.scaling.factor",
      "rope.scale_linear", "attention.head_count", "attention.head_count_kv",
      "attention.key_length", "attention.value_length", "attention.layer_norm_rms_epsilon",
      "attention.causal",
      // Read by programs that extend the context; without a scaling type they change nothing.
      "rope.scaling.original_context_length", "rope.scaling.finetuned",
      // A window as wide as the context is no window; checked below.
      "attention.sliding_window"};
  for (size_t i = 0; i < metadata.size(); ++i) {
    std::string_view key = metadata.key(i);
    if (!key.starts_with(keys.prefix())) continue;
    key.remove_prefix(keys.prefix().size());
    if (std::find(std::begin(kKnown), std::end(kKnown), key) == std::end(kKnown))
      keys.unsupported(key);
  }
}

void read_rope(Keys& keys, Config& c) {
  c.n_rot = keys.u32("rope.dimension_count", 2, c.head_dim, c.head_dim);
  if (c.n_rot % 2 != 0) {
    keys.fail({ErrorCode::kMalformed, "RoPE turns pairs, so its width must be even",
               "key " + keys.key("rope.dimension_count"), "", std::to_string(c.n_rot)});
  }
  c.rope_theta = keys.f32("rope.freq_base", 1, 1e12f, 10000.0f);
  // A file that gives a factor and no type means linear; "scale_linear" is the factor's old name.
  const char* factor_key =
      keys.has("rope.scaling.factor") ? "rope.scaling.factor" : "rope.scale_linear";
  const float factor = keys.f32(factor_key, kMinRopeScaling, kMaxRopeScaling, 1.0f);
  const std::string_view type = keys.string("rope.scaling.type", "linear");
  if (type == "linear") {
    c.rope_scale = 1 / factor;
  } else if (type != "none") {
    keys.fail({ErrorCode::kUnsupported, "this RoPE scaling is not supported",
               "key " + keys.key("rope.scaling.type"), "none or linear",
               std::string(type.substr(0, 64))});
  } else if (factor != 1) {
    keys.fail({ErrorCode::kUnsupported, "a RoPE scaling factor stands beside the scaling type none",
               "key " + keys.key(factor_key), "1", number_text(factor)});
  }
}

void read_heads(Keys& keys, Config& c) {
  c.n_heads = keys.u32("attention.head_count", 1, kMaxWidth);
  c.n_kv_heads = keys.u32("attention.head_count_kv", 1, kMaxWidth, c.n_heads);
  if (keys.error()) return;
  if (c.n_heads % c.n_kv_heads != 0) {
    keys.fail({ErrorCode::kMalformed, "query heads must be a multiple of key/value heads",
               "key " + keys.key("attention.head_count_kv"),
               "a divisor of " + std::to_string(c.n_heads), std::to_string(c.n_kv_heads)});
  }
  if (!keys.has("attention.key_length") && c.d_model % c.n_heads != 0) {
    keys.fail({ErrorCode::kMalformed, "heads must divide the width where no head width is given",
               "key " + keys.key("attention.head_count"),
               "a divisor of " + std::to_string(c.d_model), std::to_string(c.n_heads)});
  }
  c.head_dim = keys.u32("attention.key_length", 2, 4096, c.d_model / c.n_heads);
  keys.require_u32("attention.value_length", c.head_dim);
  if (uint64_t{c.n_heads} * c.head_dim > kMaxWidth) {
    keys.fail({ErrorCode::kLimit, "the attention heads are too wide together",
               "key " + keys.key("attention.head_count"), "at most " + std::to_string(kMaxWidth),
               ""});
  }
}

// Keys that are fine as long as they say that nothing out of the ordinary is meant.
void refuse_what_changes_the_model(const Metadata& metadata, Keys& keys, const Config& c) {
  keys.require_u32("expert_count", 0);
  keys.require_u32("expert_used_count", 0);
  if (keys.has("attention.sliding_window") &&
      keys.u32("attention.sliding_window", 0, UINT32_MAX) - 1 < c.n_ctx_train - 1) {  // 0: none
    keys.unsupported("attention.sliding_window");
  }
  for (const auto& [name, harmless] :
       {std::pair("attention.causal", true), std::pair("use_parallel_residual", false)}) {
    if (!keys.has(name)) continue;
    const Result<bool> value = metadata.get_bool(keys.key(name));
    if (!value || *value != harmless) keys.unsupported(name);
  }
  // Both names stand for the order of rows that every llama file has today.
  const std::string_view layout = keys.string("tensor_data_layout", "reference");
  if (layout != "reference" && layout != "Meta AI original pth") {
    keys.unsupported("tensor_data_layout");
  }
}

}  // namespace

Result<Config> config_from_gguf(const GgufHeader& header) {
  const Result<std::string_view> architecture = header.metadata.get_string("general.architecture");
  if (!architecture) return architecture.error();
  if (*architecture != "llama" && *architecture != "qwen2") {
    return Error{ErrorCode::kUnsupported, "this architecture is not supported",
                 "key general.architecture", "llama or qwen2",
                 std::string(architecture->substr(0, 64))};
  }
  Config c;
  c.architecture = *architecture;
  c.rope_pairs = c.architecture == "llama" ? RopePairs::kAdjacent : RopePairs::kHalves;

  Keys keys(header.metadata, c.architecture);
  c.n_layers = keys.u32("block_count", 1, kMaxLayers);
  c.d_model = keys.u32("embedding_length", 1, kMaxWidth);
  c.d_ffn = keys.u32("feed_forward_length", 1, kMaxWidth);
  c.n_ctx_train = keys.u32("context_length", 1, kMaxContext);
  c.rms_eps = keys.f32("attention.layer_norm_rms_epsilon", 1e-20f, 1);
  read_heads(keys, c);
  if (!keys.error()) read_rope(keys, c);
  refuse_what_changes_the_model(header.metadata, keys, c);
  refuse_unknown_keys(header.metadata, keys);
  if (keys.error()) return *keys.error();

  const TensorInfo* embedding = header.find("token_embd.weight");
  if (embedding == nullptr) {
    return Error{ErrorCode::kMalformed, "a tensor is missing", "tensor token_embd.weight", "", ""};
  }
  if (embedding->n_rows() > kMaxVocab) {
    return Error{ErrorCode::kLimit, "the vocabulary is too large", "tensor token_embd.weight",
                 "at most " + std::to_string(kMaxVocab), std::to_string(embedding->n_rows())};
  }
  c.n_vocab = static_cast<uint32_t>(embedding->n_rows());
  return c;
}

}  // namespace nanoinfer
