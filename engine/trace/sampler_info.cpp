// The sampler's part of info.h.
#include "engine/trace/info.h"
#include "engine/trace/json.h"

namespace nanoinfer {

std::string sampler_stages_json(Sampler& sampler) {
  Json stages = Json::array();
  for (const SamplerStage& stage : sampler.stages()) {
    Json top = Json::array();
    for (const Candidate& candidate : stage.top) {
      top.push_back({{"id", candidate.id}, {"logit", candidate.logit}, {"p", candidate.p}});
    }
    stages.push_back({{"stage", stage.name}, {"kept", stage.n_kept}, {"top", top}});
  }
  const bool drawn = sampler.random() >= 0;
  return to_text({{"stages", stages},
                  {"random", drawn ? Json(sampler.random()) : Json()},
                  {"chosen", sampler.chosen()}});
}

}  // namespace nanoinfer
