// One block of memory, cut into aligned pieces; running out is an answer, not an abort.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace nanoinfer {

struct FreeDeleter {
  void operator()(void* memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<uint8_t, FreeDeleter>;

inline constexpr size_t kAlignment = 64;

// The C library gives no larger block: where addresses have 32 bits, 2 GB.
inline constexpr uint64_t kLargestBlock = static_cast<uint64_t>(SIZE_MAX) / 2 - 2 * kAlignment;

inline size_t round_up(uint64_t n_bytes) {
  return (static_cast<size_t>(n_bytes) + kAlignment) / kAlignment * kAlignment;
}

// Memory of n_bytes at a 64-byte boundary, or null if there is none to be had. What it holds is not
// defined.
inline Memory allocate(uint64_t n_bytes) {
  if (n_bytes > kLargestBlock) return nullptr;
  return Memory(static_cast<uint8_t*>(std::aligned_alloc(kAlignment, round_up(n_bytes))));
}

inline Memory allocate_zeroed(uint64_t n_bytes) {
  Memory memory = allocate(n_bytes);
  if (memory) __builtin_memset(memory.get(), 0, round_up(n_bytes));
  return memory;
}

// Measures first, then hands out: run the same takes twice, once before allocate() and once after.
class Arena {
 public:
  // n elements of T at a 64-byte boundary; null while measuring.
  template <typename T>
  T* take(uint64_t n) {
    const uint64_t offset = used_;
    used_ += (n * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    return memory_ ? reinterpret_cast<T*>(memory_.get() + static_cast<size_t>(offset)) : nullptr;
  }

  // Takes memory for everything measured so far and starts handing out. False: none to be had.
  bool commit() {
    memory_ = allocate_zeroed(used_);
    n_bytes_ = used_;
    used_ = 0;
    return memory_ != nullptr;
  }

  uint64_t measured() const { return used_; }    // bytes of all takes so far
  uint64_t n_bytes() const { return n_bytes_; }  // bytes of the block
  const uint8_t* data() const { return memory_.get(); }

 private:
  Memory memory_;
  uint64_t used_ = 0;
  uint64_t n_bytes_ = 0;
};

}  // namespace nanoinfer
