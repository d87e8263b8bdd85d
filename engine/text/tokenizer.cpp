#include "engine/text/tokenizer.h"

#include <algorithm>
#include <utility>

#include "engine/text/text_stream.h"
#include "engine/text/unicode.h"
#include "engine/text/utf8.h"

namespace nanoinfer {

Result<std::vector<int32_t>> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  if (kind_ == TokenizerKind::kSentencepiece) {
    return Error{ErrorCode::kUnsupported,
                 "a sentencepiece vocabulary is encoded by the sentencepiece library", "", "", ""};
  }
  if (text.size() > kMaxTextBytes) {
    return Error{ErrorCode::kLimit, "the text is too long to encode", "",
                 "at most " + std::to_string(kMaxTextBytes) + " bytes",
                 std::to_string(text.size())};
  }
  std::string repaired;
  if (!is_valid_utf8(text)) {
    repaired = to_valid_utf8(text);
    text = repaired;
  }
  std::vector<int32_t> ids;
  if (options.add_bos && adds_bos_ && bos_id_) ids.push_back(*bos_id_);
  MergeScratch scratch;
  for (const TextSpan& span : split_literals(text, options.match_control_tokens)) {
    if (span.id >= 0) {
      ids.push_back(span.id);
    } else {
      encode_ordinary(span.text, scratch, ids);
    }
  }
  return ids;
}

void Tokenizer::encode_ordinary(std::string_view text, MergeScratch& scratch,
                                std::vector<int32_t>& ids) const {
  std::string normalized;
  if (normalizes_nfc(pre_tokenizer_)) {
    normalized = to_nfc(text);
    text = normalized;
  }
  size_t begin = 0;
  for (const uint32_t end : piece_ends(pre_tokenizer_, text)) {
    const std::string_view piece = text.substr(begin, end - begin);
    begin = end;
    // Llama 3 takes a piece that is in the vocabulary whole, even where merges would not reach it.
    if (pre_tokenizer_ == PreTokenizer::kLlama3) {
      if (const std::optional<int32_t> id = store_.find(piece)) {
        ids.push_back(*id);
        continue;
      }
    }
    std::vector<int32_t> piece_ids = byte_tokens(piece);
    merges_.apply(piece_ids, scratch);
    ids.insert(ids.end(), piece_ids.begin(), piece_ids.end());
  }
}

std::vector<int32_t> Tokenizer::byte_tokens(std::string_view bytes) const {
  std::vector<int32_t> ids;
  for (const char byte : bytes) {
    const int32_t id = byte_ids_[static_cast<uint8_t>(byte)];
    if (id >= 0) ids.push_back(id);
  }
  return ids;
}

std::vector<MergeStep> Tokenizer::merges_of(int32_t id) const {
  std::vector<MergeStep> steps;
  if (kind_ != TokenizerKind::kByteLevelBpe || kind(id) != TokenKind::kNormal) return steps;
  std::vector<int32_t> ids = byte_tokens(token_bytes(id));
  MergeScratch scratch;
  merges_.apply(ids, scratch, &steps);
  return steps;
}

std::vector<TextSpan> Tokenizer::split_literals(std::string_view text,
                                                bool match_control_tokens) const {
  std::vector<TextSpan> spans;
  size_t begin = 0;  // of the ordinary text that has not become a span
  const auto close = [&](size_t end) {
    if (end > begin) spans.push_back({-1, text.substr(begin, end - begin)});
  };
  for (size_t pos = 0; pos < text.size();) {
    const std::optional<int32_t> id = literal_at(text.substr(pos), match_control_tokens);
    if (!id) {
      ++pos;
      continue;
    }
    close(pos);
    const size_t n_bytes = token_bytes(*id).size();
    spans.push_back({*id, text.substr(pos, n_bytes)});
    pos += n_bytes;
    begin = pos;
  }
  close(text.size());
  return spans;
}

std::optional<int32_t> Tokenizer::literal_at(std::string_view text,
                                             bool match_control_tokens) const {
  const size_t first = static_cast<uint8_t>(text.front());
  for (uint32_t i = literal_starts_[first]; i < literal_starts_[first + 1]; ++i) {
    const int32_t id = literal_ids_[i];
    if (!match_control_tokens && std::ranges::binary_search(control_ids_, id)) continue;
    if (text.substr(0, token_bytes(id).size()) == token_bytes(id)) return id;
  }
  return std::nullopt;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool show_control) const {
  TextStream stream(*this, show_control);
  std::string text;
  for (const int32_t id : ids) text += stream.push(id);
  return text + stream.flush();
}

}  // namespace nanoinfer
