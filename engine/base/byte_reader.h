// A bounds-checked little-endian cursor over bytes that may end too early.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace nanoinfer {

// Remembers its first short read and yields zeros and empty strings after it, so that one failed()
// covers many fields. Positions are file offsets: `first_position` is that of bytes[0].
class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> bytes, uint64_t first_position = 0)
      : bytes_(bytes), first_position_(first_position) {}

  uint8_t u8() { return static_cast<uint8_t>(little_endian(1)); }
  uint16_t u16() { return static_cast<uint16_t>(little_endian(2)); }
  uint32_t u32() { return static_cast<uint32_t>(little_endian(4)); }
  uint64_t u64() { return little_endian(8); }

  // The next n bytes, or an empty span if fewer are left.
  std::span<const uint8_t> bytes(uint64_t n);
  // The next n bytes as text.
  std::string_view text(uint64_t n);

  bool failed() const { return failed_; }
  // Offset of the next byte to be read.
  uint64_t position() const { return first_position_ + at_; }
  // After a short read: offset just past the bytes it asked for (saturated at 2^64 - 1).
  uint64_t needed() const { return needed_; }
  // Bytes not yet read.
  uint64_t left() const { return bytes_.size() - at_; }

 private:
  uint64_t little_endian(size_t n);

  std::span<const uint8_t> bytes_;
  uint64_t first_position_;
  size_t at_ = 0;
  bool failed_ = false;
  uint64_t needed_ = 0;
};

}  // namespace nanoinfer
