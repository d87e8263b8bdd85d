#include "engine/model/plan.h"

namespace nanoinfer {

const char* op_kind_name(OpKind kind) {
  static constexpr const char* kNames[kOpKinds] = {
      "embed",     "rms_norm",  "quantise",        "matmul", "bias",  "rope",
      "kv_append", "attention", "attention_merge", "add",    "swiglu"};
  return kNames[static_cast<size_t>(kind)];
}

}  // namespace nanoinfer
