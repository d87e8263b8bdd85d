// What tests and benchmarks of kernels share: random matrices, activations, unpacked tiles, and
// comparison of bits.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "engine/kernels/kernels.h"
#include "engine/kernels/tiles.h"
#include "engine/quant/blocks.h"

namespace nanoinfer {

inline constexpr TensorType kQuantised[] = {TensorType::kQ8_0, TensorType::kQ4_0, TensorType::kQ4_1,
                                            TensorType::kQ5_0, TensorType::kQ5_1, TensorType::kQ4_K,
                                            TensorType::kQ5_K, TensorType::kQ6_K};
inline constexpr TensorType kFloats[] = {TensorType::kF32, TensorType::kF16, TensorType::kBF16};
inline constexpr float kInfinity = std::numeric_limits<float>::infinity();
inline const float kNan = std::nanf("");
inline constexpr float kUntouched = 12345.0f;  // what a kernel must leave where it has no business

inline std::mt19937 random_bits(1);

inline std::vector<float> random_floats(size_t n, float scale = 1.0f) {
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> x(n);
  for (float& value : x) value = normal(random_bits);
  return x;
}

// Same bits everywhere; any NaN equals any other.
inline testing::AssertionResult same_bits(const std::vector<float>& a,
                                          const std::vector<float>& b) {
  if (a.size() != b.size()) return testing::AssertionFailure() << "sizes differ";
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (std::bit_cast<uint32_t>(a[i]) == std::bit_cast<uint32_t>(b[i])) continue;
    return testing::AssertionFailure() << "[" << i << "]: " << a[i] << " and " << b[i];
  }
  return testing::AssertionSuccess();
}

// Writes the block's 2-byte fields, its scales: random bits under a mask, or halves of value 1.
inline void set_scales(TensorType type, uint8_t* block, uint16_t mask) {
  for (const BlockField& field : block_fields(type)) {
    if (field.unit_bytes != 2) continue;
    const auto bits = static_cast<uint16_t>(mask ? random_bits() & mask : 0x3c00);
    std::memcpy(block + field.offset, &bits, 2);
  }
}

// Rows in file order: random bytes with finite scales; random floats for F32.
inline std::vector<uint8_t> random_file(TensorType type, size_t n_out, size_t n_in) {
  std::vector<uint8_t> file(n_out * static_cast<size_t>(row_bytes(type, n_in)));
  for (uint8_t& byte : file) byte = static_cast<uint8_t>(random_bits());
  for (size_t at = 0; at < file.size(); at += traits(type).block_bytes) {
    set_scales(type, &file[at], 0xbbff);
  }
  if (type == TensorType::kF32) {
    std::memcpy(file.data(), random_floats(n_out * n_in).data(), file.size());
  }
  return file;
}

// Rows in file order: all bytes `fill`, but float scales 1 and Q6_K's 8-bit scales `scale`.
inline std::vector<uint8_t> filled_file(TensorType type, size_t n_out, size_t n_in, int fill,
                                        int scale) {
  const auto n_bytes = n_out * static_cast<size_t>(row_bytes(type, n_in));
  std::vector<uint8_t> file(n_bytes, static_cast<uint8_t>(fill));
  for (size_t at = 0; at < file.size(); at += traits(type).block_bytes) {
    set_scales(type, &file[at], 0);
    if (type == TensorType::kQ6_K) std::memset(&file[at + 192], scale, 16);
  }
  return file;
}

// A matrix as a file has it, and as the kernels do.
struct TestMatrix {
  std::vector<uint8_t> file, tiles;
  Matrix view;

  TestMatrix(TensorType type, uint32_t n_out, uint32_t n_in)
      : TestMatrix(type, n_out, n_in, random_file(type, n_out, n_in)) {}

  TestMatrix(TensorType type, uint32_t n_out, uint32_t n_in, const std::vector<uint8_t>& rows)
      : file(rows), tiles(rows), view{type, tiles.data(), n_out, n_in} {
    std::vector<uint8_t> scratch(file.size());
    for (size_t tile = 0; tile < view.n_tiles(); ++tile) {
      uint8_t* first = tiles.data() + (view.tile(tile) - view.data);
      repack_tile(type, first, view.tile_rows(tile), n_in, scratch.data());
    }
  }
  TestMatrix(const TestMatrix&) = delete;

  const uint8_t* row(size_t row) const { return &file[row * file.size() / view.n_out]; }
};

struct TestRows {
  std::vector<int16_t> wide, pairs;
  std::vector<int8_t> high, low;
  std::vector<float> scale, sum;
  std::vector<int32_t> isum;
  QuantisedRows view;

  TestRows(const Kernels& kernels, const std::vector<float>& x, size_t n_in)
      : wide(x.size()),
        pairs(paired_rows(x.size() / n_in) * n_in),
        high(x.size()),
        low(x.size()),
        scale(x.size() / kBlock),
        sum(x.size() / kBlock),
        isum(x.size() / kBlock),
        view{wide.data(),  pairs.data(), high.data(), low.data(),
             scale.data(), sum.data(),   isum.data(), n_in} {
    for (size_t row = 0; row < x.size() / n_in; ++row) {
      kernels.quantise_row(&x[row * n_in], n_in, view, row);
    }
  }

  void expect_equal(const TestRows& other) const {
    EXPECT_EQ(wide, other.wide);
    EXPECT_EQ(pairs, other.pairs);
    EXPECT_EQ(high, other.high);
    EXPECT_EQ(low, other.low);
    EXPECT_EQ(isum, other.isum);
    EXPECT_TRUE(same_bits(scale, other.scale));
    EXPECT_TRUE(same_bits(sum, other.sum));
  }
};

// One tile straight from its packed bytes, y (8); false if the set cannot.
inline bool gemv_tile(const Kernels& kernels, const Matrix& w, size_t tile, const QuantisedRows& x,
                      size_t row, float* y) {
  float again[kTileRows];
  if (!kernels.gemv_tiles(w, {tile, tile}, 1, x, row, {y, again})) return false;
  EXPECT_EQ(0, std::memcmp(y, again, sizeof again));
  return true;
}

struct TestPanel {
  std::vector<int16_t> codes;
  std::vector<int32_t> code_sums;
  std::vector<float> d, m, values;
  Panel view;

  TestPanel(const Kernels& kernels, const Matrix& w, size_t tile)
      : codes(w.n_in * kTileRows, 77),
        code_sums(w.n_in / kBlock * kTileRows, 77),
        d(w.n_in / kBlock * kTileRows, kUntouched),
        m(d),
        values(w.n_in * kTileRows, kUntouched),
        view{w.type, codes.data(), code_sums.data(), d.data(), m.data(), values.data()} {
    kernels.unpack_tile(w, tile, view);
  }

  // own_codes: in an order of that set's own, which only its products can be compared by.
  void expect_equal(const TestPanel& other, bool own_codes) const {
    if (!own_codes) {
      EXPECT_EQ(codes, other.codes);
    }
    EXPECT_TRUE(same_bits(d, other.d));
    EXPECT_TRUE(same_bits(values, other.values));
    if (has_min(view.type)) {
      EXPECT_TRUE(same_bits(m, other.m));
    }
  }
};

}  // namespace nanoinfer
