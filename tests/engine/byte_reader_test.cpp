#include "engine/base/byte_reader.h"

#include <gtest/gtest.h>

#include <array>

namespace nanoinfer {
namespace {

constexpr std::array<uint8_t, 8> kBytes = {0x11, 0x22, 0x33, 0x44, 'a', 'b', 'c', 'd'};

TEST(ByteReader, ReadsLittleEndianNumbersAndText) {
  ByteReader reader(kBytes);
  EXPECT_EQ(reader.u8(), 0x11);
  EXPECT_EQ(reader.u16(), 0x3322);
  EXPECT_EQ(reader.u8(), 0x44);
  EXPECT_EQ(reader.text(4), "abcd");
  EXPECT_EQ(reader.left(), 0u);
  EXPECT_FALSE(reader.failed());
  EXPECT_EQ(ByteReader(kBytes).u32(), 0x44332211u);
  EXPECT_EQ(ByteReader(kBytes).u64(), 0x6463626144332211u);
}

TEST(ByteReader, PositionsAreThoseOfTheFile) {
  ByteReader reader(kBytes, 1000);
  reader.u32();
  EXPECT_EQ(reader.position(), 1004u);
  reader.u64();
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.needed(), 1012u);
}

TEST(ByteReader, YieldsZerosAfterItsFirstShortRead) {
  ByteReader reader(kBytes);
  EXPECT_EQ(reader.text(9), "");
  EXPECT_EQ(reader.u8(), 0) << "although a byte is there";
  EXPECT_EQ(reader.text(1), "");
  EXPECT_EQ(reader.needed(), 9u) << "that of the first";
  EXPECT_EQ(reader.position(), 0u);
}

TEST(ByteReader, LengthsThatWouldWrapAreShortReads) {
  for (const uint64_t n :
       {UINT64_MAX, UINT64_MAX - 3, uint64_t{1} << 63, (uint64_t{1} << 32) + 1}) {
    ByteReader reader(kBytes, 4);
    reader.bytes(n);
    EXPECT_TRUE(reader.failed()) << n;
    EXPECT_EQ(reader.needed(), n > UINT64_MAX - 4 ? UINT64_MAX : n + 4) << n;
  }
}

TEST(ByteReader, AnEmptySourceIsShortFromTheStart) {
  ByteReader reader({});
  EXPECT_EQ(reader.bytes(0).size(), 0u);
  EXPECT_FALSE(reader.failed());
  reader.u8();
  EXPECT_TRUE(reader.failed());
}

}  // namespace
}  // namespace nanoinfer
