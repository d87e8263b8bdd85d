// The plan's matrix products on rows of one's own, outside any pass: the logit lens, what one head
// writes, and what they multiply a matrix by. The same kernels on the session's threads, in buffers
// apart, so that a pass may stand still meanwhile.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/arena.h"
#include "engine/base/result.h"
#include "engine/run/session.h"

namespace nanoinfer {

class Products {
 public:
  explicit Products(Session& session) : session_(session) {}

  // Takes memory for one row of every width, the first time, before anything below. Fails where
  // there is none to be had.
  Status ready();

  // out (n_out of the op's matrix) = W in, without a bias; until the next call. The op must be a
  // matrix product, and `in` of its width.
  std::span<const float> product(uint32_t op, const float* in);

  // The same from elements [first, first + n) of `in` alone, the others being 0: what one head or
  // one neuron writes.
  std::span<const float> part(uint32_t op, const float* in, uint32_t first, uint32_t n);

  // Logits (n_vocab) of a row of the residual stream (d_model): final norm, then op `head`, the
  // plan's last.
  std::span<const float> lens(uint32_t head, const float* residual);

  // Row `in` as the kernels multiply it by the op's matrix, until the next call. With a row of that
  // (matrix_row, decode_block) one element of product(op, in) is added up as kernels.h says.
  struct Input {
    const float* values;  // `in` itself; all that there is for a matrix of floats
    const int16_t* q;     // (n_in) in 13 bits
    const float* a;       // (n_in / 32) scales
    const float* s;       // (n_in / 32) a * sum of q
  };
  const Input& input(uint32_t op, const float* in);

 private:
  void take_buffers();
  void quantise(const Matrix& w, const float* in);

  Session& session_;
  Arena arena_;
  Activations activations_;
  Input input_{};
  float* in_ = nullptr;   // (widest input)
  float* out_ = nullptr;  // (widest output)
};

// Whether an op is a matrix product.
bool is_product(std::span<const Op> ops, uint32_t op);

// Row `row` of a matrix: its bytes as in the file (row_bytes) and its values (n_in).
void matrix_row(const Matrix& w, uint32_t row, uint8_t* bytes, float* values);

}  // namespace nanoinfer
