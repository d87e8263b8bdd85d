// Files that are wrong in one place each, and the error each must give.
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "engine/gguf/writer.h"
#include "tests/engine/gguf_testing.h"

namespace nanoinfer {
namespace {

constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
constexpr uint64_t kTop = uint64_t{1} << 63;

struct Case {
  std::string what;
  std::vector<uint8_t> file;
  ErrorCode code;
  std::string says;  // a part of the error's text
};

// Each case gives its error, the same one however the file is cut, and no crash when its size is
// not known before its end.
void expect_refused(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const Result<GgufHeader> header = parse_gguf_header(c.file);
    if (header) {
      ADD_FAILURE() << "accepted";
      continue;
    }
    const Error& error = header.error();
    EXPECT_STREQ(error_code_name(error.code), error_code_name(c.code)) << error.text();
    EXPECT_NE(error.text().find(c.says), std::string::npos) << error.text();
    EXPECT_FALSE(error.place.empty()) << error.text();
    if (c.file.empty()) continue;
    const std::string whole = outcome(c.file, c.file.size());
    EXPECT_EQ(whole, std::string(error_code_name(c.code)) + ": " + error.text());
    for (const size_t chunk : {size_t{7}, size_t{4096}}) {
      if (c.file.size() / chunk > 100000) continue;
      EXPECT_EQ(outcome(c.file, chunk), whole);
      EXPECT_NE(outcome(c.file, chunk, false), "ok");
    }
  }
}

std::vector<uint8_t> text_file(std::string_view text) {
  return Bytes().raw(text).data;
}

std::vector<uint8_t> cut(std::vector<uint8_t> file, size_t n_bytes) {
  file.resize(n_bytes);
  return file;
}

TEST(GgufMalformed, Prelude) {
  const std::vector<uint8_t> good = RawFile{}.bytes();
  std::vector<Case> cases;
  for (const size_t n : {0u, 1u, 3u, 4u, 8u, 23u}) {
    cases.push_back({std::to_string(n) + " bytes", cut(good, n), ErrorCode::kTruncated, "bytes"});
  }
  const auto not_gguf = [&cases](std::string_view text, const char* says) {
    cases.push_back({std::string(text.substr(0, 8)), text_file(text), ErrorCode::kMalformed, says});
  };
  using namespace std::string_view_literals;
  not_gguf("FUGG\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv, "bytes swapped");
  not_gguf("ggjt and what old files hold", "before GGUF");
  not_gguf("tjgg\3\0\0\0 and what old files hold"sv, "before GGUF");
  not_gguf("PK\3\4 and what ZIP files hold"sv, "ZIP");
  not_gguf("<!DOCTYPE html><title>404</title>", "HTML");
  not_gguf("\r\n  <html>", "HTML");
  not_gguf("version https://git-lfs.github.com/spec/v1\noid sha256:0", "LFS");
  not_gguf("\x1f\x8b\x08\0\0\0\0\0\0\3 and so on"sv, "gzip");
  not_gguf("\x40\0\0\0\0\0\0\0{\"__metadata__\":{}}"sv, "safetensors");
  not_gguf("{\"error\":\"not found\"}", "JSON");
  not_gguf("just some text that goes on", "something else");
  not_gguf("gguf in small letters is not it", "something else");
  not_gguf("NOPE", "something else");
  for (const uint64_t version : {0u, 1u, 4u, 0xFFFFFFFFu}) {
    cases.push_back({"version " + std::to_string(version), RawFile{.version = version}.bytes(),
                     ErrorCode::kUnsupported, "2 or 3; got " + std::to_string(version)});
  }
  for (const uint64_t version : {0x02000000u, 0x03000000u}) {
    cases.push_back(
        {"big-endian", RawFile{.version = version}.bytes(), ErrorCode::kUnsupported, "big-endian"});
  }
  expect_refused(cases);
}

TEST(GgufMalformed, Counts) {
  std::vector<Case> cases;
  for (const uint64_t n : {kMost, kTop, (uint64_t{1} << 32) + 1, uint64_t{65537}}) {
    cases.push_back({"tensors " + std::to_string(n), RawFile{.n_tensors = n}.bytes(),
                     ErrorCode::kLimit, "at most 65536; got " + std::to_string(n)});
  }
  for (const uint64_t n : {kMost, uint64_t{1} << 61, uint64_t{4097}}) {
    cases.push_back({"entries " + std::to_string(n), RawFile{.n_entries = n}.bytes(),
                     ErrorCode::kLimit, "at most 4096; got " + std::to_string(n)});
  }
  cases.push_back({"100 entries in a file with room for a few", RawFile{.n_entries = 100}.bytes(),
                   ErrorCode::kTruncated, "ends inside its header"});
  cases.push_back({"65536 tensors in a small file", RawFile{.n_tensors = 65536}.bytes(),
                   ErrorCode::kTruncated, "ends inside its header"});
  cases.push_back(
      {"no tensors", RawFile{.n_tensors = 0}.bytes(), ErrorCode::kUnsupported, "no weights"});
  expect_refused(cases);
}

TEST(GgufMalformed, Keys) {
  const auto one = [](const Bytes& entry) { return with_entries(1, entry); };
  const auto key = [&one](std::string_view text) { return one(Bytes().entry(text, kU8).u8(1)); };
  using namespace std::string_view_literals;
  std::vector<Case> cases;
  for (const uint64_t n : {kMost, kTop, (uint64_t{1} << 32) + 5, uint64_t{65536}}) {
    cases.push_back({"key length " + std::to_string(n), one(Bytes().u64(n).zeros(70000)),
                     ErrorCode::kLimit, "key is too long"});
  }
  cases.push_back({"key longer than the file", one(Bytes().u64(60000).raw("k").zeros(20)),
                   ErrorCode::kTruncated, "metadata entry 0"});
  cases.push_back({"empty key", key(""), ErrorCode::kMalformed, "an empty key"});
  cases.push_back({"key with NUL", key("a\0b"sv), ErrorCode::kMalformed, "not printable"});
  cases.push_back({"key of invalid UTF-8", key("a\xff"), ErrorCode::kMalformed, "not printable"});
  cases.push_back({"key with a line feed", key("a\nb"), ErrorCode::kMalformed, "not printable"});
  cases.push_back({"key beyond ASCII", key("a\xc3\xa4"), ErrorCode::kMalformed, "not printable"});
  const Bytes twice = Bytes().entry("x", kU8).u8(1).entry("y", kU8).u8(1).entry("x", kU8).u8(1);
  cases.push_back({"key twice", with_entries(3, twice), ErrorCode::kMalformed, "entries 0 and 2"});
  const Bytes retyped = Bytes().entry("x", kU8).u8(1).entry("x", kU32).u32(1);
  cases.push_back({"key twice with another type", with_entries(2, retyped), ErrorCode::kMalformed,
                   "appears twice"});
  for (const uint64_t type : {13u, 255u, 0xFFFFFFFFu}) {
    cases.push_back({"value type " + std::to_string(type), one(Bytes().entry("x", type).zeros(16)),
                     ErrorCode::kMalformed, "0 to 12; got " + std::to_string(type)});
  }
  for (const uint8_t value : {uint8_t{2}, uint8_t{255}}) {
    cases.push_back({"bool " + std::to_string(value), one(Bytes().entry("x", kBool).u8(value)),
                     ErrorCode::kMalformed, "0 or 1; got " + std::to_string(value)});
    cases.push_back({"bool in an array",
                     one(Bytes().entry("x", kArray).u32(kBool).u64(3).u8(0).u8(1).u8(value)),
                     ErrorCode::kMalformed, "0 or 1; got " + std::to_string(value)});
  }
  expect_refused(cases);
}

TEST(GgufMalformed, Strings) {
  const auto string = [](uint64_t n_bytes, size_t n_there) {
    return with_entries(1, Bytes().entry("x", kString).u64(n_bytes).zeros(n_there));
  };
  constexpr uint64_t k17MiB = uint64_t{17} << 20;
  expect_refused({
      {"length -1", string(kMost, 8), ErrorCode::kLimit, "key x"},
      {"length 2^63", string(kTop, 8), ErrorCode::kLimit, "key x"},
      {"length 2^32", string(uint64_t{1} << 32, 8), ErrorCode::kLimit, "key x"},
      {"longer than the file", string(1000, 8), ErrorCode::kTruncated, "metadata entry 0"},
      {"17 MiB declared", string(k17MiB, 8), ErrorCode::kLimit, "at most 16777216 bytes"},
      {"17 MiB and there", string(k17MiB, k17MiB), ErrorCode::kLimit, "at most 16777216 bytes"},
  });
}

TEST(GgufMalformed, Arrays) {
  const auto array = [](uint64_t type, uint64_t n, size_t n_there) {
    return with_entries(1, Bytes().entry("x", kArray).u32(type).u64(n).zeros(n_there));
  };
  std::vector<Case> cases;
  for (const uint64_t type : {uint64_t{13}, uint64_t{0xFFFFFFFF}}) {
    cases.push_back({"element type " + std::to_string(type), array(type, 1, 8),
                     ErrorCode::kMalformed, "unknown element type"});
  }
  for (const uint64_t n : {kMost, uint64_t{1} << 61, uint64_t{1} << 32, uint64_t{1} << 40}) {
    for (const uint64_t type : {kU8, kU64, kString}) {
      cases.push_back({std::to_string(n) + " elements", array(type, n, 64), ErrorCode::kLimit,
                       "at most 4194304 elements"});
    }
  }
  cases.push_back({"more numbers than the file holds", array(kU32, 1000, 64), ErrorCode::kTruncated,
                   "metadata entry 0"});
  cases.push_back({"more strings than the file holds", array(kString, 1000, 64),
                   ErrorCode::kTruncated, "key x, element 0"});
  cases.push_back({"one element too many, all there", array(kU8, 4194305, 4194305),
                   ErrorCode::kLimit, "got 4194305"});
  const Bytes third_cut =
      Bytes().entry("x", kArray).u32(kString).u64(3).text("a").text("b").u64(4096).raw("c");
  cases.push_back(
      {"third string cut", with_entries(1, third_cut), ErrorCode::kTruncated, "key x, element 2"});
  const Bytes second_long =
      Bytes().entry("x", kArray).u32(kString).u64(2).text("a").u64(kMost).zeros(8);
  cases.push_back({"second string of length -1", with_entries(1, second_long), ErrorCode::kLimit,
                   "string is too long"});
  cases.push_back({"arrays in an array", array(kArray, 1, 64), ErrorCode::kUnsupported, "key x"});
  Bytes deep;
  deep.entry("x", kArray);
  for (int depth = 0; depth < 100000; ++depth) deep.u32(kArray).u64(1);
  cases.push_back(
      {"arrays 100,000 deep", with_entries(1, deep), ErrorCode::kUnsupported, "arrays of arrays"});
  expect_refused(cases);
}

TEST(GgufMalformed, Alignment) {
  const auto alignment = [](const Bytes& value) {
    Bytes entry;
    entry.text("general.alignment");
    entry.data.insert(entry.data.end(), value.data.begin(), value.data.end());
    return with_entries(1, entry);
  };
  std::vector<Case> cases;
  for (const uint32_t n : {0u, 1u, 2u, 4u, 7u, 13u, 24u, 33u, 0x80000000u, 131072u, 0xFFFFFFFFu}) {
    cases.push_back({"alignment " + std::to_string(n), alignment(Bytes().u32(kU32).u32(n)),
                     ErrorCode::kMalformed, "power of two from 8 to 65536; got"});
  }
  const auto mistyped = [&](const char* type, const Bytes& value) {
    cases.push_back(
        {type, alignment(value), ErrorCode::kMalformed, std::string("expected u32; got ") + type});
  };
  mistyped("u8", Bytes().u32(kU8).u8(32));
  mistyped("i32", Bytes().u32(kI32).u32(32));
  mistyped("u64", Bytes().u32(kU64).u64(32));
  mistyped("f32", Bytes().u32(kF32).u32(32));
  mistyped("string", Bytes().u32(kString).text("32"));
  mistyped("array", Bytes().u32(kArray).u32(kU32).u64(1).u32(32));
  expect_refused(cases);
}

TEST(GgufMalformed, FilesThatAreNotAWholeModel) {
  const auto split = [](uint64_t part, uint64_t n_parts) {
    return with_entries(
        2, Bytes().entry("split.no", kU32).u32(part).entry("split.count", kU32).u32(n_parts));
  };
  const auto typed = [](std::string_view type) {
    return with_entries(1, Bytes().entry("general.type", kString).text(type));
  };
  expect_refused({
      {"first of 3", split(0, 3), ErrorCode::kUnsupported, "part 1 of 3"},
      {"second of 3", split(1, 3), ErrorCode::kUnsupported, "part 2 of 3"},
      {"eighth of 3", split(7, 3), ErrorCode::kUnsupported, "part 8 of 3"},
      {"part without a count", with_entries(1, Bytes().entry("split.no", kU32).u32(1)),
       ErrorCode::kUnsupported, "part 2 of 1"},
      {"count as text", with_entries(1, Bytes().entry("split.count", kString).text("3")),
       ErrorCode::kMalformed, "split.count; expected an integer; got string"},
      {"adapter", typed("adapter"), ErrorCode::kUnsupported, "got adapter"},
      {"mmproj", typed("mmproj"), ErrorCode::kUnsupported, "got mmproj"},
      {"control vector", typed("control-vector"), ErrorCode::kUnsupported, "not a model"},
      {"imatrix", typed("imatrix"), ErrorCode::kUnsupported, "got imatrix"},
      {"empty type", typed(""), ErrorCode::kUnsupported, "not a model"},
      {"unprintable type", typed("\x1b[31m"), ErrorCode::kUnsupported, "got other bytes"},
      {"type as number", with_entries(1, Bytes().entry("general.type", kU32).u32(1)),
       ErrorCode::kMalformed, "expected string; got u32"},
  });
}

// What looks odd and is right.
TEST(GgufMalformed, OddFilesThatAreAccepted) {
  const auto accept = [](const char* what, const std::vector<uint8_t>& file) {
    const Result<GgufHeader> header = parse_gguf_header(file);
    EXPECT_TRUE(header) << what << ": " << header.error().text();
  };
  accept("no metadata", RawFile{}.bytes());
  accept("__proto__", with_entries(1, Bytes().entry("__proto__", kU8).u8(1)));
  accept("longest key", with_entries(1, Bytes().entry(std::string(65535, 'k'), kU8).u8(1)));
  accept("file type at odds with its tensors",
         with_entries(1, Bytes().entry("general.file_type", kU32).u32(999)));
  accept("empty array", with_entries(1, Bytes().entry("x", kArray).u32(kString).u64(0)));
  accept("longest array",
         with_entries(1, Bytes().entry("x", kArray).u32(kU8).u64(4194304).zeros(4194304)));
  accept("longest name", with_tensors(1, Bytes().tensor(std::string(64, 'n'), {8}, kTypeF32, 0)));
  accept("one part of one", with_entries(1, Bytes().entry("split.count", kU32).u32(1)));
  accept("a model that says so",
         with_entries(1, Bytes().entry("general.type", kString).text("model")));
}

TEST(GgufMalformed, HeadersBeyondTheLargestAreRefused) {
  // Nine strings of 15 MiB: every one within its limit.
  constexpr size_t kLength = size_t{15} << 20;
  Bytes file;
  file.data.reserve(9 * (kLength + 100));
  file.raw("GGUF").u32(3).u64(1).u64(9);
  for (int i = 0; i < 9; ++i) {
    file.entry("k" + std::to_string(i), kString).u64(kLength).zeros(kLength);
  }
  file.tensor("t", {8}, kTypeF32, 0).zeros(64);
  EXPECT_TRUE(outcome(file.data, file.data.size()).starts_with("limit: the header is too large"));
  EXPECT_EQ(outcome(file.data, size_t{1} << 20), outcome(file.data, file.data.size()));
}

}  // namespace
}  // namespace nanoinfer
