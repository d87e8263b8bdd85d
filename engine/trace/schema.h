// What can be looked at in a pass, by name, with its axes and unit.
#pragma once

#include <string>

#include "engine/run/session.h"

namespace nanoinfer {

// JSON: {"taps": [{"name", "op", "axes": [{"name", "size"}...], "dtype", "unit"}...], "views":
// [...]}. A size is null where there are as many as at the time.
//
// taps: the plan's outputs, in its order. A tap holds what op `op` left in its output, rows
// outermost, once the cursor is behind it and until a later op writes there. Names: embd; for layer
// i L.i.resid_pre (what resid_post of the layer before is, or embd), attn_norm, q, k, v (with their
// biases), q_rot, k_rot, z (heads' outputs), attn_out, resid_mid, ffn_norm, gate, up, act, ffn_out,
// resid_post; final_norm; logits.
//
// views: the rest, without "op", computed when it is asked for. L.* stands for every layer: raw
// (q . k), scaled, masked and probs of attention, head_out (what one head writes into the residual
// stream), lens (logits of resid_post), kv.k and kv.v (the cache); kv.table (the block that a
// position lies in); topk (the likeliest tokens of a row); sampler (the candidates behind each
// stage, the random number and what it chose); op (what an op took, read and multiplied).
std::string schema_json(const Session& session);

}  // namespace nanoinfer
