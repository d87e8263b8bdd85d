// Rotary position embedding: the angles. (Turning a head by them is a kernel.)
#pragma once

#include <cstdint>

#include "engine/model/config.h"

namespace nanoinfer {

// table (n_positions, n_rot / 2, 2): cos and sin of  pos * scale * theta^(-2i / n_rot) / factor[i].
// Su et al. 2021. `factors` (n_rot / 2) come from the file (Llama 3.1's long-context scaling) or
// are null. Computed in double with this project's own functions, so that every machine gets one
// table.
void fill_rope_table(const Config& config, float theta, const float* factors, uint32_t n_positions,
                     float* table);

}  // namespace nanoinfer
