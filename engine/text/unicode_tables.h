// The generated tables, packed; only unicode.cpp reads them.
//
// A table is rows of three numbers, ascending by the first. Of each number its difference from the
// one above it is written (of the first row's, from 0), without a sign (0, -1, 1, -2 ... are 0, 1,
// 2, 3 ...) and 7 bits a byte, the lowest first; the last byte of a number is below 128.
#pragma once

#include <cstdint>
#include <span>

namespace nanoinfer::unicode {

extern const char kVersion[];

// A run of code points: the first, how many more, their CharClass. Between runs it is kOther.
extern const std::span<const uint8_t> kClassRuns;
// The same with their canonical combining class. Between runs it is 0.
extern const std::span<const uint8_t> kCombiningRuns;

// A code point and what it is canonically equivalent to: two parts, or one and 0. Parts may have
// mappings of their own. Hangul syllables are left out.
extern const std::span<const uint8_t> kCompositions;    // NFC makes the code point from the parts
extern const std::span<const uint8_t> kDecompositions;  // NFC never makes it

}  // namespace nanoinfer::unicode
