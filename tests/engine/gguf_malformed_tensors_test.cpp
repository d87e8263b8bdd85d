// Tensor directories that are wrong in one place each, and the error each must give.
#include <limits>
#include <string>
#include <vector>

#include "engine/gguf/writer.h"
#include "tests/engine/gguf_testing.h"

namespace nanoinfer {
namespace {

constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
constexpr uint64_t kTop = uint64_t{1} << 63;
constexpr uint64_t kInt64Max = kTop - 1;
constexpr std::string_view kPast = "the file ends before its last tensor";

void expect_refused(const char* what, const std::vector<uint8_t>& file, ErrorCode code,
                    const std::string& says) {
  SCOPED_TRACE(what);
  const std::string whole = outcome(file, file.size());
  EXPECT_TRUE(whole.starts_with(std::string(error_code_name(code)) + ": ")) << whole;
  EXPECT_NE(whole.find(says), std::string::npos) << whole;
  EXPECT_EQ(outcome(file, 7), whole);
  // What is missing of the data is not known before the source ends.
  const bool header_is_whole = says.starts_with(kPast);
  EXPECT_EQ(outcome(file, 7, false) == "ok", header_is_whole);
}

// A file with the one tensor t.
std::vector<uint8_t> one(const std::vector<uint64_t>& dims, uint64_t type = kTypeF32,
                         uint64_t offset = 0) {
  return with_tensors(1, Bytes().tensor("t", dims, type, offset), 4096);
}

TEST(GgufMalformedTensors, Names) {
  const auto named = [](uint64_t n_bytes, std::string_view text) {
    return with_tensors(1, Bytes().u64(n_bytes).raw(text).u32(1).u64(8).u32(kTypeF32).u64(0));
  };
  using namespace std::string_view_literals;
  for (const uint64_t n : {uint64_t{65}, kTop, kMost, (uint64_t{1} << 32) + 1}) {
    expect_refused("length", named(n, std::string(65, 'n')), ErrorCode::kLimit, "at most 64 bytes");
  }
  expect_refused("empty", named(0, ""), ErrorCode::kMalformed, "an empty name");
  expect_refused("NUL", named(3, "a\0b"sv), ErrorCode::kMalformed, "not printable");
  expect_refused("invalid UTF-8", named(2, "a\xff"), ErrorCode::kMalformed, "not printable");
  expect_refused("escape", named(2, "\x1b["), ErrorCode::kMalformed, "not printable");
  const Bytes twice = Bytes()
                          .tensor("t", {8}, kTypeF32, 0)
                          .tensor("u", {8}, kTypeF32, 32)
                          .tensor("t", {8}, kTypeF32, 64);
  expect_refused("twice", with_tensors(3, twice, 96), ErrorCode::kMalformed, "tensors 0 and 2");
}

TEST(GgufMalformedTensors, Dimensions) {
  for (const uint64_t n : {0u, 5u, 0xFFFFFFFFu}) {
    const Bytes tensor = Bytes().text("t").u32(n).zeros(100);
    expect_refused("count", with_tensors(1, tensor), ErrorCode::kMalformed,
                   "tensor t, byte 33; expected 1 to 4; got " + std::to_string(n));
  }
  for (size_t i = 0; i < 4; ++i) {
    std::vector<uint64_t> dims(4, 1);
    dims[i] = 0;
    expect_refused("zero", one(dims), ErrorCode::kMalformed, "dimension " + std::to_string(i));
  }
  const std::vector<std::vector<uint64_t>> too_large = {
      {kMost},
      {kTop},
      {kInt64Max},
      {1, kMost},
      {1, 1, 1, kTop},
      {uint64_t{1} << 32, uint64_t{1} << 32},              // the product wraps to 0
      {uint64_t{1} << 62, 4},                              // to 0
      {(uint64_t{1} << 32) + 1, (uint64_t{1} << 31) + 1},  // to a negative number
      {65536, 65536, 65536, 65536},                        // to 0
      {(uint64_t{1} << 42) + 1, 1152},
      {1024819115206086208},
      {(uint64_t{1} << 40) + 1},
      {uint64_t{1} << 40, 2},
  };
  for (const std::vector<uint64_t>& dims : too_large) {
    for (const uint64_t type : {kTypeF32, kTypeQ4_0, kTypeQ8_0, kTypeI8, kTypeI64, kTypeF64}) {
      expect_refused("elements", one(dims, type), ErrorCode::kLimit, "too many elements");
    }
  }
}

TEST(GgufMalformedTensors, SizesBeyondTheFile) {
  // 2^30 floats are 0 bytes in 32-bit arithmetic.
  const std::string past(kPast);
  expect_refused("2^30", one({uint64_t{1} << 30}), ErrorCode::kTruncated,
                 past + " (incomplete download?) (tensor t; expected 4294967360 bytes");
  expect_refused("65536 x 16384", one({65536, 16384}), ErrorCode::kTruncated, past);
  expect_refused("2^40", one({uint64_t{1} << 40}), ErrorCode::kTruncated, past);
  expect_refused("2^40 of Q8_0", one({uint64_t{1} << 40}, kTypeQ8_0), ErrorCode::kTruncated, past);
  expect_refused("one float more", one({1025}), ErrorCode::kTruncated, past);
  EXPECT_EQ(outcome(one({1024}), 7), "ok");
  const Bytes two = Bytes()
                        .tensor("t", {uint64_t{1} << 40}, kTypeF32, 0)
                        .tensor("u", {8}, kTypeF32, uint64_t{1} << 42);
  expect_refused("sum", with_tensors(2, two), ErrorCode::kTruncated, past);
}

TEST(GgufMalformedTensors, Types) {
  for (const uint64_t type : {43u, 255u, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
    expect_refused("unknown", one({256}, type), ErrorCode::kUnsupported,
                   "got type " + std::to_string(type));
  }
  for (const uint64_t type : {4u, 5u, 31u, 32u, 33u, 36u, 37u, 38u}) {
    expect_refused("removed", one({256}, type), ErrorCode::kUnsupported, "unknown or was removed");
  }
  for (const uint64_t type : {9u,  10u, 11u, 15u, 16u, 17u, 18u, 19u, 20u, 21u, 22u, 23u,
                              24u, 25u, 26u, 27u, 28u, 29u, 34u, 35u, 39u, 40u, 41u, 42u}) {
    expect_refused("known", one({256}, type), ErrorCode::kUnsupported,
                   std::string("got ") + type_traits(static_cast<uint32_t>(type))->name);
  }
}

TEST(GgufMalformedTensors, RowsAreMadeOfWholeBlocks) {
  expect_refused("Q4_K", one({100}, kTypeQ4_K), ErrorCode::kMalformed,
                 "expected a multiple of 256 for Q4_K; got 100");
  expect_refused("Q8_0", one({33}, kTypeQ8_0), ErrorCode::kMalformed, "a multiple of 32 for Q8_0");
  expect_refused("Q4_0", one({16, 2}, kTypeQ4_0), ErrorCode::kMalformed, "whole blocks");
}

TEST(GgufMalformedTensors, Offsets) {
  for (const uint64_t offset : {uint64_t{1}, uint64_t{31}, kMost}) {
    expect_refused("unaligned", one({8}, kTypeF32, offset), ErrorCode::kMalformed,
                   "not a multiple of the alignment");
  }
  for (const uint64_t offset : {uint64_t{32}, kMost - 31, kTop}) {
    expect_refused("far", one({8}, kTypeF32, offset), ErrorCode::kMalformed,
                   "expected offset 0; got " + std::to_string(offset));
  }
  // t takes 40 bytes, so u belongs at 64.
  const auto second = [](uint64_t offset) {
    return with_tensors(
        2, Bytes().tensor("t", {10}, kTypeF32, 0).tensor("u", {8}, kTypeF32, offset), 4096);
  };
  EXPECT_EQ(outcome(second(64), 7), "ok");
  expect_refused("same place", second(0), ErrorCode::kMalformed, "overlaps");
  expect_refused("overlap", second(32), ErrorCode::kMalformed, "overlaps");
  expect_refused("gap", second(96), ErrorCode::kMalformed, "tensor u, byte");
  expect_refused("gap", second(96), ErrorCode::kMalformed, "leaves a gap");
  const Bytes swapped = Bytes().tensor("t", {8}, kTypeF32, 32).tensor("u", {8}, kTypeF32, 0);
  expect_refused("order", with_tensors(2, swapped, 64), ErrorCode::kMalformed, "out of order");
  const Bytes huge =
      Bytes().tensor("t", {8}, kTypeF32, 0).tensor("u", {8}, kTypeF32, 0x7FFFFFFFFFFFFFC0u);
  expect_refused("huge", with_tensors(2, huge), ErrorCode::kMalformed, "leaves a gap");
}

TEST(GgufMalformedTensors, TheDataSectionMustBeThere) {
  const std::vector<uint8_t> file = with_tensors(1, Bytes().tensor("t", {10}, kTypeF32, 0), 40);
  const size_t data_offset = file.size() - 40;
  EXPECT_EQ(outcome(file, file.size()), "ok");
  for (const size_t n : {file.size() - 1, data_offset + 1, data_offset, data_offset - 1}) {
    const std::vector<uint8_t> cut(file.begin(), file.begin() + static_cast<ptrdiff_t>(n));
    const std::string text = std::string("truncated: ") + std::string(kPast) +
                             " (incomplete download?) (tensor t; expected 104 bytes; got " +
                             std::to_string(n) + " bytes)";
    EXPECT_EQ(outcome(cut, cut.size()), text);
    EXPECT_EQ(outcome(cut, 7), text);
    EXPECT_EQ(outcome(cut, 7, false), n < data_offset ? text : "ok") << "known at the end only";
  }
}

TEST(GgufMalformedTensors, ACutDirectoryNamesTheTensor) {
  const Bytes tensors = Bytes().tensor("t", {8}, kTypeF32, 0).tensor("u", {8, 1, 1}, kTypeF32, 32);
  const std::vector<uint8_t> file = with_tensors(2, tensors, 64);
  // Of u's 49 bytes, the last 16 are not implied by the shortest entry there can be.
  const size_t end = 24 + 33 + 49;
  for (size_t n = end - 16; n < end; ++n) {
    const std::vector<uint8_t> cut(file.begin(), file.begin() + static_cast<ptrdiff_t>(n));
    expect_refused("cut", cut, ErrorCode::kTruncated, "tensor 1, byte 57");
  }
}

}  // namespace
}  // namespace nanoinfer
