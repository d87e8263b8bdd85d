#include "engine/trace/schema.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "engine/trace/json.h"

namespace nanoinfer {

namespace {

// A tap is the output of the ops of one name. Where a bias follows, the product alone is no tap.
struct Tap {
  std::string_view op;
  std::string_view name;
  std::string_view axes;  // behind that of rows
  std::string_view bias = "";
};
constexpr Tap kTaps[] = {
    {"token_embd", "embd", "d_model"},
    {"attn_norm", "attn_norm", "d_model"},
    {"attn_q", "q", "head head_dim", "attn_q.bias"},
    {"attn_k", "k", "kv_head head_dim", "attn_k.bias"},
    {"attn_v", "v", "kv_head head_dim", "attn_v.bias"},
    {"rope_q", "q_rot", "head head_dim"},
    {"rope_k", "k_rot", "kv_head head_dim"},
    {"attention_merge", "z", "head head_dim"},
    {"attn_output", "attn_out", "d_model"},
    {"attn_residual", "resid_mid", "d_model"},
    {"ffn_norm", "ffn_norm", "d_model"},
    {"ffn_gate", "gate", "d_ffn"},
    {"ffn_up", "up", "d_ffn"},
    {"swiglu", "act", "d_ffn"},
    {"ffn_down", "ffn_out", "d_model"},
    {"ffn_residual", "resid_post", "d_model"},
    {"output_norm", "final_norm", "d_model"},
    {"output", "logits", "token_id"},
};

// What is computed when it is asked for: from taps, the cache, the sampler's last draw, the clock.
struct View {
  std::string_view name;
  std::string_view axes;
  std::string_view unit;
  std::string_view dtype = "f32";
};
constexpr View kViews[] = {
    {"L.*.raw", "row head position", "1"},
    {"L.*.scaled", "row head position", "1"},
    {"L.*.masked", "row head position", "1"},
    {"L.*.probs", "row head position", "1"},
    {"L.*.head_out", "row head d_model", "1"},
    {"L.*.lens", "row token_id", "logit"},
    {"L.*.kv.k", "position kv_head head_dim", "1"},
    {"L.*.kv.v", "position kv_head head_dim", "1"},
    {"kv.table", "position", "block", "u32"},
    {"topk.id", "row rank", "token_id", "i32"},
    {"topk.logit", "row rank", "logit"},
    {"topk.p", "row rank", "1"},
    {"sampler.id", "stage rank", "token_id", "i32"},
    {"sampler.logit", "stage rank", "logit"},
    {"sampler.p", "stage rank", "1"},
    {"sampler.random", "", "1", "f64"},
    {"sampler.chosen", "", "token_id", "i32"},
    {"op.ms", "op", "ms", "f64"},
    {"op.bytes", "op", "B", "u64"},
    {"op.macs", "op", "multiply-add", "u64"},
};

// null: as many as there are at the time.
Json size_of(const Config& c, std::string_view axis) {
  const std::pair<std::string_view, uint32_t> sizes[] = {
      {"d_model", c.d_model},   {"head", c.n_heads}, {"kv_head", c.n_kv_heads},
      {"head_dim", c.head_dim}, {"d_ffn", c.d_ffn},  {"token_id", c.n_vocab},
  };
  for (const auto& [name, size] : sizes) {
    if (name == axis) return size;
  }
  return {};
}

void push_axes(const Config& c, std::string_view names, Json& list) {
  while (!names.empty()) {
    const size_t end = std::min(names.find(' '), names.size());
    const std::string_view name = names.substr(0, end);
    list.push_back({{"name", name}, {"size", size_of(c, name)}});
    names.remove_prefix(std::min(end + 1, names.size()));
  }
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

std::string schema_json(const Session& session) {
  const Config& c = session.model().config;
  const std::span<const Op> ops = session.ops();
  Json taps = Json::array();
  const auto add = [&](const std::string& name, size_t op, const Tap& tap) {
    Json axes = Json::array();
    push_axes(c, ops[op].logit_rows ? "logit_row" : "row", axes);
    push_axes(c, tap.axes, axes);
    taps.push_back({{"name", name},
                    {"op", op},
                    {"axes", axes},
                    {"dtype", "f32"},
                    {"unit", tap.name == "logits" ? "logit" : "1"}});
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
  Json views = Json::array();
  for (const View& view : kViews) {
    Json axes = Json::array();
    push_axes(c, view.axes, axes);
    views.push_back(
        {{"name", view.name}, {"axes", axes}, {"dtype", view.dtype}, {"unit", view.unit}});
  }
  return to_text({{"taps", taps}, {"views", views}});
}

}  // namespace nanoinfer
