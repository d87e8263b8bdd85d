#include "engine/quant/blocks.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>

namespace nanoinfer {
namespace {

constexpr size_t kSub = 32;     // elements of a sub-block
constexpr size_t kScaled = 16;  // Q6_K: elements that share an 8-bit scale

// Where a type keeps its codes. Low 4 bits: a byte holds element i and element i + low_span.
// High bits, legacy types: bit i of a little-endian word; K types: planes of 32 elements, one
// element a byte, the next 32 in the next bits.
struct CodeLayout {
  size_t low = 0;  // offset of the low bits
  size_t low_span = 0;
  size_t high = 0;       // offset of the high bits
  size_t high_bits = 0;  // 0, 1 or 2
  int zero = 0;          // the code that stands for 0
  int most = 15;         // the largest code
};

constexpr CodeLayout code_layout(TensorType type) {
  switch (type) {
    case TensorType::kQ4_0:
      return {.low = 2, .low_span = 16, .zero = 8};
    case TensorType::kQ4_1:
      return {.low = 4, .low_span = 16};
    case TensorType::kQ5_0:
      return {6, 16, 2, 1, 16, 31};
    case TensorType::kQ5_1:
      return {8, 16, 4, 1, 0, 31};
    case TensorType::kQ4_K:
      return {.low = 16, .low_span = 32};
    case TensorType::kQ5_K:
      return {48, 32, 16, 1, 0, 31};
    case TensorType::kQ6_K:
      return {0, 64, 128, 2, 32, 63};
    default:
      return {};
  }
}

constexpr size_t block_size(TensorType type) {
  const bool k =
      type == TensorType::kQ4_K || type == TensorType::kQ5_K || type == TensorType::kQ6_K;
  return k ? 256 : kSub;
}

constexpr bool stores_min(TensorType type) {
  return type == TensorType::kQ4_1 || type == TensorType::kQ5_1 || type == TensorType::kQ4_K ||
         type == TensorType::kQ5_K;
}

// Byte and shift of some bits of a code.
struct Bits {
  size_t byte;
  size_t shift;
};

constexpr Bits low_bits(const CodeLayout& layout, size_t i) {
  const size_t span = layout.low_span;
  return {layout.low + i / (2 * span) * span + i % span, i / span % 2 * 4};
}

constexpr Bits high_bits(TensorType type, const CodeLayout& layout, size_t i) {
  if (block_size(type) == kSub) return {layout.high + i / 8, i % 8};
  const size_t planes = 8 / layout.high_bits;
  return {layout.high + i / (kSub * planes) * kSub + i % kSub,
          i / kSub % planes * layout.high_bits};
}

template <TensorType kType>
int get_code(const uint8_t* block, size_t i) {
  if constexpr (kType == TensorType::kQ8_0) return static_cast<int8_t>(block[2 + i]);
  constexpr CodeLayout kLayout = code_layout(kType);
  const Bits low = low_bits(kLayout, i);
  int code = (block[low.byte] >> low.shift) & 15;
  if constexpr (kLayout.high_bits > 0) {
    const Bits high = high_bits(kType, kLayout, i);
    code |= ((block[high.byte] >> high.shift) & ((1 << kLayout.high_bits) - 1)) << 4;
  }
  return code;
}

// The block's bits must be 0 there.
template <TensorType kType>
void set_code(uint8_t* block, size_t i, int code) {
  if constexpr (kType == TensorType::kQ8_0) {
    block[2 + i] = static_cast<uint8_t>(code);
    return;
  }
  constexpr CodeLayout kLayout = code_layout(kType);
  const Bits low = low_bits(kLayout, i);
  block[low.byte] = static_cast<uint8_t>(block[low.byte] | (code & 15) << low.shift);
  if constexpr (kLayout.high_bits > 0) {
    const Bits high = high_bits(kType, kLayout, i);
    block[high.byte] = static_cast<uint8_t>(block[high.byte] | (code >> 4) << high.shift);
  }
}

uint16_t load_u16(const uint8_t* bytes) {
  return static_cast<uint16_t>(bytes[0] | bytes[1] << 8);
}

void store_u16(uint8_t* bytes, uint16_t value) {
  bytes[0] = static_cast<uint8_t>(value);
  bytes[1] = static_cast<uint8_t>(value >> 8);
}

float load_f16(const uint8_t* bytes) {
  return f16_to_f32(load_u16(bytes));
}
void store_f16(uint8_t* bytes, float value) {
  store_u16(bytes, f32_to_f16(value));
}

// ---- scales ------------------------------------------------------------------------------------

// Q4_K and Q5_K keep eight 6-bit scales and eight 6-bit minima in 12 bytes: the first four of each
// in the low bits of bytes 0-3 and 4-7, the last four as nibbles in bytes 8-11 with their two high
// bits on top of the first four.
void load_k_scales(const uint8_t* bytes, int scales[8], int mins[8]) {
  for (int i = 0; i < 4; ++i) {
    scales[i] = bytes[i] & 63;
    mins[i] = bytes[i + 4] & 63;
    scales[i + 4] = (bytes[i + 8] & 15) | (bytes[i] >> 6) << 4;
    mins[i + 4] = bytes[i + 8] >> 4 | (bytes[i + 4] >> 6) << 4;
  }
}

void store_k_scales(const int scales[8], const int mins[8], uint8_t* bytes) {
  for (int i = 0; i < 4; ++i) {
    bytes[i] = static_cast<uint8_t>(scales[i] | (scales[i + 4] >> 4) << 6);
    bytes[i + 4] = static_cast<uint8_t>(mins[i] | (mins[i + 4] >> 4) << 6);
    bytes[i + 8] = static_cast<uint8_t>((scales[i + 4] & 15) | (mins[i + 4] & 15) << 4);
  }
}

// d and m of every sub-block; for Q6_K without its 8-bit scales.
template <TensorType kType>
void load_scales(const uint8_t* block, float* d, float* m) {
  if constexpr (kType == TensorType::kQ4_K || kType == TensorType::kQ5_K) {
    int scales[8], mins[8];
    load_k_scales(block + 4, scales, mins);
    for (int i = 0; i < 8; ++i) {
      d[i] = load_f16(block) * static_cast<float>(scales[i]);
      m[i] = -(load_f16(block + 2) * static_cast<float>(mins[i]));
    }
  } else if constexpr (kType == TensorType::kQ6_K) {
    std::fill_n(d, 8, load_f16(block + 208));
    std::fill_n(m, 8, 0.0f);
  } else {
    d[0] = load_f16(block);
    m[0] = stores_min(kType) ? load_f16(block + 2) : 0.0f;
  }
}

template <TensorType kType>
void decode(const uint8_t* block, BlockCodes* out) {
  load_scales<kType>(block, out->d, out->m);
  for (size_t i = 0; i < block_size(kType); ++i) {
    int code = get_code<kType>(block, i) - code_layout(kType).zero;
    if constexpr (kType == TensorType::kQ6_K) {
      code *= static_cast<int8_t>(block[192 + i / kScaled]);
    }
    out->codes[i] = static_cast<int16_t>(code);
  }
}

// ---- quantising --------------------------------------------------------------------------------

// The integer nearest to value / unit in [lowest, highest]; a unit of 0 counts nothing.
int nearest(float value, float unit, int lowest, int highest) {
  const float ratio = unit == 0.0f ? 0.0f : value / unit;
  if (!(ratio > static_cast<float>(lowest))) return lowest;  // also NaN
  if (ratio >= static_cast<float>(highest)) return highest;
  return static_cast<int>(std::nearbyint(ratio));
}

// The value of largest magnitude, with its sign.
float extreme(const float* x, size_t n) {
  return *std::max_element(x, x + n, [](float a, float b) { return std::fabs(a) < std::fabs(b); });
}

void store_q6_k_scales(const float* x, uint8_t* block) {
  float scales[16];
  for (size_t i = 0; i < 16; ++i) scales[i] = extreme(x + i * kScaled, kScaled) / -32.0f;
  store_f16(block + 208, std::fabs(extreme(scales, 16)) / 127.0f);
  const float d = load_f16(block + 208);
  for (size_t i = 0; i < 16; ++i) {
    block[192 + i] = static_cast<uint8_t>(nearest(scales[i], d, -128, 127));
  }
}

void store_k_super_scales(const float* x, float most, uint8_t* block) {
  float scales[8], mins[8];
  for (size_t i = 0; i < 8; ++i) {
    const auto [low, high] = std::minmax_element(x + i * kSub, x + (i + 1) * kSub);
    mins[i] = std::max(0.0f, -*low);
    scales[i] = std::max(0.0f, *high + mins[i]) / most;
  }
  store_f16(block, extreme(scales, 8) / 63.0f);
  store_f16(block + 2, extreme(mins, 8) / 63.0f);
  int scale_codes[8], min_codes[8];
  for (size_t i = 0; i < 8; ++i) {
    scale_codes[i] = nearest(scales[i], load_f16(block), 0, 63);
    min_codes[i] = nearest(mins[i], load_f16(block + 2), 0, 63);
  }
  store_k_scales(scale_codes, min_codes, block + 4);
}

template <TensorType kType>
void store_scales(const float* x, uint8_t* block) {
  constexpr auto kMost = static_cast<float>(code_layout(kType).most);
  if constexpr (kType == TensorType::kQ6_K) {
    store_q6_k_scales(x, block);
  } else if constexpr (kType == TensorType::kQ4_K || kType == TensorType::kQ5_K) {
    store_k_super_scales(x, kMost, block);
  } else if constexpr (kType == TensorType::kQ8_0) {
    store_f16(block, std::fabs(extreme(x, kSub)) / 127.0f);
  } else if constexpr (stores_min(kType)) {
    const auto [low, high] = std::minmax_element(x, x + kSub);
    store_f16(block, (*high - *low) / kMost);
    store_f16(block + 2, *low);
  } else {
    // The value of largest magnitude takes code 0, since there is one more code below the zero
    // point than above it.
    store_f16(block, extreme(x, kSub) / static_cast<float>(-code_layout(kType).zero));
  }
}

// Codes are chosen against the scales as stored, after their own rounding.
template <TensorType kType>
void encode(const float* x, uint8_t* block) {
  std::memset(block, 0, traits(kType).block_bytes);
  store_scales<kType>(x, block);
  float d[8], m[8];
  load_scales<kType>(block, d, m);
  constexpr bool kSigned = kType == TensorType::kQ8_0;
  constexpr int kZero = code_layout(kType).zero;
  constexpr int kLeast = kSigned ? -127 : 0;
  constexpr int kMost = kSigned ? 127 : code_layout(kType).most;
  for (size_t i = 0; i < block_size(kType); ++i) {
    float unit = d[i / kSub];
    if constexpr (kType == TensorType::kQ6_K) {
      unit *= static_cast<float>(static_cast<int8_t>(block[192 + i / kScaled]));
    }
    const int code = nearest(x[i] - m[i / kSub], unit, kLeast - kZero, kMost - kZero) + kZero;
    set_code<kType>(block, i, code);
  }
}

// Calls act.operator()<type>() for a quantised type.
template <typename Act>
void for_type(TensorType type, Act act) {
  switch (type) {
    case TensorType::kQ8_0:
      return act.template operator()<TensorType::kQ8_0>();
    case TensorType::kQ4_0:
      return act.template operator()<TensorType::kQ4_0>();
    case TensorType::kQ4_1:
      return act.template operator()<TensorType::kQ4_1>();
    case TensorType::kQ5_0:
      return act.template operator()<TensorType::kQ5_0>();
    case TensorType::kQ5_1:
      return act.template operator()<TensorType::kQ5_1>();
    case TensorType::kQ4_K:
      return act.template operator()<TensorType::kQ4_K>();
    case TensorType::kQ5_K:
      return act.template operator()<TensorType::kQ5_K>();
    case TensorType::kQ6_K:
      return act.template operator()<TensorType::kQ6_K>();
    case TensorType::kF32:
    case TensorType::kF16:
    case TensorType::kBF16:
      break;
  }
  assert(false && "a quantised type is expected");
}

}  // namespace

float f16_to_f32(uint16_t bits) {
  // The exponent's bias goes from 15 to 127 by a multiplication with 2^112, which also makes normal
  // floats of subnormal halves; infinity and NaN need the full exponent instead.
  const uint32_t magnitude = bits & 0x7fffu;
  const uint32_t sign = (bits & 0x8000u) << 16;
  const float scaled = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
  const uint32_t full_exponent = magnitude >= 0x7c00u ? 0x7f800000u : 0u;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(scaled) | full_exponent | sign);
}

float bf16_to_f32(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

uint16_t f32_to_f16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = bits >> 16 & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  uint32_t half;
  if (magnitude > 0x7f800000u) {
    half = 0x7e00u | (magnitude >> 13 & 0x3ffu);  // NaN stays NaN
  } else if (magnitude >= 0x477ff000u) {
    half = 0x7c00u;  // 65520 and above round to infinity
  } else if (magnitude < 0x38800000u) {
    // Below the smallest normal half. Between 0.5 and 1 floats are 2^-24 apart, as subnormal
    // halves.
    half = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000u;
  } else {
    half = (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
  }
  return static_cast<uint16_t>(sign | half);
}

uint16_t f32_to_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
  return static_cast<uint16_t>(nan ? bits >> 16 | 0x40u
                                   : (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

bool has_min(TensorType type) {
  return stores_min(type);
}

void decode_block(TensorType type, const uint8_t* block, BlockCodes* out) {
  for_type(type, [&]<TensorType kType> { decode<kType>(block, out); });
}

void dequantise_row(TensorType type, const uint8_t* row, size_t n, float* out) {
  if (type == TensorType::kF32) {
    std::memcpy(out, row, n * sizeof(float));
  } else if (type == TensorType::kF16) {
    for (size_t i = 0; i < n; ++i) out[i] = load_f16(row + 2 * i);
  } else if (type == TensorType::kBF16) {
    for (size_t i = 0; i < n; ++i) out[i] = bf16_to_f32(load_u16(row + 2 * i));
  } else {
    for_type(type, [&]<TensorType kType> {
      BlockCodes block;
      for (size_t i = 0; i < n; i += block_size(kType), row += traits(kType).block_bytes) {
        decode<kType>(row, &block);
        for (size_t j = 0; j < block_size(kType); ++j) {
          const float scaled = block.d[j / kSub] * static_cast<float>(block.codes[j]);
          out[i + j] = stores_min(kType) ? scaled + block.m[j / kSub] : scaled;
        }
      }
    });
  }
}

void quantise_row_to(TensorType type, const float* values, size_t n, uint8_t* row) {
  if (type == TensorType::kF32) {
    std::memcpy(row, values, n * sizeof(float));
  } else if (type == TensorType::kF16) {
    for (size_t i = 0; i < n; ++i) store_f16(row + 2 * i, values[i]);
  } else if (type == TensorType::kBF16) {
    for (size_t i = 0; i < n; ++i) store_u16(row + 2 * i, f32_to_bf16(values[i]));
  } else {
    for_type(type, [&]<TensorType kType> {
      for (size_t i = 0; i < n; i += block_size(kType), row += traits(kType).block_bytes) {
        encode<kType>(values + i, row);
      }
    });
  }
}

}  // namespace nanoinfer
