// The float kernels: numerics.h, four lanes at a time.
#include "engine/kernels/numerics.h"
#include "engine/kernels/simd128.h"
#include "engine/kernels/simd128_math.h"

namespace nanoinfer::simd128 {
namespace {

// The largest lane, read as int32.
int32_t largest_lane(v128_t lanes) {
  lanes = wasm_i32x4_max(lanes, wasm_i32x4_shuffle(lanes, lanes, 2, 3, 0, 1));
  lanes = wasm_i32x4_max(lanes, wasm_i32x4_shuffle(lanes, lanes, 1, 0, 3, 2));
  return wasm_i32x4_extract_lane(lanes, 0);
}

int32_t add_int_lanes(v128_t lanes) {
  lanes = wasm_i32x4_add(lanes, wasm_i32x4_shuffle(lanes, lanes, 2, 3, 0, 1));
  lanes = wasm_i32x4_add(lanes, wasm_i32x4_shuffle(lanes, lanes, 1, 0, 3, 2));
  return wasm_i32x4_extract_lane(lanes, 0);
}

// x (32) -> the largest bit pattern without sign. no_sign: 0x7fffffff in each lane.
int32_t largest_magnitude(const float* x, v128_t no_sign) {
  v128_t largest = wasm_i32x4_splat(0);
  for (size_t i = 0; i < kBlock; i += 4) {
    largest = wasm_i32x4_max(largest, wasm_v128_and(wasm_v128_load(x + i), no_sign));
  }
  return largest_lane(largest);
}

// x (4) -> q in int32 lanes; valid: all ones, or zeros to give q = 0. magic: kRoundMagic.
v128_t round_lanes(const float* x, v128_t inverse, v128_t valid, v128_t magic) {
  const v128_t sum = wasm_f32x4_add(wasm_f32x4_mul(wasm_v128_load(x), inverse), magic);
  return wasm_v128_and(wasm_i32x4_sub(sum, magic), valid);
}

// 8 inputs, four pairs, to their places among those of other rows.
void store_pairs(int16_t* to, v128_t q) {
  constexpr size_t kPair = 2 * kPairedRows;
  wasm_v128_store32_lane(to, q, 0);
  wasm_v128_store32_lane(to + kPair, q, 1);
  wasm_v128_store32_lane(to + 2 * kPair, q, 2);
  wasm_v128_store32_lane(to + 3 * kPair, q, 3);
}

}  // namespace

void quantise_row(const float* x, size_t n, const QuantisedRows& out, size_t row) {
  int16_t* wide = out.wide + row * out.n_in;
  int16_t* pairs = out.pairs + pair_place(out.n_in, row, 0);
  int8_t* high = out.high + row * out.n_in;
  int8_t* low = out.low + row * out.n_in;
  const v128_t no_sign = held(wasm_i32x4_splat(0x7fffffff));
  const v128_t magic = held(wasm_f32x4_splat(kRoundMagic));
  const v128_t low6 = held(wasm_i16x8_splat(63));
  for (size_t block = 0; block < n / kBlock; ++block) {
    const ActivationScale a = activation_scale(largest_magnitude(x + block * kBlock, no_sign));
    const v128_t inverse = wasm_f32x4_splat(a.inverse);
    const v128_t valid = wasm_i32x4_splat(a.finite ? -1 : 0);
    v128_t sums = wasm_i32x4_splat(0);
    for (size_t i = block * kBlock; i < (block + 1) * kBlock; i += 16) {
      v128_t q[2];
      for (size_t half = 0; half < 2; ++half) {
        const float* eight = x + i + 8 * half;
        q[half] = wasm_i16x8_narrow_i32x4(round_lanes(eight, inverse, valid, magic),
                                          round_lanes(eight + 4, inverse, valid, magic));
        wasm_v128_store(wide + i + 8 * half, q[half]);
        store_pairs(pairs + (i + 8 * half) * kPairedRows, q[half]);
        sums = wasm_i32x4_add(sums, wasm_i32x4_extadd_pairwise_i16x8(q[half]));
      }
      wasm_v128_store(high + i,
                      wasm_i8x16_narrow_i16x8(wasm_i16x8_shr(q[0], 6), wasm_i16x8_shr(q[1], 6)));
      wasm_v128_store(
          low + i, wasm_i8x16_narrow_i16x8(wasm_v128_and(q[0], low6), wasm_v128_and(q[1], low6)));
    }
    const size_t at = row * out.n_blocks() + block;
    out.scale[at] = a.scale;
    out.isum[at] = add_int_lanes(sums);
    out.sum[at] = a.scale * static_cast<float>(out.isum[at]);
  }
}

void rms_norm(const float* x, const float* weight, size_t n, float eps, float* out) {
  const size_t n_whole = n & ~size_t{3};
  v128_t squares = wasm_f32x4_splat(0.0f);
  for (size_t i = 0; i < n_whole; i += 4) {
    const v128_t four = wasm_v128_load(x + i);
    squares = wasm_f32x4_add(squares, wasm_f32x4_mul(four, four));
  }
  float lanes[4];
  wasm_v128_store(lanes, squares);
  for (size_t i = n_whole; i < n; ++i) lanes[i % 4] += x[i] * x[i];

  const float scale = rms_scale(add_lanes(lanes), n, eps);
  const v128_t scales = wasm_f32x4_splat(scale);
  for (size_t i = 0; i < n_whole; i += 4) {
    const v128_t scaled = wasm_f32x4_mul(wasm_v128_load(x + i), scales);
    wasm_v128_store(out + i, wasm_f32x4_mul(scaled, wasm_v128_load(weight + i)));
  }
  for (size_t i = n_whole; i < n; ++i) out[i] = (x[i] * scale) * weight[i];
}

void add(float* x, const float* y, size_t n) {
  const size_t n_whole = n & ~size_t{3};
  for (size_t i = 0; i < n_whole; i += 4) {
    wasm_v128_store(x + i, wasm_f32x4_add(wasm_v128_load(x + i), wasm_v128_load(y + i)));
  }
  for (size_t i = n_whole; i < n; ++i) x[i] += y[i];
}

void swiglu(float* gate, const float* up, size_t n) {
  const size_t n_whole = n & ~size_t{3};
  const Exp4 exp4;
  for (size_t i = 0; i < n_whole; i += 4) {
    const v128_t z = wasm_v128_load(gate + i);
    const v128_t silu = wasm_f32x4_div(z, wasm_f32x4_add(exp4.one, exp4(wasm_f32x4_neg(z))));
    wasm_v128_store(gate + i, wasm_f32x4_mul(silu, wasm_v128_load(up + i)));
  }
  for (size_t i = n_whole; i < n; ++i) gate[i] = silu(gate[i]) * up[i];
}

void rope(float* head, size_t n_rot, bool adjacent, const float* cos_sin) {
  const size_t n_pairs = n_rot / 2;
  const size_t n_whole = n_pairs & ~size_t{3};
  for (size_t i = 0; i < n_whole; i += 4) {
    const v128_t t0 = wasm_v128_load(cos_sin + 2 * i);
    const v128_t t1 = wasm_v128_load(cos_sin + 2 * i + 4);
    const v128_t cos = wasm_i32x4_shuffle(t0, t1, 0, 2, 4, 6);
    const v128_t sin = wasm_i32x4_shuffle(t0, t1, 1, 3, 5, 7);
    float* first = adjacent ? head + 2 * i : head + i;
    float* second = adjacent ? first + 4 : first + n_pairs;
    v128_t a = wasm_v128_load(first);
    v128_t b = wasm_v128_load(second);
    if (adjacent) {
      const v128_t low = a;
      a = wasm_i32x4_shuffle(low, b, 0, 2, 4, 6);
      b = wasm_i32x4_shuffle(low, b, 1, 3, 5, 7);
    }
    const v128_t x = wasm_f32x4_sub(wasm_f32x4_mul(a, cos), wasm_f32x4_mul(b, sin));
    const v128_t y = wasm_f32x4_add(wasm_f32x4_mul(a, sin), wasm_f32x4_mul(b, cos));
    wasm_v128_store(first, adjacent ? wasm_i32x4_shuffle(x, y, 0, 4, 1, 5) : x);
    wasm_v128_store(second, adjacent ? wasm_i32x4_shuffle(x, y, 2, 6, 3, 7) : y);
  }
  for (size_t i = n_whole; i < n_pairs; ++i) {
    float& a = adjacent ? head[2 * i] : head[i];
    float& b = adjacent ? head[2 * i + 1] : head[i + n_pairs];
    rotate_pair(a, b, cos_sin[2 * i], cos_sin[2 * i + 1]);
  }
}

}  // namespace nanoinfer::simd128
