// The generated tables; only unicode.cpp reads them.
#pragma once

#include <cstdint>
#include <span>

#include "engine/text/unicode.h"

namespace nanoinfer::unicode {

// Code points first ... first + n_more.
struct ClassRun {
  uint32_t first;
  uint16_t n_more;
  CharClass char_class;
};
struct CombiningRun {
  uint32_t first;
  uint16_t n_more;
  uint8_t combining_class;
};

// `code_point` is canonically equivalent to `first` followed by `second`, or to `first` alone if
// `second` is 0. The parts may have mappings of their own.
struct Mapping {
  uint64_t code_point : 21, first : 21, second : 21;
};

extern const char kVersion[];
extern const std::span<const ClassRun> kClassRuns;          // ascending
extern const std::span<const CombiningRun> kCombiningRuns;  // ascending
extern const std::span<const Mapping> kMappings;            // ascending by code_point
extern const std::span<const uint16_t> kCompositions;       // into kMappings, ascending by parts

}  // namespace nanoinfer::unicode
