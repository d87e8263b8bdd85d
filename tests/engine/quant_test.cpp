// What the block formats mean: fixed values worked out by hand, and properties on random bytes.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "engine/quant/blocks.h"

namespace nanoinfer {
namespace {

constexpr TensorType kQuantised[] = {TensorType::kQ8_0, TensorType::kQ4_0, TensorType::kQ4_1,
                                     TensorType::kQ5_0, TensorType::kQ5_1, TensorType::kQ4_K,
                                     TensorType::kQ5_K, TensorType::kQ6_K};
constexpr uint16_t kHalfOne = 0x3c00, kHalfTwo = 0x4000;

void put_u16(std::vector<uint8_t>& bytes, size_t at, uint16_t value) {
  bytes[at] = static_cast<uint8_t>(value);
  bytes[at + 1] = static_cast<uint8_t>(value >> 8);
}

std::vector<uint8_t> empty_block(TensorType type) {
  return std::vector<uint8_t>(traits(type).block_bytes);
}

std::vector<float> values_of(TensorType type, const std::vector<uint8_t>& row) {
  std::vector<float> values(row.size() / traits(type).block_bytes * traits(type).block_elements);
  dequantise_row(type, row.data(), values.size(), values.data());
  return values;
}

// ---- f16 and bf16 ------------------------------------------------------------------------------

// The value of a half by its formula, (-1)^s * 2^(e - 15) * 1.f, computed in doubles.
double half_value(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double magnitude =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

TEST(Half, EveryFiniteHalfHasTheValueOfItsFormulaAndComesBack) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    if ((bits & 0x7c00) == 0x7c00) continue;
    const auto half = static_cast<uint16_t>(bits);
    ASSERT_EQ(f16_to_f32(half), half_value(half)) << bits;
    ASSERT_EQ(f32_to_f16(f16_to_f32(half)), half);
  }
}

TEST(Half, InfinityAndNanKeepTheirMeaning) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(f16_to_f32(0x7c00), kInfinity);
  EXPECT_EQ(f16_to_f32(0xfc00), -kInfinity);
  for (int nan : {0x7c01, 0x7e00, 0x7fff, 0xfc01}) {
    EXPECT_TRUE(std::isnan(f16_to_f32(static_cast<uint16_t>(nan))));
  }
  EXPECT_EQ(f32_to_f16(kInfinity), 0x7c00);
  EXPECT_EQ(f32_to_f16(-kInfinity), 0xfc00);
  EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(std::nanf("")))));
  EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(std::bit_cast<float>(0x7f800001u)))));
  EXPECT_EQ(f32_to_bf16(kInfinity), 0x7f80);
}

// Between two neighbours the nearer wins, and half way the even one.
TEST(Half, RoundsToTheNearestAndHalvesToEven) {
  for (uint16_t half = 0; half < 0x7bff; ++half) {
    const auto next = static_cast<uint16_t>(half + 1);
    const float low = f16_to_f32(half), high = f16_to_f32(next);
    const float middle = low + (high - low) / 2;
    ASSERT_EQ(f32_to_f16(middle), half % 2 == 0 ? half : next);
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, low)), half);
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, high)), next);
  }
  EXPECT_EQ(f32_to_f16(65519.996f), 0x7bff);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7c00);
  EXPECT_EQ(f32_to_f16(std::numeric_limits<float>::denorm_min()), 0);
}

TEST(Half, Bf16IsTheUpperHalfOfAFloatRoundedToEven) {
  EXPECT_EQ(bf16_to_f32(0x3f80), 1.0f);
  EXPECT_EQ(f32_to_bf16(1.0f), 0x3f80);
  EXPECT_EQ(f32_to_bf16(std::bit_cast<float>(0x3f808000u)), 0x3f80);  // half way: even is below
  EXPECT_EQ(f32_to_bf16(std::bit_cast<float>(0x3f818000u)), 0x3f82);  // half way: even is above
  EXPECT_EQ(f32_to_bf16(std::bit_cast<float>(0x3f808001u)), 0x3f81);
  EXPECT_EQ(f32_to_bf16(std::numeric_limits<float>::max()), 0x7f80);
}

// ---- blocks, by hand ---------------------------------------------------------------------------

TEST(Blocks, Q8_0IsAScaleTimesSignedBytes) {
  std::vector<uint8_t> block = empty_block(TensorType::kQ8_0);
  put_u16(block, 0, kHalfTwo);
  block[2] = 5;
  block[2 + 31] = static_cast<uint8_t>(-128);
  const std::vector<float> w = values_of(TensorType::kQ8_0, block);
  EXPECT_EQ(w[0], 10.0f);
  EXPECT_EQ(w[1], 0.0f);
  EXPECT_EQ(w[31], -256.0f);
}

TEST(Blocks, Q4_0HoldsElementIAndIPlus16InOneByteAndEightMeansZero) {
  std::vector<uint8_t> block = empty_block(TensorType::kQ4_0);
  put_u16(block, 0, kHalfOne);
  block[2 + 3] = 0xf9;
  const std::vector<float> w = values_of(TensorType::kQ4_0, block);
  EXPECT_EQ(w[3], 1.0f);   // 9 - 8
  EXPECT_EQ(w[19], 7.0f);  // 15 - 8
  EXPECT_EQ(w[0], -8.0f);
}

TEST(Blocks, Q4_1AddsItsMinimum) {
  std::vector<uint8_t> block = empty_block(TensorType::kQ4_1);
  put_u16(block, 0, kHalfTwo);
  put_u16(block, 2, kHalfOne);
  block[4] = 0x3f;
  const std::vector<float> w = values_of(TensorType::kQ4_1, block);
  EXPECT_EQ(w[0], 31.0f);
  EXPECT_EQ(w[16], 7.0f);
  EXPECT_EQ(w[1], 1.0f);
}

TEST(Blocks, Q5TypesTakeTheirFifthBitFromAWordOf32) {
  std::vector<uint8_t> block = empty_block(TensorType::kQ5_0);
  put_u16(block, 0, kHalfOne);
  block[2 + 0] = 1 << 1;  // element 1
  block[2 + 3] = 1 << 7;  // element 31
  block[6 + 15] = 0x20;   // low bits of 31: 2
  const std::vector<float> w = values_of(TensorType::kQ5_0, block);
  EXPECT_EQ(w[0], -16.0f);
  EXPECT_EQ(w[1], 0.0f);
  EXPECT_EQ(w[31], 2.0f);

  block = empty_block(TensorType::kQ5_1);
  put_u16(block, 0, kHalfOne);
  put_u16(block, 2, kHalfTwo);
  block[4 + 2] = 1;  // element 16
  block[8] = 0x30;   // low bits of 16: 3
  EXPECT_EQ(values_of(TensorType::kQ5_1, block)[16], 16 + 3 + 2);
}

// Sub-block 5's scale and minimum are nibbles with two high bits kept elsewhere.
TEST(Blocks, Q4_KAndQ5_KUnpackSixBitScales) {
  for (TensorType type : {TensorType::kQ4_K, TensorType::kQ5_K}) {
    std::vector<uint8_t> block = empty_block(type);
    put_u16(block, 0, kHalfOne);
    put_u16(block, 2, kHalfTwo);
    block[4 + 1] = 0x80 | 7;  // scale 1 = 7, high bits of scale 5 = 2
    block[4 + 5] = 0x40 | 9;  // min 1 = 9, high bits of min 5 = 1
    block[4 + 9] = 0xa3;      // scale 5 low = 3, min 5 low = 10
    const size_t codes = type == TensorType::kQ4_K ? 16 : 48;
    block[codes + 4] = 0x20;                                // element 36 (sub-block 1): 2
    block[codes + 2 * 32 + 4] = 0xb0;                       // element 164 (sub-block 5): 11
    if (type == TensorType::kQ5_K) block[16 + 4] = 1 << 5;  // its fifth bit
    const float code = type == TensorType::kQ5_K ? 27.0f : 11.0f;
    const std::vector<float> w = values_of(type, block);
    EXPECT_EQ(w[36], 7 * 2.0f - 2 * 9.0f);
    EXPECT_EQ(w[164], 35 * code - 2 * 26.0f);
    EXPECT_EQ(w[0], 0.0f);
  }
}

TEST(Blocks, Q6_KScalesEverySixteenAndKeepsTheProductExact) {
  std::vector<uint8_t> block = empty_block(TensorType::kQ6_K);
  put_u16(block, 208, kHalfOne);
  block[192 + 0] = static_cast<uint8_t>(-128);
  block[192 + 15] = 3;
  block[64 + 63] = 0x50;          // low bits of element 255: 5
  block[128 + 32 + 31] = 3 << 6;  // its high bits: 3
  BlockCodes codes;
  decode_block(TensorType::kQ6_K, block.data(), &codes);
  EXPECT_EQ(codes.codes[0], 4096);  // -32 * -128
  EXPECT_EQ(codes.codes[255], (0x35 - 32) * 3);
  EXPECT_EQ(codes.codes[16], 0);
  EXPECT_EQ(codes.d[7], 1.0f);
  EXPECT_EQ(values_of(TensorType::kQ6_K, block)[255], 63.0f);
}

// ---- quantising --------------------------------------------------------------------------------

TEST(Blocks, QuantisingErrsByLittleMoreThanHalfAStep) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  std::vector<float> x(256 * 8);
  for (float& value : x) value = uniform(random);
  for (TensorType type : kQuantised) {
    std::vector<uint8_t> row(static_cast<size_t>(row_bytes(type, x.size())));
    quantise_row_to(type, x.data(), x.size(), row.data());
    const std::vector<float> w = values_of(type, row);
    const bool bits4 =
        type == TensorType::kQ4_0 || type == TensorType::kQ4_1 || type == TensorType::kQ4_K;
    const bool bits5 =
        type == TensorType::kQ5_0 || type == TensorType::kQ5_1 || type == TensorType::kQ5_K;
    const float step = 2.0f / (bits4                       ? 15.0f
                               : bits5                     ? 31.0f
                               : type == TensorType::kQ6_K ? 63.0f
                                                           : 254.0f);
    double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      worst = std::max<double>(worst, std::fabs(w[i] - x[i]));
    }
    // A symmetric grid of 2^b codes ends one step before its far side: there the error is a step.
    EXPECT_LT(worst, 1.2 * step) << traits(type).name;
    EXPECT_GT(worst, 0.3 * step) << traits(type).name;
  }
}

TEST(Blocks, ZerosAndNonFiniteValuesQuantiseWithoutTrouble) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (TensorType type : kQuantised) {
    std::vector<uint8_t> row(static_cast<size_t>(row_bytes(type, 256)));
    std::vector<float> x(256);
    quantise_row_to(type, x.data(), x.size(), row.data());
    for (float w : values_of(type, row)) EXPECT_EQ(w, 0.0f) << traits(type).name;
    for (float bad : {infinity, -infinity, std::nanf(""), 3e38f, 1e-42f}) {
      x[7] = bad;
      quantise_row_to(type, x.data(), x.size(), row.data());
    }
  }
}

// Sixteen steps of 1/8 from -1 to 7/8: both scales come out as 1/8.
TEST(Blocks, ValuesOnTheGridComeBackExactly) {
  std::vector<float> x(32);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 16) / 8.0f - 1.0f;
  for (TensorType type : {TensorType::kQ4_0, TensorType::kQ4_1}) {
    std::vector<uint8_t> row(static_cast<size_t>(row_bytes(type, x.size())));
    quantise_row_to(type, x.data(), x.size(), row.data());
    EXPECT_EQ(values_of(type, row), x) << traits(type).name;
  }
}

TEST(Blocks, FloatTypesWiden) {
  const std::vector<float> x = {1.0f, -2.5f, 0.0f, 65504.0f};
  for (TensorType type : {TensorType::kF32, TensorType::kF16}) {
    std::vector<uint8_t> row(static_cast<size_t>(row_bytes(type, x.size())));
    quantise_row_to(type, x.data(), x.size(), row.data());
    EXPECT_EQ(values_of(type, row), x);
  }
}

}  // namespace
}  // namespace nanoinfer
