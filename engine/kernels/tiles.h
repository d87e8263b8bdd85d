// Tiles: 8 rows of a weight matrix interleaved so that rows sit in vector lanes.
//
// A block of the file format is a list of fields (scales, high bits, codes ...), each a run of
// units of 2 or 4 bytes. A tile stores block after block; within a block, field after field;
// within a field, unit after unit; within a unit the rows 0..7. The fifth bits of Q5_0 and Q5_1,
// one word of 32 for a row's block, are turned so that byte i has those of inputs i, i + 4, i + 8
// ...: then they lie under the codes that they belong to; and those of Q6_K are regrouped so that
// most codes need no bits from elsewhere. So every bit of the file's rows is there once, and
// unpack(repack(x)) == x. A last tile of r < 8 rows uses the same order with r rows.
#pragma once

#include <cstdint>
#include <span>

#include "engine/quant/type.h"

namespace nanoinfer {

// A field of a block: bytes [offset, offset + n_bytes) in units of unit_bytes.
struct BlockField {
  uint16_t offset;
  uint16_t n_bytes;
  uint8_t unit_bytes;
  bool turned = false;  // its one unit: bit 4 u + i of the file is bit u of byte i in the tile
};

// The fields of a type's block in tile order.
//   F32 {0,4,4}  F16, BF16 {0,2,2}  Q8_0 {d 0,2,2} {codes 2,32,4}
//   Q4_0 {d 0,2,2} {codes 2,16,4}                 Q4_1 {d 0,2,2} {m 2,2,2} {codes 4,16,4}
//   Q5_0 {d 0,2,2} {fifth bits 2,4,4, turned} {codes 6,16,4}
//   Q5_1 {d 0,2,2} {m 2,2,2} {fifth bits 4,4,4, turned} {codes 8,16,4}
//   Q4_K {d 0,2,2} {dmin 2,2,2} {scales 4,12,4} {codes 16,128,4}
//   Q5_K {d 0,2,2} {dmin 2,2,2} {scales 4,12,4} {high bits 16,32,4} {codes 48,128,4}
//   Q6_K {d 208,2,2} {scales 192,16,4}, then of each half of a block {bit pairs 128 + 32 h,32,4}
//        {nibbles 64 h,32,4} {nibbles 64 h + 32,32,4}, regrouped: of inputs i, i + 32, i + 64 and
//        i + 96 the first three have a byte each, in these three fields, and the fourth two bits
//        above each of them, low ones first
std::span<const BlockField> block_fields(TensorType type);

// Whether every float16 in n_bytes of file rows, scale or weight, is finite. Kernels widen halves
// without asking, so nothing else may come into a tile.
bool halves_are_finite(TensorType type, const uint8_t* rows, size_t n_bytes);

// Reorders n_rows <= 8 file rows of n_in elements in place into a tile. `scratch` holds as many
// bytes as the rows.
void repack_tile(TensorType type, uint8_t* rows, size_t n_rows, size_t n_in, uint8_t* scratch);

// The inverse: file-order bytes of block `block` of row `row` of the tile, into out (block_bytes).
void unpack_block_bytes(TensorType type, const uint8_t* tile, size_t n_rows, size_t row,
                        size_t block, uint8_t* out);

// The same for the whole row, into out (row_bytes).
void unpack_row_bytes(TensorType type, const uint8_t* tile, size_t n_rows, size_t row, size_t n_in,
                      uint8_t* out);

}  // namespace nanoinfer
