// What is watched in one sequence of a session: taps kept, edits made, breaks.
//
// Everything is named by the op whose output it is about; web/src/worker/schema.ts gives taps their
// names.
// Behind a watched op the order is: edits, in theirs (all masks where the first one stands), then
// breaks and taps, which so see what later ops see.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/result.h"
#include "engine/run/session.h"
#include "engine/trace/attention_view.h"
#include "engine/trace/breaks.h"
#include "engine/trace/edits.h"
#include "engine/trace/taps.h"

namespace nanoinfer {

class Trace final : public PassWatcher {
 public:
  // Watches sequence `seq` of the session, which must outlive it and have no other watcher.
  explicit Trace(Session& session, uint32_t seq = 0);
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  // Keeps these taps from now on and no others: see Taps::keep.
  Status keep(std::span<const KeptTap> taps, uint64_t max_bytes);
  const Taps& taps() const { return taps_; }

  // The rows (n_rows, op.n_out) that a tap holds at this moment in the pass begun: its op has run
  // and no later one has written over them.
  Status live(uint32_t op, std::span<const float>* rows) const;

  // These rows, as many values as the op has left, take the place of what it has left: later ops
  // see them, and they are what is kept. The pass must stand directly behind the op, where nothing
  // has read it; behind the last one logits may be written until the next pass begins.
  Status write(uint32_t op, std::span<const float> rows);

  // The row (op.n_out) of position `pos`, kept or else live.
  Status find(uint32_t op, uint32_t pos, const float** row) const;

  // These edits in this order, and no others. Values in the cache that were computed without them
  // stay as they are: truncate the session to the first position that they change.
  Status set_edits(std::span<const Edit> edits, std::span<const float> values);

  Status set_breaks(std::span<const Break> breaks);
  // The break at which the last run() stopped.
  const BreakHit& hit() const { return hit_; }

  // One head's attention at one position (AttentionView::row), edits included. Its q_rot must be
  // kept or live, and the position's key be in the cache.
  Status attention(uint32_t layer, uint32_t head, uint32_t pos, std::span<const float>* row);

  Session& session() const { return session_; }
  uint32_t seq() const { return seq_; }

  std::span<const uint8_t> watched() override;
  bool after(size_t op, const Pass& pass) override;
  void forget(uint32_t seq, uint32_t n_positions) override;

 private:
  Status rows_of(uint32_t op, size_t behind, std::span<const float>* rows) const;
  void watch_ops();
  void record(size_t op, const Pass& pass);
  void edit_row(size_t op, uint32_t pos, size_t row, float* values);
  void mask_row(size_t z_op, uint32_t pos, size_t row, float* z);
  void stop_at(size_t op, uint32_t pos, std::span<const float> row);
  uint32_t op_of(OpKind kind, uint32_t layer) const;
  bool is_complete() const;
  bool is_cached(uint32_t layer, uint32_t pos) const;

  Session& session_;
  const uint32_t seq_;
  Taps taps_;
  std::vector<Edit> edits_;
  std::vector<float> edit_values_;
  std::vector<Break> breaks_;
  BreakHit hit_;
  std::vector<uint8_t> watched_;  // (n_ops)
  AttentionView attention_;
};

}  // namespace nanoinfer
