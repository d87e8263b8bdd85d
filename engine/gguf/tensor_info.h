// One entry of a GGUF file's tensor directory, checked on its own.
#pragma once

#include "engine/base/byte_reader.h"
#include "engine/base/result.h"
#include "engine/gguf/header.h"

namespace nanoinfer {

// Reads an entry and checks all that needs no other entry: name, dims, type, block shape; n_bytes
// is set, the offset is as declared. After a short read the reader has failed and the info is
// unusable.
Result<TensorInfo> read_tensor_info(ByteReader& in);

}  // namespace nanoinfer
