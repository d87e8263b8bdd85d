// What the exported functions share: their last answer and error, and how they give them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "engine/base/result.h"

#define EXPORT extern "C" __attribute__((used, visibility("default")))

namespace nanoinfer {

// JavaScript knows one thread of the engine, so the last answer and error may be globals.
inline std::string last_json;
inline Error last_error;

inline const char* json(std::string text) {
  last_json = std::move(text);
  return last_json.c_str();
}

// The value's address, moved to the heap; null and ni_last_error() if there is none.
template <typename T>
T* own(Result<T> result) {
  if (result) return new T(std::move(*result));
  last_error = result.error();
  return nullptr;
}

template <typename T>
T* own(Result<std::unique_ptr<T>> result) {
  if (result) return result->release();
  last_error = result.error();
  return nullptr;
}

inline int report(Status status) {
  if (status) return 0;
  last_error = std::move(status.error());
  return -1;
}

}  // namespace nanoinfer
