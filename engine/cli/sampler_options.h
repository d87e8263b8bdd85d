// The sampler's parameters as command-line options.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/cli/options.h"
#include "engine/run/sampler.h"

namespace nanoinfer::cli {

struct SamplerOptions {
  SamplerParams params;
  std::vector<std::string> biases;  // "ID=VALUE"

  std::vector<Option> all();

  // Checks the options against a vocabulary.
  Result<Sampler> make_sampler(uint32_t n_vocab);
};

}  // namespace nanoinfer::cli
