// What is watched in one sequence of a session: taps kept, edits made, breaks.
//
// Everything is named by the op whose output it is about; trace/schema.h gives taps their names.
// Behind a watched op the order is: masks, edits, taps (which so keep what later ops see), breaks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/result.h"
#include "engine/run/session.h"
#include "engine/trace/breaks.h"
#include "engine/trace/edits.h"
#include "engine/trace/taps.h"

namespace nanoinfer {

class Trace final : public PassWatcher {
 public:
  // Watches sequence `seq` of the session, which must outlive it and have no other watcher.
  explicit Trace(Session& session, uint32_t seq = 0);
  ~Trace() override;
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  // Keeps these taps from now on and no others: see Taps::keep.
  Status keep(std::span<const KeptTap> taps, uint64_t max_bytes);
  const Taps& taps() const { return taps_; }

  // A kept row of position `pos`: (op.n_out) values, or the norm alone.
  Result<std::span<const float>> row(uint32_t op, uint32_t pos) const;

  // The rows (n_rows, op.n_out) that a tap holds at this moment in the pass begun: its op has run
  // and no later one has written over them.
  Result<std::span<const float>> live(uint32_t op) const;

  // Edits act in the order in which they were added. Values in the cache that were computed without
  // an edit stay as they are: truncate the session to the first position that it changes.
  Status add_edit(Edit edit);
  Status add_mask(const Mask& mask);
  void clear_edits();
  std::span<const Mask> masks() const { return masks_; }

  Status add_break(const Break& wanted);
  void clear_breaks();
  // The break at which the last run() stopped.
  const BreakHit& hit() const { return hit_; }

  Session& session() const { return session_; }
  uint32_t seq() const { return seq_; }

  size_t next_watched(size_t cursor) override;
  bool after(size_t op, const Pass& pass) override;
  void forget(uint32_t seq, uint32_t n_positions) override;

 private:
  void watch_ops();
  void edit_row(size_t op, uint32_t pos, float* row);
  bool stop_at(size_t op, uint32_t pos, std::span<const float> row);

  Session& session_;
  const uint32_t seq_;
  Taps taps_;
  std::vector<Edit> edits_;
  std::vector<Mask> masks_;
  std::vector<Break> breaks_;
  BreakHit hit_;
  std::vector<bool> watched_;  // (n_ops)
};

}  // namespace nanoinfer
