// Speed of the kernels on one thread, weights in cache: kernels_bench [set [type]], for a set of
// kernels.h and a type such as Q4_K.
//   gemv     GMAC/s straight from packed tiles, one token
//   gemm     GMAC/s of a panel already unpacked, 64 tokens
//   prefill  GMAC/s of unpacking and gemm together, 8 and 64 tokens
//   unpack   ns per 1,000 weights
// Each figure is the best of many short runs: a browser compiles a function well only after it has
// been called often, and on a shared machine only a short run is left alone.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

#include "engine/kernels/kernels.h"
#include "engine/kernels/tiles.h"
#include "engine/quant/blocks.h"

namespace nanoinfer {
namespace {

constexpr uint32_t kInputs = 1536;
constexpr uint32_t kOutputs = 64;
constexpr size_t kTokens = 64;
constexpr double kMacs = double{kInputs} * kOutputs;

std::vector<float> random_floats(size_t n) {
  static std::mt19937 bits(1);
  std::normal_distribution<float> normal;
  std::vector<float> x(n);
  for (float& value : x) value = normal(bits);
  return x;
}

// Least milliseconds of one call of act.
template <typename Act>
double least_ms(Act act) {
  using Clock = std::chrono::steady_clock;
  constexpr double kRunMs = 2.0;
  double least = 1e9;
  for (int run = 0; run < 150; ++run) {
    const Clock::time_point start = Clock::now();
    double elapsed = 0.0;
    int n_calls = 0;
    while (elapsed < kRunMs) {
      act();
      ++n_calls;
      elapsed = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    }
    if (elapsed / n_calls < least) least = elapsed / n_calls;
  }
  return least;
}

// Random weights of a type, quantised from floats so that scales are ordinary.
struct Weights {
  std::vector<uint8_t> tiles;
  Matrix view;

  explicit Weights(TensorType type) {
    const auto n_row_bytes = static_cast<size_t>(row_bytes(type, kInputs));
    tiles.resize(kOutputs * n_row_bytes);
    for (size_t row = 0; row < kOutputs; ++row) {
      quantise_row_to(type, random_floats(kInputs).data(), kInputs, &tiles[row * n_row_bytes]);
    }
    std::vector<uint8_t> scratch(kTileRows * n_row_bytes);
    for (size_t row = 0; row < kOutputs; row += kTileRows) {
      repack_tile(type, &tiles[row * n_row_bytes], kTileRows, kInputs, scratch.data());
    }
    view = {.type = type, .data = tiles.data(), .n_out = kOutputs, .n_in = kInputs};
  }
};

struct Activations {
  std::vector<float> floats = random_floats(kTokens * kInputs);
  std::vector<int16_t> wide = std::vector<int16_t>(floats.size());
  std::vector<int16_t> pairs = std::vector<int16_t>(paired_rows(kTokens) * kInputs);
  std::vector<int8_t> high = std::vector<int8_t>(floats.size());
  std::vector<int8_t> low = high;
  std::vector<float> scale = std::vector<float>(floats.size() / kBlock);
  std::vector<float> sum = scale;
  std::vector<int32_t> isum = std::vector<int32_t>(scale.size());
  QuantisedRows view = {wide.data(),  pairs.data(), high.data(), low.data(),
                        scale.data(), sum.data(),   isum.data(), kInputs};

  explicit Activations(const Kernels& kernels) {
    for (size_t row = 0; row < kTokens; ++row) {
      kernels.quantise_row(&floats[row * kInputs], kInputs, view, row);
    }
  }
};

struct Bench {
  const Kernels& kernels;
  Activations x;
  std::vector<int16_t> codes = std::vector<int16_t>(kInputs * kTileRows);
  std::vector<float> d = std::vector<float>(kInputs / kBlock * kTileRows);
  std::vector<int32_t> code_sums = std::vector<int32_t>(d.size());
  std::vector<float> m = d;
  std::vector<float> values = std::vector<float>(kInputs * kTileRows);
  std::vector<float> y = std::vector<float>(kTokens * kOutputs);

  explicit Bench(const Kernels& set) : kernels(set), x(set) {}

  Panel panel(TensorType type) {
    return {type, codes.data(), code_sums.data(), d.data(), m.data(), values.data()};
  }

  void unpack(const Matrix& w) {
    for (size_t tile = 0; tile < w.n_tiles(); ++tile) kernels.unpack_tile(w, tile, panel(w.type));
  }

  void multiply(const Matrix& w, size_t tile, size_t n_tokens) {
    float* to = &y[tile * kTileRows];
    if (traits(w.type).quantised) {
      kernels.gemm_panel(panel(w.type), kTileRows, x.view, n_tokens, to, kOutputs);
    } else {
      kernels.gemm_panel_float(panel(w.type), kTileRows, x.floats.data(), kInputs, n_tokens, to,
                               kOutputs);
    }
  }

  void prefill(const Matrix& w, size_t n_tokens) {
    for (size_t tile = 0; tile < w.n_tiles(); ++tile) {
      kernels.unpack_tile(w, tile, panel(w.type));
      multiply(w, tile, n_tokens);
    }
  }

  void gemv(const Matrix& w) {
    const size_t n_pairs = w.n_tiles() / 2;
    kernels.gemv_tiles(w, {0, n_pairs}, n_pairs, x.view, 0, {&y[0], &y[n_pairs * kTileRows]});
  }

  void report(TensorType type) {
    const Weights weights(type);
    const Matrix& w = weights.view;
    const bool packed = kernels.gemv_tiles(w, {0, 1}, 1, x.view, 0, {y.data(), y.data() + 8});
    const double gemv_ms = packed ? least_ms([&] { gemv(w); }) : 0.0;
    kernels.unpack_tile(w, 0, panel(type));
    const double gemm_ms = least_ms([&] { multiply(w, 0, kTokens); });
    const double unpack_ms = least_ms([&] { unpack(w); });
    const double prefill8_ms = least_ms([&] { prefill(w, 8); });
    const double prefill_ms = least_ms([&] { prefill(w, kTokens); });
    std::printf("%-8s %-5s gemv %6.2f  gemm %6.2f  prefill 8: %6.2f  64: %6.2f  unpack %6.0f\n",
                kernels.name, traits(type).name, packed ? kMacs / gemv_ms * 1e-6 : 0.0,
                kTileRows * kInputs * kTokens / gemm_ms * 1e-6, kMacs * 8 / prefill8_ms * 1e-6,
                kMacs * kTokens / prefill_ms * 1e-6, unpack_ms * 1e9 / kMacs);
  }

  // Kernels of vectors: ns per 1,000 elements, and for attention GMAC/s of a full chunk.
  void report_vectors() {
    std::vector<float> a = random_floats(kInputs), b = random_floats(kInputs), out(kInputs);
    const double swiglu_ms = least_ms([&] {
      std::memcpy(out.data(), a.data(), sizeof(float) * kInputs);
      kernels.swiglu(out.data(), b.data(), kInputs);
    });
    const double norm_ms =
        least_ms([&] { kernels.rms_norm(a.data(), b.data(), kInputs, 1e-5f, out.data()); });
    const double quantise_ms =
        least_ms([&] { kernels.quantise_row(a.data(), kInputs, x.view, 0); });
    constexpr size_t kHeadDim = 64;
    const std::vector<float> keys = random_floats(kHeadDim * kChunkPositions);
    const std::vector<float> cached = random_floats(kHeadDim * kChunkPositions);
    float probs[2][kChunkPositions], o[2][kHeadDim];
    AttentionQuery queries[2];
    for (size_t i = 0; i < 2; ++i) {
      queries[i] = {&a[i * kHeadDim], kChunkPositions, probs[i], {o[i], 0.0f, 0.0f}};
    }
    const double attention_ms = least_ms(
        [&] { kernels.attention_chunk(queries, {keys.data(), cached.data()}, kHeadDim, 0.125f); });
    constexpr double kPerThousand = 1e9 / kInputs;
    std::printf(
        "%-8s swiglu %.0f  rms_norm %.0f  quantise_row %.0f ns per 1,000; attention %.2f "
        "GMAC/s\n",
        kernels.name, swiglu_ms * kPerThousand, norm_ms * kPerThousand, quantise_ms * kPerThousand,
        2.0 * 2 * kHeadDim * kChunkPositions / attention_ms * 1e-6);
  }
};

constexpr TensorType kTypes[] = {
    TensorType::kQ4_0, TensorType::kQ4_1, TensorType::kQ5_0, TensorType::kQ5_1, TensorType::kQ8_0,
    TensorType::kQ4_K, TensorType::kQ5_K, TensorType::kQ6_K, TensorType::kF32,  TensorType::kF16};

int run(const char* name, const char* only) {
  const Kernels* kernels = name ? find_kernels(name) : &default_kernels();
  if (!kernels) {
    std::fprintf(stderr, "this build has no set %s\n", name);
    return 2;
  }
  Bench bench(*kernels);
  for (const TensorType type : kTypes) {
    if (!only || std::strcmp(only, traits(type).name) == 0) bench.report(type);
  }
  if (!only) bench.report_vectors();
  return 0;
}

}  // namespace
}  // namespace nanoinfer

int main(int argc, char** argv) {
  return nanoinfer::run(argc > 1 ? argv[1] : nullptr, argc > 2 ? argv[2] : nullptr);
}
