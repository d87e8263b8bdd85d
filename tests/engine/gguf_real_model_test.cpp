// The header of the default real model. A missing file fails: these tests never skip.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "tests/engine/gguf_testing.h"

namespace nanoinfer {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string model_path() {
  const std::string named = environment("NANOINFER_MODEL");
  if (!named.empty()) return named;
  const std::string cache = environment("XDG_CACHE_HOME");
  return (cache.empty() ? environment("HOME") + "/.cache" : cache) +
         "/nanoinfer/models/SmolLM2-135M-Instruct.Q4_1.gguf";
}

// The first n_bytes of the model, and the size of all of it.
struct FileStart {
  std::vector<uint8_t> bytes;
  uint64_t file_bytes = 0;
};

FileStart read_model_start(size_t n_bytes) {
  FileStart start;
  std::FILE* file = std::fopen(model_path().c_str(), "rb");
  if (!file) {
    ADD_FAILURE() << model_path() << " is missing; set NANOINFER_MODEL or run the set-up";
    return start;
  }
  start.bytes.resize(n_bytes);
  start.bytes.resize(std::fread(start.bytes.data(), 1, n_bytes, file));
  std::fseek(file, 0, SEEK_END);
  start.file_bytes = static_cast<uint64_t>(std::ftell(file));
  std::fclose(file);
  return start;
}

TEST(RealModel, ItsHeaderIsReadAsItComes) {
  const FileStart start = read_model_start(size_t{8} << 20);
  ASSERT_GT(start.bytes.size(), 0u);
  GgufHeaderParser parser;
  size_t n = 0;
  bool complete = false;
  while (!complete && n < start.bytes.size()) {
    n = std::min(n + 65536, start.bytes.size());
    const Result<bool> parsed = parser.parse(std::span(start.bytes).first(n), start.file_bytes);
    ASSERT_TRUE(parsed) << parsed.error().text();
    complete = *parsed;
  }
  ASSERT_TRUE(complete);
  const GgufHeader header = parser.take();
  EXPECT_LT(n - header.data_offset, 65536u);
  EXPECT_EQ(header.data_offset + header.data_bytes, start.file_bytes);

  EXPECT_EQ(*header.metadata.get_string("general.architecture"), "llama");
  EXPECT_EQ(*header.metadata.get_u32("llama.block_count"), 30u);
  EXPECT_EQ(*header.metadata.get_u32("llama.embedding_length"), 576u);
  EXPECT_EQ(*header.metadata.get_u32("llama.attention.head_count_kv"), 3u);
  EXPECT_EQ(header.metadata.get_strings("tokenizer.ggml.tokens")->size(), 49152u);
  EXPECT_EQ(header.metadata.get_i32s("tokenizer.ggml.token_type")->size(), 49152u);
  EXPECT_EQ((*header.metadata.get_strings("tokenizer.ggml.tokens"))[1], "<|im_start|>");
  EXPECT_GT(header.metadata.get_strings("tokenizer.ggml.merges")->size(), 40000u);

  const TensorInfo* embedding = header.find("token_embd.weight");
  ASSERT_TRUE(embedding);
  EXPECT_EQ(embedding->dims, (std::array<uint64_t, 4>{576, 49152, 1, 1}));
  EXPECT_EQ(header.tensors.size(), 272u);
  std::map<std::string, int> types;
  for (const TensorInfo& tensor : header.tensors) ++types[traits(tensor.type).name];
  EXPECT_GT(types["Q4_1"], 200);
  EXPECT_EQ(types["F32"], 61);
}

TEST(RealModel, AFileCutAnywhereInItsHeaderIsTruncated) {
  const FileStart start = read_model_start(size_t{8} << 20);
  for (size_t n = 1; n < start.bytes.size(); n += 299993) {
    const Result<GgufHeader> header = parse_gguf_header(std::span(start.bytes).first(n));
    ASSERT_FALSE(header) << n;
    EXPECT_EQ(header.error().code, ErrorCode::kTruncated) << header.error().text();
  }
}

}  // namespace
}  // namespace nanoinfer
