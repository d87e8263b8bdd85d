#include "engine/gguf/tensor_info.h"

#include <utility>

#include "engine/gguf/checks.h"

namespace nanoinfer {

namespace {

Error tensor_error(ErrorCode code, std::string message, std::string_view name, uint64_t position,
                   std::string expected, std::string actual) {
  return error_at(code, std::move(message),
                  "tensor " + std::string(name) + ", " + byte_place(position), std::move(expected),
                  std::move(actual));
}

std::string dims_text(const TensorInfo& tensor) {
  std::string text = std::to_string(tensor.dims[0]);
  for (uint32_t i = 1; i < tensor.n_dims; ++i) text += " x " + std::to_string(tensor.dims[i]);
  return text;
}

// Every dim at least 1, and the product within kMaxTensorElements: divides, so nothing can wrap.
Status check_dims(const TensorInfo& tensor, uint64_t position) {
  uint64_t room = kMaxTensorElements;
  for (uint32_t i = 0; i < tensor.n_dims; ++i) {
    if (tensor.dims[i] == 0) {
      return tensor_error(ErrorCode::kMalformed, "a tensor dimension is zero", tensor.name,
                          position, "dimension " + std::to_string(i) + " of at least 1", "0");
    }
    room /= tensor.dims[i];
  }
  if (room > 0) return Ok{};
  return tensor_error(ErrorCode::kLimit, "a tensor has too many elements", tensor.name, position,
                      "at most " + std::to_string(kMaxTensorElements), dims_text(tensor));
}

// Known, run by this engine, and rows made of whole blocks. Sets type and n_bytes.
Status check_type(TensorInfo& tensor, uint32_t ggml_type, uint64_t position) {
  const TypeTraits* traits = type_traits(ggml_type);
  if (!traits) {
    return tensor_error(ErrorCode::kUnsupported, "the tensor type is unknown or was removed",
                        tensor.name, position, "a type this engine runs",
                        "type " + std::to_string(ggml_type));
  }
  if (!traits->supported) {
    return tensor_error(
        ErrorCode::kUnsupported, "this engine does not run the tensor type", tensor.name, position,
        "F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K or Q6_K", traits->name);
  }
  if (tensor.dims[0] % traits->block_elements != 0) {
    return tensor_error(ErrorCode::kMalformed, "a tensor row is not made of whole blocks",
                        tensor.name, position,
                        std::string("a multiple of ") + std::to_string(traits->block_elements) +
                            " for " + traits->name,
                        std::to_string(tensor.dims[0]));
  }
  tensor.type = static_cast<TensorType>(ggml_type);
  tensor.n_bytes = row_bytes(tensor.type, tensor.dims[0]) * tensor.n_rows();
  return Ok{};
}

Result<std::string> read_name(ByteReader& in) {
  const uint64_t position = in.position();
  const uint64_t n_bytes = in.u64();
  if (!in.failed() && n_bytes > kMaxTensorNameBytes) {
    return tensor_error(ErrorCode::kLimit, "a tensor name is too long", "?", position,
                        "at most " + std::to_string(kMaxTensorNameBytes) + " bytes",
                        std::to_string(n_bytes) + " bytes");
  }
  const std::string_view name = in.text(n_bytes);
  if (in.failed() || (!name.empty() && is_printable_ascii(name))) return std::string(name);
  return tensor_error(ErrorCode::kMalformed, "a tensor name is not printable text", "?", position,
                      "1 to 64 ASCII characters", name.empty() ? "an empty name" : "other bytes");
}

}  // namespace

Result<TensorInfo> read_tensor_info(ByteReader& in) {
  TensorInfo tensor;
  Result<std::string> name = read_name(in);
  if (!name) return name.error();
  tensor.name = std::move(*name);
  const uint64_t dims_position = in.position();
  tensor.n_dims = in.u32();
  if (!in.failed() && (tensor.n_dims < 1 || tensor.n_dims > kMaxDims)) {
    return tensor_error(ErrorCode::kMalformed, "a tensor has a wrong number of dimensions",
                        tensor.name, dims_position, "1 to 4", std::to_string(tensor.n_dims));
  }
  for (uint32_t i = 0; i < tensor.n_dims; ++i) tensor.dims[i] = in.u64();
  const uint64_t type_position = in.position();
  const uint32_t ggml_type = in.u32();
  tensor.offset = in.u64();
  if (in.failed()) return tensor;
  if (const Status s = check_dims(tensor, dims_position); !s) return s.error();
  if (const Status s = check_type(tensor, ggml_type, type_position); !s) return s.error();
  return tensor;
}

}  // namespace nanoinfer
