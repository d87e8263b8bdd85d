// From logits to a token, as a chain of stages that can each be looked at.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/run/pcg32.h"

namespace nanoinfer {

struct SamplerParams {
  float temperature = 0.8f;         // logits are divided by it; 0: greedy
  uint32_t top_k = 40;              // keeps the k most probable; 0: off
  float top_p = 0.95f;              // keeps the fewest that reach this probability; 1: off
  float min_p = 0.05f;              // keeps p >= min_p * the largest p; 0: off
  float repetition_penalty = 1.0f;  // 1: off. Keskar et al. 2019: divides a seen token's logit if >
                                    // 0, else multiplies
  float presence_penalty = 0.0f;    // subtracted once from a seen token's logit; 0: off
  float frequency_penalty = 0.0f;   // subtracted as often as the token was seen; 0: off
  uint32_t penalty_window = 64;     // the last tokens the penalties look at; 0: none
  uint64_t seed = 1;
  std::vector<std::pair<int32_t, float>>
      logit_bias;  // (token id, added to its logit); -inf bans it
};

// SamplerParams as JavaScript has them, all numbers of one kind. NaN keeps a default.
struct SamplerNumbers {
  double temperature, top_k, top_p, min_p;
  double repetition_penalty, presence_penalty, frequency_penalty, penalty_window;
  double seed;
};

// bias: (n, 2) token id, what is added to its logit. Refuses by name what is no whole number where
// one is needed.
Result<SamplerParams> sampler_params(const SamplerNumbers& numbers, std::span<const double> bias);

// A token still in the running, with its logit and its probability among those.
struct Candidate {
  int32_t id;
  float logit;
  float p;
};

// What a stage left. Names in order: "logits", "penalties", "bias", then "greedy", or
// "temperature", "top_k", "top_p", "min_p". A stage that is off is left out.
struct SamplerStage {
  std::string name;
  uint32_t n_kept;
  std::vector<Candidate> top;  // the first 10, most probable first
};

// Order: penalties, logit bias, then greedy, or temperature, top-k, top-p, min-p and a draw.
// Ties go to the lower id. Probabilities are integer weights, whose sums are exact in any order,
// and the generator is integer too: so a seed gives the same text on every machine and in every
// browser.
class Sampler {
 public:
  // Refuses NaN and values out of range, naming the parameter.
  static Result<Sampler> create(const SamplerParams& params, uint32_t n_vocab);

  // Chooses a token from logits (n_vocab). Does not add it to the history. Fails if a logit is NaN
  // or +infinity, or if none is finite; the failed call takes nothing from the generator.
  Result<int32_t> sample(std::span<const float> logits);

  // The next draw takes the seed's number that follows so many draws.
  void seek(uint32_t draws);

  // Adds a token, chosen or of the prompt, to what the penalties look at. One that is not in the
  // vocabulary is left out.
  void accept(int32_t id);

  // The stages of the last sample, worked out again from its inputs, so that sampling pays nothing
  // for them. Empty before the first sample.
  std::vector<SamplerStage> stages();

  uint32_t n_vocab() const { return n_vocab_; }

  // The uniform number in [0, 1) of the last draw, or -1 (greedy, or no sample yet). The draw takes
  // the first token, most probable first, at which the summed probability is above it.
  double random() const { return random_; }
  // The last token chosen, or -1.
  int32_t chosen() const { return chosen_; }

 private:
  // A candidate with weight floor(2^40 * exp(logit - largest logit)).
  struct Weighted {
    int32_t id;
    float logit;
    uint64_t weight;
  };

  Sampler(const SamplerParams& params, uint32_t n_vocab);

  Status check(std::span<const float> logits, const char* place) const;
  Result<int32_t> run_chain(double u, std::vector<SamplerStage>* stages);
  Status adjust(std::vector<SamplerStage>* stages);
  void apply_penalties();
  void apply_bias();
  void narrow(std::vector<SamplerStage>* stages);
  void keep_all();
  void keep_top_k(size_t k);
  void keep_only(size_t n);
  void weigh();
  size_t count_reaching(uint64_t target);
  void record(const char* name, std::vector<SamplerStage>* stages);
  void record_all(const char* name, std::vector<SamplerStage>* stages);
  static bool precedes(const Weighted& a, const Weighted& b);

  SamplerParams params_;
  uint32_t n_vocab_;
  Pcg32 generator_;
  std::vector<int32_t> history_;
  std::vector<int32_t> seen_;    // the window the last sample looked at
  std::vector<float> logits_;    // the last sample's input (n_vocab)
  std::vector<float> adjusted_;  // the same after penalties, bias, temperature (n_vocab)
  std::vector<Weighted> kept_;   // still in the running, in any order
  uint64_t total_weight_ = 0;    // of kept_
  double random_ = -1;
  int32_t chosen_ = -1;
};

}  // namespace nanoinfer
