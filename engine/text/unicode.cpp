#include "engine/text/unicode.h"

#include <algorithm>
#include <span>
#include <tuple>
#include <vector>

#include "engine/base/sort.h"
#include "engine/text/unicode_tables.h"
#include "engine/text/utf8.h"

namespace nanoinfer {
namespace {

// Code points first ... first + n_more have this value.
struct Run {
  char32_t first;
  uint32_t n_more;
  uint32_t value;
};

// `code_point` is `first` followed by `second`, or `first` alone if that is 0.
struct Mapping {
  char32_t code_point;
  char32_t first;
  char32_t second;
};

bool by_parts(const Mapping& a, const Mapping& b) {
  return std::tie(a.first, a.second) < std::tie(b.first, b.second);
}

// The rows of a table, which unicode_tables.h describes.
template <typename Row>
std::vector<Row> unpack(std::span<const uint8_t> packed) {
  std::vector<Row> rows;
  uint32_t row[3] = {};
  for (auto byte = packed.begin(); byte != packed.end();) {
    for (uint32_t& number : row) {
      uint32_t difference = *byte & 0x7F;
      for (int shift = 7; *byte++ >= 0x80; shift += 7) difference |= (*byte & 0x7Fu) << shift;
      number += (difference >> 1) ^ (0 - (difference & 1));
    }
    rows.push_back({row[0], row[1], row[2]});
  }
  return rows;
}

struct Tables {
  std::vector<Run> classes = unpack<Run>(unicode::kClassRuns);
  std::vector<Run> combining = unpack<Run>(unicode::kCombiningRuns);
  std::vector<Mapping> compositions = unpack<Mapping>(unicode::kCompositions);
  std::vector<Mapping> compositions_by_parts = compositions;
  std::vector<Mapping> decompositions = unpack<Mapping>(unicode::kDecompositions);

  Tables() {
    sort_in_little_code(compositions_by_parts.begin(), compositions_by_parts.end(), by_parts);
  }
};

const Tables& tables() {
  static const Tables tables;
  return tables;
}

// The value of the run that holds `code_point`, or 0. `runs` ascend and do not overlap.
uint32_t value_of(const std::vector<Run>& runs, char32_t code_point) {
  const auto after = std::upper_bound(runs.begin(), runs.end(), code_point,
                                      [](char32_t c, const Run& run) { return c < run.first; });
  if (after == runs.begin()) return 0;
  const Run& run = *(after - 1);
  return code_point - run.first <= run.n_more ? run.value : 0;
}

uint8_t combining_class(char32_t code_point) {
  if (code_point < 0x300) return 0;
  return static_cast<uint8_t>(value_of(tables().combining, code_point));
}

// The mapping of `code_point`, or nullptr.
const Mapping* find(const std::vector<Mapping>& mappings, char32_t code_point) {
  const auto found =
      std::lower_bound(mappings.begin(), mappings.end(), code_point,
                       [](const Mapping& mapping, char32_t c) { return mapping.code_point < c; });
  return found != mappings.end() && found->code_point == code_point ? &*found : nullptr;
}

// A Hangul syllable is leading + vowel (+ trailing) by arithmetic (the Unicode Standard, 3.12).
constexpr char32_t kSyllableBase = 0xAC00, kLeadBase = 0x1100, kVowelBase = 0x1161,
                   kTrailBase = 0x11A7;
constexpr char32_t kLeads = 19, kVowels = 21, kTrails = 28, kSyllables = kLeads * kVowels * kTrails;

struct Mark {
  char32_t code_point;
  uint8_t combining_class;
  size_t order;  // marks of one class stay in the order of the text
};

// Appends the full canonical decomposition.
void decompose(char32_t code_point, std::vector<Mark>& out) {
  const auto put = [&out](char32_t c, uint8_t combining) {
    out.push_back({c, combining, out.size()});
  };
  if (const char32_t syllable = code_point - kSyllableBase; syllable < kSyllables) {
    put(kLeadBase + syllable / (kVowels * kTrails), 0);
    put(kVowelBase + syllable / kTrails % kVowels, 0);
    if (syllable % kTrails != 0) put(kTrailBase + syllable % kTrails, 0);
    return;
  }
  const Mapping* found = find(tables().compositions, code_point);
  if (found == nullptr) found = find(tables().decompositions, code_point);
  if (found == nullptr) {
    put(code_point, combining_class(code_point));
    return;
  }
  decompose(found->first, out);  // at most four deep, by the table
  if (found->second != 0) decompose(found->second, out);
}

// The code point that the two compose to, or 0.
char32_t compose(char32_t first, char32_t second) {
  if (first - kLeadBase < kLeads && second - kVowelBase < kVowels) {
    return kSyllableBase + ((first - kLeadBase) * kVowels + (second - kVowelBase)) * kTrails;
  }
  if (const char32_t syllable = first - kSyllableBase; syllable < kSyllables) {
    const char32_t trail = second - kTrailBase;
    if (syllable % kTrails == 0 && trail > 0 && trail < kTrails) return first + trail;
  }
  const Mapping wanted{0, first, second};
  const std::vector<Mapping>& table = tables().compositions_by_parts;
  const auto found = std::lower_bound(table.begin(), table.end(), wanted, by_parts);
  return found == table.end() || by_parts(wanted, *found) ? 0 : found->code_point;
}

// The canonical composition algorithm, in place.
void compose_all(std::vector<Mark>& marks) {
  size_t n_kept = 0;
  size_t starter = marks.size();  // index of the last starter kept; size() = none yet
  uint8_t last_class = 0;         // class of the last mark kept after it
  for (size_t i = 0; i < marks.size(); ++i) {
    const Mark mark = marks[i];
    if (starter < n_kept) {
      const bool adjacent = n_kept == starter + 1;
      const bool blocked = !adjacent && last_class >= mark.combining_class;
      const char32_t composed = blocked ? 0 : compose(marks[starter].code_point, mark.code_point);
      if (composed != 0) {
        marks[starter].code_point = composed;
        continue;
      }
    }
    if (mark.combining_class == 0) starter = n_kept;
    last_class = mark.combining_class;
    marks[n_kept++] = mark;
  }
  marks.resize(n_kept);
}

void normalize_run(std::vector<Mark>& marks, std::string& out) {
  auto run = marks.begin();
  while (run != marks.end()) {  // each run of combining marks into order of their classes
    const auto is_starter = [](const Mark& mark) { return mark.combining_class == 0; };
    const auto begin = std::find_if_not(run, marks.end(), is_starter);
    const auto end = std::find_if(begin, marks.end(), is_starter);
    sort_in_little_code(begin, end, [](const Mark& a, const Mark& b) {
      return std::tie(a.combining_class, a.order) < std::tie(b.combining_class, b.order);
    });
    run = end;
  }
  compose_all(marks);
  for (const Mark& mark : marks) append_utf8(out, mark.code_point);
}

}  // namespace

const char* unicode_version() {
  return unicode::kVersion;
}

CharClass char_class(char32_t code_point) {
  return static_cast<CharClass>(value_of(tables().classes, code_point));
}

std::string to_nfc(std::string_view text) {
  // Nothing below U+0300 changes or is changed by what stands before it.
  const auto is_inert = [](char byte) { return static_cast<uint8_t>(byte) < 0xCC; };
  if (std::all_of(text.begin(), text.end(), is_inert)) return std::string(text);

  std::vector<Mark> marks;
  std::string_view rest = text;
  while (!rest.empty()) {
    const Utf8Step step = next_utf8(rest);
    decompose(step.code_point, marks);
    rest.remove_prefix(step.n_bytes);
  }
  std::string out;
  out.reserve(text.size());
  normalize_run(marks, out);
  return out;
}

}  // namespace nanoinfer
