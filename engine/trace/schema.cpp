#include "engine/trace/schema.h"

#include <span>
#include <string>
#include <string_view>

#include "engine/trace/json.h"

namespace nanoinfer {

namespace {

// An axis behind the rows: its name, and the number of the model that is its size.
struct Axis {
  const char* name;
  uint32_t Config::* size;
};
constexpr Axis kModel[] = {{"d_model", &Config::d_model}};
constexpr Axis kHeads[] = {{"head", &Config::n_heads}, {"head_dim", &Config::head_dim}};
constexpr Axis kKvHeads[] = {{"kv_head", &Config::n_kv_heads}, {"head_dim", &Config::head_dim}};
constexpr Axis kFfn[] = {{"d_ffn", &Config::d_ffn}};
constexpr Axis kVocab[] = {{"token_id", &Config::n_vocab}};

// A tap is the output of the last op of one name in a layer: "attn_q", or "attn_q.bias" behind it.
struct Tap {
  const char* op;
  const char* name;
  std::span<const Axis> axes;
};
constexpr Tap kTaps[] = {
    {"token_embd", "embd", kModel},
    {"attn_norm", "attn_norm", kModel},
    {"attn_q", "q", kHeads},
    {"attn_k", "k", kKvHeads},
    {"attn_v", "v", kKvHeads},
    {"rope_q", "q_rot", kHeads},
    {"rope_k", "k_rot", kKvHeads},
    {"attention_merge", "z", kHeads},
    {"attn_output", "attn_out", kModel},
    {"attn_residual", "resid_mid", kModel},
    {"ffn_norm", "ffn_norm", kModel},
    {"ffn_gate", "gate", kFfn},
    {"ffn_up", "up", kFfn},
    {"swiglu", "act", kFfn},
    {"ffn_down", "ffn_out", kModel},
    {"ffn_residual", "resid_post", kModel},
    {"output_norm", "final_norm", kModel},
    {"output", "logits", kVocab},
};

Json axis(const char* name, const Json& size) {
  return {{"name", name}, {"size", size}};
}

std::string_view name_without_bias(const Op& op) {
  const std::string_view name = op.name;
  return name.substr(0, name.find('.'));
}

bool is_last_of_name(std::span<const Op> ops, size_t op) {
  for (size_t i = op + 1; i < ops.size() && ops[i].layer == ops[op].layer; ++i) {
    if (name_without_bias(ops[i]) == name_without_bias(ops[op])) return false;
  }
  return true;
}

}  // namespace

std::string tap_schema_json(const Session& session) {
  const std::span<const Op> ops = session.ops();
  Json schema = Json::array();
  const auto add = [&](const char* name, int layer, size_t op, std::span<const Axis> axes) {
    Json list = Json::array();
    list.push_back(axis(ops[op].logit_rows ? "logit_row" : "row", Json()));
    for (const Axis& a : axes) list.push_back(axis(a.name, session.model().config.*a.size));
    std::string full_name;
    if (layer >= 0) full_name.append("L.").append(std::to_string(layer)).append(".");
    schema.push_back({{"name", full_name.append(name)},
                      {"op", op},
                      {"axes", list},
                      {"dtype", "f32"},
                      {"unit", axes.data() == kVocab ? "logit" : "1"}});
  };
  for (size_t i = 0; i < ops.size(); ++i) {
    for (const Tap& tap : kTaps) {
      if (name_without_bias(ops[i]) != tap.op || !is_last_of_name(ops, i)) continue;
      // What a layer begins with is what the op before it has left.
      if (ops[i].name == std::string_view("attn_norm")) {
        add("resid_pre", ops[i].layer, i - 1, kModel);
      }
      add(tap.name, ops[i].layer, i, tap.axes);
    }
  }
  return to_text(schema);
}

}  // namespace nanoinfer
