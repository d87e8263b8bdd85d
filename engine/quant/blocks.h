// What a block of each type means: the definitions every kernel is tested against.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/quant/type.h"

namespace nanoinfer {

float f16_to_f32(uint16_t bits);
float bf16_to_f32(uint16_t bits);
uint16_t f32_to_f16(float value);   // nearest even
uint16_t f32_to_bf16(float value);  // nearest even

// A quantised block seen as integers and scales, per sub-block of 32 elements:
//   w[i] = d[i / 32] * codes[i] + m[i / 32]
// codes have their zero point removed; for Q6_K the 8-bit scale of each 16 is multiplied in.
// d and m are exact products (an 11-bit float times a 6-bit scale).
struct BlockCodes {
  int16_t codes[256];
  float d[8];
  float m[8];
};

// Whether a type has the additive term m.
bool has_min(TensorType type);

// block: block_bytes in file order -> codes; block_elements of them are valid.
void decode_block(TensorType type, const uint8_t* block, BlockCodes* out);

// Row in file order (row_bytes) -> n float32 values: w = d * code + m, float types widened.
void dequantise_row(TensorType type, const uint8_t* row, size_t n, float* out);

// n float32 values -> row in file order, by rounding to the nearest code (plain, not optimised for
// error). Serves tests and fixtures: Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K, F16, BF16,
// F32.
void quantise_row_to(TensorType type, const float* values, size_t n, uint8_t* row);

}  // namespace nanoinfer
