// The sampler's parameters from plain numbers.
#include <cmath>

#include "engine/base/number_text.h"
#include "engine/run/sampler.h"

namespace nanoinfer {
namespace {

constexpr uint64_t kMostWhole = uint64_t{1} << 53;  // up to here doubles hold every whole number

void read_real(double value, float* out) {
  if (!std::isnan(value)) *out = static_cast<float>(value);
}

template <typename Whole>
Status read_whole(const char* name, double value, uint64_t most, Whole* out) {
  if (std::isnan(value)) return Ok{};
  if (!(value >= 0 && value <= static_cast<double>(most)) || value != std::floor(value)) {
    return Error{ErrorCode::kBadArgument, "A sampling parameter must be a whole number", name,
                 "0 to " + std::to_string(most), number_text(value)};
  }
  *out = static_cast<Whole>(value);
  return Ok{};
}

}  // namespace

Result<SamplerParams> sampler_params(const SamplerNumbers& numbers, std::span<const double> bias) {
  SamplerParams params;
  read_real(numbers.temperature, &params.temperature);
  read_real(numbers.top_p, &params.top_p);
  read_real(numbers.min_p, &params.min_p);
  read_real(numbers.repetition_penalty, &params.repetition_penalty);
  read_real(numbers.presence_penalty, &params.presence_penalty);
  read_real(numbers.frequency_penalty, &params.frequency_penalty);
  for (const Status& status :
       {read_whole("top_k", numbers.top_k, UINT32_MAX, &params.top_k),
        read_whole("penalty_window", numbers.penalty_window, UINT32_MAX, &params.penalty_window),
        read_whole("seed", numbers.seed, kMostWhole, &params.seed)}) {
    if (!status) return status.error();
  }
  for (size_t i = 0; i + 1 < bias.size(); i += 2) {
    int32_t id = -1;
    const Status status = read_whole("logit_bias", bias[i], INT32_MAX, &id);
    if (!status) return status.error();
    params.logit_bias.emplace_back(id, static_cast<float>(bias[i + 1]));
  }
  return params;
}

}  // namespace nanoinfer
