// A loaded model: immutable, shared by any number of sessions.
#pragma once

#include "engine/base/arena.h"
#include "engine/gguf/header.h"
#include "engine/model/config.h"
#include "engine/model/weights.h"
#include "engine/text/tokenizer.h"

namespace nanoinfer {

struct Model {
  GgufHeader header;  // metadata and tensor directory; the tokenizer looks into its strings
  Config config;
  Memory data;  // the file's data section, matrices in tiles
  Weights weights;
  Tokenizer tokenizer;
  uint64_t file_bytes = 0;

  // Multiply-adds of the weight matrices for one token that wants logits.
  uint64_t n_params() const;
};

}  // namespace nanoinfer
