#include "engine/kernels/tiles.h"

#include <cassert>
#include <cstddef>
#include <cstring>

namespace nanoinfer {
namespace {

constexpr BlockField kF32[] = {{0, 4, 4}};
constexpr BlockField kHalf[] = {{0, 2, 2}};
constexpr BlockField kQ8_0[] = {{0, 2, 2}, {2, 32, 4}};
constexpr BlockField kQ4_0[] = {{0, 2, 2}, {2, 16, 4}};
constexpr BlockField kQ4_1[] = {{0, 2, 2}, {2, 2, 2}, {4, 16, 4}};
constexpr BlockField kQ5_0[] = {{0, 2, 2}, {2, 4, 4, true}, {6, 16, 4}};
constexpr BlockField kQ5_1[] = {{0, 2, 2}, {2, 2, 2}, {4, 4, 4, true}, {8, 16, 4}};
constexpr BlockField kQ4_K[] = {{0, 2, 2}, {2, 2, 2}, {4, 12, 4}, {16, 128, 4}};
constexpr BlockField kQ5_K[] = {{0, 2, 2}, {2, 2, 2}, {4, 12, 4}, {16, 32, 4}, {48, 128, 4}};
constexpr BlockField kQ6_K[] = {{208, 2, 2}, {192, 16, 4}, {128, 32, 4}, {0, 32, 4},
                                {32, 32, 4}, {160, 32, 4}, {64, 32, 4},  {96, 32, 4}};

// bit 4 u + i -> bit u of byte i: each four bits are spread over the four bytes by a product, in
// which no two of their copies meet.
uint32_t turn(uint32_t bits) {
  uint32_t turned = 0;
  for (uint32_t u = 0; u < 8; ++u) {
    const uint32_t four = bits >> (4 * u) & 0xf;
    turned |= (four * 0x00204081u & 0x01010101u) << u;
  }
  return turned;
}

uint32_t turn_back(uint32_t turned) {
  uint32_t bits = 0;
  for (uint32_t u = 0; u < 8; ++u) {
    const uint32_t four = (turned >> u & 0x01010101u) * 0x01020408u >> 24 & 0xf;
    bits |= four << (4 * u);
  }
  return bits;
}

// A block of Q6_K has four inputs 32 apart in 3 bytes: the nibbles of the first and third, those of
// the second and fourth, and four bit pairs. Regrouped, the byte of the bit pairs and these two
// hold all six bits of the first three, and above each two bits of the fourth: so three of four
// codes are one mask away. Each word is four such bytes.
void regroup_sixes(uint8_t* block, bool back) {
  constexpr uint32_t kNibbles = 0x0f0f0f0f, kPairs = 0x03030303;
  for (size_t i = 0; i < 16; ++i) {
    uint8_t* const nibbles = block + i / 8 * 64 + i % 8 * 4;
    uint8_t* const places[3] = {block + 128 + 4 * i, nibbles, nibbles + 32};
    uint32_t words[3];
    for (size_t k = 0; k < 3; ++k) std::memcpy(&words[k], places[k], 4);
    if (back) {
      const auto [a, b, c] = words;
      const uint32_t d = (a >> 6 & kPairs) | (b >> 4 & kPairs << 2) | (c >> 2 & kPairs << 4);
      words[0] =
          (a >> 4 & kPairs) | (b >> 2 & kPairs << 2) | (c & kPairs << 4) | (d << 2 & kPairs << 6);
      words[1] = (a & kNibbles) | (c & kNibbles) << 4;
      words[2] = (b & kNibbles) | (d & kNibbles) << 4;
    } else {
      const auto [pairs, odd, even] = words;
      const uint32_t d = (even >> 4 & kNibbles) | (pairs >> 2 & kPairs << 4);
      words[0] = (odd & kNibbles) | (pairs << 4 & kPairs << 4) | (d << 6 & kPairs << 6);
      words[1] = (even & kNibbles) | (pairs << 2 & kPairs << 4) | (d << 4 & kPairs << 6);
      words[2] = (odd >> 4 & kNibbles) | (pairs & kPairs << 4) | (d << 2 & kPairs << 6);
    }
    for (size_t k = 0; k < 3; ++k) std::memcpy(places[k], &words[k], 4);
  }
}

// The 32-bit words of a field, each replaced by act(word).
template <typename Act>
void change_words(uint8_t* field, size_t n_words, Act act) {
  for (; n_words > 0; --n_words, field += 4) {
    uint32_t word;
    std::memcpy(&word, field, sizeof word);
    word = act(word);
    std::memcpy(field, &word, sizeof word);
  }
}

// Copies one field of all rows from their blocks, row_bytes apart, into the tile: unit after unit,
// and of each unit row after row.
template <size_t kUnit>
void spread(uint8_t* tile, const uint8_t* rows, size_t row_bytes, size_t n_bytes, size_t n_rows) {
  for (size_t i = 0; i < n_bytes; i += kUnit) {
    for (size_t row = 0; row < n_rows; ++row, tile += kUnit) {
      std::memcpy(tile, rows + row * row_bytes + i, kUnit);
    }
  }
}

// Copies one field of one row from the tile, where its units lie n_rows units apart.
void gather(const uint8_t* tile, uint8_t* file, const BlockField& field, size_t n_rows) {
  const size_t unit = field.unit_bytes;
  for (size_t i = 0; i < field.n_bytes; i += unit) std::memcpy(file + i, tile + i * n_rows, unit);
}

}  // namespace

std::span<const BlockField> block_fields(TensorType type) {
  switch (type) {
    case TensorType::kF32:
      return kF32;
    case TensorType::kF16:
    case TensorType::kBF16:
      return kHalf;
    case TensorType::kQ8_0:
      return kQ8_0;
    case TensorType::kQ4_0:
      return kQ4_0;
    case TensorType::kQ4_1:
      return kQ4_1;
    case TensorType::kQ5_0:
      return kQ5_0;
    case TensorType::kQ5_1:
      return kQ5_1;
    case TensorType::kQ4_K:
      return kQ4_K;
    case TensorType::kQ5_K:
      return kQ5_K;
    case TensorType::kQ6_K:
      return kQ6_K;
  }
  assert(false && "not a type that runs");
  return {};
}

bool halves_are_finite(TensorType type, const uint8_t* rows, size_t n_bytes) {
  if (type == TensorType::kBF16) return true;  // its 2-byte field is no float16
  constexpr uint16_t kExponent = 0x7c00;       // all ones: an infinity or a NaN
  const std::span<const BlockField> fields = block_fields(type);
  const size_t block_bytes = traits(type).block_bytes;
  bool finite = true;
  for (const BlockField& field : fields) {
    if (field.unit_bytes != 2) continue;
    for (size_t at = field.offset; at < n_bytes; at += block_bytes) {
      uint16_t half;
      std::memcpy(&half, rows + at, sizeof half);
      finite &= (half & kExponent) != kExponent;
    }
  }
  return finite;
}

void repack_tile(TensorType type, uint8_t* rows, size_t n_rows, size_t n_in, uint8_t* scratch) {
  const auto n_row_bytes = static_cast<size_t>(row_bytes(type, n_in));
  const size_t block_bytes = traits(type).block_bytes;
  const std::span<const BlockField> fields = block_fields(type);
  for (size_t block = 0; block < n_row_bytes; block += block_bytes) {
    uint8_t* tile = scratch + block * n_rows;
    for (size_t row = 0; row < n_rows && type == TensorType::kQ6_K; ++row) {
      regroup_sixes(rows + row * n_row_bytes + block, false);
    }
    for (const BlockField& field : fields) {
      const auto copy = field.unit_bytes == 4 ? spread<4> : spread<2>;
      copy(tile, rows + block + field.offset, n_row_bytes, field.n_bytes, n_rows);
      if (field.turned) change_words(tile, n_rows, turn);
      tile += field.n_bytes * n_rows;
    }
  }
  std::memcpy(rows, scratch, n_rows * n_row_bytes);
}

void unpack_block_bytes(TensorType type, const uint8_t* tile, size_t n_rows, size_t row,
                        size_t block, uint8_t* out) {
  tile += block * n_rows * traits(type).block_bytes;
  for (const BlockField& field : block_fields(type)) {
    gather(tile + row * field.unit_bytes, out + field.offset, field, n_rows);
    if (field.turned) change_words(out + field.offset, 1, turn_back);
    tile += field.n_bytes * n_rows;
  }
  if (type == TensorType::kQ6_K) regroup_sixes(out, true);
}

void unpack_row_bytes(TensorType type, const uint8_t* tile, size_t n_rows, size_t row, size_t n_in,
                      uint8_t* out) {
  const size_t n_blocks = n_in / traits(type).block_elements;
  for (size_t block = 0; block < n_blocks; ++block) {
    unpack_block_bytes(type, tile, n_rows, row, block, out + block * traits(type).block_bytes);
  }
}

}  // namespace nanoinfer
