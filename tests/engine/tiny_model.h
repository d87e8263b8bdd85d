// A complete model file of one block, small enough to build anew for each test, with any part
// changed on purpose.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/gguf/writer.h"
#include "tests/engine/text_testing.h"

namespace nanoinfer::testing {

// As it stands the file loads: a llama model of width 8 with 2 query heads and 1 key/value head of
// 4, the vocabulary of byte_vocab, all weights zero.
struct TinyModel {
  using Value = std::variant<uint32_t, float, bool, std::string>;
  struct Tensor {
    std::vector<uint64_t> dims;  // dims[0] is the row length
    TensorType type = TensorType::kF32;
  };

  std::string architecture = "llama";
  std::map<std::string, Value> keys = {  // of the architecture
      {"block_count", 1u},
      {"context_length", 64u},
      {"embedding_length", 8u},
      {"feed_forward_length", 12u},
      {"attention.head_count", 2u},
      {"attention.head_count_kv", 1u},
      {"attention.layer_norm_rms_epsilon", 1e-5f}};
  OwnedVocab vocab = byte_vocab("gpt-2");
  std::map<std::string, Tensor> tensors = {{"token_embd.weight", {{8, vocab.tokens.size()}}},
                                           {"blk.0.attn_norm.weight", {{8}}},
                                           {"blk.0.attn_q.weight", {{8, 8}}},
                                           {"blk.0.attn_k.weight", {{8, 4}}},
                                           {"blk.0.attn_v.weight", {{8, 4}}},
                                           {"blk.0.attn_output.weight", {{8, 8}}},
                                           {"blk.0.ffn_norm.weight", {{8}}},
                                           {"blk.0.ffn_gate.weight", {{8, 12}}},
                                           {"blk.0.ffn_up.weight", {{8, 12}}},
                                           {"blk.0.ffn_down.weight", {{12, 8}}},
                                           {"output_norm.weight", {{8}}}};
  // First values of tensors that are not all zero.
  std::map<std::string, std::vector<float>> values = {};

  std::vector<uint8_t> bytes() const {
    GgufWriter writer;
    writer.add_string("general.architecture", architecture);
    for (const auto& [key, value] : keys) add(writer, architecture + "." + key, value);
    writer.add_string("tokenizer.ggml.model", vocab.data.model);
    writer.add_string("tokenizer.ggml.pre", vocab.data.pre);
    writer.add_strings("tokenizer.ggml.tokens", vocab.tokens);
    writer.add_strings("tokenizer.ggml.merges", vocab.merges);
    writer.add_array<int32_t>("tokenizer.ggml.token_type", vocab.data.types);
    writer.add<uint32_t>("tokenizer.ggml.eos_token_id", 256);
    for (const auto& [name, tensor] : tensors) {
      uint64_t n_rows = 1;
      for (size_t i = 1; i < tensor.dims.size(); ++i) n_rows *= tensor.dims[i];
      std::vector<uint8_t> data(
          static_cast<size_t>(row_bytes(tensor.type, tensor.dims[0]) * n_rows));
      if (const auto found = values.find(name); found != values.end()) {
        std::memcpy(data.data(), found->second.data(), found->second.size() * sizeof(float));
      }
      writer.add_tensor(name, tensor.dims, tensor.type, data);
    }
    return writer.finish();
  }

 private:
  static void add(GgufWriter& writer, const std::string& key, const Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) writer.add_string(key, *text);
    if (const auto* flag = std::get_if<bool>(&value)) writer.add<bool>(key, *flag);
    if (const auto* number = std::get_if<float>(&value)) writer.add<float>(key, *number);
    if (const auto* integer = std::get_if<uint32_t>(&value)) writer.add<uint32_t>(key, *integer);
  }
};

}  // namespace nanoinfer::testing
