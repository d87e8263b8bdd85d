// The definition of every kernel, written to be read: one value at a time, in the order that all
// other sets keep.
#include <algorithm>
#include <bit>
#include <limits>

#include "engine/kernels/numerics.h"
#include "engine/kernels/sets.h"
#include "engine/kernels/tiles.h"
#include "engine/quant/blocks.h"

namespace nanoinfer {
namespace {

constexpr size_t kMostBlockBytes = 210;  // Q6_K

void quantise_row(const float* x, size_t n, const QuantisedRows& out, size_t row) {
  for (size_t block = 0; block < n / kBlock; ++block) {
    const float* values = x + block * kBlock;
    int32_t largest = 0;
    for (size_t i = 0; i < kBlock; ++i) {
      largest = std::max(largest, std::bit_cast<int32_t>(values[i]) & 0x7fffffff);
    }
    const ActivationScale a = activation_scale(largest);
    int32_t sum = 0;
    for (size_t i = 0; i < kBlock; ++i) {
      const int32_t q = a.finite ? round_to_int(values[i] * a.inverse) : 0;
      const size_t at = row * out.n_in + block * kBlock + i;
      out.wide[at] = static_cast<int16_t>(q);
      out.pairs[pair_place(out.n_in, row, block * kBlock + i)] = static_cast<int16_t>(q);
      out.high[at] = high_part(q);
      out.low[at] = low_part(q);
      sum += q;
    }
    const size_t at = row * out.n_blocks() + block;
    out.scale[at] = a.scale;
    out.isum[at] = sum;
    out.sum[at] = a.scale * static_cast<float>(sum);
  }
}

// ---- matrix products ---------------------------------------------------------------------------

float load_float(TensorType type, const uint8_t* bytes) {
  float value;
  dequantise_row(type, bytes, 1, &value);
  return value;
}

void unpack_tile_float(const Matrix& w, const uint8_t* tile, size_t n_rows, const Panel& panel) {
  const size_t unit = traits(w.type).block_bytes;
  for (size_t i = 0; i < w.n_in; ++i) {
    for (size_t row = 0; row < kTileRows; ++row) {
      panel.values[i * kTileRows + row] =
          row < n_rows ? load_float(w.type, tile + (i * n_rows + row) * unit) : 0.0f;
    }
  }
}

// One block of one row into its lane of the panel.
void store_in_panel(const BlockCodes& codes, size_t first, size_t n, size_t row,
                    const Panel& panel) {
  for (size_t i = 0; i < n; ++i) {
    const size_t pair = (first + i) / 2;
    panel.codes[(pair * kTileRows + row) * 2 + i % 2] = codes.codes[i];
  }
  for (size_t sub = 0; sub < n / kBlock; ++sub) {
    const size_t at = (first / kBlock + sub) * kTileRows + row;
    panel.d[at] = codes.d[sub];
    if (has_min(panel.type)) panel.m[at] = codes.m[sub];
  }
}

void unpack_tile(const Matrix& w, size_t tile, const Panel& panel) {
  const size_t n_rows = w.tile_rows(tile);
  if (!traits(w.type).quantised) return unpack_tile_float(w, w.tile(tile), n_rows, panel);
  const size_t n = traits(w.type).block_elements;
  for (size_t row = 0; row < kTileRows; ++row) {
    for (size_t block = 0; block < w.n_in / n; ++block) {
      BlockCodes codes = {};
      if (row < n_rows) {
        uint8_t bytes[kMostBlockBytes];
        unpack_block_bytes(w.type, w.tile(tile), n_rows, row, block, bytes);
        decode_block(w.type, bytes, &codes);
      }
      store_in_panel(codes, block * n, n, row, panel);
    }
  }
}

void gemm_panel(const Panel& panel, size_t n_tile_rows, const QuantisedRows& x, size_t n_tokens,
                float* y, size_t y_stride) {
  for (size_t t = 0; t < n_tokens; ++t) {
    for (size_t row = 0; row < n_tile_rows; ++row) {
      float sum = 0.0f;
      for (size_t block = 0; block < x.n_blocks(); ++block) {
        int32_t isum = 0;
        for (size_t i = block * kBlock; i < (block + 1) * kBlock; ++i) {
          isum += panel.codes[(i / 2 * kTileRows + row) * 2 + i % 2] * x.wide[t * x.n_in + i];
        }
        const size_t at = t * x.n_blocks() + block;
        const size_t lane = block * kTileRows + row;
        sum += (panel.d[lane] * x.scale[at]) * static_cast<float>(isum);
        if (has_min(panel.type)) sum += panel.m[lane] * x.sum[at];
      }
      y[t * y_stride + row] = sum;
    }
  }
}

void gemm_panel_float(const Panel& panel, size_t n_tile_rows, const float* x, size_t n_in,
                      size_t n_tokens, float* y, size_t y_stride) {
  for (size_t t = 0; t < n_tokens; ++t) {
    for (size_t row = 0; row < n_tile_rows; ++row) {
      float sum = 0.0f;
      for (size_t block = 0; block < n_in; block += kBlock) {
        float partial = 0.0f;
        for (size_t i = block; i < std::min(block + kBlock, n_in); ++i) {
          partial += panel.values[i * kTileRows + row] * x[t * n_in + i];
        }
        sum += partial;
      }
      y[t * y_stride + row] = sum;
    }
  }
}

// y of one row, straight from its blocks.
float dot_row(const Matrix& w, size_t tile, size_t tile_row, const QuantisedRows& x, size_t row) {
  const size_t n = traits(w.type).block_elements;
  float y = 0.0f;
  for (size_t first = 0; first < w.n_in; first += n) {
    uint8_t bytes[kMostBlockBytes];
    unpack_block_bytes(w.type, w.tile(tile), kTileRows, tile_row, first / n, bytes);
    BlockCodes codes;
    decode_block(w.type, bytes, &codes);
    for (size_t sub = 0; sub < n / kBlock; ++sub) {
      const int16_t* q = x.wide + row * x.n_in + first + sub * kBlock;
      int32_t isum = 0;
      for (size_t i = 0; i < kBlock; ++i) isum += codes.codes[sub * kBlock + i] * q[i];
      const size_t at = row * x.n_blocks() + first / kBlock + sub;
      y += (codes.d[sub] * x.scale[at]) * static_cast<float>(isum);
      if (has_min(w.type)) y += codes.m[sub] * x.sum[at];
    }
  }
  return y;
}

bool gemv_tiles(const Matrix& w, const size_t (&tiles)[2], size_t n, const QuantisedRows& x,
                size_t row, float* const (&y)[2]) {
  if (!traits(w.type).quantised || !w.tiles_are_full(tiles, n)) return false;
  for (size_t i = 0; i < 2; ++i) {
    for (size_t r = 0; r < n * kTileRows; ++r) {
      y[i][r] = dot_row(w, tiles[i] + r / kTileRows, r % kTileRows, x, row);
    }
  }
  return true;
}

// ---- vectors -----------------------------------------------------------------------------------

void rms_norm(const float* x, const float* weight, size_t n, float eps, float* out) {
  float lanes[4] = {};
  for (size_t i = 0; i < n; ++i) lanes[i % 4] += x[i] * x[i];
  const float scale = rms_scale(add_lanes(lanes), n, eps);
  for (size_t i = 0; i < n; ++i) out[i] = (x[i] * scale) * weight[i];
}

void add(float* x, const float* y, size_t n) {
  for (size_t i = 0; i < n; ++i) x[i] += y[i];
}

void swiglu(float* gate, const float* up, size_t n) {
  for (size_t i = 0; i < n; ++i) gate[i] = silu(gate[i]) * up[i];
}

void rope(float* head, size_t n_rot, bool adjacent, const float* cos_sin) {
  const size_t n_pairs = n_rot / 2;
  for (size_t i = 0; i < n_pairs; ++i) {
    float& a = adjacent ? head[2 * i] : head[i];
    float& b = adjacent ? head[2 * i + 1] : head[i + n_pairs];
    rotate_pair(a, b, cos_sin[2 * i], cos_sin[2 * i + 1]);
  }
}

// ---- attention ---------------------------------------------------------------------------------

void kv_append(const float* k, const float* v, size_t head_dim, size_t p, float* keys,
               float* values) {
  for (size_t d = 0; d < head_dim; ++d) {
    keys[key_place(head_dim, p, d)] = k[d];
    values[value_place(head_dim, p, d)] = v[d];
  }
}

void attend(AttentionQuery& query, const KvChunk& chunk, size_t head_dim, float scale) {
  float* probs = query.probs;
  float most = -std::numeric_limits<float>::infinity();
  for (size_t p = 0; p < query.n; ++p) {
    float dot = 0.0f;
    for (size_t d = 0; d < head_dim; ++d) dot += query.q[d] * chunk.keys[key_place(head_dim, p, d)];
    probs[p] = dot * scale;
    most = std::max(most, probs[p]);
  }
  float lanes[4] = {};
  for (size_t p = 0; p < query.n; ++p) {
    probs[p] = exp_scalar(probs[p] - most);
    lanes[p % 4] += probs[p];
  }
  for (size_t d = 0; d < head_dim; ++d) {
    float sum = 0.0f;
    for (size_t p = 0; p < query.n; ++p)
      sum += probs[p] * chunk.values[value_place(head_dim, p, d)];
    query.out.o[d] = sum;
  }
  query.out.m = most;
  query.out.l = add_lanes(lanes);
}

void attention_chunk(std::span<AttentionQuery> queries, const KvChunk& chunk, size_t head_dim,
                     float scale) {
  for (AttentionQuery& query : queries) attend(query, chunk, head_dim, scale);
}

void attention_merge(AttentionPartial* into, const AttentionPartial& next, size_t head_dim) {
  const float most = std::max(into->m, next.m);
  const float scale = exp_scalar(into->m - most);
  const float next_scale = exp_scalar(next.m - most);
  for (size_t d = 0; d < head_dim; ++d) into->o[d] = into->o[d] * scale + next.o[d] * next_scale;
  into->l = into->l * scale + next.l * next_scale;
  into->m = most;
}

void attention_finish(const AttentionPartial& sum, size_t head_dim, float* out) {
  for (size_t d = 0; d < head_dim; ++d) out[d] = sum.o[d] / sum.l;
}

}  // namespace

const Kernels kScalarKernels = {
    .name = "scalar",
    .byte_panels = false,
    .quantise_row = quantise_row,
    .unpack_tile = unpack_tile,
    .gemm_panel = gemm_panel,
    .gemm_panel_float = gemm_panel_float,
    .gemv_tiles = gemv_tiles,
    .rms_norm = rms_norm,
    .add = add,
    .swiglu = swiglu,
    .rope = rope,
    .kv_append = kv_append,
    .attention_chunk = attention_chunk,
    .attention_merge = attention_merge,
    .attention_finish = attention_finish,
};

}  // namespace nanoinfer
