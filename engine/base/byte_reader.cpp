#include "engine/base/byte_reader.h"

namespace nanoinfer {

std::span<const uint8_t> ByteReader::bytes(uint64_t n) {
  if (failed_) return {};
  if (n > left()) {
    failed_ = true;
    needed_ = n > UINT64_MAX - position() ? UINT64_MAX : position() + n;
    return {};
  }
  const std::span<const uint8_t> taken = bytes_.subspan(at_, static_cast<size_t>(n));
  at_ += static_cast<size_t>(n);
  return taken;
}

std::string_view ByteReader::text(uint64_t n) {
  const std::span<const uint8_t> taken = bytes(n);
  return {reinterpret_cast<const char*>(taken.data()), taken.size()};
}

uint64_t ByteReader::little_endian(size_t n) {
  const std::span<const uint8_t> taken = bytes(n);
  uint64_t value = 0;
  for (size_t i = 0; i < taken.size(); ++i) value |= static_cast<uint64_t>(taken[i]) << (8 * i);
  return value;
}

}  // namespace nanoinfer
