// Errors as values. Nothing in the engine throws, prints or aborts on input from outside.
#pragma once

#include <cassert>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace nanoinfer {

// What went wrong, one meaning a line. Names are stable: links, tests and the page use them.
enum class ErrorCode : uint8_t {
  kTruncated,    // the input ends before it is complete
  kMalformed,    // the input breaks its own format
  kUnsupported,  // well formed, but something this engine does not run
  kLimit,        // larger than a stated limit
  kOutOfMemory,  // memory could not be had
  kBadArgument,  // a caller's value is outside its range
  kContextFull,  // more positions than the context holds
  kNonFinite,    // a computed value is NaN or infinite
  kIo,           // the operating system refused a read or a write
};

// The stable name of a code, "truncated", "malformed"...
const char* error_code_name(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kMalformed;
  std::string message;  // one sentence for a person, without place or values
  std::string
      place;  // "byte 123", "tensor blk.0.attn_q.weight", "key llama.block_count"; may be empty
  std::string expected;  // may be empty
  std::string actual;    // may be empty

  // "message (place; expected E, got A)"
  std::string text() const;
};

// A value, or the reason there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(const Error& error) : value_(error) {}
  Result(Error&& error) : value_(std::move(error)) {}

  explicit operator bool() const { return value_.index() == 0; }
  T& operator*() {
    assert(*this);
    return *std::get_if<0>(&value_);
  }
  const T& operator*() const {
    assert(*this);
    return *std::get_if<0>(&value_);
  }
  T* operator->() { return &**this; }
  const T* operator->() const { return &**this; }
  Error& error() {
    assert(!*this);
    return *std::get_if<1>(&value_);
  }
  const Error& error() const {
    assert(!*this);
    return *std::get_if<1>(&value_);
  }

 private:
  std::variant<T, Error> value_;
};

// Success, or the reason for failure. A pointer: success costs no more than a bool.
struct Ok {};
template <>
class [[nodiscard]] Result<Ok> {
 public:
  Result(Ok) {}
  Result(Error&& error) : error_(std::make_unique<Error>(std::move(error))) {}
  Result(const Error& error) : Result(Error(error)) {}

  explicit operator bool() const { return error_ == nullptr; }
  Error& error() {
    assert(error_);
    return *error_;
  }
  const Error& error() const {
    assert(error_);
    return *error_;
  }

 private:
  std::unique_ptr<Error> error_;
};
using Status = Result<Ok>;

}  // namespace nanoinfer
