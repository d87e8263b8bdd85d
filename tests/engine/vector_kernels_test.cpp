// Every kernel set gives the bits of the definition, and the definition means what it says:
// exp, norms, SwiGLU, RoPE, attention.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "engine/kernels/kernels.h"
#include "engine/kernels/sets.h"
#include "tests/engine/kernel_testing.h"

namespace nanoinfer {
namespace {

// ---- exp ---------------------------------------------------------------------------------------

// A step coprime to 2^32 passes through all exponents and both signs.
TEST(Exp, IsWithin2e7OfTheTrueValueOverItsWholeRange) {
  double worst = 0;
  for (uint64_t bits = 0; bits < 1ull << 32; bits += 2003) {
    const auto x = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (!(x >= -87.3f && x <= 88.7f)) continue;
    const double exact = std::exp(static_cast<double>(x));
    worst = std::max(worst, std::fabs(exp_definition(x) / exact - 1.0));
  }
  EXPECT_LT(worst, 1e-7);
  EXPECT_GT(worst, 1e-9);  // it was measured
}

TEST(Exp, KeepsToItsEdges) {
  EXPECT_EQ(exp_definition(0.0f), 1.0f);
  EXPECT_EQ(exp_definition(-0.0f), 1.0f);
  EXPECT_GT(exp_definition(-87.3f), 0.0f);
  EXPECT_EQ(exp_definition(std::nextafter(-87.3f, -kInfinity)), 0.0f);
  EXPECT_EQ(exp_definition(-kInfinity), 0.0f);
  EXPECT_LT(exp_definition(88.7f), kInfinity);
  EXPECT_EQ(exp_definition(std::nextafter(88.7f, kInfinity)), kInfinity);
  EXPECT_EQ(exp_definition(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(exp_definition(kNan)));
  EXPECT_TRUE(std::isnan(exp_definition(-kNan)));
}

// ---- elementwise kernels -----------------------------------------------------------------------

// Values of every magnitude, with the special ones between.
std::vector<float> sweep() {
  std::vector<float> z = {0.0f, -0.0f, kInfinity, -kInfinity, kNan, -kNan, 87.3f, 88.7f, -88.7f};
  for (uint64_t bits = 0; bits < 1ull << 32; bits += 50021) {
    z.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  }
  for (float x = -120.0f; x < 120.0f; x += 0.0131f) z.push_back(x);
  return z;
}

TEST(Swiglu, EverySetAgreesOverAllMagnitudesAndLengths) {
  const std::vector<float> z = sweep(), up = random_floats(z.size());
  std::vector<float> expected = z;
  kScalarKernels.swiglu(expected.data(), up.data(), z.size());
  for (const Kernels* kernels : all_kernels()) {
    std::vector<float> gate = z;
    kernels->swiglu(gate.data(), up.data(), z.size());
    EXPECT_TRUE(same_bits(gate, expected)) << kernels->name;
    for (size_t n = 0; n <= 20; ++n) {
      gate = z;
      kernels->swiglu(gate.data(), up.data(), n);
      std::vector<float> head = z;
      std::copy_n(expected.begin(), n, head.begin());
      ASSERT_TRUE(same_bits(gate, head)) << kernels->name << " n = " << n;
    }
  }
}

TEST(Swiglu, IsGateTimesItsSigmoidTimesUp) {
  std::vector<float> gate = {0.0f, 1.0f, -1.0f, 30.0f, -30.0f, -200.0f}, up(6, 2.0f);
  const std::vector<float> z = gate;
  kScalarKernels.swiglu(gate.data(), up.data(), gate.size());
  for (size_t i = 0; i < z.size(); ++i) {
    const double exact = 2.0 * z[i] / (1.0 + std::exp(-static_cast<double>(z[i])));
    EXPECT_NEAR(gate[i], exact, 1e-6 * std::fabs(exact) + 1e-30);
  }
}

TEST(Add, EverySetAgreesForEveryLength) {
  for (const Kernels* kernels : all_kernels()) {
    for (size_t n = 0; n <= 40; ++n) {
      const std::vector<float> x = random_floats(41), y = random_floats(41);
      std::vector<float> sum = x, expected = x;
      for (size_t i = 0; i < n; ++i) expected[i] = x[i] + y[i];
      kernels->add(sum.data(), y.data(), n);
      ASSERT_TRUE(same_bits(sum, expected)) << kernels->name << " n = " << n;
    }
  }
}

TEST(RmsNorm, EverySetAgreesForEveryLength) {
  for (const Kernels* kernels : all_kernels()) {
    for (size_t n = 1; n <= 70; ++n) {
      const std::vector<float> x = random_floats(n, 5.0f), weight = random_floats(n);
      std::vector<float> expected(n + 1, kUntouched), out = expected;
      kScalarKernels.rms_norm(x.data(), weight.data(), n, 1e-5f, expected.data());
      kernels->rms_norm(x.data(), weight.data(), n, 1e-5f, out.data());
      ASSERT_TRUE(same_bits(out, expected)) << kernels->name << " n = " << n;
    }
  }
}

TEST(RmsNorm, DividesByTheRootOfTheMeanSquare) {
  const std::vector<float> x = {3.0f, -3.0f, 3.0f, 3.0f, 3.0f},
                           weight = {1.0f, 2.0f, 0.5f, 0.0f, -1.0f};
  std::vector<float> out(5);
  kScalarKernels.rms_norm(x.data(), weight.data(), 5, 7.0f, out.data());  // sqrt(9 + 7) = 4
  EXPECT_EQ(out, (std::vector<float>{0.75f, -1.5f, 0.375f, 0.0f, -0.75f}));
}

TEST(Rope, EverySetAgreesForBothPairOrdersAndPartialRotation) {
  for (const Kernels* kernels : all_kernels()) {
    for (bool adjacent : {false, true}) {
      for (size_t n_rot = 0; n_rot <= 40; n_rot += 2) {
        const std::vector<float> head = random_floats(43), cos_sin = random_floats(n_rot);
        std::vector<float> expected = head, rotated = head;
        kScalarKernels.rope(expected.data(), n_rot, adjacent, cos_sin.data());
        kernels->rope(rotated.data(), n_rot, adjacent, cos_sin.data());
        ASSERT_TRUE(same_bits(rotated, expected)) << kernels->name << " n_rot = " << n_rot;
      }
    }
  }
}

// The first pair by 90 degrees, the second not at all; the fifth element is no part of it.
TEST(Rope, TurnsPairsByTheirAngles) {
  const std::vector<float> cos_sin = {0.0f, 1.0f, 1.0f, 0.0f};
  std::vector<float> head = {1, 2, 3, 4, 5};
  kScalarKernels.rope(head.data(), 4, true, cos_sin.data());
  EXPECT_EQ(head, (std::vector<float>{-2, 1, 3, 4, 5}));
  head = {1, 2, 3, 4, 5};
  kScalarKernels.rope(head.data(), 4, false, cos_sin.data());
  EXPECT_EQ(head, (std::vector<float>{-3, 2, 1, 4, 5}));
}

// ---- attention ---------------------------------------------------------------------------------

// A chunk of which n positions are written; all others hold NaN, which must not be read.
struct Chunk {
  size_t head_dim;
  std::vector<float> keys, values;

  Chunk(size_t n, size_t dim) : head_dim(dim), keys(dim * kChunkPositions, kNan), values(keys) {
    for (size_t p = 0; p < n; ++p) {
      const std::vector<float> k = random_floats(dim, 2.0f), v = random_floats(dim);
      kScalarKernels.kv_append(k.data(), v.data(), dim, p, keys.data(), values.data());
    }
  }
  KvChunk view() const { return {keys.data(), values.data()}; }
};

struct Partial {
  std::vector<float> o;
  std::vector<float> probs = std::vector<float>(kChunkPositions);
  AttentionPartial view;

  Partial(const Kernels& kernels, const std::vector<float>& q, const Chunk& chunk, size_t n,
          float scale)
      : o(chunk.head_dim + 1, kUntouched), view{o.data(), kUntouched, kUntouched} {
    AttentionQuery query = {q.data(), n, probs.data(), view};
    kernels.attention_chunk({&query, 1}, chunk.view(), chunk.head_dim, scale);
    view = query.out;
    probs.resize(n);
  }

  testing::AssertionResult same_as(const Partial& other) const {
    if (!same_bits({view.m, view.l}, {other.view.m, other.view.l})) {
      return testing::AssertionFailure() << "m or l differs";
    }
    const testing::AssertionResult same = same_bits(probs, other.probs);
    return same ? same_bits(o, other.o) : same;
  }
};

// Every position in turn, so that what one set writes where another does not would show.
TEST(KvAppend, EverySetPutsKeysAndValuesWhereTheyBelong) {
  for (const Kernels* kernels : all_kernels()) {
    for (const size_t head_dim : {1u, 4u, 15u, 16u, 17u, 48u, 63u, 64u, 80u, 128u}) {
      const std::vector<float> untouched(head_dim * kChunkPositions, kUntouched);
      for (size_t p = 0; p < kChunkPositions; ++p) {
        const std::vector<float> k = random_floats(head_dim), v = random_floats(head_dim);
        std::vector<float> keys = untouched, values = untouched, keys_there = untouched,
                           values_there = untouched;
        for (size_t d = 0; d < head_dim; ++d) {
          keys_there[key_place(head_dim, p, d)] = k[d];
          values_there[value_place(head_dim, p, d)] = v[d];
        }
        kernels->kv_append(k.data(), v.data(), head_dim, p, keys.data(), values.data());
        EXPECT_EQ(keys, keys_there) << kernels->name << ' ' << head_dim << ' ' << p;
        EXPECT_EQ(values, values_there) << kernels->name << ' ' << head_dim << ' ' << p;
      }
    }
  }
}

TEST(Attention, EverySetAgreesForEveryLengthAndHeadDim) {
  for (const Kernels* kernels : all_kernels()) {
    for (size_t head_dim : {1u, 2u, 3u, 4u, 5u, 7u, 8u, 17u, 64u}) {
      for (size_t n = 1; n <= kChunkPositions; ++n) {
        SCOPED_TRACE(std::string(kernels->name) + " n " + std::to_string(n) + " head_dim " +
                     std::to_string(head_dim));
        const std::vector<float> q = random_floats(head_dim);
        const Chunk chunk(n, head_dim), next_chunk(n, head_dim);
        Partial expected(kScalarKernels, q, chunk, n, 0.7f), actual(*kernels, q, chunk, n, 0.7f);
        ASSERT_TRUE(actual.same_as(expected));
        const Partial next(kScalarKernels, q, next_chunk, n, 0.7f);
        kScalarKernels.attention_merge(&expected.view, next.view, head_dim);
        kernels->attention_merge(&actual.view, next.view, head_dim);
        ASSERT_TRUE(actual.same_as(expected));
        kScalarKernels.attention_finish(expected.view, head_dim, expected.view.o);
        kernels->attention_finish(actual.view, head_dim, actual.view.o);
        ASSERT_TRUE(actual.same_as(expected));
      }
    }
  }
}

// Three queries that see 1 to 64 positions each, in every order of lengths: none changes another.
TEST(Attention, QueriesThatComeTogetherGiveWhatTheyGiveAlone) {
  constexpr size_t kDim = 36;
  const Chunk chunk(kChunkPositions, kDim);
  std::vector<std::vector<float>> q;
  for (size_t i = 0; i < 3; ++i) q.push_back(random_floats(kDim));
  for (const Kernels* kernels : all_kernels()) {
    for (size_t n = 1; n <= kChunkPositions; ++n) {
      const size_t lengths[3] = {n, kChunkPositions + 1 - n, std::max<size_t>(1, n / 2)};
      std::vector<float> o(3 * kDim), probs(3 * kChunkPositions);
      std::vector<AttentionQuery> queries;
      for (size_t i = 0; i < 3; ++i) {
        queries.push_back(
            {q[i].data(), lengths[i], &probs[i * kChunkPositions], {&o[i * kDim], 0, 0}});
      }
      kernels->attention_chunk(queries, chunk.view(), kDim, 0.3f);
      for (size_t i = 0; i < 3; ++i) {
        const Partial alone(kScalarKernels, q[i], chunk, lengths[i], 0.3f);
        const std::vector<float> together(queries[i].out.o, queries[i].out.o + kDim);
        ASSERT_TRUE(same_bits(together, {alone.o.begin(), alone.o.begin() + kDim}))
            << kernels->name << " query " << i << " n " << n;
        ASSERT_TRUE(same_bits({queries[i].out.m, queries[i].out.l}, {alone.view.m, alone.view.l}));
      }
    }
  }
}

TEST(Attention, ChunksMergedInOrderAreTheSoftmaxOverAllPositions) {
  constexpr size_t kDim = 16, kLast = 10, kTotal = 2 * kChunkPositions + kLast;
  const std::vector<float> q = random_floats(kDim);
  const Chunk chunks[3] = {{kChunkPositions, kDim}, {kChunkPositions, kDim}, {kLast, kDim}};
  Partial sum(kScalarKernels, q, chunks[0], kChunkPositions, 0.25f);
  for (size_t c = 1; c < 3; ++c) {
    const Partial next(kScalarKernels, q, chunks[c], c < 2 ? kChunkPositions : kLast, 0.25f);
    kScalarKernels.attention_merge(&sum.view, next.view, kDim);
  }
  double weights = 0, o[kDim] = {};
  for (size_t i = 0; i < kTotal; ++i) {
    const Chunk& chunk = chunks[i / kChunkPositions];
    const size_t p = i % kChunkPositions;
    double score = 0;
    for (size_t d = 0; d < kDim; ++d) {
      score += static_cast<double>(q[d]) * chunk.keys[key_place(kDim, p, d)];
    }
    const double weight = std::exp(0.25 * score);
    weights += weight;
    for (size_t d = 0; d < kDim; ++d) o[d] += weight * chunk.values[value_place(kDim, p, d)];
  }
  for (size_t d = 0; d < kDim; ++d) EXPECT_NEAR(sum.o[d] / sum.view.l, o[d] / weights, 1e-6);
  EXPECT_EQ(sum.o[kDim], kUntouched);
}

// Scores 800 apart: the far one's weight is exactly 0, and nothing overflows.
TEST(Attention, LargeScoresNeitherOverflowNorLeak) {
  const std::vector<float> q = {40.0f};
  Chunk chunk(2, 1);
  chunk.keys[0] = -10.0f;
  chunk.keys[1] = 10.0f;
  chunk.values[0] = 1.0f;
  chunk.values[1] = 3.0f;
  for (const Kernels* kernels : all_kernels()) {
    const Partial partial(*kernels, q, chunk, 2, 1.0f);
    EXPECT_EQ(partial.view.m, 400.0f);
    EXPECT_EQ(partial.view.l, 1.0f);
    EXPECT_EQ(partial.o[0], 3.0f);
    EXPECT_EQ(partial.probs, (std::vector<float>{0.0f, 1.0f}));
  }
}

}  // namespace
}  // namespace nanoinfer
