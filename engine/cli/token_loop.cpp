#include "engine/cli/token_loop.h"

#include <algorithm>
#include <string>
#include <vector>

namespace nanoinfer::cli {

Status forward(Session& session, std::span<const int32_t> ids, Wanted wanted,
               const std::function<Status(size_t, size_t)>& on_pass) {
  const size_t n_tokens = session.tokens(0).size() + ids.size();
  if (n_tokens > session.n_ctx()) {
    return Error{ErrorCode::kContextFull, "The tokens do not fit in the context", "",
                 "at most " + std::to_string(session.n_ctx()), std::to_string(n_tokens)};
  }
  std::vector<Row> rows;
  for (size_t begin = 0; begin < ids.size(); begin += rows.size()) {
    const size_t end = std::min<size_t>(begin + session.n_batch(), ids.size());
    auto pos = static_cast<uint32_t>(session.tokens(0).size());
    rows.clear();
    for (size_t i = begin; i < end; ++i) {
      const bool is_last = i + 1 == ids.size();
      const bool wants = wanted == Wanted::kAllLogits || (wanted == Wanted::kLastLogits && is_last);
      rows.push_back({ids[i], 0, pos++, wants});
    }
    Status begun = session.begin(rows);
    if (!begun) return begun;
    const Result<size_t> cursor = session.run();
    if (!cursor) return cursor.error();
    if (!on_pass) continue;
    Status seen = on_pass(begin, rows.size());
    if (!seen) return seen;
  }
  return Ok{};
}

const char* stop_reason_name(StopReason reason) {
  switch (reason) {
    case StopReason::kEndToken:
      return "end_token";
    case StopReason::kLength:
      return "length";
    case StopReason::kContext:
      return "context";
    case StopReason::kByCaller:
      return "stopped";
  }
  return "unknown";
}

Result<StopReason> run_token_loop(Session& session, Sampler& sampler,
                                  std::span<const int32_t> prompt, uint32_t n_tokens,
                                  const std::function<bool(int32_t)>& on_token, Cache cache) {
  const std::vector<int32_t>& end_ids = session.model().tokenizer.end_ids();
  for (const int32_t id : prompt) sampler.accept(id);
  std::vector<int32_t> next(prompt.begin(), prompt.end());
  for (uint32_t i = 0; i < n_tokens; ++i) {
    if (i > 0 && session.tokens(0).size() == session.n_ctx()) return StopReason::kContext;
    if (cache == Cache::kNone) {
      const Status emptied = session.truncate(0, 0);
      if (!emptied) return emptied.error();
    }
    const Status status = forward(session, next, Wanted::kLastLogits);
    if (!status) return status.error();
    const Result<int32_t> id = sampler.sample(session.logits(0));
    if (!id) return id.error();
    sampler.accept(*id);
    if (std::ranges::binary_search(end_ids, *id)) return StopReason::kEndToken;
    if (!on_token(*id)) return StopReason::kByCaller;
    if (cache == Cache::kUsed) next.clear();
    next.push_back(*id);
  }
  return StopReason::kLength;
}

}  // namespace nanoinfer::cli
