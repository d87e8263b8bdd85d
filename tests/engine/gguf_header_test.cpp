#include <algorithm>
#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "engine/gguf/header.h"
#include "engine/gguf/writer.h"
#include "tests/engine/gguf_testing.h"

namespace nanoinfer {
namespace {

// A small file with a value of every type and three tensors.
std::vector<uint8_t> small_file(uint32_t alignment = 32) {
  GgufWriter writer(alignment);
  writer.add<uint32_t>("general.alignment", alignment);
  writer.add_string("general.architecture", "llama");
  writer.add<uint8_t>("x.u8", 200);
  writer.add<int8_t>("x.i8", -100);
  writer.add<uint16_t>("x.u16", 60000);
  writer.add<int16_t>("x.i16", -30000);
  writer.add<uint32_t>("x.u32", 4000000000);
  writer.add<int32_t>("x.i32", -2000000000);
  writer.add<uint64_t>("x.u64", 18000000000000000000u);
  writer.add<int64_t>("x.i64", -9000000000000000000);
  writer.add<float>("x.f32", 0.5f);
  writer.add<double>("x.f64", -0.25);
  writer.add<bool>("x.bool", true);
  writer.add_array<float>("x.floats", std::vector<float>{1.0f, -2.5f});
  writer.add_array<int32_t>("x.ints", std::vector<int32_t>{-1, 0, 7});
  writer.add_array<uint32_t>("x.counts", std::vector<uint32_t>{3, 4000000000});
  writer.add_array<uint8_t>("x.none", std::vector<uint8_t>{});
  writer.add_strings("x.words", std::vector<std::string>{"", "eins", "zwei\0drei"});
  writer.add_tensor("a.weight", std::vector<uint64_t>{3, 2}, TensorType::kF32,
                    std::vector<uint8_t>(24));
  writer.add_tensor("b.weight", std::vector<uint64_t>{64, 1, 2}, TensorType::kQ8_0,
                    std::vector<uint8_t>(4 * 34));
  writer.add_tensor("a.bias", std::vector<uint64_t>{5}, TensorType::kBF16,
                    std::vector<uint8_t>(10));
  return writer.finish();
}

// What a header says, as one comparable text.
std::string summary(const GgufHeader& header) {
  std::string text = std::to_string(header.version) + " " + std::to_string(header.data_offset) +
                     " " + std::to_string(header.data_bytes) + "\n";
  for (size_t i = 0; i < header.metadata.size(); ++i) {
    text += std::string(header.metadata.key(i)) + " = " +
            header.metadata.value_text(header.metadata.entry(i), 100) + "\n";
  }
  for (const TensorInfo& t : header.tensors) {
    text += t.name + " " + traits(t.type).name + " " + std::to_string(t.n_elements()) + " @" +
            std::to_string(t.offset) + " +" + std::to_string(t.n_bytes) + "\n";
  }
  return text;
}

TEST(GgufHeader, ReadsBackWhatTheWriterWrote) {
  const std::vector<uint8_t> file = small_file();
  const Result<GgufHeader> header = parse_gguf_header(file);
  ASSERT_TRUE(header) << header.error().text();
  EXPECT_EQ(header->version, 3u);
  EXPECT_EQ(header->alignment, 32u);
  EXPECT_EQ(header->data_offset % 32, 0u);
  ASSERT_EQ(header->tensors.size(), 3u);
  const TensorInfo& b = header->tensors[1];
  EXPECT_EQ(b.name, "b.weight");
  EXPECT_EQ(b.dims, (std::array<uint64_t, 4>{64, 1, 2, 1}));
  EXPECT_EQ(b.n_dims, 3u);
  EXPECT_EQ(b.n_rows(), 2u);
  EXPECT_EQ(b.type, TensorType::kQ8_0);
  EXPECT_EQ(b.offset, 32u);
  EXPECT_EQ(b.n_bytes, 136u);
  EXPECT_EQ(header->tensors[2].offset, 192u);
  EXPECT_EQ(header->data_bytes, 202u);
  EXPECT_EQ(header->data_offset + 224, file.size()) << "the last tensor is padded too";
}

TEST(GgufHeader, FindsTensorsByName) {
  const Result<GgufHeader> header = parse_gguf_header(small_file());
  ASSERT_TRUE(header);
  for (const TensorInfo& tensor : header->tensors) EXPECT_EQ(header->find(tensor.name), &tensor);
  EXPECT_EQ(header->find("a"), nullptr);
  EXPECT_EQ(header->find("zzz"), nullptr);
}

TEST(GgufHeader, EveryUsableAlignmentIsRead) {
  for (uint32_t alignment = kMinAlignment; alignment <= kMaxAlignment; alignment *= 2) {
    const Result<GgufHeader> header = parse_gguf_header(small_file(alignment));
    ASSERT_TRUE(header) << alignment << ": " << header.error().text();
    EXPECT_EQ(header->alignment, alignment);
    EXPECT_EQ(header->data_offset % alignment, 0u);
    EXPECT_EQ(header->tensors[1].offset, (24 + alignment - 1) / alignment * alignment);
  }
}

TEST(GgufHeader, Version2IsReadAsVersion3) {
  std::vector<uint8_t> file = small_file();
  file[4] = 2;
  const Result<GgufHeader> header = parse_gguf_header(file);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->version, 2u);
}

TEST(GgufHeader, TheSizeOfTheChunksDoesNotMatter) {
  const std::vector<uint8_t> file = small_file();
  const std::string whole = summary(*parse_gguf_header(file));
  for (const size_t chunk : {size_t{1}, size_t{7}, size_t{4096}, file.size()}) {
    for (const uint64_t file_bytes : {uint64_t{0}, static_cast<uint64_t>(file.size())}) {
      GgufHeaderParser parser;
      bool complete = false;
      size_t n = 0;
      while (!complete && n < file.size()) {
        n = std::min(n + chunk, file.size());
        const Result<bool> parsed = parser.parse(std::span(file).first(n), file_bytes);
        ASSERT_TRUE(parsed) << parsed.error().text();
        complete = *parsed;
      }
      ASSERT_TRUE(complete);
      const GgufHeader header = parser.take();
      EXPECT_EQ(summary(header), whole) << "chunks of " << chunk;
      EXPECT_LT(n - header.data_offset, chunk) << "complete with the byte before the data";
    }
  }
}

TEST(GgufHeader, AHeaderIsReadWhereverTheBytesMoveToMeanwhile) {
  const std::vector<uint8_t> file = small_file();
  GgufHeaderParser parser;
  bool complete = false;
  for (size_t n = 1; n <= file.size() && !complete; ++n) {
    const std::vector<uint8_t> copy(file.begin(), file.begin() + static_cast<ptrdiff_t>(n));
    const Result<bool> parsed = parser.parse(copy, file.size());
    ASSERT_TRUE(parsed) << parsed.error().text();
    complete = *parsed;
  }
  ASSERT_TRUE(complete);
  EXPECT_EQ(summary(parser.take()), summary(*parse_gguf_header(file)));
}

TEST(GgufHeader, EveryPrefixIsTruncated) {
  const std::vector<uint8_t> file = small_file();
  const GgufHeader header = *parse_gguf_header(file);
  const size_t end = static_cast<size_t>(header.data_offset + header.data_bytes);
  for (size_t n = 0; n < end; ++n) {
    const Result<GgufHeader> cut = parse_gguf_header(std::span(file).first(n));
    ASSERT_FALSE(cut) << n << " bytes";
    EXPECT_EQ(cut.error().code, ErrorCode::kTruncated) << n << " bytes: " << cut.error().text();
    EXPECT_FALSE(cut.error().place.empty()) << n;
  }
  EXPECT_TRUE(parse_gguf_header(std::span(file).first(end))) << "the last padding may be missing";
}

TEST(GgufHeader, EveryPrefixOfAFileOfUnknownSizeAsksForMore) {
  const std::vector<uint8_t> file = small_file();
  const size_t data_offset = static_cast<size_t>(parse_gguf_header(file)->data_offset);
  for (size_t n = 0; n < data_offset; ++n) {
    GgufHeaderParser parser;
    const Result<bool> complete = parser.parse(std::span(file).first(n), 0);
    ASSERT_TRUE(complete) << n << " bytes: " << complete.error().text();
    EXPECT_FALSE(*complete) << n << " bytes";
    EXPECT_GT(parser.bytes_needed(), n);
    EXPECT_LE(parser.bytes_needed(), data_offset);
    if (n == 0) continue;
    const Result<bool> ended = parser.parse(std::span(file).first(n), n);
    ASSERT_FALSE(ended) << n << " bytes";
    EXPECT_EQ(ended.error().code, ErrorCode::kTruncated);
  }
}

TEST(GgufHeader, AnyByteMayHaveAnyValue) {
  GgufWriter writer;
  writer.add<uint32_t>("general.alignment", 32);
  writer.add_string("general.type", "model");
  writer.add<uint16_t>("split.count", 1);
  constexpr bool kBools[] = {false, true};
  writer.add_array<bool>("bools", kBools);
  writer.add_array<float>("floats", std::vector<float>{1.0f, -2.5f});
  writer.add_strings("words", std::vector<std::string>{"", "eins", "zwei"});
  writer.add_tensor("a", std::vector<uint64_t>{3, 2}, TensorType::kF32, std::vector<uint8_t>(24));
  writer.add_tensor("b", std::vector<uint64_t>{64}, TensorType::kQ8_0, std::vector<uint8_t>(68));
  const std::vector<uint8_t> file = writer.finish();
  const size_t n_header = static_cast<size_t>(parse_gguf_header(file)->data_offset);
  size_t n_accepted = 0;
  size_t n_refused = 0;
  std::vector<uint8_t> changed = file;
  for (size_t at = 0; at < n_header; ++at) {
    for (int value = 0; value < 256; ++value) {
      changed[at] = static_cast<uint8_t>(value);
      const Result<GgufHeader> header = parse_gguf_header(changed);
      if (header) {
        ++n_accepted;
        EXPECT_LE(header->data_offset + header->data_bytes, file.size());
      } else {
        ++n_refused;
        EXPECT_FALSE(header.error().message.empty());
        EXPECT_FALSE(header.error().place.empty()) << header.error().text();
      }
    }
    changed[at] = file[at];
  }
  EXPECT_GT(n_accepted, n_header) << "each byte as it was, and every change within a value";
  EXPECT_GT(n_refused, n_header);
}

TEST(GgufHeader, BytesAfterTheLastTensorAreLeftAlone) {
  std::vector<uint8_t> file = small_file();
  const std::string before = summary(*parse_gguf_header(file));
  file.resize(file.size() + 1000000, 0xAB);
  EXPECT_EQ(summary(*parse_gguf_header(file)), before);
}

// 152,000 tokens and as many merges, as a Qwen2.5 file has.
std::vector<uint8_t> large_file() {
  std::vector<std::string> tokens(152000);
  for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = "token number " + std::to_string(i);
  GgufWriter writer;
  writer.add_strings("tokenizer.ggml.tokens", tokens);
  writer.add_array<int32_t>("tokenizer.ggml.token_type", std::vector<int32_t>(tokens.size(), 1));
  writer.add_strings("tokenizer.ggml.merges", tokens);
  writer.add_tensor("t", std::vector<uint64_t>{8}, TensorType::kF32, std::vector<uint8_t>(32));
  return writer.finish();
}

double parse_ms(std::span<const uint8_t> file, size_t chunk) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(outcome(file, chunk), "ok");
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

TEST(GgufHeader, SmallChunksOfALargeHeaderAreNotReadAgainAndAgain) {
  const std::vector<uint8_t> file = large_file();
  ASSERT_GT(file.size(), 6000000u);
  // Reading from the start at each of 90,000 chunks would take hours.
  EXPECT_LT(parse_ms(file, 97), 10000);
  EXPECT_LT(parse_ms(file, file.size()), 5000) << "a few ms without sanitizers";
}

TEST(GgufHeader, TheMostTensorsThereMayBeAreReadAtOnce) {
  Bytes tensors;
  for (uint32_t i = 0; i < kMaxTensors; ++i) {
    tensors.tensor("blk." + std::to_string(i), {8}, kTypeF32, uint64_t{i} * 32);
  }
  const std::vector<uint8_t> file = with_tensors(kMaxTensors, tensors, kMaxTensors * 32);
  EXPECT_LT(parse_ms(file, file.size()), 5000) << "40 ms without sanitizers";
}

TEST(GgufHeader, TheMostKeysThereMayBeWithALongCommonStartAreReadAtOnce) {
  Bytes entries;
  const std::string start(500, 'k');
  for (uint32_t i = 0; i < kMaxMetadataEntries; ++i) {
    entries.entry(start + std::to_string(i), kU8).u8(1);
  }
  const std::vector<uint8_t> file = with_entries(kMaxMetadataEntries, entries);
  EXPECT_LT(parse_ms(file, file.size()), 5000) << "5 ms without sanitizers";
}

}  // namespace
}  // namespace nanoinfer
