#include "engine/run/stop.h"

#include <algorithm>
#include <utility>

namespace nanoinfer {
namespace {

// Length of the longest end of `text` with which `stop` begins, shorter than `stop` itself.
size_t partial_match(std::string_view text, std::string_view stop) {
  for (size_t n = std::min(text.size(), stop.size() - 1); n > 0; --n) {
    if (text.ends_with(stop.substr(0, n))) return n;
  }
  return 0;
}

}  // namespace

StopMatcher::StopMatcher(std::vector<std::string> stops) : stops_(std::move(stops)) {
  std::erase(stops_, std::string());
}

std::string StopMatcher::push(std::string_view text) {
  if (matched()) return {};
  held_ += text;
  size_t begin = held_.size();
  size_t end = std::string::npos;  // the match complete first, so that pieces do not matter
  size_t n_partial = 0;
  for (size_t i = 0; i < stops_.size(); ++i) {
    n_partial = std::max(n_partial, partial_match(held_, stops_[i]));
    const size_t at = held_.find(stops_[i]);
    if (at == std::string::npos) continue;
    const size_t at_end = at + stops_[i].size();
    if (at_end < end || (at_end == end && at < begin)) {
      begin = at;
      end = at_end;
      matched_ = i;
    }
  }
  std::string shown = held_.substr(0, matched() ? begin : held_.size() - n_partial);
  held_.erase(0, matched() ? held_.size() : shown.size());
  return shown;
}

std::string StopMatcher::flush() {
  return std::exchange(held_, {});
}

}  // namespace nanoinfer
