// Tensors bound to their roles, and files refused whose tensors do not fit the model.
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <functional>
#include <limits>

#include "engine/model/loader.h"
#include "tests/engine/gguf_testing.h"
#include "tests/engine/tiny_model.h"

namespace nanoinfer {
namespace {

using testing::TinyModel;

struct Refusal {
  const char* what;
  std::function<void(TinyModel&)> change;
  ErrorCode code;
  const char* place;
  const char* expected = "";
  const char* actual = "";
};

void expect_refusals(std::span<const Refusal> refusals) {
  for (const Refusal& refusal : refusals) {
    TinyModel file;
    refusal.change(file);
    const Result<std::unique_ptr<Model>> model = load_model(file.bytes());
    ASSERT_FALSE(model) << refusal.what;
    EXPECT_EQ(model.error().code, refusal.code) << refusal.what << ": " << model.error().text();
    EXPECT_EQ(model.error().place, refusal.place) << refusal.what;
    EXPECT_EQ(model.error().expected, refusal.expected) << refusal.what;
    EXPECT_EQ(model.error().actual, refusal.actual) << refusal.what;
  }
}

TEST(Weights, LoadWithEveryOptionalTensorAndWithNone) {
  const Result<std::unique_ptr<Model>> plain = load_model(TinyModel().bytes());
  ASSERT_TRUE(plain) << plain.error().text();
  EXPECT_TRUE((*plain)->weights.tied_head);
  EXPECT_EQ((*plain)->weights.layers[0].bq, nullptr);
  EXPECT_EQ((*plain)->weights.rope_factors, nullptr);
  TinyModel file;
  file.tensors["output.weight"] = {{8, 263}};
  file.tensors["blk.0.attn_q.bias"] = {{8}};
  file.tensors["blk.0.attn_k.bias"] = {{4}};
  file.tensors["blk.0.attn_v.bias"] = {{4}};
  file.tensors["rope_freqs.weight"] = {{2}};
  file.values["rope_freqs.weight"] = {1, 8};
  const Result<std::unique_ptr<Model>> all = load_model(file.bytes());
  ASSERT_TRUE(all) << all.error().text();
  EXPECT_FALSE((*all)->weights.tied_head);
  EXPECT_NE((*all)->weights.layers[0].bq, nullptr);
  ASSERT_NE((*all)->weights.rope_factors, nullptr);
  EXPECT_EQ((*all)->weights.rope_factors[1], 8);
}

TEST(Weights, EveryTensorThatTheModelNeedsIsMissedByName) {
  for (const auto& [name, tensor] : TinyModel().tensors) {
    TinyModel file;
    file.tensors.erase(name);
    const Result<std::unique_ptr<Model>> model = load_model(file.bytes());
    ASSERT_FALSE(model) << name;
    EXPECT_EQ(model.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(model.error().place, "tensor " + name);
  }
}

TEST(Weights, ATensorWithNoRoleIsRefusedByName) {
  for (const char* name : {"blk.0.attn_q_norm.weight", "blk.0.attn_output.bias",
                           "blk.1.attn_norm.weight", "output.bias", "position_embd.weight",
                           "rope_factors_long.weight", "blk.0.ffn_gate_exps.weight"}) {
    TinyModel file;
    file.tensors[name] = {{8}};
    const Result<std::unique_ptr<Model>> model = load_model(file.bytes());
    ASSERT_FALSE(model) << name;
    EXPECT_EQ(model.error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(model.error().place, std::string("tensor ") + name);
  }
}

TEST(Weights, AShapeThatDisagreesIsRefusedWithBoth) {
  const auto shaped = [](const char* name, std::vector<uint64_t> dims) {
    return [=](TinyModel& file) { file.tensors[name].dims = dims; };
  };
  const Refusal refusals[] = {
      {"too many rows", shaped("blk.0.attn_k.weight", {8, 8}), ErrorCode::kMalformed,
       "tensor blk.0.attn_k.weight", "8 x 4", "8 x 8"},
      {"too long rows", shaped("blk.0.ffn_up.weight", {16, 12}), ErrorCode::kMalformed,
       "tensor blk.0.ffn_up.weight", "8 x 12", "16 x 12"},
      {"transposed", shaped("blk.0.ffn_down.weight", {8, 12}), ErrorCode::kMalformed,
       "tensor blk.0.ffn_down.weight", "12 x 8", "8 x 12"},
      {"a long norm", shaped("output_norm.weight", {9}), ErrorCode::kMalformed,
       "tensor output_norm.weight", "8", "9"},
      {"a norm of two dimensions", shaped("blk.0.ffn_norm.weight", {8, 1}), ErrorCode::kMalformed,
       "tensor blk.0.ffn_norm.weight", "8", "8 x 1"},
      {"a short bias", [](TinyModel& file) { file.tensors["blk.0.attn_q.bias"] = {{4}}; },
       ErrorCode::kMalformed, "tensor blk.0.attn_q.bias", "8", "4"},
      {"a head of another vocabulary",
       [](TinyModel& file) { file.tensors["output.weight"] = {{8, 262}}; }, ErrorCode::kMalformed,
       "tensor output.weight", "8 x 263", "8 x 262"},
      {"too many RoPE factors", [](TinyModel& file) { file.tensors["rope_freqs.weight"] = {{4}}; },
       ErrorCode::kMalformed, "tensor rope_freqs.weight", "2", "4"},
  };
  expect_refusals(refusals);
}

TEST(Weights, NormsAndBiasesMustBeFloat32) {
  const Refusal refusals[] = {
      {"norm",
       [](TinyModel& file) { file.tensors["blk.0.attn_norm.weight"].type = TensorType::kF16; },
       ErrorCode::kUnsupported, "tensor blk.0.attn_norm.weight", "F32", "F16"},
      {"bias",
       [](TinyModel& file) { file.tensors["blk.0.attn_v.bias"] = {{4}, TensorType::kBF16}; },
       ErrorCode::kUnsupported, "tensor blk.0.attn_v.bias", "F32", "BF16"},
  };
  expect_refusals(refusals);
}

TEST(Weights, TheEmbeddingHasOneRowForEachTokenOfTheVocabulary) {
  const Refusal refusals[] = {
      {"a row too many", [](TinyModel& file) { file.tensors["token_embd.weight"].dims[1] = 264; },
       ErrorCode::kMalformed, "tensor token_embd.weight", "263 rows", "264"},
  };
  expect_refusals(refusals);
}

TEST(Weights, RopeFactorsMustBeFiniteAndPositive) {
  for (const float bad : {0.0f, -1.0f, 1e-30f, 1e30f, std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()}) {
    TinyModel file;
    file.tensors["rope_freqs.weight"] = {{2}};
    file.values["rope_freqs.weight"] = {1, bad};
    const Result<std::unique_ptr<Model>> model = load_model(file.bytes());
    ASSERT_FALSE(model) << bad;
    EXPECT_EQ(model.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(model.error().place, "tensor rope_freqs.weight, element 1");
  }
}

// The header of a file whose weights take 240 TB, more than an address space of 47 bits holds.
std::vector<uint8_t> giant_header() {
  constexpr uint64_t kWidth = 1u << 20;
  constexpr uint32_t kLayers = 20;
  const OwnedVocab vocab = byte_vocab("gpt-2");
  RawFile file{.n_tensors = 0, .n_entries = 0, .tensors = {}, .data_bytes = 0};
  const auto entry = [&](const char* key, uint64_t type) -> Bytes& {
    ++file.n_entries;
    return file.entries.entry(key, type);
  };
  entry("general.architecture", kString).text("llama");
  entry("tokenizer.ggml.model", kString).text("gpt2");
  entry("tokenizer.ggml.pre", kString).text("gpt-2");
  entry("tokenizer.ggml.tokens", kArray).u32(kString).u64(vocab.tokens.size());
  for (const std::string& token : vocab.tokens) file.entries.text(token);
  entry("tokenizer.ggml.merges", kArray).u32(kString).u64(0);
  entry("tokenizer.ggml.eos_token_id", kU32).u32(256);
  entry("llama.block_count", kU32).u32(kLayers);
  entry("llama.context_length", kU32).u32(64);
  entry("llama.embedding_length", kU32).u32(kWidth);
  entry("llama.feed_forward_length", kU32).u32(kWidth);
  entry("llama.attention.head_count", kU32).u32(1024);
  entry("llama.attention.layer_norm_rms_epsilon", kF32).u32(std::bit_cast<uint32_t>(1e-5f));

  uint64_t offset = 0;
  const auto tensor = [&](const std::string& name, std::vector<uint64_t> dims) {
    uint64_t n_bytes = sizeof(float);
    for (const uint64_t dim : dims) n_bytes *= dim;
    file.tensors.tensor(name, dims, kTypeF32, offset);
    offset += n_bytes;
    ++file.n_tensors;
  };
  tensor("token_embd.weight", {kWidth, vocab.tokens.size()});
  for (uint32_t layer = 0; layer < kLayers; ++layer) {
    const std::string blk = "blk." + std::to_string(layer) + ".";
    for (const char* norm : {"attn_norm", "ffn_norm"}) tensor(blk + norm + ".weight", {kWidth});
    for (const char* matrix :
         {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"}) {
      tensor(blk + matrix + ".weight", {kWidth, kWidth});
    }
  }
  tensor("output_norm.weight", {kWidth});
  return file.bytes();
}

TEST(Weights, MoreThanMemoryHoldsIsAnErrorThatSaysHowMuch) {
  const std::vector<uint8_t> header = giant_header();
  ModelLoader loader(0);
  const Result<uint8_t*> head = loader.reserve(header.size());
  ASSERT_TRUE(head);
  std::memcpy(*head, header.data(), header.size());
  const Result<LoadPhase> phase = loader.commit(header.size());
  ASSERT_TRUE(phase) << phase.error().text();
  EXPECT_EQ(*phase, LoadPhase::kWeights);
  const Result<uint8_t*> place = loader.reserve(1);
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().code, ErrorCode::kOutOfMemory);
  EXPECT_EQ(place.error().expected,
            std::to_string(loader.header_model()->header.data_bytes) + " bytes");
  EXPECT_EQ(place.error().actual.empty(), sizeof(size_t) == 8);  // 2 GB is the most of 32 bits
}

}  // namespace
}  // namespace nanoinfer
