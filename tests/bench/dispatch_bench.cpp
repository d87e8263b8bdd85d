// What the plan costs beside its arithmetic: dispatch_bench MODEL THREADS decodes tokens with the
// fastest kernels and with kernels that do nothing, and prints the medians as JSON. What is left
// without kernels is the walk over the ops, sharing their units between threads, the barriers, and
// the copies that no kernel makes (a row of the embedding, keys and values into the cache).
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <type_traits>
#include <vector>

#include "engine/base/clock.h"
#include "engine/model/loader.h"
#include "engine/run/session.h"

namespace nanoinfer {
namespace {

constexpr uint32_t kContext = 256;
constexpr size_t kTokens = 200;  // decoded in one session; the first half warms up

// A function of any kernel's type that does nothing; gemv_tiles must not say that it cannot.
template <typename R, typename... Args>
auto nothing(R (*)(Args...)) -> R (*)(Args...) {
  return [](Args...) -> R {
    if constexpr (!std::is_void_v<R>) return R{1};
  };
}

Kernels empty_kernels() {
  Kernels empty = *all_kernels().back();
  empty.name = "empty";
  empty.quantise_row = nothing(empty.quantise_row);
  empty.unpack_tile = nothing(empty.unpack_tile);
  empty.gemm_panel = nothing(empty.gemm_panel);
  empty.gemm_panel_float = nothing(empty.gemm_panel_float);
  empty.gemv_tiles = nothing(empty.gemv_tiles);
  empty.rms_norm = nothing(empty.rms_norm);
  empty.add = nothing(empty.add);
  empty.swiglu = nothing(empty.swiglu);
  empty.rope = nothing(empty.rope);
  empty.attention_chunk = nothing(empty.attention_chunk);
  empty.attention_merge = nothing(empty.attention_merge);
  empty.attention_finish = nothing(empty.attention_finish);
  return empty;
}

double median_of_last_half(std::vector<double>& times) {
  const auto half = times.begin() + kTokens / 2;
  std::nth_element(half, half + kTokens / 4, times.end());
  return half[kTokens / 4];
}

struct Measured {
  size_t n_ops = 0;
  double ops_us = 0;  // of all ops but the last, the head: with it come the checks that end a pass
  double token_us = 0;  // of everything
};

// Medians of a token; n_ops stays 0 if the model cannot be run.
Measured measure(const Model& model, uint32_t n_threads, const Kernels* kernels) {
  const Result<std::unique_ptr<Session>> made = Session::create(
      model, {.n_ctx = kContext, .n_batch = 1, .n_threads = n_threads, .kernels = kernels});
  if (!made) return {};
  Session& session = **made;
  std::vector<double> ops_us, token_us;
  for (uint32_t pos = 0; pos < kTokens; ++pos) {
    const Row row{
        .token_id = static_cast<int32_t>(pos), .seq = 0, .pos = pos, .wants_logits = true};
    if (!session.begin({&row, 1})) return {};
    const double start_ms = now_ms();
    if (!session.run(session.ops().size() - 1)) return {};
    ops_us.push_back((now_ms() - start_ms) * 1e3);
    if (!session.run()) return {};
    token_us.push_back((now_ms() - start_ms) * 1e3);
  }
  return {session.ops().size(), median_of_last_half(ops_us), median_of_last_half(token_us)};
}

int run(const char* path, uint32_t n_threads) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const Result<std::unique_ptr<Model>> model =
      load_model({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  if (!model) {
    std::fprintf(stderr, "%s: %s\n", path, model.error().message.c_str());
    return 1;
  }
  const Kernels empty = empty_kernels();
  const Measured full = measure(**model, n_threads, nullptr);
  const Measured bare = measure(**model, n_threads, &empty);
  if (full.n_ops == 0 || bare.n_ops == 0) {
    std::fprintf(stderr, "%s cannot be run\n", path);
    return 1;
  }
  std::printf("{\"ops\": %zu, \"nsPerOp\": %.1f, \"tokenUs\": %.1f}\n", bare.n_ops,
              bare.ops_us * 1e3 / static_cast<double>(bare.n_ops - 1), full.token_us);
  return 0;
}

}  // namespace
}  // namespace nanoinfer

int main(int argc, char** argv) {
  const int n_threads = argc > 2 ? std::atoi(argv[2]) : 0;
  if (n_threads < 1) {
    std::fprintf(stderr, "usage: dispatch_bench MODEL THREADS\n");
    return 2;
  }
  return nanoinfer::run(argv[1], static_cast<uint32_t>(n_threads));
}
