// A vocabulary as a model file states it: unchecked, Tokenizer::create() does the checking.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nanoinfer {

// The numbers are those of tokenizer.ggml.token_type.
enum class TokenKind : uint8_t {
  kNormal = 1,
  kUnknown = 2,      // stands for text that the vocabulary cannot spell
  kControl = 3,      // structure (end of turn, ...), never the outcome of ordinary text
  kUserDefined = 4,  // a string that is always one token
  kUnused = 5,       // padding of the table
  kByte = 6,         // "<0xNN>": one byte of text that no other token spells
};

// Views point into memory of the caller; they need to live only as long as this struct is used.
struct VocabData {
  std::string model;  // "gpt2" (byte-level BPE) or "llama" (sentencepiece)
  std::string pre;    // name of the pre-tokenizer; empty: the file names none

  std::vector<std::string_view> tokens;  // (n_vocab) spelled as in the file
  std::vector<float> scores;             // (n_vocab) or empty; sentencepiece needs them
  std::vector<int32_t> types;            // (n_vocab) TokenKind numbers, or empty: all normal
  std::vector<std::string_view> merges;  // "left right", best first; byte-level BPE only

  // 64 bits so that whatever number a file holds arrives here and is refused by value.
  std::optional<int64_t> bos_id, eos_id, eot_id, eom_id, unk_id, pad_id;

  std::optional<bool> add_bos;
  std::optional<bool> add_space_prefix;          // sentencepiece's dummy prefix
  std::optional<bool> remove_extra_whitespaces;  // sentencepiece's normaliser

  std::string_view chat_template;  // empty: the file has none
};

// Whether only the chat template may write this token: a control token, or a user-defined one of a
// marker's form ("<...", "[...") that the template writes. Some files give their turns' markers
// that kind, and then text that a user types must not become them.
bool is_reserved(const VocabData& data, size_t id);

}  // namespace nanoinfer
