#include "engine/run/roofline.h"

#include "engine/run/cached_matmul.h"

namespace nanoinfer {

namespace {

using Lanes = uint64_t __attribute__((vector_size(16)));

constexpr size_t kBlockLanes = kReadBlock / sizeof(Lanes);
constexpr uint64_t kProducts = 1024;  // of one thread in one call

struct Reading {
  const Lanes* data;
  size_t n_blocks;
  size_t n_threads;
};

// A browser compiles a function well only when it is called often, so a call reads little.
__attribute__((noinline)) Lanes sum_block(const Lanes* from) {
  Lanes a{}, b{}, c{}, d{};
  for (size_t i = 0; i < kBlockLanes; i += 4) {
    a += from[i];
    b += from[i + 1];
    c += from[i + 2];
    d += from[i + 3];
  }
  return (a + b) + (c + d);
}

void read_share(void* context, size_t thread) {
  const auto& reading = *static_cast<const Reading*>(context);
  const size_t begin = reading.n_blocks * thread / reading.n_threads;
  const size_t end = reading.n_blocks * (thread + 1) / reading.n_threads;
  Lanes sum{};
  for (size_t block = begin; block < end; ++block) {
    sum += sum_block(reading.data + block * kBlockLanes);
  }
  // So that no read can be left out.
  [[maybe_unused]] volatile uint64_t used = sum[0] + sum[1];
}

struct Products {
  const Kernels& kernels;
  CachedMatmul matmul = {};
};

void multiply_share(void* context, size_t) {
  const auto& products = *static_cast<const Products*>(context);
  float y[CachedMatmul::kTokens * kTileRows];
  for (uint64_t i = 0; i < kProducts; ++i) products.matmul.together(products.kernels, y);
}

}  // namespace

void read_blocks(const void* data, size_t n_blocks, ThreadPool& pool) {
  Reading reading{static_cast<const Lanes*>(data), n_blocks, pool.n_threads()};
  pool.run(read_share, &reading);
}

uint64_t multiply_cached(const Kernels& kernels, ThreadPool& pool) {
  Products products{kernels};
  products.matmul.unpack(kernels);
  pool.run(multiply_share, &products);
  return kProducts * CachedMatmul::kMacs * pool.n_threads();
}

}  // namespace nanoinfer
