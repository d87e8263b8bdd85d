#include "engine/trace/products.h"

#include <algorithm>
#include <cstring>

#include "engine/kernels/tiles.h"
#include "engine/quant/blocks.h"
#include "engine/trace/refusal.h"

namespace nanoinfer {

namespace {

// A product of one row, of which each thread does as much.
struct Shares {
  const Op& op;
  const Pass& pass;
  size_t n_threads;
};

void multiply_share(void* context, size_t thread) {
  const auto& [op, pass, n_threads] = *static_cast<const Shares*>(context);
  const size_t n_units = count_units(op, pass);
  const size_t first = n_units * thread / n_threads;
  const size_t end = n_units * (thread + 1) / n_threads;
  if (first < end) run_units(op, pass, {first, end}, thread);
}

}  // namespace

bool is_product(std::span<const Op> ops, uint32_t op) {
  return op < ops.size() && ops[op].kind == OpKind::kMatmul;
}

Products::Products(Session& session) : session_(session) {
  take_buffers();
  if (arena_.commit()) take_buffers();
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
  row_ = arena_.take<float>(n_in);
  cell_ = arena_.take<float>(size_t{2} * n_in + 6 * (n_in / kBlock + 1));
  QuantisedRows& q = activations_.quantised;
  q.wide = arena_.take<int16_t>(n_in);
  q.high = arena_.take<int8_t>(n_in);
  q.low = arena_.take<int8_t>(n_in);
  q.scale = arena_.take<float>(n_in / kBlock + 1);
  q.sum = arena_.take<float>(n_in / kBlock + 1);
  q.isum = arena_.take<int32_t>(n_in / kBlock + 1);
}

Status Products::ready() const {
  if (in_ != nullptr) return Ok{};
  return refusal("there is no memory for a row of logits", "bytes", arena_.n_bytes(),
                 ErrorCode::kOutOfMemory);
}

// (n_out) to `out_`: each thread its share.
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
  Shares shares{matmul, pass, session_.threads().n_threads()};
  session_.threads().run(multiply_share, &shares);
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

std::span<const float> Products::lens(const float* residual) {
  const std::span<const Op> ops = session_.ops();
  const Config& c = session_.model().config;
  session_.kernels().rms_norm(residual, session_.model().weights.output_norm, c.d_model, c.rms_eps,
                              in_);
  return product(static_cast<uint32_t>(ops.size() - 1), in_);
}

// The weights (n_in of block b) of one row of W as integers, and what they are multiplied by.
Products::Term Products::quantised_term(const Matrix& w, uint32_t row, size_t b, float* weights,
                                        float* inputs) {
  const QuantisedRows& x = activations_.quantised;
  const size_t block_elements = traits(w.type).block_elements;
  const size_t first = b * kBlock;
  const size_t tile = row / kTileRows;
  auto* const bytes = reinterpret_cast<uint8_t*>(row_);
  unpack_block_bytes(w.type, w.tile(tile), w.tile_rows(tile), row % kTileRows,
                     first / block_elements, bytes);
  BlockCodes codes;
  decode_block(w.type, bytes, &codes);
  const size_t sub = first % block_elements / kBlock;
  int32_t exact = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    const int16_t code = codes.codes[sub * kBlock + i];
    exact += code * x.wide[first + i];
    weights[i] = code;
    inputs[i] = x.wide[first + i];
  }
  const bool with_min = has_min(w.type);
  return {.d = codes.d[sub],
          .a = x.scale[b],
          .dot = static_cast<float>(exact),
          .m = with_min ? codes.m[sub] : 0,
          .s = with_min ? x.sum[b] : 0};
}

std::span<const float> Products::cell(uint32_t op, const float* in, uint32_t element) {
  const Matrix& w = *session_.ops()[op].matrix;
  const bool quantised = traits(w.type).quantised;
  const size_t n_blocks = (w.n_in + kBlock - 1) / kBlock;
  float* const weights = cell_;
  float* const inputs = weights + w.n_in;
  float* const blocks = inputs + w.n_in;
  quantise(w, in);
  if (!quantised) {
    std::memcpy(inputs, in, w.n_in * sizeof(float));
    matrix_row(w, element, reinterpret_cast<uint8_t*>(row_), weights);
  }
  float sum = 0;
  for (size_t b = 0; b < n_blocks; ++b) {
    const size_t first = b * kBlock;
    Term term;
    if (quantised) {
      term = quantised_term(w, element, b, weights + first, inputs + first);
    } else {
      const size_t end = std::min<size_t>(first + kBlock, w.n_in);
      for (size_t i = first; i < end; ++i) term.dot += weights[i] * inputs[i];
    }
    sum += (term.d * term.a) * term.dot;
    if (has_min(w.type)) sum += term.m * term.s;
    const float column[] = {term.d, term.a, term.dot, term.m, term.s, sum};
    for (size_t i = 0; i < 6; ++i) blocks[i * n_blocks + b] = column[i];
  }
  return {cell_, size_t{2} * w.n_in + 6 * n_blocks};
}

void matrix_row(const Matrix& w, uint32_t row, uint8_t* bytes, float* values) {
  const size_t tile = row / kTileRows;
  unpack_row_bytes(w.type, w.tile(tile), w.tile_rows(tile), row % kTileRows, w.n_in, bytes);
  dequantise_row(w.type, bytes, w.n_in, values);
}

}  // namespace nanoinfer
