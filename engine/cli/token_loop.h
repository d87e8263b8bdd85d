// The token loop: tokens -> forward -> logits -> sample -> append. It is here, in the open, and
// nowhere in the engine.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "engine/base/result.h"
#include "engine/run/sampler.h"
#include "engine/run/session.h"

namespace nanoinfer::cli {

enum class Wanted : uint8_t { kNoLogits, kLastLogits, kAllLogits };

// Continues sequence 0 with ids, in passes of at most n_batch rows, or refuses them all if they do
// not fit in the context. on_pass, if given, is called
// after each with the index of its first id and the number of its ids, while its logits can be
// read.
Status forward(Session& session, std::span<const int32_t> ids, Wanted wanted,
               const std::function<Status(size_t, size_t)>& on_pass = {});

enum class StopReason : uint8_t { kEndToken, kLength, kContext, kByCaller };

// "end_token", "length", "context", "stopped"
const char* stop_reason_name(StopReason reason);

// kNone: the keys and values of the text so far are thrown away and computed anew for each token,
// as a program without a KV cache does. The tokens are the same; it is slow.
enum class Cache : uint8_t { kUsed, kNone };

// Continues sequence 0 with the prompt and then with up to n_tokens sampled ones. Each is handed to
// on_token, which returns false to stop.
Result<StopReason> run_token_loop(Session& session, Sampler& sampler,
                                  std::span<const int32_t> prompt, uint32_t n_tokens,
                                  const std::function<bool(int32_t)>& on_token,
                                  Cache cache = Cache::kUsed);

}  // namespace nanoinfer::cli
