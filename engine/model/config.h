// A model's hyper-parameters, read from a file's metadata and range-checked: later code trusts
// them.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/result.h"
#include "engine/gguf/header.h"

namespace nanoinfer {

// Which elements of a head RoPE turns together: (2i, 2i + 1) or (i, i + n_rot / 2).
enum class RopePairs : uint8_t { kAdjacent, kHalves };

struct Config {
  std::string architecture;  // "llama" or "qwen2"
  uint32_t n_layers = 0;     // decoder blocks
  uint32_t d_model = 0;      // width of the residual stream
  uint32_t d_ffn = 0;        // width inside the feed-forward network
  uint32_t n_heads = 0;      // query heads
  uint32_t n_kv_heads = 0;   // key/value heads; n_heads is a multiple (grouped-query attention)
  uint32_t head_dim = 0;     // width of one head
  uint32_t n_rot = 0;        // leading elements of a head that RoPE turns; even, <= head_dim
  uint32_t n_vocab = 0;      // rows of the token embedding
  uint32_t n_ctx_train = 0;  // positions the model was trained on
  float rms_eps = 0;         // added to the mean square in RMSNorm
  float rope_theta = 0;      // base of the RoPE angles
  float rope_scale = 1;      // positions are multiplied by this (linear scaling: 1 / factor)
  RopePairs rope_pairs = RopePairs::kAdjacent;

  uint32_t q_dim() const { return n_heads * head_dim; }
  uint32_t kv_dim() const { return n_kv_heads * head_dim; }
};

// Reads `general.architecture` and that architecture's keys. A key of the architecture that is not
// known here might change the arithmetic and is refused by name.
Result<Config> config_from_gguf(const GgufHeader& header);

}  // namespace nanoinfer
