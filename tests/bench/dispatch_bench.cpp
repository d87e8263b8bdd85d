// What the plan costs beside its arithmetic: dispatch_bench MODEL THREADS decodes tokens with the
// fastest kernels and with kernels that do nothing, by turns, since a processor's clock changes,
// and prints the medians as JSON. What is left without kernels is the walk over the ops, sharing
// their units between threads, the barriers, and a row of the embedding, which no kernel copies.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

#include "engine/base/clock.h"
#include "engine/model/loader.h"
#include "engine/run/session.h"

namespace nanoinfer {
namespace {

constexpr uint32_t kContext = 256;
constexpr size_t kTurns = 30;
constexpr size_t kTokensATurn = 8;
static_assert(kTurns * kTokensATurn <= kContext);

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
  empty.kv_append = nothing(empty.kv_append);
  empty.attention_chunk = nothing(empty.attention_chunk);
  empty.attention_merge = nothing(empty.attention_merge);
  empty.attention_finish = nothing(empty.attention_finish);
  return empty;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::unique_ptr<Session> new_session(const Model& model, uint32_t n_threads,
                                     const Kernels* kernels) {
  Result<std::unique_ptr<Session>> made = Session::create(
      model, {.n_ctx = kContext, .n_batch = 1, .n_threads = n_threads, .kernels = kernels});
  return made ? std::move(*made) : nullptr;
}

struct Times {
  double ops_us = 0;  // of all ops but the last, the head: with it come the checks that end a pass
  double token_us = 0;  // of everything
};

// Medians of the next tokens of a session; none if it cannot be run. The first of them finds the
// threads asleep and the caches with the other session's values.
std::optional<Times> decode(Session& session) {
  std::vector<double> ops_us, token_us;
  for (size_t i = 0; i < kTokensATurn; ++i) {
    const uint32_t pos = static_cast<uint32_t>(session.tokens(0).size());
    const Row row{
        .token_id = static_cast<int32_t>(pos), .seq = 0, .pos = pos, .wants_logits = true};
    if (!session.begin({&row, 1})) return {};
    const double start_ms = now_ms();
    if (!session.run(session.ops().size() - 1)) return {};
    ops_us.push_back((now_ms() - start_ms) * 1e3);
    if (!session.run()) return {};
    token_us.push_back((now_ms() - start_ms) * 1e3);
  }
  return Times{median(ops_us), median(token_us)};
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
  const std::unique_ptr<Session> full = new_session(**model, n_threads, nullptr);
  const std::unique_ptr<Session> bare = new_session(**model, n_threads, &empty);
  const double n_ops = bare ? static_cast<double>(bare->ops().size()) : 0;
  std::vector<double> ns_per_op, share;
  for (size_t turn = 0; turn < kTurns; ++turn) {
    const std::optional<Times> arithmetic = full ? decode(*full) : std::nullopt;
    const std::optional<Times> rest = bare ? decode(*bare) : std::nullopt;
    if (!arithmetic || !rest) {
      std::fprintf(stderr, "%s cannot be run\n", path);
      return 1;
    }
    if (turn == 0) continue;  // warms up
    const double us_per_op = rest->ops_us / (n_ops - 1);
    ns_per_op.push_back(us_per_op * 1e3);
    share.push_back(us_per_op * n_ops / arithmetic->token_us);
  }
  std::printf("{\"ops\": %.0f, \"nsPerOp\": %.1f, \"share\": %.5f}\n", n_ops, median(ns_per_op),
              median(share));
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
