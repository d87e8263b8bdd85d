// Keys and values of past positions, in blocks from a pool; every sequence has a block table.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/arena.h"
#include "engine/base/result.h"
#include "engine/kernels/kernels.h"
#include "engine/model/config.h"

namespace nanoinfer {

// A block holds kChunkPositions positions of one sequence, for all layers and KV heads, in float32:
//   (n_layers, n_kv_heads, {keys, values}), each head_dim * kChunkPositions as KvChunk has them.
// Blocks are taken from the system as sequences grow and kept in the pool when they shrink.
class KvCache {
 public:
  // n_ctx: most positions of all sequences together, rounded up to whole blocks a sequence.
  KvCache(const Config& config, uint32_t n_ctx, uint32_t n_seqs);

  // Makes room for positions [0, n_positions) of a sequence. On failure nothing has changed.
  Status reserve(uint32_t seq, uint32_t n_positions);

  // Gives back the blocks that hold only positions >= n_positions.
  void truncate(uint32_t seq, uint32_t n_positions);

  // The chunk that holds position `pos` of one layer and KV head. The position must be reserved.
  KvChunk chunk(uint32_t seq, uint32_t layer, uint32_t kv_head, uint32_t pos) const;

  // Stores k, v (head_dim each) at a reserved position.
  void append(const Kernels& kernels, uint32_t seq, uint32_t layer, uint32_t kv_head, uint32_t pos,
              const float* k, const float* v);

  // What append stored.
  void read(uint32_t seq, uint32_t layer, uint32_t kv_head, uint32_t pos, float* k, float* v) const;

  uint64_t block_bytes() const { return block_floats_ * sizeof(float); }
  uint64_t bytes_used() const { return blocks_.size() * block_bytes(); }  // taken from the system
  uint64_t bytes_max() const { return max_blocks_ * block_bytes(); }
  std::span<const Memory> blocks() const { return blocks_; }
  std::span<const uint32_t> block_table(uint32_t seq) const { return tables_[seq]; }

 private:
  float* head_block(uint32_t seq, uint32_t layer, uint32_t kv_head, uint32_t pos) const;

  uint32_t n_kv_heads_;
  uint32_t head_dim_;
  uint64_t block_floats_;
  uint64_t max_blocks_;
  std::vector<Memory> blocks_;
  std::vector<uint32_t> free_;                 // indices of unused blocks
  std::vector<std::vector<uint32_t>> tables_;  // a sequence's blocks, in position order
};

// Bytes of keys and values per position.
uint64_t kv_bytes_per_token(const Config& config);

}  // namespace nanoinfer
