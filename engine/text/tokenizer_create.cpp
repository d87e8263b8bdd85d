// Tokenizer::create(): every check of a vocabulary, in the order in which later ones rely on them.
#include <algorithm>
#include <cmath>
#include <functional>
#include <tuple>
#include <utility>

#include "engine/base/sort.h"
#include "engine/text/byte_level.h"
#include "engine/text/sentencepiece_spelling.h"
#include "engine/text/tokenizer.h"
#include "engine/text/utf8.h"

namespace nanoinfer {
namespace {

constexpr size_t kMaxVocabBytes = size_t{1} << 28;

// Control tokens that end an answer in the chat formats in use; many files name only one of theirs
// as EOS.
constexpr std::string_view kEndTexts[] = {
    "<|im_end|>",      "<|eot_id|>",    "<|eom_id|>",
    "<|end_of_text|>", "<|endoftext|>", "<｜end▁of▁sentence｜>",
};

Error malformed(std::string message, std::string place, std::string expected = "",
                std::string actual = "") {
  return {ErrorCode::kMalformed, std::move(message), std::move(place), std::move(expected),
          std::move(actual)};
}

std::string key(std::string_view name) {
  return "key tokenizer.ggml." + std::string(name);
}

// At most 64 bytes of a file's text, as valid UTF-8, for a message.
std::string quoted(std::string_view text) {
  return "\"" + to_valid_utf8(text.substr(0, 64)) + (text.size() > 64 ? "...\"" : "\"");
}

Status check_sizes(const VocabData& data) {
  const size_t n_vocab = data.tokens.size();
  const auto same_length = [&](std::string_view name, size_t n) -> Status {
    if (n == 0 || n == n_vocab) return Ok{};
    return malformed("one entry for each token is needed", key(name), std::to_string(n_vocab),
                     std::to_string(n));
  };
  const auto limit = [](std::string_view name, size_t most, size_t n) {
    return Error{ErrorCode::kLimit, "too many entries", key(name),
                 "at most " + std::to_string(most), std::to_string(n)};
  };
  if (n_vocab == 0) return malformed("the file has no tokens", key("tokens"));
  if (n_vocab > Tokenizer::kMaxTokens) return limit("tokens", Tokenizer::kMaxTokens, n_vocab);
  if (data.merges.size() > Tokenizer::kMaxMerges) {
    return limit("merges", Tokenizer::kMaxMerges, data.merges.size());
  }
  if (Status s = same_length("scores", data.scores.size()); !s) return s;
  return same_length("token_type", data.types.size());
}

Status check_token(const VocabData& data, size_t id) {
  const auto place = [id] { return "token " + std::to_string(id); };
  if (data.tokens[id].size() > Tokenizer::kMaxTokenBytes) {
    return Error{ErrorCode::kLimit, "a token's text is too long", place(),
                 "at most " + std::to_string(Tokenizer::kMaxTokenBytes) + " bytes",
                 std::to_string(data.tokens[id].size())};
  }
  if (!data.types.empty() && (data.types[id] < 0 || data.types[id] > 6)) {
    return malformed("unknown token type", place(), "0 to 6", std::to_string(data.types[id]));
  }
  if (!data.scores.empty() && !std::isfinite(data.scores[id])) {
    return malformed("a token's score is not a number", place());
  }
  return Ok{};
}

// Type 0 is "undefined" in the format and read as normal.
TokenKind kind_of(const VocabData& data, size_t id) {
  const int32_t type = data.types.empty() ? 0 : data.types[id];
  return type == 0 ? TokenKind::kNormal : static_cast<TokenKind>(type);
}

// A vocabulary without types still names its special tokens: those are control tokens.
bool named_special(const VocabData& data, size_t id) {
  if (!data.types.empty()) return false;
  for (const auto& special : {data.bos_id, data.eos_id, data.eot_id, data.eom_id}) {
    if (special == static_cast<int64_t>(id)) return true;
  }
  return false;
}

}  // namespace

Result<Tokenizer> Tokenizer::create(const VocabData& data) {
  Tokenizer t;
  if (data.model == "llama") {
    t.kind_ = TokenizerKind::kSentencepiece;
    t.strips_leading_space_ = data.add_space_prefix.value_or(true);
  } else if (data.model != "gpt2") {
    return Error{ErrorCode::kUnsupported, "this kind of tokenizer is not supported", key("model"),
                 "gpt2 or llama", quoted(data.model)};
  }
  t.pre_name_ = data.pre;
  if (t.kind_ == TokenizerKind::kByteLevelBpe) {
    const std::optional<PreTokenizer> pre = pre_tokenizer_from_name(data.pre);
    if (!pre) {
      return Error{ErrorCode::kUnsupported, "this pre-tokenizer is not supported", key("pre"),
                   "llama-bpe, qwen2, deepseek-r1-qwen, smollm or gpt-2", quoted(data.pre)};
    }
    t.pre_tokenizer_ = *pre;
  }
  if (Status s = check_sizes(data); !s) return s.error();
  if (Status s = t.read_tokens(data); !s) return s.error();
  if (Status s = t.read_special_ids(data); !s) return s.error();
  const bool bpe = t.kind_ == TokenizerKind::kByteLevelBpe;
  if (Status s = bpe ? t.read_merges(data) : t.read_byte_tokens(data); !s) return s.error();
  t.index_literals();
  return t;
}

Status Tokenizer::read_tokens(const VocabData& data) {
  const bool bpe = kind_ == TokenizerKind::kByteLevelBpe;
  size_t n_bytes = 0;
  std::string bytes;
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    if (Status s = check_token(data, id); !s) return s;
    n_bytes += data.tokens[id].size();
    if (n_bytes > kMaxVocabBytes) {
      return Error{ErrorCode::kLimit, "the vocabulary is too large", key("tokens"),
                   "at most " + std::to_string(kMaxVocabBytes) + " bytes", "more"};
    }
    const std::string_view text = data.tokens[id];
    TokenKind kind = kind_of(data, id);
    if (named_special(data, id)) kind = TokenKind::kControl;
    const bool reserved = kind == TokenKind::kControl || is_reserved(data, id);
    if (reserved) control_ids_.push_back(static_cast<int32_t>(id));
    if (kind == TokenKind::kControl) {
      store_.add(text, kind, false);
    } else if (bpe) {
      // A text outside the alphabet of bytes is literal, and ordinary text never becomes it.
      bytes.clear();
      const bool decoded = byte_level_decode(text, bytes);
      const bool ordinary = kind != TokenKind::kUnknown && kind != TokenKind::kUnused;
      const bool literal = kind == TokenKind::kUserDefined || !decoded;
      const bool spelled = decoded && ordinary && !reserved && !text.empty();
      store_.add(literal ? text : bytes, kind, spelled);
    } else {
      store_.add(sentencepiece_bytes(text, kind), kind, false);
    }
  }
  if (bpe) store_.build_index();
  return Ok{};
}

Status Tokenizer::read_special_ids(const VocabData& data) {
  const std::pair<const char*, std::optional<int64_t>> named[] = {
      {"bos_token_id", data.bos_id},     {"eos_token_id", data.eos_id},
      {"eot_token_id", data.eot_id},     {"eom_token_id", data.eom_id},
      {"unknown_token_id", data.unk_id}, {"padding_token_id", data.pad_id},
  };
  for (const auto& [name, id] : named) {
    if (!id || valid_id(*id)) continue;
    return malformed("a token id is outside the vocabulary", key(name),
                     "0 to " + std::to_string(n_vocab() - 1), std::to_string(*id));
  }
  if (data.bos_id) bos_id_ = static_cast<int32_t>(*data.bos_id);
  if (data.eos_id) eos_id_ = static_cast<int32_t>(*data.eos_id);
  if (data.add_bos == true && !bos_id_) {
    return malformed("the file asks for a BOS token and names none", key("add_bos_token"));
  }
  // What a file that does not say so means, by the practice of those who write them.
  const bool by_default =
      kind_ == TokenizerKind::kSentencepiece || pre_tokenizer_ == PreTokenizer::kLlama3;
  adds_bos_ = bos_id_ && data.add_bos.value_or(by_default);

  for (const auto& id : {data.eos_id, data.eot_id, data.eom_id}) {
    if (id) end_ids_.push_back(static_cast<int32_t>(*id));
  }
  for (const int32_t id : control_ids_) {
    const auto* end = std::end(kEndTexts);
    if (std::find(std::begin(kEndTexts), end, token_bytes(id)) != end) end_ids_.push_back(id);
  }
  sort_in_little_code(end_ids_.begin(), end_ids_.end(), std::less<>());
  end_ids_.erase(std::unique(end_ids_.begin(), end_ids_.end()), end_ids_.end());
  if (end_ids_.empty()) return malformed("no token ends an answer", key("eos_token_id"));
  return Ok{};
}

// The library that encodes needs scores, one unknown token, and all byte tokens or none.
Status Tokenizer::read_byte_tokens(const VocabData& data) {
  if (data.scores.empty()) return malformed("a sentencepiece vocabulary has scores", key("scores"));
  byte_ids_.fill(-1);
  size_t n_bytes = 0, n_unknown = 0;
  for (int32_t id = 0; id < n_vocab(); ++id) {
    const std::string_view text = data.tokens[static_cast<size_t>(id)];
    if (kind(id) == TokenKind::kUnknown) ++n_unknown;
    if (kind(id) != TokenKind::kByte) continue;
    const std::optional<uint8_t> byte = sentencepiece_byte(text);
    const std::string place = "token " + std::to_string(id);
    if (!byte) return malformed("not a byte token", place, "<0x00> to <0xFF>", quoted(text));
    if (byte_ids_[*byte] >= 0) return malformed("two tokens for one byte", place, "", quoted(text));
    byte_ids_[*byte] = id;
    ++n_bytes;
  }
  if (n_bytes != 0 && n_bytes != 256) {
    return malformed("some byte tokens are missing", key("tokens"), "256", std::to_string(n_bytes));
  }
  if (n_unknown != 1) {
    return malformed("a sentencepiece vocabulary has one unknown token", key("token_type"), "1",
                     std::to_string(n_unknown));
  }
  return Ok{};
}

Status Tokenizer::read_merges(const VocabData& data) {
  for (size_t byte = 0; byte < byte_ids_.size(); ++byte) {
    const char c = static_cast<char>(byte);
    byte_ids_[byte] = store_.find(std::string_view(&c, 1)).value_or(-1);
  }
  std::vector<Merge> merges;
  merges.reserve(data.merges.size());
  std::string joined;
  for (size_t i = 0; i < data.merges.size(); ++i) {
    const std::string_view text = data.merges[i];
    const size_t space = text.find(' ');
    const bool two = space != std::string_view::npos && space > 0 && space + 1 < text.size() &&
                     text.find(' ', space + 1) == std::string_view::npos;
    if (!two) {
      return malformed("a merge is two texts with one space between", "merge " + std::to_string(i),
                       "", quoted(text));
    }
    joined.clear();
    if (!byte_level_decode(text.substr(0, space), joined)) continue;  // text never comes to these
    const size_t n_left = joined.size();
    if (!byte_level_decode(text.substr(space + 1), joined)) continue;
    const std::string_view bytes = joined;
    const std::optional<int32_t> left_id = store_.find(bytes.substr(0, n_left));
    const std::optional<int32_t> right_id = store_.find(bytes.substr(n_left));
    const std::optional<int32_t> result = store_.find(bytes);
    if (!left_id || !right_id || !result) continue;
    merges.push_back({*left_id, *right_id, static_cast<uint32_t>(i), *result});
  }
  merges_.build(merges, n_vocab());
  return Ok{};
}

void Tokenizer::index_literals() {
  for (int32_t id = 0; id < n_vocab(); ++id) {
    const bool user_defined = kind(id) == TokenKind::kUserDefined;
    const bool literal =
        kind(id) == TokenKind::kControl || (user_defined && kind_ == TokenizerKind::kByteLevelBpe);
    if (literal && !token_bytes(id).empty()) literal_ids_.push_back(id);
  }
  const auto first_byte = [this](int32_t id) { return static_cast<uint8_t>(token_bytes(id)[0]); };
  sort_in_little_code(literal_ids_.begin(), literal_ids_.end(), [&](int32_t a, int32_t b) {
    const size_t a_size = token_bytes(a).size(), b_size = token_bytes(b).size();
    return std::tuple(first_byte(a), b_size, a) < std::tuple(first_byte(b), a_size, b);
  });
  for (const int32_t id : literal_ids_) ++literal_starts_[size_t{first_byte(id)} + 1];
  for (size_t i = 1; i < literal_starts_.size(); ++i) literal_starts_[i] += literal_starts_[i - 1];
}

}  // namespace nanoinfer
