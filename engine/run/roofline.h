// What bounds a pass on a machine: how fast its threads read memory, and how fast they multiply.
// These do the work; whoever calls them has the clock.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/thread_pool.h"
#include "engine/kernels/kernels.h"

namespace nanoinfer {

inline constexpr size_t kReadBlock = size_t{1} << 14;

// Reads n_blocks * kReadBlock bytes from a 16-byte boundary once, each thread its own share.
void read_blocks(const void* data, size_t n_blocks, ThreadPool& pool);

// Multiplies in cache on all threads for some milliseconds; returns the multiply-adds done.
uint64_t multiply_cached(const Kernels& kernels, ThreadPool& pool);

}  // namespace nanoinfer
