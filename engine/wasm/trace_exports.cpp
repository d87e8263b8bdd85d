// The glass box as JavaScript sees it (engine/trace/): taps, edits and breaks of one sequence, and
// what is computed from them. Taps are named by the op whose output they are. As in exports.cpp a
// call that fails returns null or -1. Floats that are returned are the engine's, *n of them, until
// the next call with this trace.
#include <cstddef>
#include <span>

#include "engine/quant/blocks.h"
#include "engine/trace/products.h"
#include "engine/trace/refusal.h"
#include "engine/trace/trace.h"
#include "engine/wasm/answers.h"

using namespace nanoinfer;

namespace {

// A trace as it is handed out.
struct OpenTrace {
  OpenTrace(Session& session, uint32_t seq) : trace(session, seq), products(session) {}
  Trace trace;
  Products products;
};

const float* hand_out(std::span<const float> values, uint32_t* n) {
  *n = static_cast<uint32_t>(values.size());
  return values.data();
}

std::nullptr_t refuse(const char* message, const char* what, uint32_t number) {
  report(refusal(message, what, number));
  return nullptr;
}

// Row `tap` of position `pos`, which is to be an input of product `op`, or elements [first, first +
// count) of it, and buffers to multiply it.
const float* input_of(OpenTrace* open, uint32_t op, uint32_t tap, uint32_t pos, uint32_t first = 0,
                      uint32_t count = 0) {
  const float* row = nullptr;
  if (report(open->trace.find(tap, pos, &row)) != 0) return nullptr;
  const std::span<const Op> ops = open->trace.session().ops();
  const uint32_t width = ops[tap].n_out;
  if (!is_product(ops, op) || ops[op].n_in != width || first > width || count > width - first) {
    return refuse("this op does not multiply these elements", "op", op);
  }
  return report(open->products.ready()) == 0 ? row : nullptr;
}

// The matrix of an op that there is; null: it has none.
const Matrix* matrix_of(const Session& session, uint32_t op) {
  const std::span<const Op> ops = session.ops();
  return op < ops.size() ? ops[op].matrix : nullptr;
}

}  // namespace

// Watches sequence `seq` of a session until it is freed; a session has one trace at most.
EXPORT OpenTrace* ni_trace_new(Session* session, uint32_t seq) {
  if (seq < session->n_seqs() && session->watcher() == nullptr) {
    return new OpenTrace(*session, seq);
  }
  return refuse("this cannot be watched", "sequence", seq);
}

// To be called before the session is freed.
EXPORT void ni_trace_free(OpenTrace* open) {
  delete open;
}

// ---- taps

// Keeps these taps (n: op, norm_only) and no others, in memory of at most max_bytes taken now.
// Returns for how many positions they reach, the last ones.
EXPORT int ni_trace_keep(OpenTrace* open, const KeptTap* taps, uint32_t n, double max_bytes) {
  const int failed = report(open->trace.keep({taps, n}, static_cast<uint64_t>(max_bytes)));
  return failed != 0 ? failed : static_cast<int>(open->trace.taps().n_positions());
}

// Where all that is kept lies; null: nothing is.
EXPORT const uint8_t* ni_trace_taps(const OpenTrace* open) {
  return open->trace.taps().memory();
}

// A kept row: its values, or its norm.
EXPORT const float* ni_trace_row(OpenTrace* open, uint32_t op, uint32_t pos, uint32_t* n) {
  const std::span<const float> row = open->trace.taps().row(op, pos);
  if (row.empty()) return refuse("this tap is not kept at", "position", pos);
  return hand_out(row, n);
}

// What an op left, row after row, in the pass that stands still behind it.
EXPORT const float* ni_trace_live(OpenTrace* open, uint32_t op, uint32_t* n) {
  std::span<const float> rows;
  return report(open->trace.live(op, &rows)) == 0 ? hand_out(rows, n) : nullptr;
}

// These rows (n values in all) in the place of what ni_trace_live gives, directly behind the op; or
// of the last pass's logits, if the op is the last one.
EXPORT int ni_trace_write(OpenTrace* open, uint32_t op, const float* rows, uint32_t n) {
  return report(open->trace.write(op, {rows, n}));
}

// ---- breaks

// ni_session_run returns behind these (n: op, when, limit) and no others. when: 0 always; 1 if the
// norm of a row is above `limit`; 2 if a value is not finite.
EXPORT int ni_trace_breaks(OpenTrace* open, const Break* breaks, uint32_t n) {
  return report(open->trace.set_breaks({breaks, n}));
}

// The break at which the last ni_session_run stopped: index, op, position, value, element; an index
// of -1: at none.
EXPORT const BreakHit* ni_trace_hit(OpenTrace* open) {
  return &open->trace.hit();
}

// ---- edits

// These edits (n: op, kind, first, n, from, to, begin, end; see edits.h) with their list of values,
// and no others, and RoPE turned by this base. What is in the cache does not change: truncate to
// the first position that depends on what is new, and run again.
EXPORT int ni_trace_edits(OpenTrace* open, const Edit* edits, uint32_t n, const float* values,
                          uint32_t n_values, float rope_theta) {
  if (!(rope_theta >= 1 && rope_theta <= 1e12f)) {
    return report(refusal("RoPE cannot turn by this base", "rope_theta", 0));
  }
  const int set = report(open->trace.set_edits({edits, n}, {values, n_values}));
  if (set == 0) open->trace.session().set_rope_theta(rope_theta);
  return set;
}

// ---- computed from what was kept

// raw, scaled, masked and probs (pos + 1 each), z (head_dim), m, l: see attention_view.h.
EXPORT const float* ni_trace_attention(OpenTrace* open, uint32_t layer, uint32_t head, uint32_t pos,
                                       uint32_t* n) {
  std::span<const float> row;
  if (report(open->trace.attention(layer, head, pos, &row)) != 0) return nullptr;
  return hand_out(row, n);
}

// (n_vocab) final norm and head on a row of the residual stream.
EXPORT const float* ni_trace_lens(OpenTrace* open, uint32_t tap, uint32_t pos, uint32_t* n) {
  const auto head = static_cast<uint32_t>(open->trace.session().ops().size() - 1);
  const float* row = input_of(open, head, tap, pos);
  return row != nullptr ? hand_out(open->products.lens(head, row), n) : nullptr;
}

// (n_out) what elements [first, first + count) of the tap, the input of product `op`, give alone:
// the other inputs are 0.
EXPORT const float* ni_trace_part(OpenTrace* open, uint32_t op, uint32_t tap, uint32_t pos,
                                  uint32_t first, uint32_t count, uint32_t* n) {
  const float* row = input_of(open, op, tap, pos, first, count);
  return row != nullptr ? hand_out(open->products.part(op, row, first, count), n) : nullptr;
}

// That tap as product `op` multiplies it: the addresses of values (n_in, float), q (n_in, int16), a
// and s (n_in / 32 each, float); see Products::Input.
EXPORT const Products::Input* ni_trace_input(OpenTrace* open, uint32_t op, uint32_t tap,
                                             uint32_t pos) {
  const float* row = input_of(open, op, tap, pos);
  return row != nullptr ? &open->products.input(op, row) : nullptr;
}

// ---- weights, cache

// Row `row` of the op's matrix: its bytes in the file's order, and its values (n_in).
EXPORT int ni_matrix_row(Session* session, uint32_t op, uint32_t row, uint8_t* bytes,
                         float* values) {
  const Matrix* matrix = matrix_of(*session, op);
  if (matrix == nullptr || row >= matrix->n_out) {
    return report(refusal("there is no such row of weights", "row", row));
  }
  matrix_row(*matrix, row, bytes, values);
  return 0;
}

// One block of a row as codes and scales: int16 codes[256], float d[8], float m[8], of which as
// many are valid as the type's blocks have. 0 for the op of a float matrix, which has none.
EXPORT int ni_matrix_decode(Session* session, uint32_t op, const uint8_t* block, BlockCodes* out) {
  const Matrix* matrix = matrix_of(*session, op);
  if (matrix == nullptr || !traits(matrix->type).quantised) return 0;
  decode_block(matrix->type, block, out);
  return 1;
}

// The block table of a sequence that there is; *n of them, until it changes.
EXPORT const uint32_t* ni_kv_table(Session* session, uint32_t seq, uint32_t* n) {
  const std::span<const uint32_t> table = session->cache().block_table(seq);
  *n = static_cast<uint32_t>(table.size());
  return table.data();
}

// k (head_dim), turned by RoPE, then v (head_dim) of one position in the cache.
EXPORT int ni_kv_slot(Session* session, uint32_t seq, uint32_t layer, uint32_t kv_head,
                      uint32_t pos, float* k_and_v) {
  const Config& c = session->model().config;
  if (seq >= session->n_seqs() || layer >= c.n_layers || kv_head >= c.n_kv_heads ||
      pos >= session->tokens(seq).size()) {
    return report(refusal("the cache does not hold this", "position", pos));
  }
  session->cache().read(seq, layer, kv_head, pos, k_and_v, k_and_v + c.head_dim);
  return 0;
}
