// Ids and pieces against Hugging Face's tokenizers, recorded by scripts/tokenizer_goldens.py.
#include <ctime>
#include <unordered_map>

#include "engine/gguf/header.h"
#include "engine/text/text_stream.h"
#include "engine/text/vocab_gguf.h"
#include "tests/engine/text_testing.h"

namespace nanoinfer {
namespace {

void expect_pieces(PreTokenizer pre_tokenizer, const std::string& name) {
  const std::vector<std::string> strings = fixture_strings("strings.bin");
  const auto expected = fixture_numbers<uint32_t>(name + ".pieces.bin");
  ASSERT_GE(strings.size(), 2000u);
  ASSERT_EQ(expected.size(), strings.size());
  for (size_t i = 0; i < strings.size(); ++i) {
    std::vector<uint32_t> lengths;
    uint32_t begin = 0;
    for (const uint32_t end : piece_ends(pre_tokenizer, to_valid_utf8(strings[i]))) {
      lengths.push_back(end - begin);
      begin = end;
    }
    EXPECT_EQ(lengths, expected[i]) << "string " << i << ": " << testing::PrintToString(strings[i]);
  }
}

TEST(PreTokenizerGoldens, Gpt2CutsAsHuggingFaceDoes) {
  expect_pieces(PreTokenizer::kGpt2, "gpt2");
}
TEST(PreTokenizerGoldens, SmollmCutsAsHuggingFaceDoes) {
  expect_pieces(PreTokenizer::kSmollm, "smollm");
}
TEST(PreTokenizerGoldens, Llama3CutsAsHuggingFaceDoes) {
  expect_pieces(PreTokenizer::kLlama3, "llama3");
}
TEST(PreTokenizerGoldens, Qwen2CutsAsHuggingFaceDoes) {
  expect_pieces(PreTokenizer::kQwen2, "qwen2");
}

void expect_ids(const Tokenizer& tokenizer, const std::string& strings_name,
                const std::string& ids_name, EncodeOptions options) {
  const std::vector<std::string> strings = fixture_strings(strings_name);
  const auto expected = fixture_numbers<int32_t>(ids_name);
  ASSERT_FALSE(strings.empty());
  ASSERT_EQ(expected.size(), strings.size());
  for (size_t i = 0; i < strings.size(); ++i) {
    const auto ids = tokenizer.encode(strings[i], options);
    ASSERT_TRUE(ids) << ids.error().text();
    EXPECT_EQ(*ids, expected[i]) << "string " << i << ": " << testing::PrintToString(strings[i]);
  }
}

void expect_as_hugging_face(const Tokenizer& tokenizer, const std::string& name) {
  expect_ids(tokenizer, "strings.bin", name + ".ids.bin", {});
  expect_ids(tokenizer, name + ".special_strings.bin", name + ".special_ids.bin",
             {.match_control_tokens = true, .add_bos = false});

  // Ids without the first and the last of every tenth string: text may begin inside a character.
  const std::vector<std::string> decoded = fixture_strings(name + ".decoded.bin");
  const auto ids = fixture_numbers<int32_t>(name + ".ids.bin");
  ASSERT_EQ(decoded.size(), (ids.size() + 9) / 10);
  for (size_t i = 0; i < decoded.size(); ++i) {
    const std::vector<int32_t>& all = ids[i * 10];
    const std::span<const int32_t> cut =
        all.size() < 2 ? std::span<const int32_t>{} : std::span(all).subspan(1, all.size() - 2);
    EXPECT_EQ(tokenizer.decode(cut, false), decoded[i]) << "string " << i * 10;
  }
}

// Text with specials off never becomes a control token, and comes back.
void expect_no_control_token(const Tokenizer& tokenizer) {
  const auto check = [&tokenizer](const std::string& text) {
    const auto ids = tokenizer.encode(text, {});
    ASSERT_TRUE(ids);
    for (const int32_t id : *ids) {
      ASSERT_NE(tokenizer.kind(id), TokenKind::kControl) << testing::PrintToString(text);
    }
    ASSERT_EQ(tokenizer.decode(*ids, true), text);
  };
  std::mt19937 random(3);
  for (const int32_t id : tokenizer.control_ids()) {
    const std::string control(tokenizer.token_bytes(id));
    for (const char* around : {"", " ", "\n", "<", "a", "1", "'", "<|"}) {
      check(around + control);
      check(control + around);
      check(around + control + around + control);
    }
    for (int i = 0; i < 100; ++i) {
      std::string text = "some text";
      text.insert(random() % text.size(), control);
      text.insert(random() % text.size(), control.substr(random() % control.size()));
      check(text);
    }
  }
}

void expect_long_word_is_fast(const Tokenizer& tokenizer) {
  std::string word;
  std::mt19937 random(4);
  while (word.size() < 100'000) word.push_back(static_cast<char>('a' + random() % 26));
  const std::clock_t begin = std::clock();  // the processor's time: other programs do not count
  const auto ids = tokenizer.encode(word, {});
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  ASSERT_TRUE(ids);
  EXPECT_EQ(tokenizer.decode(*ids, false), word);
  // 200 ms when optimised; sanitizers get more. Quadratic would be minutes.
  EXPECT_LT(seconds, 2.0);
  testing::Test::RecordProperty("seconds", std::to_string(seconds));
}

Result<Tokenizer> smollm2() {
  const std::string file =
      read_whole_file(cache_path("NANOINFER_MODEL", "models/SmolLM2-135M-Instruct.Q4_1.gguf"));
  const auto bytes = std::span(reinterpret_cast<const uint8_t*>(file.data()), file.size());
  Result<GgufHeader> header = parse_gguf_header(bytes);
  if (!header) return header.error();
  Result<VocabData> data = vocab_from_gguf(header->metadata);
  if (!data) return data.error();
  return Tokenizer::create(*data);
}

TEST(RealModel, SmolLM2TokenizesAsHuggingFaceDoes) {
  const Result<Tokenizer> tokenizer = smollm2();
  ASSERT_TRUE(tokenizer) << tokenizer.error().text();
  EXPECT_EQ(tokenizer->n_vocab(), 49152);
  EXPECT_EQ(tokenizer->end_ids(), (std::vector<int32_t>{0, 2}));
  EXPECT_FALSE(tokenizer->adds_bos());
  expect_as_hugging_face(*tokenizer, "smollm2");
  expect_no_control_token(*tokenizer);
  expect_long_word_is_fast(*tokenizer);
}

std::string from_base64(std::string_view text) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t bits = 0;
  int n_bits = 0;
  for (const char c : text.substr(0, text.find('='))) {
    bits = bits << 6 | static_cast<uint32_t>(kAlphabet.find(c));
    n_bits += 6;
    if (n_bits < 8) continue;
    n_bits -= 8;
    bytes.push_back(static_cast<char>(bits >> n_bits));
  }
  return bytes;
}

// The merge that made a token: what merges of lower rank leave of its bytes, which is two parts.
std::string merge_of(const std::string& token, int32_t rank,
                     const std::unordered_map<std::string, int32_t>& ranks) {
  std::vector<std::string> parts;
  for (const char byte : token) parts.emplace_back(1, byte);
  while (parts.size() > 2) {
    size_t best = 0;
    int32_t best_rank = rank;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = ranks.find(parts[i] + parts[i + 1]);
      if (found == ranks.end() || found->second >= best_rank) continue;
      best = i;
      best_rank = found->second;
    }
    if (best_rank == rank) return "";
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
  return spell_bytes(parts[0]) + " " + spell_bytes(parts[1]);
}

// Qwen's vocabulary as its authors publish it: a line "base64 rank" for each token.
OwnedVocab qwen_vocab() {
  OwnedVocab vocab;
  std::unordered_map<std::string, int32_t> ranks;
  std::vector<std::string> tokens;
  const std::string file =
      read_whole_file(cache_path("NANOINFER_QWEN_VOCABULARY", "tokenizers/qwen.tiktoken"));
  for (size_t at = 0; at < file.size();) {
    const size_t end = file.find('\n', at);
    const std::string_view line = std::string_view(file).substr(at, end - at);
    at = end == std::string::npos ? file.size() : end + 1;
    tokens.push_back(from_base64(line.substr(0, line.find(' '))));
    ranks[tokens.back()] = static_cast<int32_t>(tokens.size() - 1);
  }
  for (size_t i = 0; i < tokens.size(); ++i) {
    vocab.tokens.push_back(spell_bytes(tokens[i]));
    if (tokens[i].size() < 2) continue;
    vocab.merges.push_back(merge_of(tokens[i], static_cast<int32_t>(i), ranks));
  }
  vocab.data.model = "gpt2";
  vocab.data.pre = "qwen2";
  vocab.data.types.assign(tokens.size(), 1);
  for (const char* control : {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}) {
    vocab.tokens.push_back(control);
    vocab.data.types.push_back(3);
  }
  vocab.data.eos_id = static_cast<int64_t>(tokens.size()) + 2;
  return vocab;
}

TEST(RealModel, QwenTokenizesAsHuggingFaceDoes) {
  OwnedVocab vocab = qwen_vocab();
  ASSERT_EQ(vocab.merges.size(), 151387u);
  const Result<Tokenizer> tokenizer = Tokenizer::create(vocab.view());
  ASSERT_TRUE(tokenizer) << tokenizer.error().text();
  expect_as_hugging_face(*tokenizer, "qwen");
  expect_no_control_token(*tokenizer);
  expect_long_word_is_fast(*tokenizer);
}

}  // namespace
}  // namespace nanoinfer
