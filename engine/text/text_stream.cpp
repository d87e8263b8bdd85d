#include "engine/text/text_stream.h"

namespace nanoinfer {
namespace {

// What sentencepiece decodes its unknown token to: a space, U+2047, a space.
constexpr std::string_view kUnknownSurface = " \xE2\x81\x87 ";

}  // namespace

std::string TextStream::push(int32_t id) {
  const TokenKind kind = tokenizer_->kind(id);
  const bool sentencepiece = tokenizer_->tokenizer_kind() == TokenizerKind::kSentencepiece;
  std::string_view bytes = tokenizer_->token_bytes(id);
  if (kind == TokenKind::kControl) {
    if (!show_control_) return "";
  } else {
    if (kind == TokenKind::kUnknown && sentencepiece) {
      bytes = kUnknownSurface;
    } else if (at_start_ && kind != TokenKind::kByte && bytes.substr(0, 1) == " ") {
      bytes.remove_prefix(1);
    }
    at_start_ = false;
  }
  std::string text;
  utf8_.push(bytes, text);
  return text;
}

std::string TextStream::flush() {
  std::string text;
  utf8_.flush(text);
  at_start_ = tokenizer_->strips_leading_space();
  return text;
}

}  // namespace nanoinfer
