// The few properties of code points that tokenizers need, from generated tables.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nanoinfer {

// The Unicode version of the tables, e.g. "16.0.0".
const char* unicode_version();

enum class CharClass : uint8_t {
  kOther,       // everything else: punctuation, symbols, marks, controls, unassigned
  kLetter,      // general category L*
  kNumber,      // general category N*
  kWhitespace,  // property White_Space
};

CharClass char_class(char32_t code_point);

// Normalization Form C of valid UTF-8.
std::string to_nfc(std::string_view text);

}  // namespace nanoinfer
