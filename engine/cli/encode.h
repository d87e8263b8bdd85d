// Text to ids natively, for both kinds of vocabulary.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/cli/chat.h"
#include "engine/model/model.h"

namespace nanoinfer {
class SentencepieceEncoder;
}

namespace nanoinfer::cli {

class Encoder {
 public:
  // The model must outlive the encoder.
  static Result<Encoder> create(const Model& model);
  Encoder(Encoder&&) noexcept;
  ~Encoder();

  // As Tokenizer::encode, for sentencepiece vocabularies too.
  Result<std::vector<int32_t>> encode(std::string_view text, EncodeOptions options) const;

  // A rendered chat: control segments by name, the rest with no control tokens matched.
  Result<std::vector<int32_t>> encode_chat(std::span<const Segment> segments) const;

 private:
  explicit Encoder(const Model& model);
  std::vector<Segment> split_at_controls(std::string_view text) const;
  Result<std::vector<int32_t>> encode_plain(std::string_view text) const;

  const Model* model_;
  std::unique_ptr<SentencepieceEncoder> sentencepiece_;  // null: byte-level BPE
};

}  // namespace nanoinfer::cli
