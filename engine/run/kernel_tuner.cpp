#include "engine/run/kernel_tuner.h"

#include <algorithm>
#include <span>

#include "engine/base/clock.h"

namespace nanoinfer {

namespace {

constexpr double kRoundMs = 2.0;
constexpr size_t kFewestRounds = 8;
constexpr size_t kMostRounds = 60;
constexpr double kAgreement = 1.05;  // readings that differ by less say the same

}  // namespace

KernelTuner::KernelTuner() {
  const std::span<const Kernels* const> sets = all_kernels();
  for (const Kernels* kernels : sets.subspan(1)) candidates_.push_back({kernels});
}

// The tokens one by one and then together, as in decode and in prefill.
double KernelTuner::time(const Kernels& kernels) const {
  float y[CachedMatmul::kTokens * kTileRows];
  const double start_ms = now_ms();
  double elapsed_ms = 0;
  int n_calls = 0;
  while (elapsed_ms < kRoundMs) {
    for (int i = 0; i < 16; ++i, ++n_calls) {
      matmul_.one_by_one(kernels, y);
      matmul_.unpack(kernels);
      matmul_.together(kernels, y);
    }
    elapsed_ms = now_ms() - start_ms;
  }
  return elapsed_ms * 1000 / n_calls;
}

bool KernelTuner::step() {
  if (candidates_.size() == 1) return true;
  bool agree = true;
  for (Candidate& candidate : candidates_) {
    std::vector<double>& readings = candidate.readings;
    readings.push_back(time(*candidate.kernels));
    if (readings.size() < kFewestRounds) {
      agree = false;
      continue;
    }
    const auto [least, most] = std::minmax_element(readings.end() - 3, readings.end());
    agree &= *most < *least * kAgreement;
  }
  return agree || candidates_.front().readings.size() >= kMostRounds;
}

const Kernels& KernelTuner::best() const {
  // Of the last rounds the shortest: what else ran on the machine only ever adds.
  const auto least = [](const Candidate& candidate) {
    const std::vector<double>& readings = candidate.readings;
    const size_t n = std::min<size_t>(readings.size(), 3);
    return n == 0 ? 0.0
                  : *std::min_element(readings.end() - static_cast<ptrdiff_t>(n), readings.end());
  };
  return *std::min_element(
              candidates_.begin(), candidates_.end(),
              [&](const Candidate& a, const Candidate& b) { return least(a) < least(b); })
              ->kernels;
}

}  // namespace nanoinfer
