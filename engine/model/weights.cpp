#include "engine/model/weights.h"

#include <optional>
#include <string>

#include "engine/base/number_text.h"

namespace nanoinfer {

namespace {

// See kMinRopeScaling in config.cpp; what a frequency is divided by makes it smaller in every file.
constexpr float kMinRopeFactor = 1.0f / 64;
constexpr float kMaxRopeFactor = 1e9f;

// Looks tensors up by name, checks type and shape, and counts them, so that none is left over.
class Binder {
 public:
  Binder(const GgufHeader& header, const uint8_t* data)
      : header_(header), data_(data), bound_(header.tensors.size(), false) {}

  Matrix matrix(const std::string& name, uint32_t n_out, uint32_t n_in) {
    const TensorInfo* tensor = take(name, n_in, n_out, /*n_dims=*/2);
    if (tensor == nullptr) return {};
    return {.type = tensor->type, .data = address(*tensor), .n_out = n_out, .n_in = n_in};
  }

  const float* vector(const std::string& name, uint32_t n) {
    const TensorInfo* tensor = take(name, n, 1, /*n_dims=*/1);
    if (tensor == nullptr) return nullptr;
    if (tensor->type != TensorType::kF32) {
      fail({ErrorCode::kUnsupported, "norms and biases must be float32", "tensor " + name, "F32",
            traits(tensor->type).name});
    }
    return reinterpret_cast<const float*>(address(*tensor));
  }

  const float* optional_vector(const std::string& name, uint32_t n) {
    return has(name) ? vector(name, n) : nullptr;
  }

  bool has(const std::string& name) const { return header_.find(name) != nullptr; }

  // The first failure, or the first tensor that has no role.
  std::optional<Error> finish() {
    for (size_t i = 0; i < bound_.size() && !error_; ++i) {
      if (bound_[i]) continue;
      fail({ErrorCode::kUnsupported, "this tensor has no role in the architecture",
            "tensor " + header_.tensors[i].name, "", ""});
    }
    return error_;
  }

 private:
  const TensorInfo* take(const std::string& name, uint64_t n_in, uint64_t n_out, uint32_t n_dims) {
    const TensorInfo* tensor = header_.find(name);
    if (tensor == nullptr) {
      fail({ErrorCode::kMalformed, "a tensor is missing", "tensor " + name, "", ""});
      return nullptr;
    }
    bound_[static_cast<size_t>(tensor - header_.tensors.data())] = true;
    if (tensor->dims[0] != n_in || tensor->n_rows() != n_out || tensor->n_dims != n_dims) {
      std::string shape;
      for (uint32_t i = 0; i < tensor->n_dims; ++i) {
        shape += (i == 0 ? "" : " x ") + std::to_string(tensor->dims[i]);
      }
      fail({ErrorCode::kMalformed, "a tensor's shape disagrees with the hyper-parameters",
            "tensor " + name,
            std::to_string(n_in) + (n_dims == 2 ? " x " + std::to_string(n_out) : ""), shape});
    }
    return tensor;
  }

  const uint8_t* address(const TensorInfo& tensor) const {
    return data_ == nullptr ? nullptr : data_ + static_cast<size_t>(tensor.offset);
  }

  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }

  const GgufHeader& header_;
  const uint8_t* data_;
  std::vector<bool> bound_;
  std::optional<Error> error_;
};

LayerWeights bind_layer(const Config& c, uint32_t layer, Binder& tensors) {
  const std::string blk = "blk." + std::to_string(layer) + ".";
  LayerWeights w;
  w.attention_norm = tensors.vector(blk + "attn_norm.weight", c.d_model);
  w.wq = tensors.matrix(blk + "attn_q.weight", c.q_dim(), c.d_model);
  w.wk = tensors.matrix(blk + "attn_k.weight", c.kv_dim(), c.d_model);
  w.wv = tensors.matrix(blk + "attn_v.weight", c.kv_dim(), c.d_model);
  w.wo = tensors.matrix(blk + "attn_output.weight", c.d_model, c.q_dim());
  w.bq = tensors.optional_vector(blk + "attn_q.bias", c.q_dim());
  w.bk = tensors.optional_vector(blk + "attn_k.bias", c.kv_dim());
  w.bv = tensors.optional_vector(blk + "attn_v.bias", c.kv_dim());
  w.ffn_norm = tensors.vector(blk + "ffn_norm.weight", c.d_model);
  w.w_gate = tensors.matrix(blk + "ffn_gate.weight", c.d_ffn, c.d_model);
  w.w_up = tensors.matrix(blk + "ffn_up.weight", c.d_ffn, c.d_model);
  w.w_down = tensors.matrix(blk + "ffn_down.weight", c.d_model, c.d_ffn);
  return w;
}

}  // namespace

Result<Weights> bind_weights(const Config& config, const GgufHeader& header, const uint8_t* data) {
  Binder tensors(header, data);
  Weights w;
  w.token_embedding = tensors.matrix("token_embd.weight", config.n_vocab, config.d_model);
  for (uint32_t layer = 0; layer < config.n_layers; ++layer) {
    w.layers.push_back(bind_layer(config, layer, tensors));
  }
  w.output_norm = tensors.vector("output_norm.weight", config.d_model);
  w.tied_head = !tensors.has("output.weight");
  w.output = w.tied_head ? w.token_embedding
                         : tensors.matrix("output.weight", config.n_vocab, config.d_model);
  w.rope_factors = tensors.optional_vector("rope_freqs.weight", config.n_rot / 2);
  if (std::optional<Error> error = tensors.finish()) return *error;
  return w;
}

Status check_values(const Config& config, const Weights& weights) {
  for (uint32_t i = 0; weights.rope_factors != nullptr && i < config.n_rot / 2; ++i) {
    const float factor = weights.rope_factors[i];
    if (factor >= kMinRopeFactor && factor <= kMaxRopeFactor) continue;  // and not NaN
    return Error{ErrorCode::kMalformed, "a RoPE frequency is divided by a value out of range",
                 "tensor rope_freqs.weight, element " + std::to_string(i), "1/64 to 1e9",
                 number_text(factor)};
  }
  return Ok{};
}

}  // namespace nanoinfer
