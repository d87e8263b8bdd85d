#include "engine/text/byte_level.h"

#include <array>
#include <cstdint>

#include "engine/text/utf8.h"

namespace nanoinfer {
namespace {

// A byte that is a printable character of Latin-1 stands for itself; the 68 others are, in order,
// U+0100 and on.
constexpr bool is_printable(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
}

constexpr unsigned kFirstMoved = 0x100, kNumMoved = 68;

constexpr std::array<uint8_t, kNumMoved> moved_bytes() {
  std::array<uint8_t, kNumMoved> moved{};
  size_t n = 0;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (!is_printable(byte)) moved[n++] = static_cast<uint8_t>(byte);
  }
  return moved;
}

}  // namespace

bool byte_level_decode(std::string_view spelled, std::string& bytes) {
  static constexpr std::array<uint8_t, kNumMoved> kMoved = moved_bytes();
  while (!spelled.empty()) {
    if (const char c = spelled[0]; c >= 0x21 && c <= 0x7E) {  // most are these
      bytes.push_back(c);
      spelled.remove_prefix(1);
      continue;
    }
    const Utf8Step step = next_utf8(spelled);
    if (step.kind != Utf8Step::Kind::kCharacter) return false;
    const char32_t c = step.code_point;
    if (c < 0x100 && is_printable(c)) {
      bytes.push_back(static_cast<char>(c));
    } else if (c >= kFirstMoved && c < kFirstMoved + kNumMoved) {
      bytes.push_back(static_cast<char>(kMoved[c - kFirstMoved]));
    } else {
      return false;
    }
    spelled.remove_prefix(step.n_bytes);
  }
  return true;
}

}  // namespace nanoinfer
