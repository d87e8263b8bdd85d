// Architectures as plan builders: the one place where the order of a model's operations is written.
#pragma once

#include <vector>

#include "engine/model/config.h"
#include "engine/model/plan.h"
#include "engine/model/weights.h"

namespace nanoinfer {

// Appends the ops of the whole forward pass of a llama or qwen2 model.
std::vector<Op> build_plan(const Config& config, const Weights& weights, const Activations& a);

}  // namespace nanoinfer
