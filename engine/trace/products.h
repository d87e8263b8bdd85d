// The plan's matrix products on rows of one's own, outside any pass: the logit lens, what one head
// writes, and how one element comes about. The same kernels on the session's threads, in buffers
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
  // Takes memory for one row of every width.
  explicit Products(Session& session);

  // Fails where there was no memory for the buffers.
  Status ready() const;

  // out (n_out of the op's matrix) = W in, without a bias; until the next call. The op must be a
  // matrix product, and `in` of its width.
  std::span<const float> product(uint32_t op, const float* in);

  // The same from elements [first, first + n) of `in` alone, the others being 0: what one head or
  // one neuron writes.
  std::span<const float> part(uint32_t op, const float* in, uint32_t first, uint32_t n);

  // Logits (n_vocab) of a row of the residual stream (d_model): final norm, then head.
  std::span<const float> lens(const float* residual);

  // Element `element` of product(op, in) in the kernel's own order: weights (n_in) and inputs
  // (n_in), then for each block of 32 inputs d, a, dot, m, s and the running sum, (n_blocks) each:
  //   sum += (d * a) * dot;  with a minimum:  sum += m * s
  // Weights and inputs are integer codes; floats where the matrix has floats, and then d = a = 1.
  std::span<const float> cell(uint32_t op, const float* in, uint32_t element);

 private:
  // What one block of inputs adds to an element; see cell().
  struct Term {
    float d = 1, a = 1, dot = 0, m = 0, s = 0;
  };

  void take_buffers();
  Term quantised_term(const Matrix& w, uint32_t row, size_t b, float* weights, float* inputs);
  void quantise(const Matrix& w, const float* in);

  Session& session_;
  Arena arena_;
  Activations activations_;
  float* in_ = nullptr;    // (widest input)
  float* out_ = nullptr;   // (widest output)
  float* row_ = nullptr;   // a row of a matrix in the file's order, at most as wide in bytes
  float* cell_ = nullptr;  // what cell() gives
};

// Whether an op is a matrix product.
bool is_product(std::span<const Op> ops, uint32_t op);

// Row `row` of a matrix: its bytes as in the file (row_bytes) and its values (n_in).
void matrix_row(const Matrix& w, uint32_t row, uint8_t* bytes, float* values);

}  // namespace nanoinfer
