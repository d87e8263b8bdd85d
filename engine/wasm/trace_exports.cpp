// The glass box as JavaScript sees it: taps, edits and breaks of one sequence (engine/trace/). Taps
// are named by the op whose output they are; ni_session_taps has their names and axes. As in
// exports.cpp a call that fails returns null or -1.
#include <span>
#include <vector>

#include "engine/trace/trace.h"
#include "engine/wasm/answers.h"

using namespace nanoinfer;

namespace {

// The first value, and how many there are.
const float* values(const Result<std::span<const float>>& found, uint32_t* n) {
  if (!found) {
    last_error = found.error();
    return nullptr;
  }
  *n = static_cast<uint32_t>(found->size());
  return found->data();
}

}  // namespace

// Watches sequence `seq` of a session until it is freed; a session has one trace at most.
EXPORT Trace* ni_trace_new(Session* session, uint32_t seq) {
  if (seq < session->n_seqs() && session->watcher() == nullptr) return new Trace(*session, seq);
  last_error = {ErrorCode::kBadArgument, "the session cannot be watched", "", "", ""};
  return nullptr;
}

// To be called before the session is freed.
EXPORT void ni_trace_free(Trace* trace) {
  delete trace;
}

// ---- taps
// -----------------------------------------------------------------------------------------

// Keeps these ops' outputs, or where norm_only says so the norm of each row, and no others, in
// memory of at most max_bytes taken now. Returns for how many positions they reach, the last ones.
EXPORT int ni_trace_keep(Trace* trace, const uint32_t* ops, const uint8_t* norm_only, uint32_t n,
                         double max_bytes) {
  std::vector<KeptTap> taps;
  for (uint32_t i = 0; i < n; ++i) taps.push_back({.op = ops[i], .norm_only = norm_only[i] != 0});
  const Status kept = trace->keep(taps, static_cast<uint64_t>(max_bytes));
  return kept ? static_cast<int>(trace->taps().n_positions()) : report(kept);
}

// A kept row, *n values, until the next pass or ni_trace_keep.
EXPORT const float* ni_trace_row(Trace* trace, uint32_t op, uint32_t pos, uint32_t* n) {
  return values(trace->row(op, pos), n);
}

// What an op left, *n values in rows, in the pass that stands still behind it; until it goes on.
EXPORT const float* ni_trace_live(Trace* trace, uint32_t op, uint32_t* n) {
  return values(trace->live(op), n);
}

// ---- breaks
// ---------------------------------------------------------------------------------------

// ni_session_run returns behind `op`. when: 0 always; 1 if the norm of a row is above `limit`; 2 if
// a value is not finite.
EXPORT int ni_trace_break(Trace* trace, uint32_t op, uint32_t when, float limit) {
  if (when > static_cast<uint32_t>(BreakWhen::kNonFinite)) {
    return report(Error{ErrorCode::kBadArgument, "there is no such condition", "when", "0 to 2",
                        std::to_string(when)});
  }
  return report(trace->add_break({.op = op, .when = static_cast<BreakWhen>(when), .limit = limit}));
}

EXPORT void ni_trace_clear_breaks(Trace* trace) {
  trace->clear_breaks();
}

// The break at which the last ni_session_run stopped: index, op, position, value, element; an index
// of -1: at none.
EXPORT const BreakHit* ni_trace_hit(Trace* trace) {
  return &trace->hit();
}

// ---- edits
// ----------------------------------------------------------------------------------------

// Elements [first, first + n) of what `op` leaves, at positions [from, to), are multiplied by the
// values (kind 0), or these are added (1), or take their place (2). n_values: 1 for all elements, n
// for each, or n * (to - from) for each of each position.
EXPORT int ni_trace_edit(Trace* trace, uint32_t op, uint32_t kind, uint32_t first, uint32_t n,
                         uint32_t from, uint32_t to, const float* new_values, uint32_t n_values) {
  if (kind > static_cast<uint32_t>(EditKind::kReplace)) {
    return report(Error{ErrorCode::kBadArgument, "there is no such kind of edit", "kind", "0 to 2",
                        std::to_string(kind)});
  }
  return report(trace->add_edit({.op = op,
                                 .kind = static_cast<EditKind>(kind),
                                 .first = first,
                                 .n = n,
                                 .from = from,
                                 .to = to,
                                 .values = {new_values, new_values + n_values}}));
}

// Edits, masks and the RoPE theta are as the file has them again. Neither this nor a new edit
// changes what is in the cache: truncate to the first position that depends on it, and run again.
EXPORT void ni_trace_clear_edits(Trace* trace) {
  trace->clear_edits();
}
