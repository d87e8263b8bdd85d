#include "engine/gguf/header.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/base/byte_reader.h"
#include "engine/base/sort.h"
#include "engine/gguf/checks.h"
#include "engine/gguf/tensor_info.h"

namespace nanoinfer {

namespace {

// magic u32 | version u32 | n_tensors u64 | n_entries u64, then the first key.
constexpr uint64_t kPreludeBytes = 24;
constexpr std::string_view kMagic = "GGUF";
// Shortest entry: key length 8, key 1, type 4, value 1. Shortest tensor: name length 8, name 1,
// n_dims 4, one dim 8, type 4, offset 8.
constexpr uint64_t kMinEntryBytes = 14;
constexpr uint64_t kMinTensorBytes = 33;

std::string n_bytes_text(uint64_t n) {
  return std::to_string(n) + " bytes";
}

uint64_t round_up(uint64_t n, uint64_t alignment) {
  return (n + alignment - 1) / alignment * alignment;
}

Status check_count(uint64_t n, uint64_t limit, const char* what, uint64_t position) {
  if (n <= limit) return Ok{};
  return error_at(ErrorCode::kLimit, std::string("too many ") + what, byte_place(position),
                  "at most " + std::to_string(limit), std::to_string(n));
}

Status check_bools(std::span<const uint8_t> values, std::string place) {
  for (const uint8_t value : values) {
    if (value <= 1) continue;
    return error_at(ErrorCode::kMalformed, "a bool is neither 0 nor 1", std::move(place), "0 or 1",
                    std::to_string(value));
  }
  return Ok{};
}

}  // namespace

// What one call of parse() sees.
struct GgufHeaderParser::Input {
  std::span<const uint8_t> bytes;
  uint64_t file_bytes;  // 0: unknown

  ByteReader from(uint64_t at) const {
    return ByteReader(bytes.subspan(static_cast<size_t>(at)), at);
  }
};

const TensorInfo* GgufHeader::find(std::string_view name) const {
  const auto found =
      std::lower_bound(by_name.begin(), by_name.end(), name,
                       [this](uint32_t i, std::string_view n) { return tensors[i].name < n; });
  return found != by_name.end() && tensors[*found].name == name ? &tensors[*found] : nullptr;
}

Result<bool> GgufHeaderParser::parse(std::span<const uint8_t> file_so_far, uint64_t file_bytes) {
  const size_t n_seen =
      static_cast<size_t>(std::min<uint64_t>(file_so_far.size(), kMaxHeaderBytes));
  const Input in{file_so_far.first(n_seen), file_bytes};
  if (stage_ == Stage::kPrelude) {
    // A file shorter than the prelude is looked at as a whole, to say what it is.
    const uint64_t want = file_bytes > 0 ? std::min(file_bytes, kPreludeBytes) : kPreludeBytes;
    needed_ = want;
    if (n_seen < want) return false;
    if (const Status s = read_prelude(in); !s) return s.error();
  }
  while (stage_ != Stage::kDone) {
    if (const Status s = check_reach(in); !s) return s.error();
    if (n_seen < needed_) return false;
    if (const Status s = step(in); !s) return s.error();
  }
  return true;
}

// What is needed must be in the file, and within the largest header there may be.
Status GgufHeaderParser::check_reach(const Input& in) const {
  if (in.file_bytes > 0 && needed_ > in.file_bytes) {
    return error_at(ErrorCode::kTruncated, "the file ends inside its header (incomplete download?)",
                    place(), "at least " + n_bytes_text(needed_), n_bytes_text(in.file_bytes));
  }
  if (needed_ > kMaxHeaderBytes) {
    return error_at(ErrorCode::kLimit, "the header is too large", place(),
                    "at most " + n_bytes_text(kMaxHeaderBytes), n_bytes_text(needed_));
  }
  return Ok{};
}

std::string GgufHeaderParser::place() const {
  std::string text;
  if (stage_ == Stage::kEntries) text = "metadata entry " + std::to_string(entries_.size());
  if (stage_ == Stage::kStrings) {
    const size_t n_read = string_at_.size() - entries_.back().first_string;
    text = "key " + key_ + ", element " + std::to_string(n_read);
  }
  if (stage_ == Stage::kTensors) text = "tensor " + std::to_string(header_.tensors.size());
  return text + (text.empty() ? "" : ", ") + byte_place(at_);
}

Status GgufHeaderParser::step(const Input& in) {
  switch (stage_) {
    case Stage::kEntries:
      return entries_.size() < n_entries_ ? read_entry(in) : finish_metadata(in);
    case Stage::kStrings:
      return read_strings(in);
    case Stage::kTensors:
      return header_.tensors.size() < n_tensors_ ? read_tensor(in) : finish_directory(in);
    case Stage::kPadding:
      stage_ = Stage::kDone;
      return Ok{};
    case Stage::kPrelude:
    case Stage::kDone:
      break;
  }
  return Ok{};
}

Status GgufHeaderParser::read_prelude(const Input& in) {
  ByteReader reader = in.from(0);
  const std::string_view start = ByteReader(in.bytes).text(std::min<uint64_t>(in.bytes.size(), 24));
  if (start.size() >= kMagic.size() && !start.starts_with(kMagic)) {
    return error_at(ErrorCode::kMalformed, "this is not a GGUF file", byte_place(0), "GGUF",
                    std::string("what looks like ") + diagnose(start));
  }
  reader.bytes(kMagic.size());
  const uint32_t version = reader.u32();
  const uint64_t n_tensors = reader.u64();
  const uint64_t n_entries = reader.u64();
  needed_ = kPreludeBytes;
  if (Status s = check_reach(in); !s) return s;
  if (Status s = check_version(version); !s) return s;
  if (Status s = check_count(n_tensors, kMaxTensors, "tensors", 8); !s) return s;
  if (Status s = check_count(n_entries, kMaxMetadataEntries, "metadata entries", 16); !s) {
    return s;
  }
  if (n_tensors == 0) {
    return error_at(ErrorCode::kUnsupported, "the file holds no weights", byte_place(8),
                    "at least 1 tensor", "0");
  }
  header_.version = version;
  n_tensors_ = static_cast<uint32_t>(n_tensors);
  n_entries_ = static_cast<uint32_t>(n_entries);
  at_ = kPreludeBytes;
  needed_ = at_ + n_entries * kMinEntryBytes + n_tensors * kMinTensorBytes;
  stage_ = Stage::kEntries;
  return Ok{};
}

// key string | type u32 | value.  string: length u64 | bytes.  array: type u32 | count u64 |
// values.
Status GgufHeaderParser::read_entry(const Input& in) {
  ByteReader reader = in.from(at_);
  const uint64_t key_bytes = reader.u64();
  if (!reader.failed() && key_bytes > kMaxKeyBytes) {
    return error_at(ErrorCode::kLimit, "a metadata key is too long", place(),
                    "at most " + n_bytes_text(kMaxKeyBytes), n_bytes_text(key_bytes));
  }
  MetadataEntry entry;
  entry.key_at = static_cast<uint32_t>(reader.position() - kPreludeBytes);
  entry.key_bytes = static_cast<uint32_t>(key_bytes);
  const std::string_view key = reader.text(key_bytes);
  const uint32_t type = reader.u32();
  if (reader.failed()) return wait_for(reader);
  if (key.empty() || !is_printable_ascii(key)) {
    return error_at(ErrorCode::kMalformed, "a metadata key is not printable text", place(),
                    "ASCII characters", key.empty() ? "an empty key" : "other bytes");
  }
  key_ = key.substr(0, kMaxTensorNameBytes);
  if (!metadata_type_name(type)) {
    return error_at(ErrorCode::kMalformed, "a metadata value has an unknown type", key_place(),
                    "0 to 12", std::to_string(type));
  }
  entry.type = static_cast<MetadataType>(type);
  return read_value(reader, entry);
}

Status GgufHeaderParser::read_value(ByteReader& reader, MetadataEntry entry) {
  uint64_t n_values = 1;
  MetadataType type = entry.type;
  if (type == MetadataType::kArray) {
    const uint32_t element_type = reader.u32();
    n_values = reader.u64();
    if (reader.failed()) return wait_for(reader);
    if (Status s = check_array(element_type, n_values); !s) return s;
    type = entry.element_type = static_cast<MetadataType>(element_type);
    entry.n_elements = static_cast<uint32_t>(n_values);
  }
  entry.value_at = static_cast<uint32_t>(reader.position() - kPreludeBytes);
  entry.first_string = static_cast<uint32_t>(string_at_.size());
  if (type != MetadataType::kString) {
    const std::span<const uint8_t> values = reader.bytes(n_values * metadata_type_bytes(type));
    if (reader.failed()) return wait_for(reader);
    if (type == MetadataType::kBool) {
      if (Status s = check_bools(values, key_place()); !s) return s;
    }
  } else if (entry.type == MetadataType::kString) {
    if (Status s = read_string(reader); !s) return s;
    if (reader.failed()) return wait_for(reader);
  } else {
    needed_ = reader.position() + n_values * sizeof(uint64_t);  // a length before each string
    stage_ = Stage::kStrings;
  }
  entries_.push_back(entry);
  at_ = reader.position();
  return Ok{};
}

Status GgufHeaderParser::check_array(uint32_t element_type, uint64_t n_elements) const {
  if (!metadata_type_name(element_type)) {
    return error_at(ErrorCode::kMalformed, "a metadata array has an unknown element type",
                    key_place(), "0 to 12", std::to_string(element_type));
  }
  if (element_type == static_cast<uint32_t>(MetadataType::kArray)) {
    return error_at(ErrorCode::kUnsupported, "arrays of arrays are not read", key_place(),
                    "an array of values", "an array of arrays");
  }
  if (n_elements <= kMaxArrayElements) return Ok{};
  return error_at(ErrorCode::kLimit, "a metadata array is too long", key_place(),
                  "at most " + std::to_string(kMaxArrayElements) + " elements",
                  std::to_string(n_elements));
}

// A short read leaves the reader failed.
Status GgufHeaderParser::read_string(ByteReader& reader) const {
  const uint64_t n_bytes = reader.u64();
  if (n_bytes > kMaxStringBytes) {
    return error_at(ErrorCode::kLimit, "a metadata string is too long", key_place(),
                    "at most " + n_bytes_text(kMaxStringBytes), n_bytes_text(n_bytes));
  }
  reader.text(n_bytes);
  return Ok{};
}

// The strings of the last entry's array, as many as have come.
Status GgufHeaderParser::read_strings(const Input& in) {
  const MetadataEntry& entry = entries_.back();
  ByteReader reader = in.from(at_);
  while (string_at_.size() - entry.first_string < entry.n_elements) {
    if (Status s = read_string(reader); !s) return s;
    if (reader.failed()) return wait_for(reader);
    string_at_.push_back(static_cast<uint32_t>(at_ - kPreludeBytes));
    at_ = reader.position();
  }
  stage_ = Stage::kEntries;
  return Ok{};
}

Status GgufHeaderParser::finish_metadata(const Input& in) {
  const auto first = in.bytes.begin() + static_cast<ptrdiff_t>(kPreludeBytes);
  const auto last = in.bytes.begin() + static_cast<ptrdiff_t>(at_);
  Result<Metadata> metadata = Metadata::from_section(std::vector<uint8_t>(first, last),
                                                     std::move(entries_), std::move(string_at_));
  if (!metadata) return metadata.error();
  header_.metadata = std::move(*metadata);
  if (Status s = check_alignment(header_.metadata, header_.alignment); !s) return s;
  if (Status s = check_kind(header_.metadata); !s) return s;
  needed_ = at_ + n_tensors_ * kMinTensorBytes;
  stage_ = Stage::kTensors;
  return Ok{};
}

// Tensors lie in the order of the directory, each at the first aligned byte after the one before:
// no byte belongs to two of them or to none.
Status GgufHeaderParser::read_tensor(const Input& in) {
  ByteReader reader = in.from(at_);
  Result<TensorInfo> tensor = read_tensor_info(reader);
  if (!tensor) return tensor.error();
  if (reader.failed()) return wait_for(reader);
  const uint64_t expected = round_up(data_end_, header_.alignment);
  if (tensor->offset != expected) {
    const char* message = tensor->offset % header_.alignment != 0
                              ? "a tensor's offset is not a multiple of the alignment"
                          : tensor->offset < expected
                              ? "a tensor overlaps the one before it or is out of order"
                              : "a tensor leaves a gap after the one before it or is out of order";
    return error_at(ErrorCode::kMalformed, message,
                    "tensor " + tensor->name + ", " + byte_place(reader.position() - 8),
                    "offset " + std::to_string(expected), std::to_string(tensor->offset));
  }
  data_end_ = expected + tensor->n_bytes;
  header_.tensors.push_back(std::move(*tensor));
  at_ = reader.position();
  return Ok{};
}

Status GgufHeaderParser::finish_directory(const Input& in) {
  std::vector<uint32_t>& order = header_.by_name;
  const std::vector<TensorInfo>& tensors = header_.tensors;
  order.resize(tensors.size());
  std::iota(order.begin(), order.end(), 0u);
  sort_in_little_code(order.begin(), order.end(), [&tensors](uint32_t a, uint32_t b) {
    const int c = tensors[a].name.compare(tensors[b].name);
    return c != 0 ? c < 0 : a < b;
  });
  for (size_t i = 1; i < order.size(); ++i) {
    if (tensors[order[i - 1]].name != tensors[order[i]].name) continue;
    return error_at(ErrorCode::kMalformed, "a tensor name appears twice",
                    "tensor " + tensors[order[i]].name, "one tensor",
                    "tensors " + std::to_string(order[i - 1]) + " and " + std::to_string(order[i]));
  }
  header_.data_offset = round_up(at_, header_.alignment);
  header_.data_bytes = data_end_;
  const uint64_t end = header_.data_offset + data_end_;
  if (in.file_bytes > 0 && end > in.file_bytes) {
    return error_at(
        ErrorCode::kTruncated, "the file ends before its last tensor (incomplete download?)",
        "tensor " + tensors.back().name, n_bytes_text(end), n_bytes_text(in.file_bytes));
  }
  needed_ = header_.data_offset;
  stage_ = Stage::kPadding;
  return Ok{};
}

Status GgufHeaderParser::wait_for(const ByteReader& reader) {
  needed_ = reader.needed();
  return Ok{};
}

std::string GgufHeaderParser::key_place() const {
  return "key " + key_ + ", " + byte_place(at_);
}

Result<GgufHeader> parse_gguf_header(std::span<const uint8_t> file) {
  GgufHeaderParser parser;
  const Result<bool> complete = parser.parse(file, file.size());
  if (!complete) return complete.error();
  if (*complete) return parser.take();
  return error_at(ErrorCode::kTruncated, "the file is empty", byte_place(0), "a GGUF file",
                  "0 bytes");
}

}  // namespace nanoinfer
