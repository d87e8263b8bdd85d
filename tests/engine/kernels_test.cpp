// Every kernel set gives the bits of the definition, and the definition means what it says:
// activations and matrix products. The other kernels are in vector_kernels_test.cpp.
#include "engine/kernels/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "engine/kernels/sets.h"
#include "engine/quant/blocks.h"
#include "tests/engine/kernel_testing.h"

namespace nanoinfer {
namespace {

constexpr size_t kStride = kTileRows + 3;  // of y: rows must not spill into the next token

std::vector<float> gemm(const Kernels& kernels, const Panel& panel, size_t n_rows,
                        const QuantisedRows& x, size_t n_tokens) {
  std::vector<float> y(n_tokens * kStride, kUntouched);
  kernels.gemm_panel(panel, n_rows, x, n_tokens, y.data(), kStride);
  return y;
}

// y of one row and token by the words of kernels.h, from the bytes in file order.
float product_by_definition(const TestMatrix& w, size_t row, const QuantisedRows& x, size_t token) {
  const size_t n = traits(w.view.type).block_elements;
  float y = 0.0f;
  for (size_t i = 0; i < w.view.n_in; i += kBlock) {
    BlockCodes block;
    decode_block(w.view.type, w.row(row) + i / n * traits(w.view.type).block_bytes, &block);
    int64_t isum = 0;
    for (size_t j = i; j < i + kBlock; ++j) {
      isum += int64_t{block.codes[j % n]} * x.wide[token * x.n_in + j];
    }
    EXPECT_LE(std::abs(isum), std::numeric_limits<int32_t>::max());
    const float a = x.scale[token * x.n_blocks() + i / kBlock];
    y += (block.d[i % n / kBlock] * a) * static_cast<float>(isum);
    if (has_min(w.view.type)) {
      y += block.m[i % n / kBlock] * x.sum[token * x.n_blocks() + i / kBlock];
    }
  }
  return y;
}

// ---- the sets ----------------------------------------------------------------------------------

TEST(KernelSets, TheDefinitionComesFirstAndEachIsFoundByName) {
  EXPECT_EQ(all_kernels().front(), &kScalarKernels);
  EXPECT_GE(all_kernels().size(), 2u);
  for (const Kernels* kernels : all_kernels()) EXPECT_EQ(find_kernels(kernels->name), kernels);
  EXPECT_EQ(find_kernels("avx"), nullptr);
  EXPECT_EQ(find_kernels(default_kernels().name), &default_kernels());
}

// Falling back would give the same bits, only slower, so nothing else would notice.
TEST(KernelSets, EverySetMultipliesTheCommonTypesStraightFromTheirTiles) {
  for (TensorType type : {TensorType::kQ4_0, TensorType::kQ4_1, TensorType::kQ5_0,
                          TensorType::kQ8_0, TensorType::kQ4_K, TensorType::kQ6_K}) {
    const TestMatrix full(type, kTileRows, 256), partial(type, kTileRows - 1, 256);
    const TestRows x(kScalarKernels, random_floats(256), 256);
    float y[kTileRows];
    for (const Kernels* kernels : all_kernels()) {
      EXPECT_TRUE(gemv_tile(*kernels, full.view, 0, x.view, 0, y)) << kernels->name;
      EXPECT_FALSE(gemv_tile(*kernels, partial.view, 0, x.view, 0, y)) << kernels->name;
    }
  }
}

// ---- activations -------------------------------------------------------------------------------

TEST(QuantiseRow, RoundsToThirteenBitsOfTheLargestMagnitude) {
  std::vector<float> x(kBlock);
  x[0] = -2.0f;
  x[1] = 1.0f;
  x[2] = 2.0f * 2.5f / 4095;  // half way between 2 and 3
  for (const Kernels* kernels : all_kernels()) {
    const TestRows q(*kernels, x, kBlock);
    EXPECT_EQ(q.wide[0], -4095);
    EXPECT_EQ(q.wide[1], 2048);  // 2047.5, to the even side
    EXPECT_EQ(q.wide[3], 0);
    EXPECT_EQ(q.high[0], -64);
    EXPECT_EQ(q.low[0], 1);
    EXPECT_EQ(q.scale[0], 2.0f / 4095);
    EXPECT_EQ(q.isum[0], std::accumulate(q.wide.begin(), q.wide.end(), 0));
    EXPECT_EQ(q.sum[0], q.scale[0] * static_cast<float>(q.isum[0]));
  }
}

TEST(QuantiseRow, HighAndLowPartsMakeTheWholeAndErrorsStayWithinHalfAStep) {
  const std::vector<float> x = random_floats(64 * kBlock, 3.0f);
  const TestRows q(kScalarKernels, x, x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(q.wide[i], 64 * q.high[i] + q.low[i]);
    ASSERT_GE(q.low[i], 0);
    ASSERT_LT(q.low[i], 64);
    ASSERT_NEAR(x[i], q.scale[i / kBlock] * q.wide[i], 0.5001f * q.scale[i / kBlock]);
  }
}

TEST(QuantiseRow, EverySetAgreesOnRandomAndExtremeBlocks) {
  const float most = std::numeric_limits<float>::max();
  const float least = std::numeric_limits<float>::denorm_min();
  for (const Kernels* kernels : all_kernels()) {
    for (float special : {0.0f, -0.0f, least, -1e-30f, 9.9e-31f, 1e-40f, most, -most, 1e20f,
                          kInfinity, -kInfinity, kNan, -kNan}) {
      for (size_t place : {0u, 3u, 17u, 31u}) {
        std::vector<float> x = random_floats(3 * kBlock, special == 0.0f ? 1e-38f : 1.0f);
        x[kBlock + place] = special;
        std::fill_n(&x[2 * kBlock], kBlock, special);
        const TestRows expected(kScalarKernels, x, x.size());
        TestRows(*kernels, x, x.size()).expect_equal(expected);
      }
    }
    const std::vector<float> x = random_floats(100 * kBlock, 10.0f);
    TestRows(*kernels, x, 5 * kBlock).expect_equal(TestRows(kScalarKernels, x, 5 * kBlock));
  }
}

TEST(QuantiseRow, ABlockBelow1e30thIsZero) {
  std::vector<float> x(2 * kBlock);
  x[0] = 0.9e-30f;
  x[kBlock] = 1.1e-30f;
  for (const Kernels* kernels : all_kernels()) {
    const TestRows q(*kernels, x, x.size());
    EXPECT_EQ(q.wide[0], 0);
    EXPECT_EQ(q.scale[0], 0.0f);
    EXPECT_EQ(q.wide[kBlock], 4095);
  }
}

TEST(QuantiseRow, OneNonFiniteValueMakesItsBlockVisiblyNan) {
  for (float bad : {kNan, kInfinity, -kInfinity}) {
    std::vector<float> x(2 * kBlock, 1.0f);
    x[5] = bad;
    const TestRows q(kScalarKernels, x, x.size());
    EXPECT_TRUE(std::isnan(q.scale[0]));
    EXPECT_TRUE(std::isnan(q.sum[0]));
    EXPECT_EQ(q.wide[0], 0);
    EXPECT_EQ(q.wide[kBlock], 4095);
  }
}

// ---- matrix products ---------------------------------------------------------------------------

TEST(Products, TheDefinitionIsWhatTheHeaderSays) {
  for (TensorType type : kQuantised) {
    const uint32_t n_in = 2 * std::max(traits(type).block_elements, 64u);
    const TestMatrix w(type, 13, n_in);
    const TestRows x(kScalarKernels, random_floats(3 * n_in), n_in);
    for (size_t row = 0; row < 13; ++row) {
      const TestPanel tile(kScalarKernels, w.view, row / kTileRows);
      const size_t n_rows = w.view.tile_rows(row / kTileRows);
      const std::vector<float> y = gemm(kScalarKernels, tile.view, n_rows, x.view, 3);
      for (size_t token = 0; token < 3; ++token) {
        ASSERT_EQ(y[token * kStride + row % kTileRows],
                  product_by_definition(w, row, x.view, token))
            << traits(type).name;
        EXPECT_EQ(y[token * kStride + n_rows], kUntouched);
      }
    }
  }
}

// The only error is that of activations in 13 bits: half a step times each weight.
TEST(Products, StayWithinRoundingOfTheSameWeightsInDoubles) {
  for (TensorType type : kQuantised) {
    const uint32_t n_in = 512;
    const TestMatrix w(type, kTileRows, n_in);
    const std::vector<float> floats = random_floats(n_in);
    const TestRows x(kScalarKernels, floats, n_in);
    float y[kTileRows];
    ASSERT_TRUE(gemv_tile(kScalarKernels, w.view, 0, x.view, 0, y));
    for (size_t row = 0; row < kTileRows; ++row) {
      std::vector<float> weights(n_in);
      dequantise_row(type, w.row(row), n_in, weights.data());
      double exact = 0, bound = 0;
      for (size_t i = 0; i < n_in; ++i) {
        const double weight = weights[i];
        exact += weight * floats[i];
        bound += std::fabs(weight) * (0.5 * x.scale[i / kBlock] + 1e-6 * std::fabs(floats[i]));
      }
      EXPECT_NEAR(y[row], exact, bound) << traits(type).name;
    }
  }
}

TEST(Products, EverySetAgreesForAllTypesSizesAndTokenCounts) {
  for (TensorType type : kQuantised) {
    for (uint32_t n_blocks : {1u, 2u, 3u, 5u}) {
      const uint32_t n_in = n_blocks * traits(type).block_elements;
      const TestRows x(kScalarKernels, random_floats(9 * n_in), n_in);
      for (uint32_t n_out = 1; n_out <= 17; ++n_out) {
        const TestMatrix w(type, n_out, n_in);
        for (size_t tile = 0; tile < w.view.n_tiles(); ++tile) {
          const size_t n_rows = w.view.tile_rows(tile);
          const TestPanel expected(kScalarKernels, w.view, tile);
          const std::vector<float> all = gemm(kScalarKernels, expected.view, n_rows, x.view, 9);
          for (const Kernels* kernels : all_kernels()) {
            SCOPED_TRACE(std::string(kernels->name) + " " + traits(type).name);
            const TestPanel unpacked(*kernels, w.view, tile);
            ASSERT_NO_FATAL_FAILURE(unpacked.expect_equal(expected, kernels->byte_panels));
            for (size_t n = 1; n <= 9; ++n) {
              const std::vector<float> y = gemm(*kernels, unpacked.view, n_rows, x.view, n);
              const std::vector<float> first(all.begin(), all.begin() + long(n * kStride));
              ASSERT_TRUE(same_bits(y, first)) << n << " tokens, " << n_rows << " rows";
            }
            for (size_t row = 0; row < 9; ++row) {
              std::vector<float> y(kTileRows, kUntouched);
              if (!gemv_tile(*kernels, w.view, tile, x.view, row, y.data())) continue;
              ASSERT_EQ(n_rows, kTileRows);
              ASSERT_EQ(0, std::memcmp(y.data(), &all[row * kStride], kTileRows * sizeof(float)));
            }
          }
        }
      }
    }
  }
}

TEST(Products, RunsOfTilesGiveWhatEachGives) {
  for (TensorType type : kQuantised) {
    const TestMatrix w(type, 5 * kTileRows, 512);
    const TestRows x(kScalarKernels, random_floats(2 * 512), 512);
    for (const Kernels* kernels : all_kernels()) {
      for (size_t row = 0; row < 2; ++row) {
        float expected[2][2][kTileRows], y[2][2 * kTileRows];
        for (size_t i = 0; i < 2; ++i) {
          ASSERT_TRUE(gemv_tile(kScalarKernels, w.view, 3 + i, x.view, row, expected[0][i]));
          ASSERT_TRUE(gemv_tile(kScalarKernels, w.view, 1 + i, x.view, row, expected[1][i]));
        }
        ASSERT_TRUE(kernels->gemv_tiles(w.view, {3, 1}, 2, x.view, row, {y[0], y[1]}));
        EXPECT_EQ(0, std::memcmp(y, expected, sizeof y)) << kernels->name;
      }
    }
  }
}

// TestRows all +4095, all -4095, alternating, random signs, and -4033 (high -64, low 63).
std::vector<float> extreme_activations(size_t n, int pattern) {
  std::vector<float> x(n, 1.0f);
  for (size_t i = 0; i < n; ++i) {
    if (pattern == 1 || (pattern == 2 && i % 2 == 1)) x[i] = -1.0f;
    if (pattern == 3 && random_bits() % 2 == 1) x[i] = -1.0f;
    if (pattern == 4 && i % kBlock != 0) x[i] = -4033.0f / 4095.0f;
  }
  return x;
}

TEST(Products, MissingRowsOfTheLastTileAreZero) {
  for (TensorType type : {TensorType::kQ4_1, TensorType::kQ6_K, TensorType::kF32}) {
    const TestMatrix w(type, 3, 256);
    for (const Kernels* kernels : all_kernels()) {
      const TestPanel tile(*kernels, w.view, 0);
      const bool is_float = type == TensorType::kF32;
      for (size_t i = 0; i < 256; ++i) {
        for (size_t row = 3; row < kTileRows; ++row) {
          if (is_float) {
            ASSERT_EQ(tile.values[i * kTileRows + row], 0.0f);
          } else {
            ASSERT_EQ(tile.codes[(i / 2 * kTileRows + row) * 2 + i % 2], 0);
            ASSERT_EQ(tile.d[i / kBlock * kTileRows + row], 0.0f);
          }
        }
      }
    }
  }
}

// Fills reach the least and greatest codes: Q6_K -32 times scale -128, Q8_0 -128, all others 0 and
// their greatest.
TEST(Products, NoSumOverflowsAtTheExtremes) {
  constexpr uint32_t kIn = 512;
  for (TensorType type : kQuantised) {
    for (int fill : {0x00, 0x80, 0x7f, 0x0f, 0xf0, 0xff}) {
      for (int scale : {-128, 127}) {
        const TestMatrix w(type, kTileRows, kIn, filled_file(type, kTileRows, kIn, fill, scale));
        for (int pattern = 0; pattern < 5; ++pattern) {
          const TestRows x(kScalarKernels, extreme_activations(kIn, pattern), kIn);
          ASSERT_EQ(std::abs(x.wide[0]), kActivationMax);
          const float expected = product_by_definition(w, 0, x.view, 0);
          for (const Kernels* kernels : all_kernels()) {
            SCOPED_TRACE(std::string(kernels->name) + " " + traits(type).name);
            const TestPanel tile(*kernels, w.view, 0);
            const std::vector<float> y = gemm(*kernels, tile.view, kTileRows, x.view, 1);
            std::vector<float> direct(kTileRows, expected);
            gemv_tile(*kernels, w.view, 0, x.view, 0, direct.data());
            for (size_t row = 0; row < kTileRows; ++row) {
              ASSERT_EQ(y[row], expected);
              ASSERT_EQ(direct[row], expected);
            }
          }
        }
      }
    }
  }
}

TEST(Products, ANonFiniteActivationReachesEveryOutput) {
  std::vector<float> floats = random_floats(256);
  floats[40] = kNan;
  const TestRows x(kScalarKernels, floats, 256);
  for (TensorType type : kQuantised) {
    const TestMatrix w(type, kTileRows, 256);
    for (const Kernels* kernels : all_kernels()) {
      const TestPanel tile(*kernels, w.view, 0);
      const std::vector<float> y = gemm(*kernels, tile.view, kTileRows, x.view, 1);
      std::vector<float> direct(kTileRows, kNan);
      gemv_tile(*kernels, w.view, 0, x.view, 0, direct.data());
      for (size_t row = 0; row < kTileRows; ++row) {
        EXPECT_TRUE(std::isnan(y[row])) << kernels->name << " " << traits(type).name;
        EXPECT_TRUE(std::isnan(direct[row])) << kernels->name << " " << traits(type).name;
      }
    }
  }
}

TEST(Products, EverySetAgreesOnFloatWeightsOfAnyWidth) {
  for (TensorType type : kFloats) {
    for (uint32_t n_in : {1u, 2u, 3u, 4u, 5u, 31u, 32u, 33u, 63u, 64u, 67u, 100u}) {
      const std::vector<float> x = random_floats(9 * n_in);
      for (uint32_t n_out = 1; n_out <= 9; ++n_out) {
        const TestMatrix w(type, n_out, n_in);
        const size_t tile = w.view.n_tiles() - 1, n_rows = w.view.tile_rows(tile);
        const TestPanel expected(kScalarKernels, w.view, tile);
        for (const Kernels* kernels : all_kernels()) {
          SCOPED_TRACE(std::string(kernels->name) + " " + traits(type).name);
          const TestPanel unpacked(*kernels, w.view, tile);
          ASSERT_NO_FATAL_FAILURE(unpacked.expect_equal(expected, kernels->byte_panels));
          for (size_t n = 1; n <= 9; ++n) {
            std::vector<float> a(n * kStride, kUntouched), b = a;
            kScalarKernels.gemm_panel_float(expected.view, n_rows, x.data(), n_in, n, a.data(),
                                            kStride);
            kernels->gemm_panel_float(unpacked.view, n_rows, x.data(), n_in, n, b.data(), kStride);
            ASSERT_TRUE(same_bits(a, b)) << n << " tokens, n_in " << n_in;
          }
        }
      }
    }
  }
}

TEST(Products, FloatProductsAddPartialSumsOf32InputsInOrder) {
  constexpr uint32_t kIn = 70;
  const TestMatrix w(TensorType::kF32, 1, kIn);
  const TestPanel tile(kScalarKernels, w.view, 0);
  const std::vector<float> x = random_floats(kIn);
  float partials[3] = {}, y = 0.0f;
  for (size_t i = 0; i < kIn; ++i) {
    float weight;
    std::memcpy(&weight, w.row(0) + 4 * i, 4);
    partials[i / kBlock] += weight * x[i];
  }
  kScalarKernels.gemm_panel_float(tile.view, 1, x.data(), kIn, 1, &y, kStride);
  EXPECT_EQ(y, (partials[0] + partials[1]) + partials[2]);
}

}  // namespace
}  // namespace nanoinfer
