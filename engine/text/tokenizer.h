// Text to token ids and back, for one model file's vocabulary.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/text/merge_table.h"
#include "engine/text/pre_tokenizer.h"
#include "engine/text/token_store.h"
#include "engine/text/vocab.h"

namespace nanoinfer {

enum class TokenizerKind : uint8_t { kByteLevelBpe, kSentencepiece };

// User-defined tokens are matched wherever they stand, as Hugging Face and llama.cpp do. Control
// tokens are matched only where the caller says so: without that no text, however it is spelled,
// becomes one.
struct EncodeOptions {
  bool match_control_tokens = false;
  bool add_bos = false;  // put BOS first if the file asks for it
};

// A stretch of text: one literal token, or (id < 0) text still to be encoded.
struct TextSpan {
  int32_t id;
  std::string_view text;
};

class Tokenizer {
 public:
  // Most bytes of text that one call encodes.
  static constexpr size_t kMaxTextBytes = size_t{16} << 20;
  static constexpr size_t kMaxTokens = 1u << 20, kMaxTokenBytes = 4096, kMaxMerges = 1u << 22;

  // Checks everything about `data`, and keeps no view into it.
  static Result<Tokenizer> create(const VocabData& data);

  // Invalid UTF-8 counts as U+FFFD, one for each maximal ill-formed subsequence (the Unicode
  // Standard's practice, and what Python's errors='replace' gives). A byte for which the vocabulary
  // has no token is left out, as Hugging Face does where no unknown token is set.
  // kUnsupported for sentencepiece vocabularies: the sentencepiece library encodes those.
  Result<std::vector<int32_t>> encode(std::string_view text, EncodeOptions options) const;

  // Cuts `text` at the tokens that are matched as literal strings, longest first. The spans put
  // together are `text`. Of a sentencepiece vocabulary only control tokens are cut out: the library
  // matches user-defined ones itself.
  std::vector<TextSpan> split_literals(std::string_view text, bool match_control_tokens) const;

  // The text of `ids` (n_ids): what a TextStream gives that is pushed each and then flushed.
  std::string decode(std::span<const int32_t> ids, bool show_control) const;

  // The bytes that a token stands for; for a control token its literal text. May be part of a
  // character. `id` must be valid.
  std::string_view token_bytes(int32_t id) const { return store_.bytes(id); }
  // The joins that lead from a token's bytes to it, in the order in which encoding makes them: no
  // byte around them takes part, or the token would have become another. Of a token that no joins
  // lead to (see encode_ordinary) they end in several. Positions are of bytes that have a token.
  std::vector<MergeStep> merges_of(int32_t id) const;
  TokenKind kind(int32_t id) const { return store_.kind(id); }
  bool valid_id(int64_t id) const { return id >= 0 && id < n_vocab(); }

  int32_t n_vocab() const { return store_.size(); }
  TokenizerKind tokenizer_kind() const { return kind_; }
  const std::string& pre() const { return pre_name_; }
  std::optional<int32_t> bos_id() const { return bos_id_; }
  std::optional<int32_t> eos_id() const { return eos_id_; }
  bool adds_bos() const { return adds_bos_; }
  // Ids that end an answer, ascending: EOS, end of turn, end of message. Never empty.
  const std::vector<int32_t>& end_ids() const { return end_ids_; }
  // Ids that only a chat template may write (is_reserved in vocab.h), ascending.
  const std::vector<int32_t>& control_ids() const { return control_ids_; }
  // Whether sentencepiece puts a space before the text, which decoding takes off again.
  bool strips_leading_space() const { return strips_leading_space_; }

 private:
  Tokenizer() = default;

  Status read_tokens(const VocabData& data);
  Status read_special_ids(const VocabData& data);
  Status read_byte_tokens(const VocabData& data);
  Status read_merges(const VocabData& data);
  void index_literals();
  void encode_ordinary(std::string_view text, MergeScratch& scratch,
                       std::vector<int32_t>& ids) const;
  std::vector<int32_t> byte_tokens(std::string_view bytes) const;
  std::optional<int32_t> literal_at(std::string_view text, bool match_control_tokens) const;

  TokenizerKind kind_ = TokenizerKind::kByteLevelBpe;
  std::string pre_name_;
  PreTokenizer pre_tokenizer_ = PreTokenizer::kGpt2;
  TokenStore store_;
  MergeTable merges_;
  std::array<int32_t, 256> byte_ids_{};         // the token of each single byte, -1: none
  std::vector<int32_t> literal_ids_;            // grouped by first byte, longest first
  std::array<uint32_t, 257> literal_starts_{};  // first of each byte's literal_ids_
  std::vector<int32_t> control_ids_, end_ids_;
  std::optional<int32_t> bos_id_, eos_id_;
  bool adds_bos_ = false;
  bool strips_leading_space_ = false;
};

}  // namespace nanoinfer
