// What can be looked at in a pass: the plan's outputs by name, with their axes.
#pragma once

#include <string>

#include "engine/run/session.h"

namespace nanoinfer {

// JSON: [{"name", "op", "axes": [{"name", "size"}...], "dtype", "unit"}...], in plan order. A tap
// holds what op `op` left in its output, float32, rows outermost (size null: as many as the pass
// has), once the cursor is behind it and until a later op writes there. Names: embd; for layer i
// L.i.resid_pre (what resid_post of the layer before is, or embd), attn_norm, q, k, v (with their
// biases), q_rot, k_rot, z (heads' outputs), attn_out, resid_mid, ffn_norm, gate, up, act, ffn_out,
// resid_post; final_norm; logits.
std::string tap_schema_json(const Session& session);

}  // namespace nanoinfer
