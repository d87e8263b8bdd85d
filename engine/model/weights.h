// Names and shapes of a model's tensors, bound to the memory that holds them.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/result.h"
#include "engine/gguf/header.h"
#include "engine/kernels/kernels.h"
#include "engine/model/config.h"

namespace nanoinfer {

// One decoder block. Matrices are (n_out, n_in) in tiles, vectors float32.
struct LayerWeights {
  const float* attention_norm = nullptr;  // (d_model)
  Matrix wq;                              // (n_heads * head_dim, d_model)
  Matrix wk;                              // (n_kv_heads * head_dim, d_model)
  Matrix wv;                              // (n_kv_heads * head_dim, d_model)
  Matrix wo;                              // (d_model, n_heads * head_dim)
  const float* bq = nullptr;              // (n_heads * head_dim) or null
  const float* bk = nullptr;              // (n_kv_heads * head_dim) or null
  const float* bv = nullptr;              // (n_kv_heads * head_dim) or null
  const float* ffn_norm = nullptr;        // (d_model)
  Matrix w_gate;                          // (d_ffn, d_model)
  Matrix w_up;                            // (d_ffn, d_model)
  Matrix w_down;                          // (d_model, d_ffn)
};

struct Weights {
  Matrix token_embedding;  // (n_vocab, d_model)
  std::vector<LayerWeights> layers;
  const float* output_norm = nullptr;  // (d_model)
  Matrix output;                       // (n_vocab, d_model); the embedding itself when tied
  bool tied_head = false;
  const float* rope_factors = nullptr;  // (n_rot / 2), divide RoPE's frequencies; or null
};

// Binds every tensor of the directory to its role. `data` is the start of the data section in
// memory and may be null: then only names, types and shapes are checked. A tensor with no role is
// refused by name, since leaving one out would quietly change what the model computes.
Result<Weights> bind_weights(const Config& config, const GgufHeader& header, const uint8_t* data);

// Refuses values that the forward pass cannot compute with: RoPE divides by `rope_freqs`. To be
// called once all weights are in memory.
Status check_values(const Config& config, const Weights& weights);

}  // namespace nanoinfer
