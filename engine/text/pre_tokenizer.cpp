#include "engine/text/pre_tokenizer.h"

#include <algorithm>
#include <utility>

#include "engine/text/unicode.h"
#include "engine/text/utf8.h"

namespace nanoinfer {
namespace {

// The text's characters by byte offset; past the end stands a character of no class.
class Characters {
 public:
  struct Char {
    char32_t code_point = 0;
    CharClass char_class = CharClass::kOther;
    size_t n_bytes = 0;  // 0: past the end
  };

  explicit Characters(std::string_view text) : text_(text) {}

  size_t size() const { return text_.size(); }

  Char at(size_t pos) const {
    if (pos >= text_.size()) return {};
    const Utf8Step step = next_utf8(text_.substr(pos));
    return {step.code_point, class_of(step.code_point), step.n_bytes};
  }

  // Where the run of characters for which `wanted` holds ends that begins at pos.
  template <typename Wanted>
  size_t skip(size_t pos, Wanted wanted) const {
    for (Char c = at(pos); c.n_bytes > 0 && wanted(c); c = at(pos)) pos += c.n_bytes;
    return pos;
  }

 private:
  static CharClass class_of(char32_t code_point) {
    if (code_point >= 0x80) return char_class(code_point);
    const char32_t lower = code_point | 0x20;
    if (lower >= 'a' && lower <= 'z') return CharClass::kLetter;
    if (code_point >= '0' && code_point <= '9') return CharClass::kNumber;
    const bool space = code_point == ' ' || (code_point >= 0x09 && code_point <= 0x0D);
    return space ? CharClass::kWhitespace : CharClass::kOther;
  }

  std::string_view text_;
};

using Char = Characters::Char;

bool is_letter(const Char& c) {
  return c.char_class == CharClass::kLetter;
}
bool is_number(const Char& c) {
  return c.char_class == CharClass::kNumber;
}
bool is_space(const Char& c) {
  return c.char_class == CharClass::kWhitespace;
}
bool is_other(const Char& c) {
  return c.n_bytes > 0 && c.char_class == CharClass::kOther;
}
bool is_newline(const Char& c) {
  return c.code_point == '\r' || c.code_point == '\n';
}

// Simple case folding of what a contraction can be spelled with; U+017F, long s, folds to s.
char32_t fold(char32_t c) {
  if (c == 0x17F) return 's';
  return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

// End of 's 't 're 've 'm 'll 'd at pos, or pos.
size_t contraction_end(const Characters& text, size_t pos, bool any_case) {
  if (text.at(pos).code_point != '\'') return pos;
  const auto letter = [any_case](const Char& c) {
    return any_case ? fold(c.code_point) : c.code_point;
  };
  const Char first = text.at(pos + 1);
  const size_t after_first = pos + 1 + first.n_bytes;
  const char32_t a = letter(first);
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return after_first;
  const Char second = text.at(after_first);
  const char32_t b = letter(second);
  const bool two = ((a == 'r' || a == 'v') && b == 'e') || (a == 'l' && b == 'l');
  return two ? after_first + second.n_bytes : pos;
}

// End of `\s+(?!\S) | \s+`: a run before other text leaves its last character to that text.
size_t whitespace_end(const Characters& text, size_t pos) {
  size_t last = pos;  // where the last character of the run begins
  size_t end = pos;
  for (Char c = text.at(pos); is_space(c); c = text.at(end)) {
    last = end;
    end += c.n_bytes;
  }
  return end == text.size() || last == pos ? end : last;
}

// '(s|t|re|ve|m|ll|d) | ?\p{L}+ | ?\p{N}+ | ?[^\s\p{L}\p{N}]+ | \s+(?!\S) | \s+
size_t gpt2_end(const Characters& text, size_t pos) {
  if (const size_t end = contraction_end(text, pos, /*any_case=*/false); end > pos) return end;
  const size_t begin = text.at(pos).code_point == ' ' ? pos + 1 : pos;
  const Char c = text.at(begin);
  if (is_letter(c)) return text.skip(begin, is_letter);
  if (is_number(c)) return text.skip(begin, is_number);
  if (is_other(c)) return text.skip(begin, is_other);
  return whitespace_end(text, pos);
}

// (?i:'s|'t|'re|'ve|'m|'ll|'d) | [^\r\n\p{L}\p{N}]?\p{L}+ | \p{N}{1,max_digits}
// | ?[^\s\p{L}\p{N}]+[\r\n]* | \s*[\r\n]+ | \s+(?!\S) | \s+
size_t llama3_end(const Characters& text, size_t pos, int max_digits) {
  if (const size_t end = contraction_end(text, pos, /*any_case=*/true); end > pos) return end;
  const Char c = text.at(pos);
  const size_t next = pos + c.n_bytes;
  if (is_letter(c)) return text.skip(next, is_letter);
  if (is_number(c)) {
    int n_left = max_digits - 1;
    return text.skip(next, [&n_left](const Char& d) { return is_number(d) && n_left-- > 0; });
  }
  if (!is_newline(c) && is_letter(text.at(next))) return text.skip(next, is_letter);
  const size_t begin = c.code_point == ' ' ? next : pos;
  if (is_other(text.at(begin))) return text.skip(text.skip(begin, is_other), is_newline);

  size_t newline_end = pos;  // end of the last line break in this run of whitespace
  size_t end = pos;
  for (Char space = c; is_space(space); space = text.at(end)) {
    end += space.n_bytes;
    if (is_newline(space)) newline_end = end;
  }
  return newline_end > pos ? newline_end : whitespace_end(text, pos);
}

// Appends base + the ends of all matches of `match_end` in `text`.
template <typename MatchEnd>
void append_ends(std::string_view text, size_t base, MatchEnd match_end,
                 std::vector<uint32_t>& ends) {
  const Characters characters(text);
  for (size_t pos = 0; pos < text.size();) {
    pos = match_end(characters, pos);
    ends.push_back(static_cast<uint32_t>(base + pos));
  }
}

std::vector<uint32_t> smollm_ends(std::string_view text) {
  std::vector<uint32_t> ends;
  const Characters characters(text);
  const auto not_number = [](const Char& c) { return !is_number(c); };
  for (size_t pos = 0; pos < text.size();) {
    const size_t number = characters.skip(pos, not_number);
    append_ends(text.substr(pos, number - pos), pos, gpt2_end, ends);
    pos = number + characters.at(number).n_bytes;
    if (pos > number) ends.push_back(static_cast<uint32_t>(pos));
  }
  return ends;
}

}  // namespace

std::optional<PreTokenizer> pre_tokenizer_from_name(std::string_view name) {
  static constexpr std::pair<std::string_view, PreTokenizer> kNames[] = {
      {"default", PreTokenizer::kGpt2},  {"gpt-2", PreTokenizer::kGpt2},
      {"smollm", PreTokenizer::kSmollm}, {"llama-bpe", PreTokenizer::kLlama3},
      {"llama3", PreTokenizer::kLlama3}, {"llama-v3", PreTokenizer::kLlama3},
      {"qwen2", PreTokenizer::kQwen2},   {"deepseek-r1-qwen", PreTokenizer::kQwen2},
  };
  for (const auto& [known, pre_tokenizer] : kNames) {
    if (known == name) return pre_tokenizer;
  }
  return std::nullopt;
}

bool normalizes_nfc(PreTokenizer pre_tokenizer) {
  return pre_tokenizer == PreTokenizer::kQwen2;
}

std::vector<uint32_t> piece_ends(PreTokenizer pre_tokenizer, std::string_view text) {
  if (pre_tokenizer == PreTokenizer::kSmollm) return smollm_ends(text);
  std::vector<uint32_t> ends;
  if (pre_tokenizer == PreTokenizer::kGpt2) {
    append_ends(text, 0, gpt2_end, ends);
  } else {
    const int max_digits = pre_tokenizer == PreTokenizer::kLlama3 ? 3 : 1;
    append_ends(
        text, 0,
        [max_digits](const Characters& t, size_t pos) { return llama3_end(t, pos, max_digits); },
        ends);
  }
  return ends;
}

}  // namespace nanoinfer
