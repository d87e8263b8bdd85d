// The sentencepiece library behind this engine's errors. In a header alone: the native programs and
// the library's own wasm module compile it, the engine never does.
#pragma once

#include <sentencepiece_processor.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace nanoinfer {

class SentencepieceEncoder {
 public:
  // Replaces the model that was loaded. `proto` is what sentencepiece_proto() gives.
  Status load(std::span<const uint8_t> proto) {
    return checked(processor_.LoadFromSerializedProto(
        std::string_view(reinterpret_cast<const char*>(proto.data()), proto.size())));
  }

  // The ids of `text` (valid UTF-8), without BOS or EOS. Never a control token.
  Result<std::vector<int32_t>> encode(std::string_view text) const {
    std::vector<int> ids;
    if (Status s = checked(processor_.Encode(text, &ids)); !s) return s.error();
    return std::vector<int32_t>(ids.begin(), ids.end());
  }

 private:
  static Status checked(const sentencepiece::util::Status& status) {
    if (status.ok()) return Ok{};
    return Error{ErrorCode::kMalformed, "the sentencepiece library refused: " + status.ToString(),
                 "", "", ""};
  }

  sentencepiece::SentencePieceProcessor processor_;
};

}  // namespace nanoinfer
