#include "engine/model/architecture.h"

#include <initializer_list>
#include <utility>

namespace nanoinfer {

namespace {

struct Product {
  const char* name;
  const Matrix* matrix;
  float* out;  // (n_rows, n_out)
};

// Writes ops one after the other and sets where threads must meet.
class PlanBuilder {
 public:
  explicit PlanBuilder(const Config& config) : c_(config) {}

  int16_t layer = -1;
  bool logit_rows = false;  // from here on, only the rows that want logits

  void embed(const Matrix& table, float* out) {
    Op& op =
        push({.kind = OpKind::kEmbed, .split = Split::kRows, .name = "token_embd", .out = out});
    op.n_out = table.n_in;
    op.matrix = &table;
    op.bytes = row_bytes(table.type, table.n_in);
  }

  void rms_norm(const char* name, const float* weight, const float* in, float* out) {
    Op& op =
        push({.kind = OpKind::kRmsNorm, .split = Split::kRows, .name = name, .in = in, .out = out});
    op.n_in = op.n_out = c_.d_model;
    op.vector = weight;
    op.bytes = c_.d_model * sizeof(float);
  }

  // out = W in for several matrices over one input, which is rounded to 13 bits once.
  void matmul(const float* in, std::initializer_list<Product> products) {
    bool quantised = false;
    for (const Product& p : products) quantised |= traits(p.matrix->type).quantised;
    if (quantised) {
      Op& op =
          push({.kind = OpKind::kQuantise, .split = Split::kRows, .name = "quantise", .in = in});
      op.n_in = products.begin()->matrix->n_in;
    }
    for (const Product& p : products) {
      Op& op = push({.kind = OpKind::kMatmul,
                     .split = Split::kUnits,
                     .name = p.name,
                     .in = in,
                     .out = p.out});
      op.n_in = p.matrix->n_in;
      op.n_out = p.matrix->n_out;
      op.matrix = p.matrix;
      op.bytes = row_bytes(p.matrix->type, p.matrix->n_in) * p.matrix->n_out;
      op.macs = uint64_t{p.matrix->n_in} * p.matrix->n_out;
      op.ends_region = &p == products.end() - 1;  // they read one input and write apart
    }
  }

  void bias(const char* name, const float* vector, float* out, uint32_t n) {
    if (vector == nullptr) return;
    Op& op =
        push({.kind = OpKind::kBias, .split = Split::kRows, .name = name, .in = out, .out = out});
    op.n_in = op.n_out = n;
    op.vector = vector;
    op.bytes = n * sizeof(float);
  }

  void rope(const char* name, float* heads, uint32_t width) {
    Op& op = push(
        {.kind = OpKind::kRope, .split = Split::kRows, .name = name, .in = heads, .out = heads});
    op.n_in = op.n_out = width;
  }

  void kv_append(const float* k) {
    Op& op = push({.kind = OpKind::kKvAppend, .split = Split::kRows, .name = "kv_append", .in = k});
    op.n_in = c_.kv_dim();
  }

  void attention(const float* q, float* out) {
    Op& op = push({.kind = OpKind::kAttention,
                   .split = Split::kUnits,
                   .name = "attention",
                   .in = q,
                   .out = out});
    op.n_in = op.n_out = c_.q_dim();
    op.bytes_per_pos = 2 * c_.kv_dim() * sizeof(float);
    op.macs_per_pos = 2 * c_.q_dim();
    Op& merge = push({.kind = OpKind::kAttentionMerge,
                      .split = Split::kRows,
                      .name = "attention_merge",
                      .out = out});
    merge.n_out = c_.q_dim();
  }

  void add(const char* name, float* x, const float* delta) {
    Op& op =
        push({.kind = OpKind::kAdd, .split = Split::kRows, .name = name, .in = delta, .out = x});
    op.n_in = op.n_out = c_.d_model;
  }

  void swiglu(float* gate, const float* up) {
    Op& op = push(
        {.kind = OpKind::kSwiglu, .split = Split::kRows, .name = "swiglu", .in = up, .out = gate});
    op.n_in = op.n_out = c_.d_ffn;
  }

  std::vector<Op> ops;

 private:
  // Two ops that both go row by row on fixed threads need no meeting between them.
  Op& push(Op op) {
    op.layer = layer;
    op.logit_rows = logit_rows;
    if (!ops.empty() && ops.back().split == Split::kRows && op.split == Split::kRows &&
        ops.back().logit_rows == logit_rows) {
      ops.back().ends_region = false;
    }
    return ops.emplace_back(op);
  }

  const Config& c_;
};

// One pre-norm decoder block: x += Attention(Norm(x)), then x += FFN(Norm(x)).
// Touvron et al. 2023 (Llama); Qwen2 adds biases to q, k and v.
void decoder_block(PlanBuilder& plan, const Config& c, const LayerWeights& w,
                   const Activations& a) {
  plan.rms_norm("attn_norm", w.attention_norm, a.x, a.normed);
  plan.matmul(a.normed, {{"attn_q", &w.wq, a.q}, {"attn_k", &w.wk, a.k}, {"attn_v", &w.wv, a.v}});
  plan.bias("attn_q.bias", w.bq, a.q, c.q_dim());
  plan.bias("attn_k.bias", w.bk, a.k, c.kv_dim());
  plan.bias("attn_v.bias", w.bv, a.v, c.kv_dim());
  plan.rope("rope_q", a.q, c.q_dim());
  plan.rope("rope_k", a.k, c.kv_dim());
  plan.kv_append(a.k);
  plan.attention(a.q, a.heads);
  plan.matmul(a.heads, {{"attn_output", &w.wo, a.delta}});
  plan.add("attn_residual", a.x, a.delta);

  plan.rms_norm("ffn_norm", w.ffn_norm, a.x, a.normed);
  plan.matmul(a.normed, {{"ffn_gate", &w.w_gate, a.gate}, {"ffn_up", &w.w_up, a.up}});
  plan.swiglu(a.gate, a.up);
  plan.matmul(a.gate, {{"ffn_down", &w.w_down, a.delta}});
  plan.add("ffn_residual", a.x, a.delta);
}

}  // namespace

std::vector<Op> build_plan(const Config& config, const Weights& weights, const Activations& a) {
  PlanBuilder plan(config);
  plan.embed(weights.token_embedding, a.x);
  for (const LayerWeights& layer : weights.layers) {
    ++plan.layer;
    decoder_block(plan, config, layer, a);
  }
  plan.layer = -1;
  plan.logit_rows = true;
  plan.rms_norm("output_norm", weights.output_norm, a.x, a.normed);
  plan.matmul(a.normed, {{"output", &weights.output, a.logits}});
  return std::move(plan.ops);
}

}  // namespace nanoinfer
