#include "engine/trace/products.h"

#include <algorithm>
#include <limits>

#include "engine/kernels/tiles.h"
#include "engine/quant/blocks.h"
#include "engine/run/plan_runner.h"
#include "engine/trace/refusal.h"

namespace nanoinfer {

bool is_product(std::span<const Op> ops, uint32_t op) {
  return op < ops.size() && ops[op].kind == OpKind::kMatmul;
}

void Products::take_buffers() {
  uint32_t n_in = 0;
  uint32_t n_out = 0;
  for (const Op& op : session_.ops()) {
    n_in = std::max(n_in, op.n_in);
    n_out = std::max(n_out, op.n_out);
  }
  in_ = arena_.take<float>(n_in);
  out_ = arena_.take<float>(n_out);
  activations_.quantised = take_quantised_rows(arena_, 1, n_in);
}

Status Products::ready() {
  if (in_ == nullptr) {
    take_buffers();
    if (arena_.commit()) take_buffers();
  }
  if (in_ != nullptr) return Ok{};
  return refusal("there is no memory for a row of logits", "bytes", arena_.n_bytes(),
                 ErrorCode::kOutOfMemory);
}

// (n_out) to `out_`, by a plan of this one op.
std::span<const float> Products::product(uint32_t op, const float* in) {
  const Row row{.token_id = 0, .seq = 0, .pos = 0, .wants_logits = true};
  const uint32_t logit_row = 0;
  Pass pass = session_.pass();
  pass.activations = &activations_;
  pass.rows = {&row, 1};
  pass.logit_rows = {&logit_row, 1};
  Op matmul = session_.ops()[op];
  matmul.in = in;
  matmul.out = out_;
  quantise(*matmul.matrix, in);
  PlanRunner({&matmul, 1}, session_.threads())
      .run(pass, 0, 1, std::numeric_limits<double>::infinity(), nullptr, nullptr);
  return {out_, matmul.n_out};
}

// What the integer kernels multiply a quantised matrix by.
void Products::quantise(const Matrix& w, const float* in) {
  if (!traits(w.type).quantised) return;
  activations_.quantised.n_in = w.n_in;
  session_.kernels().quantise_row(in, w.n_in, activations_.quantised, 0);
}

std::span<const float> Products::part(uint32_t op, const float* in, uint32_t first, uint32_t n) {
  std::fill_n(in_, session_.ops()[op].n_in, 0.0f);
  std::copy_n(in + first, n, in_ + first);
  return product(op, in_);
}

std::span<const float> Products::lens(uint32_t head, const float* residual) {
  const Config& c = session_.model().config;
  session_.kernels().rms_norm(residual, session_.model().weights.output_norm, c.d_model, c.rms_eps,
                              in_);
  return product(head, in_);
}

const Products::Input& Products::input(uint32_t op, const float* in) {
  quantise(*session_.ops()[op].matrix, in);
  const QuantisedRows& rows = activations_.quantised;
  input_ = {.values = in, .q = rows.wide, .a = rows.scale, .s = rows.sum};
  return input_;
}

void matrix_row(const Matrix& w, uint32_t row, uint8_t* bytes, float* values) {
  const size_t tile = row / kTileRows;
  unpack_row_bytes(w.type, w.tile(tile), w.tile_rows(tile), row % kTileRows, w.n_in, bytes);
  dequantise_row(w.type, bytes, w.n_in, values);
}

}  // namespace nanoinfer
