// Hyper-parameters: what is read, and that whatever would change the arithmetic is refused by name.
#include <gtest/gtest.h>

#include <limits>

#include "engine/model/loader.h"
#include "engine/run/session.h"
#include "tests/engine/tiny_model.h"

namespace nanoinfer {
namespace {

using testing::TinyModel;

Result<Config> config_of(const TinyModel& file) {
  const std::vector<uint8_t> bytes = file.bytes();
  GgufHeaderParser parser;
  const Result<bool> complete = parser.parse(bytes, bytes.size());
  EXPECT_TRUE(complete && *complete);
  return config_from_gguf(parser.take());
}

TEST(Config, ReadsTheHyperParametersAndTheirDefaults) {
  const Result<Config> c = config_of({});
  ASSERT_TRUE(c) << c.error().text();
  EXPECT_EQ(c->architecture, "llama");
  EXPECT_EQ(c->n_layers, 1u);
  EXPECT_EQ(c->d_model, 8u);
  EXPECT_EQ(c->d_ffn, 12u);
  EXPECT_EQ(c->n_heads, 2u);
  EXPECT_EQ(c->n_kv_heads, 1u);
  EXPECT_EQ(c->head_dim, 4u);
  EXPECT_EQ(c->n_rot, 4u);
  EXPECT_EQ(c->n_vocab, 263u);
  EXPECT_EQ(c->n_ctx_train, 64u);
  EXPECT_EQ(c->rms_eps, 1e-5f);
  EXPECT_EQ(c->rope_theta, 10000.0f);
  EXPECT_EQ(c->rope_scale, 1.0f);
  EXPECT_EQ(c->rope_pairs, RopePairs::kAdjacent);
  TinyModel qwen;
  qwen.architecture = "qwen2";
  EXPECT_EQ(config_of(qwen)->rope_pairs, RopePairs::kHalves);
}

TEST(Config, TheDefaultContextIsTheTrainedOneUpTo4096) {
  for (const auto& [trained, expected] : {std::pair(64u, 64u), {4096u, 4096u}, {131072u, 4096u}}) {
    TinyModel file;
    file.keys["context_length"] = trained;
    const Result<Config> config = config_of(file);
    ASSERT_TRUE(config);
    EXPECT_EQ(default_context(*config), expected);
    const Result<std::unique_ptr<Model>> model = load_model(file.bytes());
    ASSERT_TRUE(model) << model.error().text();
    const Result<std::unique_ptr<Session>> session = Session::create(**model, {});
    ASSERT_TRUE(session);
    EXPECT_EQ((*session)->n_ctx(), expected);
  }
}

// A setting, and by what RoPE's positions are multiplied then.
TEST(Config, RopeScalingIsAppliedHoweverItIsSpelled) {
  struct {
    std::map<std::string, TinyModel::Value> keys;
    float scale;
  } const cases[] = {
      {{{"rope.scaling.type", "linear"}, {"rope.scaling.factor", 4.0f}}, 0.25f},
      {{{"rope.scaling.factor", 4.0f}}, 0.25f},
      {{{"rope.scale_linear", 2.0f}}, 0.5f},
      {{{"rope.scaling.type", "linear"}, {"rope.scale_linear", 2.0f}}, 0.5f},
      {{{"rope.scaling.factor", 4.0f}, {"rope.scale_linear", 2.0f}}, 0.25f},
      {{{"rope.scaling.type", "none"}, {"rope.scaling.factor", 1.0f}}, 1},
      {{{"rope.scaling.type", "none"}}, 1},
  };
  for (const auto& [keys, scale] : cases) {
    TinyModel file;
    file.keys.insert(keys.begin(), keys.end());
    const Result<Config> config = config_of(file);
    ASSERT_TRUE(config) << config.error().text();
    EXPECT_EQ(config->rope_scale, scale);
  }
}

TEST(Config, TakesKeysThatChangeNothing) {
  TinyModel file;
  file.keys.insert({{"vocab_size", 263u},
                    {"expert_count", 0u},
                    {"expert_used_count", 0u},
                    {"tensor_data_layout", "Meta AI original pth"},
                    {"use_parallel_residual", false},
                    {"attention.causal", true},
                    {"attention.sliding_window", 64u},
                    {"attention.value_length", 4u},
                    {"rope.scaling.original_context_length", 64u},
                    {"rope.scaling.finetuned", false}});
  const Result<Config> config = config_of(file);
  EXPECT_TRUE(config) << config.error().text();
}

struct Refusal {
  const char* key;  // of the architecture; changed or added
  TinyModel::Value value;
  ErrorCode code;
};

TEST(Config, RefusesByNameWhatItCannotRun) {
  constexpr ErrorCode kUnsupported = ErrorCode::kUnsupported, kMalformed = ErrorCode::kMalformed;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Refusal refusals[] = {
      {"rope.scaling.type", "yarn", kUnsupported},
      {"rope.scaling.type", "longrope", kUnsupported},
      {"rope.scaling.attn_factor", 1.5f, kUnsupported},
      {"rope.scaling.yarn_log_multiplier", 0.1f, kUnsupported},
      {"rope.dimension_sections", 1u, kUnsupported},
      {"attention.scale", 0.5f, kUnsupported},
      {"attention.max_alibi_bias", 8.0f, kUnsupported},
      {"attention.clamp_kqv", 8.0f, kUnsupported},
      {"attention.sliding_window", 32u, kUnsupported},
      {"attention.causal", false, kUnsupported},
      {"attention.causal", 1u, kUnsupported},
      {"attention.value_length", 8u, kUnsupported},
      {"expert_count", 8u, kUnsupported},
      {"expert_used_count", 2u, kUnsupported},
      {"expert_shared_count", 1u, kUnsupported},
      {"logit_scale", 0.5f, kUnsupported},
      {"embedding_scale", 12.0f, kUnsupported},
      {"residual_scale", 0.2f, kUnsupported},
      {"attn_logit_softcapping", 50.0f, kUnsupported},
      {"final_logit_softcapping", 30.0f, kUnsupported},
      {"pooling_type", 1u, kUnsupported},
      {"use_parallel_residual", true, kUnsupported},
      {"tensor_data_layout", "another", kUnsupported},
      {"a_key_of_the_future", 1u, kUnsupported},
      {"block_count", 0u, kMalformed},
      {"block_count", 513u, kMalformed},
      {"block_count", "two", kMalformed},
      {"embedding_length", 1u << 21, kMalformed},
      {"context_length", 0u, kMalformed},
      {"attention.layer_norm_rms_epsilon", 0.0f, kMalformed},
      {"attention.layer_norm_rms_epsilon", nan, kMalformed},
      {"attention.head_count", 3u, kMalformed},
      {"attention.head_count_kv", 3u, kMalformed},
      {"attention.key_length", 1u << 20, kMalformed},
      {"rope.dimension_count", 3u, kMalformed},
      {"rope.dimension_count", 6u, kMalformed},
      {"rope.freq_base", 0.0f, kMalformed},
      {"rope.freq_base", 1e-30f, kMalformed},
      {"rope.freq_base", std::numeric_limits<float>::infinity(), kMalformed},
      {"rope.scaling.factor", 0.0f, kMalformed},
      {"rope.scaling.factor", 1e-30f, kMalformed},
      {"rope.scaling.factor", -4.0f, kMalformed},
      {"rope.scaling.factor", nan, kMalformed},
      {"rope.scale_linear", 1e9f, kMalformed},
  };
  for (const Refusal& refusal : refusals) {
    TinyModel file;
    file.keys[refusal.key] = refusal.value;
    const Result<Config> config = config_of(file);
    ASSERT_FALSE(config) << refusal.key;
    EXPECT_EQ(config.error().code, refusal.code) << config.error().text();
    EXPECT_EQ(config.error().place, std::string("key llama.") + refusal.key)
        << config.error().text();
  }
}

TEST(Config, RefusesAFactorBesideTheScalingTypeNone) {
  TinyModel file;
  file.keys["rope.scaling.type"] = "none";
  file.keys["rope.scaling.factor"] = 4.0f;
  const Result<Config> config = config_of(file);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(config.error().place, "key llama.rope.scaling.factor");
}

TEST(Config, RefusesAFileWithoutWhatItNeeds) {
  for (const char* key :
       {"block_count", "context_length", "embedding_length", "feed_forward_length",
        "attention.head_count", "attention.layer_norm_rms_epsilon"}) {
    TinyModel file;
    file.keys.erase(key);
    const Result<Config> config = config_of(file);
    ASSERT_FALSE(config) << key;
    EXPECT_EQ(config.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(config.error().place, std::string("key llama.") + key);
  }
}

TEST(Config, RefusesAnotherArchitecture) {
  for (const char* name : {"gemma2", "Llama", ""}) {
    TinyModel file;
    file.architecture = name;
    const Result<Config> config = config_of(file);
    ASSERT_FALSE(config) << name;
    EXPECT_EQ(config.error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(config.error().place, "key general.architecture");
    EXPECT_EQ(config.error().actual, name);
  }
}

TEST(Config, RefusesAnEmbeddingThatIsMissingOrTooTall) {
  TinyModel file;
  file.tensors.erase("token_embd.weight");
  Result<Config> config = config_of(file);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(config.error().place, "tensor token_embd.weight");
  file.tensors["token_embd.weight"] = {{8, (1u << 20) + 1}, TensorType::kF16};
  config = config_of(file);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kLimit);
  EXPECT_EQ(config.error().place, "tensor token_embd.weight");
}

}  // namespace
}  // namespace nanoinfer
