#include "engine/run/kv_cache.h"

namespace nanoinfer {

namespace {

uint32_t blocks_for(uint32_t n_positions) {
  return static_cast<uint32_t>((n_positions + kChunkPositions - 1) / kChunkPositions);
}

}  // namespace

uint64_t kv_bytes_per_token(const Config& config) {
  return uint64_t{2} * config.n_layers * config.kv_dim() * sizeof(float);
}

KvCache::KvCache(const Config& config, uint32_t n_ctx, uint32_t n_seqs)
    : n_kv_heads_(config.n_kv_heads),
      head_dim_(config.head_dim),
      block_floats_(kv_bytes_per_token(config) / sizeof(float) * kChunkPositions),
      max_blocks_(uint64_t{blocks_for(n_ctx)} * n_seqs),
      tables_(n_seqs) {}

Status KvCache::reserve(uint32_t seq, uint32_t n_positions) {
  std::vector<uint32_t>& table = tables_[seq];
  const size_t n_before = table.size();
  while (table.size() < blocks_for(n_positions)) {
    if (free_.empty()) {
      Memory block = blocks_.size() < max_blocks_ ? allocate_zeroed(block_bytes()) : nullptr;
      if (!block) {
        truncate(seq, static_cast<uint32_t>(n_before * kChunkPositions));
        return Error{
            ErrorCode::kOutOfMemory, "there is no memory for another block of the KV cache",
            "block " + std::to_string(blocks_.size()), std::to_string(block_bytes()) + " bytes",
            std::to_string(bytes_used()) + " bytes in use"};
      }
      free_.push_back(static_cast<uint32_t>(blocks_.size()));
      blocks_.push_back(std::move(block));
    }
    table.push_back(free_.back());
    free_.pop_back();
  }
  return Ok{};
}

void KvCache::truncate(uint32_t seq, uint32_t n_positions) {
  std::vector<uint32_t>& table = tables_[seq];
  while (table.size() > blocks_for(n_positions)) {
    free_.push_back(table.back());
    table.pop_back();
  }
}

float* KvCache::head_block(uint32_t seq, uint32_t layer, uint32_t kv_head, uint32_t pos) const {
  const uint32_t block = tables_[seq][pos / kChunkPositions];
  const size_t head_floats = size_t{2} * head_dim_ * kChunkPositions;
  return reinterpret_cast<float*>(blocks_[block].get()) +
         (size_t{layer} * n_kv_heads_ + kv_head) * head_floats;
}

KvChunk KvCache::chunk(uint32_t seq, uint32_t layer, uint32_t kv_head, uint32_t pos) const {
  const float* keys = head_block(seq, layer, kv_head, pos);
  return {.keys = keys, .values = keys + size_t{head_dim_} * kChunkPositions};
}

void KvCache::append(const Kernels& kernels, uint32_t seq, uint32_t layer, uint32_t kv_head,
                     uint32_t pos, const float* k, const float* v) {
  float* keys = head_block(seq, layer, kv_head, pos);
  float* values = keys + size_t{head_dim_} * kChunkPositions;
  kernels.kv_append(k, v, head_dim_, pos % kChunkPositions, keys, values);
}

void KvCache::read(uint32_t seq, uint32_t layer, uint32_t kv_head, uint32_t pos, float* k,
                   float* v) const {
  const KvChunk at = chunk(seq, layer, kv_head, pos);
  const size_t slot = pos % kChunkPositions;
  for (size_t d = 0; d < head_dim_; ++d) {
    k[d] = at.keys[key_place(head_dim_, slot, d)];
    v[d] = at.values[value_place(head_dim_, slot, d)];
  }
}

}  // namespace nanoinfer
