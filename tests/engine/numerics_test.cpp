// The bits of numerics version 1, pinned: any compiler, machine and kernel set must give them. A
// change of these hashes on purpose is a new kNumericsVersion, since links and saved runs carry it.
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <span>
#include <vector>

#include "engine/kernels/kernels.h"
#include "engine/quant/blocks.h"
#include "tests/engine/kernel_testing.h"

namespace nanoinfer {
namespace {

// FNV-1a over the bit patterns.
class Hash {
 public:
  void add(std::span<const float> values) {
    for (float value : values) {
      value_ = (value_ ^ std::bit_cast<uint32_t>(value)) * 0x100000001b3u;
    }
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325u;
};

// The same values with every standard library: integers of a linear congruential generator.
std::vector<float> fixed_floats(size_t n, uint32_t seed) {
  std::vector<float> x(n);
  for (float& value : x) {
    seed = seed * 1664525u + 1013904223u;
    value = static_cast<float>(static_cast<int32_t>(seed) >> 8) * 0x1p-22f;  // -2 .. 2
  }
  return x;
}

uint64_t hash_of_products(const Kernels& kernels, TensorType type) {
  constexpr uint32_t kIn = 512;
  std::vector<uint8_t> file(kTileRows * static_cast<size_t>(row_bytes(type, kIn)));
  quantise_row_to(type, fixed_floats(kTileRows * kIn, 1).data(), kTileRows * kIn, file.data());
  const TestMatrix w(type, kTileRows, kIn, file);
  const TestRows x(kernels, fixed_floats(3 * kIn, 2), kIn);
  const TestPanel panel(kernels, w.view, 0);
  std::vector<float> y(3 * kTileRows);
  kernels.gemm_panel(panel.view, kTileRows, x.view, 3, y.data(), kTileRows);
  Hash hash;
  hash.add(y);
  return hash.value();
}

uint64_t hash_of_vector_kernels(const Kernels& kernels) {
  constexpr size_t kDim = 48;
  Hash hash;
  const std::vector<float> x = fixed_floats(577, 3), weight = fixed_floats(577, 4);
  std::vector<float> out(577);
  for (size_t n = 500; n <= 577; n += 7) {
    kernels.rms_norm(x.data(), weight.data(), n, 1e-5f, out.data());
    hash.add(out);
  }
  kernels.swiglu(out.data(), x.data(), 577);
  hash.add(out);
  kernels.rope(out.data(), 60, false, weight.data());
  kernels.rope(out.data() + 60, 60, true, weight.data());
  hash.add(out);

  const std::vector<float> q = fixed_floats(kDim, 5), k = fixed_floats(kDim * kChunkPositions, 6);
  const std::vector<float> v = fixed_floats(kDim * kChunkPositions, 7);
  std::vector<float> keys(k.size()), values(v.size());
  for (size_t p = 0; p < kChunkPositions; ++p) {
    for (size_t d = 0; d < kDim; ++d) {
      keys[key_place(kDim, p, d)] = k[d * kChunkPositions + p];
      values[value_place(kDim, p, d)] = v[p * kDim + d];
    }
  }
  std::vector<float> o(2 * kDim), probs(2 * kChunkPositions);
  const KvChunk chunk = {keys.data(), values.data()};
  for (size_t n = 1; n <= kChunkPositions; n += 9) {
    AttentionQuery queries[2] = {{q.data(), n, &probs[0], {&o[0], 0, 0}},
                                 {x.data(), 37, &probs[kChunkPositions], {&o[kDim], 0, 0}}};
    kernels.attention_chunk(queries, chunk, kDim, 0.15f);
    AttentionPartial& merged = queries[0].out;
    kernels.attention_merge(&merged, queries[1].out, kDim);
    hash.add({merged.o, kDim});
    hash.add({{merged.m, merged.l}});
  }
  return hash.value();
}

TEST(Numerics, VersionOneGivesTheseBits) {
  ASSERT_EQ(kNumericsVersion, 1u);
  Hash exp;
  for (float x = -90.0f; x < 90.0f; x += 0.0625f) exp.add({{exp_definition(x * 1.01f)}});
  EXPECT_EQ(exp.value(), 0xb388618188347137u);
  struct {
    TensorType type;
    uint64_t hash;
  } const products[] = {
      {TensorType::kQ8_0, 0x52f1f4d70f8a7d3au}, {TensorType::kQ4_0, 0x82bd621da8eb5c56u},
      {TensorType::kQ4_1, 0xc2911ffde96a3aaeu}, {TensorType::kQ5_0, 0x6665a38b721c54afu},
      {TensorType::kQ5_1, 0xd207cac2ad5cc5c4u}, {TensorType::kQ4_K, 0x8d4c4924a7f2063du},
      {TensorType::kQ5_K, 0x422c1a8eaf6f19d8u}, {TensorType::kQ6_K, 0x58ec081e69fd6e2fu},
  };
  for (const Kernels* kernels : all_kernels()) {
    SCOPED_TRACE(kernels->name);
    for (const auto& [type, hash] : products) {
      EXPECT_EQ(hash_of_products(*kernels, type), hash) << traits(type).name;
    }
    EXPECT_EQ(hash_of_vector_kernels(*kernels), 0x6bbb7f63c83777acu);
  }
}

}  // namespace
}  // namespace nanoinfer
