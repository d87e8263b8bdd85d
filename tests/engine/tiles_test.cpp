// Tiles hold the bytes of their rows, each once, in the stated order.
#include "engine/kernels/tiles.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <vector>

namespace nanoinfer {
namespace {

constexpr TensorType kTypes[] = {TensorType::kF32,  TensorType::kF16,  TensorType::kBF16,
                                 TensorType::kQ8_0, TensorType::kQ4_0, TensorType::kQ4_1,
                                 TensorType::kQ5_0, TensorType::kQ5_1, TensorType::kQ4_K,
                                 TensorType::kQ5_K, TensorType::kQ6_K};

TEST(Tiles, FieldsCoverEveryByteOfABlockOnceInWholeUnits) {
  for (TensorType type : kTypes) {
    std::vector<int> covered(traits(type).block_bytes);
    for (const BlockField& field : block_fields(type)) {
      ASSERT_EQ(field.n_bytes % field.unit_bytes, 0);
      for (size_t i = 0; i < field.n_bytes; ++i) ++covered.at(field.offset + i);
    }
    EXPECT_EQ(covered, std::vector<int>(covered.size(), 1)) << traits(type).name;
  }
}

TEST(Tiles, UnpackingARepackedTileGivesTheFilesBytes) {
  std::mt19937 random(1);
  for (TensorType type : kTypes) {
    for (size_t n_rows = 1; n_rows <= 8; ++n_rows) {
      for (size_t n_blocks : {1u, 2u, 3u, 7u}) {
        const size_t n_in = n_blocks * traits(type).block_elements;
        const auto n_row_bytes = static_cast<size_t>(row_bytes(type, n_in));
        std::vector<uint8_t> file(n_rows * n_row_bytes);
        for (uint8_t& byte : file) byte = static_cast<uint8_t>(random());
        std::vector<uint8_t> tile = file, scratch(file.size()), back(file.size());
        repack_tile(type, tile.data(), n_rows, n_in, scratch.data());
        for (size_t row = 0; row < n_rows; ++row) {
          unpack_row_bytes(type, tile.data(), n_rows, row, n_in, &back[row * n_row_bytes]);
        }
        ASSERT_EQ(back, file) << traits(type).name << " " << n_rows << " rows";
      }
    }
  }
}

// Row r holds bytes 64 r + i, so that the order can be read off.
TEST(Tiles, RowsAlternateUnitByUnitFieldByField) {
  std::vector<uint8_t> tile(3 * 18);
  for (size_t i = 0; i < tile.size(); ++i) tile[i] = static_cast<uint8_t>(i / 18 * 64 + i % 18);
  std::vector<uint8_t> scratch(tile.size());
  repack_tile(TensorType::kQ4_0, tile.data(), 3, 32, scratch.data());
  const std::vector<uint8_t> expected = {
      0,  1,  64, 65, 128, 129,                               // d
      2,  3,  4,  5,  66,  67,  68, 69, 130, 131, 132, 133,   // codes, unit 0
      6,  7,  8,  9,  70,  71,  72, 73, 134, 135, 136, 137,   // unit 1
      10, 11, 12, 13, 74,  75,  76, 77, 138, 139, 140, 141,   // unit 2
      14, 15, 16, 17, 78,  79,  80, 81, 142, 143, 144, 145};  // unit 3
  EXPECT_EQ(tile, expected);
}

// One code of Q6_K at a time.
TEST(Tiles, SixesOfFourInputsFillThreeBytes) {
  for (size_t input = 0; input < 256; ++input) {
    const size_t half = input / 128, quarter = input / 32 % 4, j = input % 32;
    std::vector<uint8_t> tile(210), scratch(210);
    tile[half * 64 + quarter % 2 * 32 + j] = static_cast<uint8_t>(quarter < 2 ? 0x0b : 0xb0);
    tile[128 + half * 32 + j] = static_cast<uint8_t>(2u << 2 * quarter);  // the code 0x2b
    std::vector<uint8_t> expected(210);
    uint8_t* const bytes = &expected[18 + half * 96 + j];
    if (quarter < 3) bytes[quarter * 32] = 0x2b;
    if (quarter == 3) bytes[0] = 0xc0, bytes[32] = 0x80, bytes[64] = 0x80;
    repack_tile(TensorType::kQ6_K, tile.data(), 1, 256, scratch.data());
    EXPECT_EQ(tile, expected) << input;
  }
}

// One fifth bit at a time: bit 4 u + i of the file's word is bit u of byte i in the tile.
TEST(Tiles, FifthBitsLieUnderTheirCodes) {
  for (size_t u = 0; u < 8; ++u) {
    for (size_t i = 0; i < 4; ++i) {
      std::vector<uint8_t> tile(22), scratch(22), expected(22);
      const size_t bit = 4 * u + i;
      tile[2 + bit / 8] = static_cast<uint8_t>(1u << bit % 8);
      expected[2 + i] = static_cast<uint8_t>(1u << u);
      repack_tile(TensorType::kQ5_0, tile.data(), 1, 32, scratch.data());
      EXPECT_EQ(tile, expected) << "input " << bit;
    }
  }
}

TEST(Tiles, Q6_KStartsWithItsScaleThoughTheFileHasItLast) {
  std::vector<uint8_t> tile(210), scratch(210);
  std::iota(tile.begin(), tile.end(), static_cast<uint8_t>(0));
  repack_tile(TensorType::kQ6_K, tile.data(), 1, 256, scratch.data());
  EXPECT_EQ(tile[0], 208);
  EXPECT_EQ(tile[2], 192);
}

}  // namespace
}  // namespace nanoinfer
