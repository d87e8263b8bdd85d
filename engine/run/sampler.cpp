#include "engine/run/sampler.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "engine/base/number_text.h"
#include "engine/base/sort.h"
#include "engine/kernels/kernels.h"

namespace nanoinfer {
namespace {

constexpr size_t kRecorded = 10;        // candidates a recorded stage shows
constexpr double kWeightOne = 0x1p40;   // weight of the most probable token: 2^18 of them fit
constexpr size_t kSelectionSlack = 64;  // spare places while the top k are gathered
constexpr float kLargest = std::numeric_limits<float>::max();
constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

Error bad_parameter(const char* name, const char* expected, float actual) {
  return {ErrorCode::kBadArgument, "A sampling parameter is out of range", name, expected,
          number_text(actual)};
}

// NaN compares false with everything, so it is never inside.
bool inside(float value, float low, float high) {
  return value >= low && value <= high;
}

Status check_params(const SamplerParams& p, uint32_t n_vocab) {
  if (n_vocab == 0) return bad_parameter("n_vocab", "at least 1", 0);
  if (!inside(p.temperature, 0, kLargest)) {
    return bad_parameter("temperature", "0 or more", p.temperature);
  }
  if (!inside(p.top_p, 0, 1)) return bad_parameter("top_p", "0 to 1", p.top_p);
  if (!inside(p.min_p, 0, 1)) return bad_parameter("min_p", "0 to 1", p.min_p);
  if (!inside(p.repetition_penalty, std::numeric_limits<float>::min(), kLargest)) {
    return bad_parameter("repetition_penalty", "more than 0", p.repetition_penalty);
  }
  if (!inside(p.presence_penalty, -kLargest, kLargest)) {
    return bad_parameter("presence_penalty", "a finite number", p.presence_penalty);
  }
  if (!inside(p.frequency_penalty, -kLargest, kLargest)) {
    return bad_parameter("frequency_penalty", "a finite number", p.frequency_penalty);
  }
  for (const auto& [id, bias] : p.logit_bias) {
    if (id < 0 || static_cast<uint32_t>(id) >= n_vocab) {
      return Error{ErrorCode::kBadArgument, "A biased token is not in the vocabulary", "logit_bias",
                   "an id below " + std::to_string(n_vocab), std::to_string(id)};
    }
    if (!inside(bias, kMinusInfinity, kLargest)) {
      return bad_parameter("logit_bias", "a number, not NaN or +infinity", bias);
    }
  }
  return Ok{};
}

}  // namespace

Result<Sampler> Sampler::create(const SamplerParams& params, uint32_t n_vocab) {
  const Status status = check_params(params, n_vocab);
  if (!status) return status.error();
  return Sampler(params, n_vocab);
}

Sampler::Sampler(const SamplerParams& params, uint32_t n_vocab)
    : params_(params), n_vocab_(n_vocab), generator_(params.seed) {}

void Sampler::seek(uint32_t draws) {
  generator_ = Pcg32(params_.seed);
  generator_.advance(uint64_t{2} * draws);  // outputs that a uniform number takes
}

void Sampler::accept(int32_t id) {
  if (id >= 0 && static_cast<uint32_t>(id) < n_vocab_) history_.push_back(id);
}

Result<int32_t> Sampler::sample(std::span<const float> logits) {
  if (logits.size() != n_vocab_) {
    return Error{ErrorCode::kBadArgument, "There must be one logit a token", "logits",
                 std::to_string(n_vocab_), std::to_string(logits.size())};
  }
  const Status status = check(logits, "logits");
  if (!status) return status.error();
  logits_.assign(logits.begin(), logits.end());
  const size_t n_seen = std::min<size_t>(history_.size(), params_.penalty_window);
  seen_.assign(history_.end() - static_cast<std::ptrdiff_t>(n_seen), history_.end());
  sort_in_little_code(seen_.begin(), seen_.end(), std::less<int32_t>());

  Pcg32 generator = generator_;
  const double u = params_.temperature == 0 ? -1 : generator.uniform();
  const Result<int32_t> chosen = run_chain(u, nullptr);
  if (!chosen) {
    logits_.clear();
    return chosen;
  }
  generator_ = generator;
  random_ = u;
  chosen_ = *chosen;
  return chosen;
}

std::vector<SamplerStage> Sampler::stages() {
  std::vector<SamplerStage> stages;
  if (!logits_.empty()) (void)run_chain(random_, &stages);
  return stages;
}

// -infinity is how a caller bans a token; NaN and +infinity mean that the computation went wrong.
Status Sampler::check(std::span<const float> logits, const char* place) const {
  bool sound = true;
  bool some_finite = false;
  for (const float logit : logits) {  // no early end: this way it is a vector loop
    sound &= logit <= kLargest;
    some_finite |= logit > kMinusInfinity;
  }
  if (!sound) {
    const auto bad = std::find_if_not(logits.begin(), logits.end(),
                                      [](float logit) { return logit <= kLargest; });
    return Error{ErrorCode::kNonFinite, "A logit is not finite",
                 std::string(place) + ", token " + std::to_string(bad - logits.begin()),
                 "a finite number", number_text(*bad)};
  }
  if (!some_finite) {
    return Error{ErrorCode::kNonFinite, "No token can be chosen: every logit is -infinity", place,
                 "", ""};
  }
  return Ok{};
}

Result<int32_t> Sampler::run_chain(double u, std::vector<SamplerStage>* stages) {
  const Status status = adjust(stages);
  if (!status) return status.error();
  if (params_.temperature == 0) {
    keep_top_k(1);
    weigh();
    record("greedy", stages);
    return kept_[0].id;
  }
  narrow(stages);
  const uint64_t below = static_cast<uint64_t>(u * static_cast<double>(total_weight_));
  return kept_[count_reaching(std::min(below + 1, total_weight_)) - 1].id;
}

// The stages that change logits: penalties, bias, temperature.
Status Sampler::adjust(std::vector<SamplerStage>* stages) {
  adjusted_ = logits_;
  record_all("logits", stages);
  const bool penalties = params_.repetition_penalty != 1 || params_.presence_penalty != 0 ||
                         params_.frequency_penalty != 0;
  if (penalties) {
    apply_penalties();
    record_all("penalties", stages);
  }
  if (!params_.logit_bias.empty()) {
    apply_bias();
    record_all("bias", stages);
  }
  if (params_.temperature != 0) {
    for (float& logit : adjusted_) logit /= params_.temperature;
    record_all("temperature", stages);
  }
  return check(adjusted_, "logits after penalties, bias and temperature");
}

void Sampler::apply_penalties() {
  for (size_t begin = 0, end = 0; begin < seen_.size(); begin = end) {
    while (end < seen_.size() && seen_[end] == seen_[begin]) ++end;
    float& logit = adjusted_[static_cast<size_t>(seen_[begin])];
    logit = logit > 0 ? logit / params_.repetition_penalty : logit * params_.repetition_penalty;
    logit -= params_.frequency_penalty * static_cast<float>(end - begin);
    logit -= params_.presence_penalty;
  }
}

void Sampler::apply_bias() {
  for (const auto& [id, bias] : params_.logit_bias) adjusted_[static_cast<size_t>(id)] += bias;
}

// The stages that leave tokens out: top-k, top-p (Holtzman et al. 2019), min-p (Nguyen et al.
// 2024).
void Sampler::narrow(std::vector<SamplerStage>* stages) {
  const bool by_count = params_.top_k > 0;
  if (by_count) {
    keep_top_k(params_.top_k);
  } else {
    keep_all();
  }
  weigh();
  if (by_count) record("top_k", stages);
  if (params_.top_p < 1) {
    const double target = std::ceil(params_.top_p * static_cast<double>(total_weight_));
    keep_only(
        count_reaching(std::clamp(static_cast<uint64_t>(target), uint64_t{1}, total_weight_)));
    record("top_p", stages);
  }
  if (params_.min_p > 0) {
    const double least = params_.min_p * kWeightOne;
    const auto end = std::partition(kept_.begin(), kept_.end(), [&](const Weighted& candidate) {
      return static_cast<double>(candidate.weight) >= least;
    });
    keep_only(static_cast<size_t>(end - kept_.begin()));
    record("min_p", stages);
  }
}

// More probable first; equals by id. A total order: what is selected by it has one answer.
bool Sampler::precedes(const Weighted& a, const Weighted& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

void Sampler::keep_all() {
  kept_.clear();
  for (size_t id = 0; id < adjusted_.size(); ++id) {
    if (adjusted_[id] > kMinusInfinity)
      kept_.push_back({static_cast<int32_t>(id), adjusted_[id], 0});
  }
}

// One scan over the vocabulary: a token enters only if it beats the k-th best known so far, so that
// few of 150,000 are ever moved.
void Sampler::keep_top_k(size_t k) {
  if (k >= adjusted_.size()) return keep_all();
  kept_.clear();
  float threshold = kMinusInfinity;
  const auto select = [&] {
    const auto last = kept_.begin() + static_cast<std::ptrdiff_t>(k) - 1;
    std::nth_element(kept_.begin(), last, kept_.end(), precedes);
    kept_.resize(k);
    threshold = kept_[k - 1].logit;
  };
  for (size_t id = 0; id < adjusted_.size(); ++id) {
    if (!(adjusted_[id] > threshold)) continue;  // an equal one loses to the lower ids already here
    kept_.push_back({static_cast<int32_t>(id), adjusted_[id], 0});
    if (kept_.size() == 2 * k + kSelectionSlack) select();
  }
  if (kept_.size() > k) select();
}

void Sampler::keep_only(size_t n) {
  kept_.resize(n);
  total_weight_ = 0;
  for (const Weighted& candidate : kept_) total_weight_ += candidate.weight;
}

void Sampler::weigh() {
  float largest = kMinusInfinity;
  for (const Weighted& candidate : kept_) largest = std::max(largest, candidate.logit);
  for (Weighted& candidate : kept_) {
    const double e = static_cast<double>(exp_definition(candidate.logit - largest));
    candidate.weight = static_cast<uint64_t>(e * kWeightOne);
  }
  keep_only(kept_.size());
}

// How many tokens, most probable first, are needed for a summed weight of `target`, which is in
// 1 .. total. Moves them to the front of kept_, the last of them to the last of those places.
size_t Sampler::count_reaching(uint64_t target) {
  size_t begin = 0;  // the token that reaches the target is in [begin, end)
  size_t end = kept_.size();
  uint64_t before = 0;  // weight of [0, begin)
  while (end - begin > 1) {
    const size_t middle = begin + (end - begin + 7) / 8;  // most of the weight is near the front
    const auto at = [this](size_t i) { return kept_.begin() + static_cast<std::ptrdiff_t>(i); };
    std::nth_element(at(begin), at(middle), at(end), precedes);
    uint64_t left = 0;
    for (size_t i = begin; i < middle; ++i) left += kept_[i].weight;
    if (before + left >= target) {
      end = middle;
    } else {
      before += left;
      begin = middle;
    }
  }
  return begin + 1;
}

void Sampler::record_all(const char* name, std::vector<SamplerStage>* stages) {
  if (!stages) return;
  keep_all();
  weigh();
  record(name, stages);
}

void Sampler::record(const char* name, std::vector<SamplerStage>* stages) {
  if (!stages) return;
  const size_t n_top = std::min(kept_.size(), kRecorded);
  std::partial_sort(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(n_top), kept_.end(),
                    precedes);
  SamplerStage stage{name, static_cast<uint32_t>(kept_.size()), {}};
  for (size_t i = 0; i < n_top; ++i) {
    const double p = static_cast<double>(kept_[i].weight) / static_cast<double>(total_weight_);
    stage.top.push_back({kept_[i].id, kept_[i].logit, static_cast<float>(p)});
  }
  stages->push_back(std::move(stage));
}

}  // namespace nanoinfer
