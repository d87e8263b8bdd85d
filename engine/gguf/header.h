// Reads the header of a GGUF file (metadata and tensor directory) from bytes as they come. The only
// code that believes nothing: whoever holds a GgufHeader may trust its counts, ranges and types.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/byte_reader.h"
#include "engine/base/result.h"
#include "engine/gguf/metadata.h"
#include "engine/quant/type.h"

namespace nanoinfer {

// Files beyond these are refused with kLimit before anything is allocated for them.
inline constexpr uint64_t kMaxHeaderBytes = uint64_t{128} << 20;
inline constexpr uint64_t kMaxMetadataEntries = 4096;
inline constexpr uint64_t kMaxTensors = 65536;
inline constexpr uint64_t kMaxKeyBytes = 65535;
inline constexpr uint64_t kMaxTensorNameBytes = 64;
inline constexpr uint64_t kMaxStringBytes = uint64_t{16} << 20;
inline constexpr uint64_t kMaxArrayElements = uint64_t{1} << 22;
inline constexpr uint64_t kMaxTensorElements = uint64_t{1} << 40;
inline constexpr uint32_t kMaxDims = 4;
inline constexpr uint32_t kMinAlignment = 8;
inline constexpr uint32_t kMaxAlignment = 65536;
inline constexpr uint32_t kDefaultAlignment = 32;

struct TensorInfo {
  std::string name;
  std::array<uint64_t, 4> dims = {1, 1, 1, 1};  // dims[0] = row length; dims beyond n_dims are 1
  uint32_t n_dims = 0;
  TensorType type = TensorType::kF32;
  uint64_t offset = 0;   // of its first byte, from the start of the data section
  uint64_t n_bytes = 0;  // without the padding that follows

  uint64_t n_rows() const { return dims[1] * dims[2] * dims[3]; }
  uint64_t n_elements() const { return dims[0] * n_rows(); }
};

struct GgufHeader {
  uint32_t version = 0;
  Metadata metadata;
  std::vector<TensorInfo> tensors;  // in the order of their data
  uint64_t data_offset = 0;         // where the data section starts in the file
  uint32_t alignment = kDefaultAlignment;
  uint64_t data_bytes = 0;  // end of the last tensor, from the start of the data section

  // nullptr if there is no tensor of that name.
  const TensorInfo* find(std::string_view name) const;

  std::vector<uint32_t> by_name;  // indices into tensors, sorted by name
};

// A resumable state machine: each byte of the header is looked at once however the bytes are cut,
// so chunks of one byte cost no more than one of the whole file. The caller keeps the bytes.
class GgufHeaderParser {
 public:
  // `file_so_far` is every byte of the file from its first to the last that has come, and may go on
  // past the header. `file_bytes` is the size of the file, or 0 if unknown: when known, everything
  // is checked against what the file can still hold. True once the header and the padding up to
  // data_offset are there and all is checked. At the end of a source of unknown size, call once
  // more with its size: a file that was cut gives kTruncated. After an error, parse no further.
  Result<bool> parse(std::span<const uint8_t> file_so_far, uint64_t file_bytes);

  // How many bytes of the file the parser needs before it can get on (a lower bound of the header).
  uint64_t bytes_needed() const { return needed_; }

  // The header, once parse() has returned true. May be taken once.
  GgufHeader take() { return std::move(header_); }

 private:
  enum class Stage : uint8_t { kPrelude, kEntries, kStrings, kTensors, kPadding, kDone };

  struct Input;
  Status check_reach(const Input& in) const;
  Status step(const Input& in);
  Status read_prelude(const Input& in);
  Status read_entry(const Input& in);
  Status read_value(ByteReader& reader, MetadataEntry entry);
  Status check_array(uint32_t element_type, uint64_t n_elements) const;
  Status read_string(ByteReader& reader) const;
  Status read_strings(const Input& in);
  Status finish_metadata(const Input& in);
  Status read_tensor(const Input& in);
  Status finish_directory(const Input& in);
  Status wait_for(const ByteReader& reader);
  std::string place() const;
  std::string key_place() const;

  Stage stage_ = Stage::kPrelude;
  uint64_t at_ = 0;         // bytes of the file read so far
  uint64_t needed_ = 0;     // bytes of the file without which the next step cannot be made
  uint32_t n_entries_ = 0;  // declared
  uint32_t n_tensors_ = 0;  // declared
  uint64_t data_end_ = 0;   // end of the last tensor so far, in the data section
  std::string key_;         // of the entry being read, clipped for messages
  std::vector<MetadataEntry> entries_;
  std::vector<uint32_t> string_at_;
  GgufHeader header_;
};

// Reads the header of a whole file in memory.
Result<GgufHeader> parse_gguf_header(std::span<const uint8_t> file);

}  // namespace nanoinfer
