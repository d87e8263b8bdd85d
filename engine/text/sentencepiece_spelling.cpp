#include "engine/text/sentencepiece_spelling.h"

namespace nanoinfer {

std::optional<uint8_t> sentencepiece_byte(std::string_view piece) {
  if (piece.size() != 6 || piece.substr(0, 3) != "<0x" || piece[5] != '>') return std::nullopt;
  unsigned value = 0;
  for (const char c : piece.substr(3, 2)) {
    const bool decimal = c >= '0' && c <= '9';
    if (!decimal && !(c >= 'A' && c <= 'F')) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(decimal ? c - '0' : c - 'A' + 10);
  }
  return static_cast<uint8_t>(value);
}

std::string sentencepiece_bytes(std::string_view piece, TokenKind kind) {
  if (kind == TokenKind::kByte) {
    if (const std::optional<uint8_t> byte = sentencepiece_byte(piece)) {
      return std::string(1, static_cast<char>(*byte));
    }
  }
  if (kind != TokenKind::kNormal && kind != TokenKind::kUserDefined) return std::string(piece);
  std::string bytes;
  while (!piece.empty()) {
    const size_t mark = piece.find(kSentencepieceSpace);
    bytes.append(piece.substr(0, mark));
    if (mark == std::string_view::npos) break;
    bytes.push_back(' ');
    piece.remove_prefix(mark + kSentencepieceSpace.size());
  }
  return bytes;
}

}  // namespace nanoinfer
