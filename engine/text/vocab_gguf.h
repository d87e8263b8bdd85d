// Reads the vocabulary out of a file's metadata.
#pragma once

#include "engine/base/result.h"
#include "engine/gguf/header.h"
#include "engine/text/vocab.h"

namespace nanoinfer {

// The keys tokenizer.ggml.*, types checked, values not yet. Views point into `metadata`.
Result<VocabData> vocab_from_gguf(const Metadata& metadata);

}  // namespace nanoinfer
