// How sentencepiece writes spaces and bytes inside its pieces.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/text/vocab.h"

namespace nanoinfer {

// U+2581, which stands for a space.
constexpr std::string_view kSentencepieceSpace = "\xE2\x96\x81";

// The byte of "<0xNN>" with two upper-case hexadecimal digits; nullopt for any other text.
std::optional<uint8_t> sentencepiece_byte(std::string_view piece);

// The bytes that a piece stands for.
std::string sentencepiece_bytes(std::string_view piece, TokenKind kind);

}  // namespace nanoinfer
