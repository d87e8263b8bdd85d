// What each op does with its buffers: it finds the rows and calls a kernel. No arithmetic here.
#include <algorithm>
#include <span>

#include "engine/kernels/tiles.h"
#include "engine/quant/blocks.h"
#include "engine/run/pass.h"

namespace nanoinfer {

namespace {

// Below this many rows a packed tile is multiplied row by row; from here on unpacking it first
// pays.
constexpr size_t kPanelRows = 3;

size_t chunks_for(uint32_t pos) {
  return pos / kChunkPositions + 1;
}

size_t positions_in_chunk(size_t chunk, uint32_t pos) {
  const size_t n = pos + 1 - chunk * kChunkPositions;
  return n < kChunkPositions ? n : kChunkPositions;
}

void embed(const Op& op, const Pass& pass, size_t row, const ThreadScratch& scratch) {
  const Matrix& table = *op.matrix;
  const size_t id = static_cast<size_t>(pass.rows[row].token_id);
  const size_t tile = id / kTileRows;
  unpack_row_bytes(table.type, table.tile(tile), table.tile_rows(tile), id % kTileRows, table.n_in,
                   scratch.row);
  dequantise_row(table.type, scratch.row, table.n_in, op.out + row * op.n_out);
}

// One tile unpacked, for all rows.
void matmul_tile(const Op& op, const Pass& pass, size_t tile, ThreadScratch& scratch) {
  const Matrix& w = *op.matrix;
  const Kernels& kernels = *pass.kernels;
  const size_t n_rows = pass.n_rows(op);
  float* y = op.out + tile * kTileRows;
  scratch.panel.type = w.type;
  kernels.unpack_tile(w, tile, scratch.panel);
  if (!traits(w.type).quantised) {
    kernels.gemm_panel_float(scratch.panel, w.tile_rows(tile), op.in, w.n_in, n_rows, y, op.n_out);
    return;
  }
  QuantisedRows x = pass.activations->quantised;
  x.n_in = w.n_in;
  kernels.gemm_panel(scratch.panel, w.tile_rows(tile), x, n_rows, y, op.n_out);
}

// Few rows straight from two runs of n packed tiles; false if the kernels cannot.
bool matmul_packed(const Op& op, const Pass& pass, const size_t (&tiles)[2], size_t n) {
  const size_t n_rows = pass.n_rows(op);
  if (n_rows >= kPanelRows || !traits(op.matrix->type).quantised) return false;
  QuantisedRows x = pass.activations->quantised;
  x.n_in = op.matrix->n_in;
  for (size_t row = 0; row < n_rows; ++row) {
    float* y = op.out + row * op.n_out;
    if (!pass.kernels->gemv_tiles(*op.matrix, tiles, n, x, row,
                                  {y + tiles[0] * kTileRows, y + tiles[1] * kTileRows})) {
      return false;
    }
  }
  return true;
}

// Units of a product are pairs of tiles, half the matrix apart. Of an odd number of tiles the last
// pair has one.
size_t tile_pairs(const Matrix& w) {
  return (w.n_tiles() + 1) / 2;
}

// Pairs [first, end).
void matmul(const Op& op, const Pass& pass, size_t first, size_t end, ThreadScratch& scratch) {
  const size_t n_tiles = op.matrix->n_tiles();
  const size_t n_pairs = tile_pairs(*op.matrix);
  if (matmul_packed(op, pass, {first, first + n_pairs}, end - first)) return;
  if (end - first > 1) {
    for (size_t pair = first; pair < end; ++pair) matmul(op, pass, pair, pair + 1, scratch);
    return;
  }
  for (size_t tile = first; tile < n_tiles; tile += n_pairs) {
    if (!matmul_packed(op, pass, {tile, tile}, 1)) matmul_tile(op, pass, tile, scratch);
  }
}

void rope(const Op& op, const Pass& pass, size_t row) {
  const Config& c = *pass.config;
  const float* cos_sin = pass.activations->rope_table + size_t{pass.rows[row].pos} * c.n_rot;
  float* heads = op.out + row * op.n_out;
  for (size_t offset = 0; offset < op.n_out; offset += c.head_dim) {
    pass.kernels->rope(heads + offset, c.n_rot, c.rope_pairs == RopePairs::kAdjacent, cos_sin);
  }
}

void kv_append(const Op& op, const Pass& pass, size_t row) {
  const Row& r = pass.rows[row];
  const uint32_t head_dim = pass.config->head_dim;
  const float* k = op.in + row * op.n_in;
  const float* v = pass.activations->v + row * op.n_in;
  for (uint32_t h = 0; h < pass.config->n_kv_heads; ++h) {
    pass.cache->append(*pass.kernels, r.seq, static_cast<uint32_t>(op.layer), h, r.pos,
                       k + size_t{h} * head_dim, v + size_t{h} * head_dim);
  }
}

// A partial result of `head` in memory: o (head_dim), m, l.
AttentionPartial load_partial(float* at, size_t head_dim) {
  return {.o = at, .m = at[head_dim], .l = at[head_dim + 1]};
}

// A lone row: one chunk of one KV head, for all its query heads, so that it is read once. Units
// follow memory, where a chunk of all heads lies in one piece. The partial results are merged by
// the next op.
void attention_chunk_of_lone_row(const Op& op, const Pass& pass, size_t unit,
                                 ThreadScratch& scratch) {
  const Config& c = *pass.config;
  const Row& r = pass.rows[0];
  const uint32_t kv_head = static_cast<uint32_t>(unit % c.n_kv_heads);
  const size_t chunk = unit / c.n_kv_heads;
  const uint32_t first = static_cast<uint32_t>(chunk * kChunkPositions);
  const KvChunk kv = pass.cache->chunk(r.seq, static_cast<uint32_t>(op.layer), kv_head, first);
  const size_t group = c.n_heads / c.n_kv_heads;
  const auto partial_of = [&](size_t i) {
    const size_t head = kv_head * group + i;
    return pass.activations->partials + (head * pass.n_chunks_max + chunk) * (c.head_dim + 2);
  };
  for (size_t i = 0; i < group; ++i) {
    scratch.queries[i] = {.q = op.in + (kv_head * group + i) * c.head_dim,
                          .n = positions_in_chunk(chunk, r.pos),
                          .probs = scratch.probs + i * kChunkPositions,
                          .out = {.o = partial_of(i), .m = 0, .l = 0}};
  }
  pass.kernels->attention_chunk({scratch.queries, group}, kv, c.head_dim, pass.attention_scale);
  for (size_t i = 0; i < group; ++i) {
    partial_of(i)[c.head_dim] = scratch.queries[i].out.m;
    partial_of(i)[c.head_dim + 1] = scratch.queries[i].out.l;
  }
}

// n_rows rows of one sequence that follow each other: all chunks of one KV head, for all its query
// heads, merged in chunk order.
void attention_of_rows(const Op& op, const Pass& pass, size_t first_row, size_t n_rows,
                       uint32_t kv_head, ThreadScratch& scratch) {
  const Config& c = *pass.config;
  const Row* rows = &pass.rows[first_row];
  const size_t group = c.n_heads / c.n_kv_heads;
  const auto place = [&](size_t i) {  // of query i in q and in the output
    return (first_row + i / group) * op.n_in + (kv_head * group + i % group) * c.head_dim;
  };
  for (size_t chunk = 0; chunk < chunks_for(rows[n_rows - 1].pos); ++chunk) {
    const uint32_t position = static_cast<uint32_t>(chunk * kChunkPositions);
    const KvChunk kv =
        pass.cache->chunk(rows[0].seq, static_cast<uint32_t>(op.layer), kv_head, position);
    size_t begin = 0;  // earlier rows may end in an earlier chunk
    while (chunk >= chunks_for(rows[begin].pos)) ++begin;
    const std::span<AttentionQuery> queries = {scratch.queries + begin * group,
                                               (n_rows - begin) * group};
    for (size_t i = begin * group; i < n_rows * group; ++i) {
      scratch.queries[i] = {
          .q = op.in + place(i),
          .n = positions_in_chunk(chunk, rows[i / group].pos),
          .probs = scratch.probs + i * kChunkPositions,
          .out = {.o = chunk == 0 ? op.out + place(i) : scratch.partials + i * c.head_dim,
                  .m = 0,
                  .l = 0}};
    }
    pass.kernels->attention_chunk(queries, kv, c.head_dim, pass.attention_scale);
    for (size_t i = begin * group; i < n_rows * group; ++i) {
      if (chunk == 0) {
        scratch.merged[i] = scratch.queries[i].out;
      } else {
        pass.kernels->attention_merge(&scratch.merged[i], scratch.queries[i].out, c.head_dim);
      }
    }
  }
  for (size_t i = 0; i < n_rows * group; ++i) {
    pass.kernels->attention_finish(scratch.merged[i], c.head_dim, op.out + place(i));
  }
}

// Some of many rows: those that follow each other together, others one by one.
void attention(const Op& op, const Pass& pass, size_t unit, ThreadScratch& scratch) {
  const size_t n_kv_heads = pass.config->n_kv_heads;
  const auto kv_head = static_cast<uint32_t>(unit % n_kv_heads);
  size_t row = unit / n_kv_heads * kAttentionRows;
  const size_t end = std::min(row + kAttentionRows, pass.rows.size());
  while (row < end) {
    size_t n = 1;
    while (row + n < end && pass.rows[row + n].seq == pass.rows[row].seq) ++n;
    attention_of_rows(op, pass, row, n, kv_head, scratch);
    row += n;
  }
}

void attention_merge(const Op& op, const Pass& pass) {
  const Config& c = *pass.config;
  const size_t n_chunks = chunks_for(pass.rows[0].pos);
  for (size_t head = 0; head < c.n_heads; ++head) {
    float* at = pass.activations->partials + head * pass.n_chunks_max * (c.head_dim + 2);
    AttentionPartial merged = load_partial(at, c.head_dim);
    for (size_t chunk = 1; chunk < n_chunks; ++chunk) {
      pass.kernels->attention_merge(
          &merged, load_partial(at + chunk * (c.head_dim + 2), c.head_dim), c.head_dim);
    }
    pass.kernels->attention_finish(merged, c.head_dim, op.out + head * c.head_dim);
  }
}

}  // namespace

size_t count_units(const Op& op, const Pass& pass) {
  const size_t n_rows = pass.n_rows(op);
  if (n_rows == 0) return 0;
  switch (op.kind) {
    case OpKind::kMatmul:
      return tile_pairs(*op.matrix);
    case OpKind::kAttention:
      return pass.config->n_kv_heads * (n_rows == 1
                                            ? chunks_for(pass.rows[0].pos)
                                            : (n_rows + kAttentionRows - 1) / kAttentionRows);
    case OpKind::kAttentionMerge:
      return n_rows == 1 ? 1 : 0;
    default:
      return n_rows;
  }
}

namespace {

void run_unit(const Op& op, const Pass& pass, size_t unit, ThreadScratch& scratch) {
  const Kernels& kernels = *pass.kernels;
  const float* in = op.in + unit * op.n_in;
  float* out = op.out + unit * op.n_out;
  switch (op.kind) {
    case OpKind::kEmbed:
      return embed(op, pass, unit, scratch);
    case OpKind::kRmsNorm: {
      const size_t row = op.logit_rows ? pass.logit_rows[unit] : unit;
      return kernels.rms_norm(op.in + row * op.n_in, op.vector, op.n_in, pass.config->rms_eps, out);
    }
    case OpKind::kQuantise: {
      QuantisedRows rows = pass.activations->quantised;
      rows.n_in = op.n_in;
      return kernels.quantise_row(in, op.n_in, rows, unit);
    }
    case OpKind::kMatmul:
      return matmul(op, pass, unit, unit + 1, scratch);
    case OpKind::kBias:
      return kernels.add(out, op.vector, op.n_out);
    case OpKind::kRope:
      return rope(op, pass, unit);
    case OpKind::kKvAppend:
      return kv_append(op, pass, unit);
    case OpKind::kAttention:
      return pass.rows.size() == 1 ? attention_chunk_of_lone_row(op, pass, unit, scratch)
                                   : attention(op, pass, unit, scratch);
    case OpKind::kAttentionMerge:
      return attention_merge(op, pass);
    case OpKind::kAdd:
      return kernels.add(out, in, op.n_out);
    case OpKind::kSwiglu:
      return kernels.swiglu(out, in, op.n_out);
  }
}

}  // namespace

void run_units(const Op& op, const Pass& pass, Units units, size_t thread) {
  ThreadScratch& scratch = pass.scratch[thread];
  if (op.kind == OpKind::kMatmul) return matmul(op, pass, units.first, units.end, scratch);
  for (size_t unit = units.first; unit < units.end; ++unit) run_unit(op, pass, unit, scratch);
}

}  // namespace nanoinfer
