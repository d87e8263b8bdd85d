// The functions of the simd128 set, for sets that differ in a few of them. Contracts: kernels.h.
#pragma once

#include "engine/kernels/kernels.h"

namespace nanoinfer::simd128 {

void quantise_row(const float* x, size_t n, const QuantisedRows& out, size_t row);
void unpack_tile(const Matrix& w, size_t tile, const Panel& panel);
void gemm_panel(const Panel& panel, size_t n_tile_rows, const QuantisedRows& x, size_t n_tokens,
                float* y, size_t y_stride);
void gemm_panel_float(const Panel& panel, size_t n_tile_rows, const float* x, size_t n_in,
                      size_t n_tokens, float* y, size_t y_stride);
bool gemv_tiles(const Matrix& w, const size_t (&tiles)[2], size_t n, const QuantisedRows& x,
                size_t row, float* const (&y)[2]);
void rms_norm(const float* x, const float* weight, size_t n, float eps, float* out);
void add(float* x, const float* y, size_t n);
void swiglu(float* gate, const float* up, size_t n);
void rope(float* head, size_t n_rot, bool adjacent, const float* cos_sin);
void kv_append(const float* k, const float* v, size_t head_dim, size_t p, float* keys,
               float* values);
void attention_chunk(std::span<AttentionQuery> queries, const KvChunk& chunk, size_t head_dim,
                     float scale);
void attention_merge(AttentionPartial* into, const AttentionPartial& next, size_t head_dim);
void attention_finish(const AttentionPartial& sum, size_t head_dim, float* out);

// The whole set; others begin as a copy of it.
inline constexpr Kernels kKernels = {
    .name = "simd128",
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

}  // namespace nanoinfer::simd128
