// Loads a model from a stream of file bytes, each written once, where it will stay.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/result.h"
#include "engine/model/model.h"

namespace nanoinfer {

enum class LoadPhase : uint8_t { kHeader = 0, kWeights = 1, kComplete = 2 };

// reserve(n) says where the next n bytes of the file are to be written, commit(n) that they are
// there. Until the header is complete they go to a buffer; then every check has passed, and the
// first reserve after that takes memory for all weights. A matrix is put in tiles as its rows land.
class ModelLoader {
 public:
  // file_bytes: size of the file, or 0 if unknown.
  explicit ModelLoader(uint64_t file_bytes);

  Result<uint8_t*> reserve(size_t n_bytes);
  Result<LoadPhase> commit(size_t n_bytes);

  // The model with no weights yet, for showing what is about to be loaded; null in the header
  // phase.
  const Model* header_model() const {
    return phase_ == LoadPhase::kHeader ? nullptr : model_.get();
  }

  // The model, if all its bytes have come.
  Result<std::unique_ptr<Model>> finish();

 private:
  Status read_header();
  Status take_memory();
  Status repack_landed();

  uint64_t file_bytes_;
  LoadPhase phase_ = LoadPhase::kHeader;
  std::vector<uint8_t> head_;  // bytes so far, until the header is complete
  size_t n_head_ = 0;          // of them written
  GgufHeaderParser parser_;
  std::unique_ptr<Model> model_;
  uint64_t n_landed_ = 0;   // bytes of the data section in place
  size_t next_tensor_ = 0;  // first tensor not wholly in tiles
  uint64_t next_row_ = 0;   // its first row not in a tile
  std::vector<uint8_t> scratch_;
  std::vector<uint8_t> tail_;  // where bytes after the last tensor are written, and dropped
};

// Loads a whole file held in memory.
Result<std::unique_ptr<Model>> load_model(std::span<const uint8_t> file);

}  // namespace nanoinfer
