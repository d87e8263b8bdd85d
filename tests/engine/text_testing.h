// Vocabularies and recorded answers for the tests of engine/text.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/byte_level.h"
#include "engine/text/tokenizer.h"
#include "engine/text/utf8.h"

namespace nanoinfer {

// A vocabulary with the strings that its views point to.
struct OwnedVocab {
  std::vector<std::string> tokens, merges;
  VocabData data;

  const VocabData& view() {
    data.tokens.assign(tokens.begin(), tokens.end());
    data.merges.assign(merges.begin(), merges.end());
    return data;
  }
};

// The spelling of bytes in a byte-level vocabulary.
inline std::string spell_bytes(std::string_view bytes) {
  static const std::array<std::string, 256> kSpelled = [] {
    std::array<std::string, 256> spelled;
    for (char32_t c = 0x21; c < 0x144; ++c) {
      std::string text;
      append_utf8(text, c);
      std::string byte;
      if (byte_level_decode(text, byte)) spelled[static_cast<uint8_t>(byte[0])] = text;
    }
    return spelled;
  }();
  std::string spelled;
  for (const char byte : bytes) spelled += kSpelled[static_cast<uint8_t>(byte)];
  return spelled;
}

// Ids 0-255 are the bytes, then: 256 "<|end|>" control, 257 "<|user|>" control, 258 "<tool>"
// user-defined, 259 "ab", 260 "abc", 261 " a", 262 "<|".
inline OwnedVocab byte_vocab(std::string pre) {
  OwnedVocab vocab;
  for (int byte = 0; byte < 256; ++byte) {
    vocab.tokens.push_back(spell_bytes(std::string(1, static_cast<char>(byte))));
  }
  for (const char* token : {"<|end|>", "<|user|>", "<tool>", "ab", "abc", "Ġa", "<|"}) {
    vocab.tokens.push_back(token);
  }
  vocab.merges = {"a b", "ab c", "Ġ a", "< |"};
  vocab.data.model = "gpt2";
  vocab.data.pre = std::move(pre);
  vocab.data.types.assign(vocab.tokens.size(), 1);
  vocab.data.types[256] = vocab.data.types[257] = 3;
  vocab.data.types[258] = 4;
  vocab.data.eos_id = 256;
  return vocab;
}

// Id 0 "<unk>", 1 "<s>", 2 "</s>", 3-258 the bytes, then "▁", "▁a", "a", "b", "ab", "▁ab", "é".
inline OwnedVocab piece_vocab() {
  OwnedVocab vocab;
  vocab.tokens = {"<unk>", "<s>", "</s>"};
  vocab.data.types = {2, 3, 3};
  for (int byte = 0; byte < 256; ++byte) {
    const char* digits = "0123456789ABCDEF";
    vocab.tokens.push_back(std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">");
    vocab.data.types.push_back(6);
  }
  for (const char* token : {"▁", "▁a", "a", "b", "ab", "▁ab", "é"}) {
    vocab.tokens.push_back(token);
    vocab.data.types.push_back(1);
  }
  for (size_t i = 0; i < vocab.tokens.size(); ++i) {
    vocab.data.scores.push_back(-static_cast<float>(i));
  }
  vocab.data.model = "llama";
  vocab.data.bos_id = 1;
  vocab.data.eos_id = 2;
  return vocab;
}

inline std::string read_whole_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path << " is missing";
  return {std::istreambuf_iterator<char>(file), {}};
}

// A sequence of LEB128 numbers, as scripts/tokenizer_goldens.py writes them.
class NumberReader {
 public:
  explicit NumberReader(std::string bytes) : bytes_(std::move(bytes)) {}
  uint32_t next() {
    uint32_t value = 0;
    for (int shift = 0; at_ < bytes_.size(); shift += 7) {
      const uint8_t byte = static_cast<uint8_t>(bytes_[at_++]);
      value |= static_cast<uint32_t>(byte & 0x7F) << shift;
      if (byte < 0x80) break;
    }
    return value;
  }
  std::string text(uint32_t n_bytes) {
    at_ += n_bytes;
    return bytes_.substr(at_ - n_bytes, n_bytes);
  }

 private:
  std::string bytes_;
  size_t at_ = 0;
};

inline NumberReader open_fixture(const std::string& name) {
  return NumberReader(
      read_whole_file(std::string(NANOINFER_SOURCE_DIR "/tests/fixtures/tokenizer/") + name));
}

inline std::vector<std::string> fixture_strings(const std::string& name) {
  NumberReader reader = open_fixture(name);
  std::vector<std::string> strings(reader.next());
  for (std::string& text : strings) text = reader.text(reader.next());
  return strings;
}

template <typename Number>
std::vector<std::vector<Number>> fixture_numbers(const std::string& name) {
  NumberReader reader = open_fixture(name);
  std::vector<std::vector<Number>> lists(reader.next());
  for (std::vector<Number>& list : lists) {
    list.resize(reader.next());
    for (Number& number : list) number = static_cast<Number>(reader.next());
  }
  return lists;
}

// Where the set-up scripts keep what is too large for the repository.
inline std::filesystem::path cache_path(const char* variable, const std::string& file) {
  if (const char* path = std::getenv(variable)) return path;
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const std::string base = cache && *cache ? cache : std::string(home ? home : "") + "/.cache";
  return base + "/nanoinfer/" + file;
}

// `n` scalar values, short and long UTF-8 alike.
inline std::string random_utf8(std::mt19937& random, int n) {
  static constexpr char32_t kTops[] = {0x7F, 0x7F, 0x7FF, 0xFFFF, 0x10FFFF};
  std::string text;
  for (int i = 0; i < n; ++i) {
    const char32_t c = static_cast<char32_t>(random()) % (kTops[random() % 5] + 1);
    append_utf8(text, c >= 0xD800 && c < 0xE000 ? U' ' : c);
  }
  return text;
}

}  // namespace nanoinfer
