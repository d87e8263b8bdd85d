#include "engine/cli/sampler_options.h"

#include <charconv>

namespace nanoinfer::cli {

std::vector<Option> SamplerOptions::all() {
  return {
      {"--temperature", "T", "0: greedy (default: 0.8)", &params.temperature},
      {"--top-k", "K", "keeps the K most probable, 0: off (default: 40)", &params.top_k},
      {"--top-p", "P", "keeps the fewest that reach P, 1: off (default: 0.95)", &params.top_p},
      {"--min-p", "P", "keeps P times the largest and more, 0: off (default: 0.05)", &params.min_p},
      {"--repetition-penalty", "R", "1: off (default)", &params.repetition_penalty},
      {"--presence-penalty", "A", "0: off (default)", &params.presence_penalty},
      {"--frequency-penalty", "A", "0: off (default)", &params.frequency_penalty},
      {"--penalty-window", "N", "tokens the penalties look at (default: 64)",
       &params.penalty_window},
      {"--logit-bias", "ID=VALUE", "adds to a token's logit; may be repeated", &biases},
      {"--seed", "N", "same seed, same text (default: 1)", &params.seed}};
}

Result<Sampler> SamplerOptions::make_sampler(uint32_t n_vocab) {
  params.logit_bias.clear();
  for (const std::string& bias : biases) {
    int32_t id = 0;
    float value = 0;
    const char* end = bias.data() + bias.size();
    const auto parsed_id = std::from_chars(bias.data(), end, id);
    const bool has_value =
        parsed_id.ec == std::errc() && parsed_id.ptr != end && *parsed_id.ptr == '=';
    const auto parsed = has_value ? std::from_chars(parsed_id.ptr + 1, end, value)
                                  : std::from_chars_result{end, std::errc::invalid_argument};
    if (parsed.ec != std::errc() || parsed.ptr != end) {
      return Error{ErrorCode::kBadArgument, "A bias is a token id and a number", "--logit-bias",
                   "ID=VALUE", bias};
    }
    params.logit_bias.emplace_back(id, value);
  }
  return Sampler::create(params, n_vocab);
}

}  // namespace nanoinfer::cli
