#include "engine/trace/schema.h"

#include <string_view>

#include "engine/trace/json.h"

namespace nanoinfer {

namespace {

enum class Axes { kModel, kHeads, kKvHeads, kFfn, kVocab };

// A tap is the output of the ops of one name. Where a bias follows, the product alone is no tap.
struct Tap {
  std::string_view op;
  std::string_view name;
  Axes axes;
  std::string_view bias = "";
};
constexpr Tap kTaps[] = {
    {"token_embd", "embd", Axes::kModel},
    {"attn_norm", "attn_norm", Axes::kModel},
    {"attn_q", "q", Axes::kHeads, "attn_q.bias"},
    {"attn_k", "k", Axes::kKvHeads, "attn_k.bias"},
    {"attn_v", "v", Axes::kKvHeads, "attn_v.bias"},
    {"rope_q", "q_rot", Axes::kHeads},
    {"rope_k", "k_rot", Axes::kKvHeads},
    {"attention_merge", "z", Axes::kHeads},
    {"attn_output", "attn_out", Axes::kModel},
    {"attn_residual", "resid_mid", Axes::kModel},
    {"ffn_norm", "ffn_norm", Axes::kModel},
    {"ffn_gate", "gate", Axes::kFfn},
    {"ffn_up", "up", Axes::kFfn},
    {"swiglu", "act", Axes::kFfn},
    {"ffn_down", "ffn_out", Axes::kModel},
    {"ffn_residual", "resid_post", Axes::kModel},
    {"output_norm", "final_norm", Axes::kModel},
    {"output", "logits", Axes::kVocab},
};

Json axis(const char* name, uint32_t size) {
  return {{"name", name}, {"size", size}};
}

Json axes_of(const Config& c, Axes axes, bool logit_rows) {
  Json list = Json::array();
  list.push_back({{"name", logit_rows ? "logit_row" : "row"}, {"size", Json()}});
  switch (axes) {
    case Axes::kModel:
      list.push_back(axis("d_model", c.d_model));
      break;
    case Axes::kHeads:
      list.push_back(axis("head", c.n_heads));
      list.push_back(axis("head_dim", c.head_dim));
      break;
    case Axes::kKvHeads:
      list.push_back(axis("kv_head", c.n_kv_heads));
      list.push_back(axis("head_dim", c.head_dim));
      break;
    case Axes::kFfn:
      list.push_back(axis("d_ffn", c.d_ffn));
      break;
    case Axes::kVocab:
      list.push_back(axis("token_id", c.n_vocab));
      break;
  }
  return list;
}

bool has_bias_after(std::span<const Op> ops, size_t op, std::string_view bias) {
  for (size_t i = op + 1; i < ops.size() && ops[i].layer == ops[op].layer; ++i) {
    if (ops[i].name == bias) return true;
  }
  return false;
}

std::string layer_prefix(const Op& op) {
  return op.layer < 0 ? "" : "L." + std::to_string(op.layer) + ".";
}

}  // namespace

std::string tap_schema_json(const Session& session) {
  const std::span<const Op> ops = session.ops();
  Json schema = Json::array();
  const auto add = [&](const std::string& name, size_t op, const Tap& tap) {
    schema.push_back({{"name", name},
                      {"op", op},
                      {"axes", axes_of(session.model().config, tap.axes, ops[op].logit_rows)},
                      {"dtype", "f32"},
                      {"unit", tap.axes == Axes::kVocab ? "logit" : "1"}});
  };
  for (size_t i = 0; i < ops.size(); ++i) {
    for (const Tap& tap : kTaps) {
      const bool is_bias = !tap.bias.empty() && ops[i].name == tap.bias;
      const bool is_last = ops[i].name == tap.op && !has_bias_after(ops, i, tap.bias);
      if (!is_bias && !is_last) continue;
      // What a layer begins with is what the op before it has left.
      if (tap.op == "attn_norm") add(layer_prefix(ops[i]) + "resid_pre", i - 1, tap);
      add(layer_prefix(ops[i]) + std::string(tap.name), i, tap);
    }
  }
  return to_text(schema);
}

}  // namespace nanoinfer
