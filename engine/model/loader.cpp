#include "engine/model/loader.h"

#include <algorithm>
#include <cstring>

#include "engine/kernels/tiles.h"
#include "engine/text/vocab_gguf.h"

namespace nanoinfer {

uint64_t Model::n_params() const {
  uint64_t n = 0;
  for (const TensorInfo& tensor : header.tensors) n += tensor.n_elements();
  return n;
}

ModelLoader::ModelLoader(uint64_t file_bytes) : file_bytes_(file_bytes) {}

Result<uint8_t*> ModelLoader::reserve(size_t n_bytes) {
  if (phase_ == LoadPhase::kHeader) {
    if (head_.size() < n_head_ + n_bytes) head_.resize(n_head_ + n_bytes);
    return head_.data() + n_head_;
  }
  if (!model_->data) {
    const Status taken = take_memory();
    if (!taken) return taken.error();
  }
  // Bytes after the last tensor have no place in the model.
  if (n_landed_ + n_bytes > model_->header.data_bytes) {
    tail_.resize(n_bytes);
    return tail_.data();
  }
  tail_.clear();
  return model_->data.get() + static_cast<size_t>(n_landed_);
}

Result<LoadPhase> ModelLoader::commit(size_t n_bytes) {
  if (phase_ == LoadPhase::kHeader) {
    n_head_ += n_bytes;
    const Result<bool> complete = parser_.parse({head_.data(), n_head_}, file_bytes_);
    if (!complete) return complete.error();
    if (*complete) {
      const Status read = read_header();
      if (!read) return read.error();
      phase_ = LoadPhase::kWeights;
    }
    return phase_;
  }
  if (!tail_.empty() && n_landed_ < model_->header.data_bytes) {
    const uint64_t room = model_->header.data_bytes - n_landed_;
    const size_t n = static_cast<size_t>(std::min<uint64_t>(n_bytes, room));
    std::memcpy(model_->data.get() + static_cast<size_t>(n_landed_), tail_.data(), n);
  }
  n_landed_ += n_bytes;
  const Status repacked = repack_landed();
  if (!repacked) return repacked.error();
  return phase_;
}

Status ModelLoader::read_header() {
  GgufHeader header = parser_.take();
  Result<Config> config = config_from_gguf(header);
  if (!config) return config.error();
  Result<Weights> weights = bind_weights(*config, header, nullptr);
  if (!weights) return weights.error();
  const Result<VocabData> vocab = vocab_from_gguf(header.metadata);
  if (!vocab) return vocab.error();
  Result<Tokenizer> tokenizer = Tokenizer::create(*vocab);
  if (!tokenizer) return tokenizer.error();
  if (static_cast<uint32_t>(tokenizer->n_vocab()) != config->n_vocab) {
    return Error{ErrorCode::kMalformed, "the embedding does not have one row for each token",
                 "tensor token_embd.weight", std::to_string(tokenizer->n_vocab()) + " rows",
                 std::to_string(config->n_vocab)};
  }
  model_.reset(new Model{.header = std::move(header),
                         .config = std::move(*config),
                         .data = nullptr,
                         .weights = std::move(*weights),
                         .tokenizer = std::move(*tokenizer),
                         .file_bytes = file_bytes_});
  return Ok{};
}

Status ModelLoader::take_memory() {
  Model& model = *model_;
  model.data = allocate(model.header.data_bytes);
  if (!model.data) {
    const bool ever = model.header.data_bytes <= kLargestBlock;
    return Error{ErrorCode::kOutOfMemory, "there is no memory for the weights", "",
                 std::to_string(model.header.data_bytes) + " bytes",
                 ever ? "" : "at most " + std::to_string(kLargestBlock) + " in one block"};
  }
  Result<Weights> weights = bind_weights(model.config, model.header, model.data.get());
  if (!weights) return weights.error();
  model.weights = std::move(*weights);

  const size_t data_offset = static_cast<size_t>(model.header.data_offset);
  n_landed_ = n_head_ - data_offset;
  const uint64_t n = std::min<uint64_t>(n_landed_, model.header.data_bytes);
  std::memcpy(model.data.get(), head_.data() + data_offset, static_cast<size_t>(n));
  head_ = {};
  return repack_landed();
}

// Puts rows in tiles as soon as all rows of a tile have landed. Tensors lie in file order.
Status ModelLoader::repack_landed() {
  const std::vector<TensorInfo>& tensors = model_->header.tensors;
  for (; next_tensor_ < tensors.size(); ++next_tensor_, next_row_ = 0) {
    const TensorInfo& tensor = tensors[next_tensor_];
    if (tensor.n_dims == 2) {
      const uint64_t bytes_a_row = row_bytes(tensor.type, tensor.dims[0]);
      while (next_row_ < tensor.n_rows()) {
        const uint64_t n_rows = std::min<uint64_t>(kTileRows, tensor.n_rows() - next_row_);
        const uint64_t begin = tensor.offset + next_row_ * bytes_a_row;
        if (begin + n_rows * bytes_a_row > n_landed_) return Ok{};
        const size_t n_bytes = static_cast<size_t>(n_rows * bytes_a_row);
        uint8_t* rows = model_->data.get() + static_cast<size_t>(begin);
        if (!halves_are_finite(tensor.type, rows, n_bytes)) {
          return Error{ErrorCode::kMalformed, "a weight or its scale is not a finite number",
                       "tensor " + tensor.name + ", rows from " + std::to_string(next_row_), "",
                       ""};
        }
        if (scratch_.size() < n_bytes) scratch_.resize(n_bytes);
        repack_tile(tensor.type, rows, static_cast<size_t>(n_rows),
                    static_cast<size_t>(tensor.dims[0]), scratch_.data());
        next_row_ += n_rows;
      }
    } else if (tensor.offset + tensor.n_bytes > n_landed_) {
      return Ok{};
    }
  }
  phase_ = LoadPhase::kComplete;
  return Ok{};
}

Result<std::unique_ptr<Model>> ModelLoader::finish() {
  const uint64_t n_file = phase_ == LoadPhase::kHeader ? n_head_ : 0;
  if (phase_ == LoadPhase::kHeader) {
    // The source ended: told so, the parser says where.
    const Result<bool> complete = parser_.parse({head_.data(), n_head_}, n_file);
    if (!complete) return complete.error();
    return Error{ErrorCode::kTruncated, "the file ends inside its header",
                 "byte " + std::to_string(n_head_), "", ""};
  }
  if (!model_->data) {
    const Status taken = take_memory();
    if (!taken) return taken.error();
  }
  if (phase_ != LoadPhase::kComplete) {
    const uint64_t offset = model_->header.data_offset;
    return Error{ErrorCode::kTruncated,
                 "the file ends inside the weights (an incomplete download?)",
                 "tensor " + model_->header.tensors[next_tensor_].name,
                 std::to_string(offset + model_->header.data_bytes) + " bytes",
                 std::to_string(offset + n_landed_)};
  }
  const Status values = check_values(model_->config, model_->weights);
  if (!values) return values.error();
  if (model_->file_bytes == 0) model_->file_bytes = model_->header.data_offset + n_landed_;
  return std::move(model_);
}

Result<std::unique_ptr<Model>> load_model(std::span<const uint8_t> file) {
  constexpr size_t kChunk = size_t{1} << 20;
  ModelLoader loader(file.size());
  while (!file.empty()) {
    const size_t n = std::min(kChunk, file.size());
    const Result<uint8_t*> to = loader.reserve(n);
    if (!to) return to.error();
    std::memcpy(*to, file.data(), n);
    const Result<LoadPhase> phase = loader.commit(n);
    if (!phase) return phase.error();
    file = file.subspan(n);
  }
  return loader.finish();
}

}  // namespace nanoinfer
