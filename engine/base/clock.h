// Wall clock for timings: never used for results.
#pragma once

#include <chrono>

namespace nanoinfer {

// Milliseconds since an arbitrary moment.
inline double now_ms() {
  using std::chrono::duration;
  return duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace nanoinfer
