// UTF-8 with a stated rule for bytes that are not UTF-8: each maximal ill-formed subsequence is one
// U+FFFD (the Unicode Standard, section 3.9; WHATWG; Python's errors='replace').
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nanoinfer {

constexpr char32_t kReplacementCharacter = 0xFFFD;
constexpr std::string_view kReplacementUtf8 = "\xEF\xBF\xBD";

// What stands at the start of some bytes.
struct Utf8Step {
  enum class Kind : uint8_t {
    kCharacter,   // `code_point` in `n_bytes`
    kIllFormed,   // `n_bytes` that are one U+FFFD
    kIncomplete,  // all bytes given are the start of a character
  };
  Kind kind;
  size_t n_bytes;
  char32_t code_point;
};

// `bytes` must not be empty.
Utf8Step next_utf8(std::string_view bytes);

bool is_valid_utf8(std::string_view bytes);

// `bytes` with each ill-formed subsequence replaced, a cut character at the end too.
std::string to_valid_utf8(std::string_view bytes);

// Appends `code_point`, which must be a Unicode scalar value.
void append_utf8(std::string& out, char32_t code_point);

// to_valid_utf8() in instalments: holds back at most the three bytes of a begun character.
class Utf8Decoder {
 public:
  // Appends to `out` all characters that are complete after `bytes`.
  void push(std::string_view bytes, std::string& out);
  // Appends U+FFFD if a character was begun, and starts anew.
  void flush(std::string& out);

 private:
  std::array<char, 4> held_{};
  size_t n_held_ = 0;
};

}  // namespace nanoinfer
