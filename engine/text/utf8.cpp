#include "engine/text/utf8.h"

#include <algorithm>
#include <cassert>

namespace nanoinfer {
namespace {

// The bytes that may follow a lead byte (the Unicode Standard, table 3-7).
struct Lead {
  size_t n_bytes;  // of the whole character; 0: not a lead byte
  uint8_t second_min, second_max;
  char32_t bits;  // those of the code point that the lead byte holds
};

Lead read_lead(uint8_t byte) {
  if (byte < 0x80) return {1, 0, 0, byte};
  if (byte < 0xC2 || byte > 0xF4) return {0, 0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF, byte & 0x1Fu};
  if (byte < 0xF0) {
    const uint8_t min = byte == 0xE0 ? 0xA0 : 0x80;  // no overlong forms
    const uint8_t max = byte == 0xED ? 0x9F : 0xBF;  // no surrogates
    return {3, min, max, byte & 0x0Fu};
  }
  const uint8_t min = byte == 0xF0 ? 0x90 : 0x80;
  const uint8_t max = byte == 0xF4 ? 0x8F : 0xBF;  // nothing above U+10FFFF
  return {4, min, max, byte & 0x07u};
}

}  // namespace

Utf8Step next_utf8(std::string_view bytes) {
  assert(!bytes.empty());
  const Lead lead = read_lead(static_cast<uint8_t>(bytes[0]));
  if (lead.n_bytes == 0) return {Utf8Step::Kind::kIllFormed, 1, 0};
  char32_t code_point = lead.bits;
  for (size_t i = 1; i < lead.n_bytes; ++i) {
    if (i == bytes.size()) return {Utf8Step::Kind::kIncomplete, i, 0};
    const uint8_t byte = static_cast<uint8_t>(bytes[i]);
    const uint8_t min = i == 1 ? lead.second_min : 0x80;
    const uint8_t max = i == 1 ? lead.second_max : 0xBF;
    if (byte < min || byte > max) return {Utf8Step::Kind::kIllFormed, i, 0};
    code_point = code_point << 6 | (byte & 0x3Fu);
  }
  return {Utf8Step::Kind::kCharacter, lead.n_bytes, code_point};
}

bool is_valid_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const Utf8Step step = next_utf8(bytes);
    if (step.kind != Utf8Step::Kind::kCharacter) return false;
    bytes.remove_prefix(step.n_bytes);
  }
  return true;
}

std::string to_valid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  Utf8Decoder decoder;
  decoder.push(bytes, out);
  decoder.flush(out);
  return out;
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
    return;
  }
  if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
  } else {
    if (code_point < 0x10000) {
      put(0xE0 | code_point >> 12);
    } else {
      put(0xF0 | code_point >> 18);
      put(0x80 | (code_point >> 12 & 0x3F));
    }
    put(0x80 | (code_point >> 6 & 0x3F));
  }
  put(0x80 | (code_point & 0x3F));
}

void Utf8Decoder::push(std::string_view bytes, std::string& out) {
  std::string joined;
  if (n_held_ > 0) {  // rare and short: a token that ends inside a character
    joined.assign(held_.data(), n_held_);
    joined.append(bytes);
    bytes = joined;
    n_held_ = 0;
  }
  while (!bytes.empty()) {
    const Utf8Step step = next_utf8(bytes);
    if (step.kind == Utf8Step::Kind::kIncomplete) {
      n_held_ = bytes.size();
      std::copy(bytes.begin(), bytes.end(), held_.begin());
      return;
    }
    const bool good = step.kind == Utf8Step::Kind::kCharacter;
    out.append(good ? bytes.substr(0, step.n_bytes) : kReplacementUtf8);
    bytes.remove_prefix(step.n_bytes);
  }
}

void Utf8Decoder::flush(std::string& out) {
  if (n_held_ > 0) out.append(kReplacementUtf8);
  n_held_ = 0;
}

}  // namespace nanoinfer
