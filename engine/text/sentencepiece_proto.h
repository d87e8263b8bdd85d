// A file's sentencepiece vocabulary as the message that the sentencepiece library loads.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/result.h"
#include "engine/text/vocab.h"

namespace nanoinfer {

// A serialised sentencepiece.ModelProto. `data` must have passed Tokenizer::create().
Result<std::vector<uint8_t>> sentencepiece_proto(const VocabData& data);

}  // namespace nanoinfer
