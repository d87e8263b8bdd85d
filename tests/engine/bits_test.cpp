// One set of bits for each tiny model: the logits of a 300-token prompt and 32 decoded tokens hash
// to the number committed here, on every machine and in every build, native or wasm, with every
// kernel set, thread count and chunking, cached or computed anew.
//
// The hashes are this test's own output (hash_of: FNV-1a over the bits of all 332 rows), taken once
// every build gave the same. A change of them on purpose is a new kNumericsVersion.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <set>

#include "tests/engine/model_testing.h"

namespace nanoinfer {
namespace {

using namespace testing;

constexpr size_t kDecoded = 32;
constexpr uint32_t kChunks[] = {1, 7, 32, 512};

// The definition is slow, and how rows are cut and shared among threads is no matter of the kernel
// set: one combination is enough for it.
bool is_definition(const Kernels& kernels) {
  return &kernels == all_kernels().front();
}

struct ModelBits {
  const char* file;  // in the repository
  uint64_t hash;
};

void PrintTo(const ModelBits& model, std::ostream* out) {
  *out << model.file;
}

constexpr ModelBits kModels[] = {
    {"public/models/glass-llama.gguf", 0x4c2d343bfb576a41u},
    {"public/models/glass-qwen2.gguf", 0xde41ed004469200bu},
    {"tests/fixtures/models/llama-bf16-rope-freqs.gguf", 0x682f709893b87756u},
    {"tests/fixtures/models/llama-f16.gguf", 0xbfb4ddfff40f079fu},
    {"tests/fixtures/models/llama-f32-head20.gguf", 0x8e9bfc07abefe2f7u},
    {"tests/fixtures/models/llama-f32-linear-rope.gguf", 0x29b718027d98a46fu},
    {"tests/fixtures/models/llama-f32-partial-rope.gguf", 0x05646a1ceb79d301u},
    {"tests/fixtures/models/llama-f32-rope-factor.gguf", 0x073aaf8b3850fa4bu},
    {"tests/fixtures/models/llama-f32.gguf", 0x52ef9042a1f373e3u},
    {"tests/fixtures/models/llama-k-wide.gguf", 0xf3262bc94413118au},
    {"tests/fixtures/models/llama-q4_0.gguf", 0xcc1a4d7444d7b33au},
    {"tests/fixtures/models/llama-q4_1.gguf", 0x7361d31918cd1467u},
    {"tests/fixtures/models/llama-q4_k.gguf", 0xc65eb3506549a7b6u},
    {"tests/fixtures/models/llama-q4_k_m.gguf", 0x32d2ca4b633f55b4u},
    {"tests/fixtures/models/llama-q5_0.gguf", 0x0340771303b52457u},
    {"tests/fixtures/models/llama-q5_1.gguf", 0x387e8e7521687fdbu},
    {"tests/fixtures/models/llama-q5_k.gguf", 0xee72706816197894u},
    {"tests/fixtures/models/llama-q6_k.gguf", 0x7ea97bd9bddb9e58u},
    {"tests/fixtures/models/llama-q8_0.gguf", 0xfc53ebf5b4dbdf14u},
    {"tests/fixtures/models/llama-sentencepiece.gguf", 0x5347273a7ea3350eu},
    {"tests/fixtures/models/qwen2-bf16.gguf", 0xc6d7a9ada70a8602u},
    {"tests/fixtures/models/qwen2-f32.gguf", 0x57066c2eb703934bu},
    {"tests/fixtures/models/qwen2-q4_0.gguf", 0x4d2dd253178420b0u},
    {"tests/fixtures/models/qwen2-q8_0.gguf", 0x546a10521a7fca74u},
};

std::string test_name(const ::testing::TestParamInfo<ModelBits>& info) {
  std::string name = std::filesystem::path(info.param.file).stem().string();
  std::ranges::replace_if(name, [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

// Prompt and decoded tokens: 332, or as many as the model's context holds.
std::vector<int32_t> tokens_for(const Config& config) {
  return some_ids(std::min<size_t>(332, config.n_ctx_train), config.n_vocab);
}

// The prompt in chunks, then one token at a time; logits (n_tokens, n_vocab) of all.
std::vector<float> prompt_and_decode(const Model& model, const RunOptions& options) {
  const std::vector<int32_t> ids = tokens_for(model.config);
  const auto decoded = ids.end() - kDecoded;
  const std::unique_ptr<Session> session = new_session(model, options);
  std::vector<float> logits;
  extend(*session, 0, {ids.begin(), decoded}, options, &logits);
  RunOptions one_row = options;
  one_row.chunk = 1;
  extend(*session, 0, {decoded, ids.end()}, one_row, &logits);
  return logits;
}

std::string described(const RunOptions& options) {
  return std::string(options.kernels->name) + ", " + std::to_string(options.n_threads) +
         " threads, chunks of " + std::to_string(options.chunk);
}

class Bits : public ::testing::TestWithParam<ModelBits> {
 protected:
  void SetUp() override {
    model_ = load(std::string(NANOINFER_SOURCE_DIR "/") + GetParam().file);
    ASSERT_TRUE(model_);
  }

  void expect_hash(const RunOptions& options) {
    EXPECT_EQ(hash_of(prompt_and_decode(*model_, options)), GetParam().hash) << described(options);
  }

  std::unique_ptr<Model> model_;
};

TEST_P(Bits, AreTheCommittedOnesInEveryChunkingAndKernelSet) {
  for (const Kernels* kernels : all_kernels()) {
    for (const uint32_t chunk : kChunks) {
      if (is_definition(*kernels) && chunk != 7) continue;
      expect_hash({.chunk = chunk, .kernels = kernels});
    }
  }
}

// A turn is begun, cut back and continued otherwise, as when a message is edited.
TEST_P(Bits, AreTheCommittedOnesAfterACachedPrefix) {
  const std::vector<int32_t> ids = tokens_for(model_->config);
  const size_t n_prompt = ids.size() - kDecoded;
  std::vector<int32_t> other(ids.begin(), ids.begin() + static_cast<ptrdiff_t>(n_prompt));
  const int32_t wrong = (ids[n_prompt - 40] + 1) % static_cast<int32_t>(model_->config.n_vocab);
  other[n_prompt - 40] = wrong;
  const std::unique_ptr<Session> session = new_session(*model_, {});
  std::vector<float> logits;
  extend(*session, 0, other, {}, &logits);
  const uint32_t kept = session->common_prefix(0, ids);
  ASSERT_EQ(kept, n_prompt - 40);
  ASSERT_TRUE(session->truncate(0, kept));
  logits.resize(size_t{kept} * model_->config.n_vocab);
  extend(*session, 0, {ids.begin() + static_cast<ptrdiff_t>(kept), ids.end()}, {}, &logits);
  EXPECT_EQ(hash_of(logits), GetParam().hash);
}

class BitsThreads : public Bits {};

TEST_P(BitsThreads, AreTheCommittedOnesWithEveryThreadCount) {
  size_t chunk = 0;  // another for each run: all pairs occur over the kernel sets
  for (const Kernels* kernels : all_kernels()) {
    for (const uint32_t n_threads : {2u, 3u, 4u}) {
      if (is_definition(*kernels) && n_threads != 3) continue;
      expect_hash({.chunk = kChunks[chunk++ % std::size(kChunks)],
                   .n_threads = n_threads,
                   .kernels = kernels});
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Bits, ::testing::ValuesIn(kModels), test_name);
INSTANTIATE_TEST_SUITE_P(Models, BitsThreads, ::testing::ValuesIn(kModels), test_name);

TEST(BitsTable, HoldsEveryTinyModel) {
  std::set<std::string> files;
  for (const char* folder : {"tests/fixtures/models", "public/models"}) {
    const std::filesystem::path path = std::string(NANOINFER_SOURCE_DIR "/") + folder;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (entry.path().extension() != ".gguf") continue;
      files.insert(std::string(folder) + "/" + entry.path().filename().string());
    }
  }
  for (const ModelBits& model : kModels) {
    EXPECT_EQ(files.erase(model.file), 1u) << model.file << " is gone";
  }
  for (const std::string& file : files) ADD_FAILURE() << file << " has no hash in kModels";
}

}  // namespace
}  // namespace nanoinfer
