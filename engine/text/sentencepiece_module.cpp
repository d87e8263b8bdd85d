// The exports of the sentencepiece module, a wasm file of its own that is fetched only for models
// with a sentencepiece vocabulary. One model at a time; nothing here throws or aborts on its input.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/text/sentencepiece_bridge.h"

#define EXPORT extern "C"

namespace {

nanoinfer::SentencepieceEncoder encoder;
std::string last_error;

}  // namespace

// Memory for what is passed in and out; 0 when it cannot be had.
EXPORT void* nisp_alloc(uint32_t n_bytes) {
  return std::malloc(n_bytes);
}
EXPORT void nisp_free(void* memory) {
  std::free(memory);
}

// Why the last call failed; valid until the next call.
EXPORT const char* nisp_error() {
  return last_error.c_str();
}

// Loads a serialised ModelProto (n_bytes), what ni_model_sentencepiece_proto() gives. 0, or -1.
EXPORT int32_t nisp_load(const uint8_t* proto, uint32_t n_bytes) {
  const nanoinfer::Status status = encoder.load({proto, n_bytes});
  if (status) return 0;
  last_error = status.error().message;
  return -1;
}

// The joins that lead from a piece's characters to it, in order; their number, which may be more
// than `capacity`.
EXPORT int32_t nisp_merges(int32_t id, nanoinfer::SentencepieceMerge* out, uint32_t capacity) {
  const auto steps = encoder.merges_of(id);
  std::copy_n(steps.begin(), std::min<size_t>(steps.size(), capacity), out);
  return static_cast<int32_t>(steps.size());
}

// Encodes `text` (n_bytes of valid UTF-8) without BOS; control tokens are never matched. Returns
// the number of ids, of which at most `capacity` were written to `ids`, or -1.
EXPORT int32_t nisp_encode(const char* text, uint32_t n_bytes, int32_t* ids, uint32_t capacity) {
  const auto encoded = encoder.encode(std::string_view(text, n_bytes));
  if (!encoded) {
    last_error = encoded.error().message;
    return -1;
  }
  std::copy_n(encoded->begin(), std::min<size_t>(encoded->size(), capacity), ids);
  return static_cast<int32_t>(encoded->size());
}
