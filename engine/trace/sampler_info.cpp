// The sampler's part of info.h.
#include <charconv>
#include <nlohmann/json.hpp>

#include "engine/trace/info.h"
#include "engine/trace/json.h"

namespace nanoinfer {
namespace {

Error bad_value(const std::string& name, const char* expected, const Json& value) {
  return {ErrorCode::kBadArgument, "A sampling parameter has the wrong kind of value", name,
          expected, value.is_structured() ? value.type_name() : to_text(value)};
}

// A whole number in 0 .. most. JavaScript may write one as 1e3 or 1.0.
bool read_whole(const Json& value, uint64_t most, uint64_t* out) {
  if (value.is_number_unsigned()) {
    *out = value.get<uint64_t>();
    return *out <= most;
  }
  if (!value.is_number_float()) return false;
  const double number = value.get<double>();
  if (!(number >= 0 && number <= 0x1p53)) return false;
  *out = static_cast<uint64_t>(number);
  return static_cast<double>(*out) == number && *out <= most;
}

Status read_bias(const Json& value, SamplerParams* params) {
  if (!value.is_object()) return bad_value("logit_bias", "an object of token ids", value);
  for (const auto& [key, bias] : value.items()) {
    int32_t id = 0;
    const char* end = key.data() + key.size();
    const auto parsed = std::from_chars(key.data(), end, id);
    if (parsed.ec != std::errc() || parsed.ptr != end) {
      return bad_value("logit_bias", "a token id as the name", key);
    }
    if (!bias.is_number()) return bad_value("logit_bias", "a number", bias);
    params->logit_bias.emplace_back(id, bias.get<float>());
  }
  return Ok{};
}

Status read_param(const std::string& name, const Json& value, SamplerParams* params) {
  struct FloatParam {
    const char* name;
    float SamplerParams::* field;
  };
  constexpr FloatParam kFloats[] = {{"temperature", &SamplerParams::temperature},
                                    {"top_p", &SamplerParams::top_p},
                                    {"min_p", &SamplerParams::min_p},
                                    {"repetition_penalty", &SamplerParams::repetition_penalty},
                                    {"presence_penalty", &SamplerParams::presence_penalty},
                                    {"frequency_penalty", &SamplerParams::frequency_penalty}};
  for (const FloatParam& param : kFloats) {
    if (name != param.name) continue;
    if (!value.is_number()) return bad_value(name, "a number", value);
    params->*param.field = value.get<float>();
    return Ok{};
  }
  if (name == "logit_bias") return read_bias(value, params);
  uint64_t whole = 0;
  if (name == "seed") {
    if (!read_whole(value, UINT64_MAX, &whole)) {
      return bad_value(name, "a whole number that is not negative", value);
    }
    params->seed = whole;
    return Ok{};
  }
  if (name != "top_k" && name != "penalty_window") {
    return Error{ErrorCode::kBadArgument, "There is no such sampling parameter", name, "", ""};
  }
  if (!read_whole(value, UINT32_MAX, &whole)) {
    return bad_value(name, "a whole number from 0 to 4294967295", value);
  }
  (name == "top_k" ? params->top_k : params->penalty_window) = static_cast<uint32_t>(whole);
  return Ok{};
}

}  // namespace

Result<SamplerParams> sampler_params_from_json(std::string_view text) {
  const Json parsed = Json::parse(text, nullptr, false);
  if (!parsed.is_object()) {
    return Error{ErrorCode::kBadArgument, "Sampling parameters must be a JSON object", "parameters",
                 "{...}", std::string(text.substr(0, 80))};
  }
  SamplerParams params;
  for (const auto& [name, value] : parsed.items()) {
    const Status status = read_param(name, value, &params);
    if (!status) return status.error();
  }
  return params;
}

std::string sampler_stages_json(Sampler& sampler) {
  Json stages = Json::array();
  for (const SamplerStage& stage : sampler.stages()) {
    Json top = Json::array();
    for (const Candidate& candidate : stage.top) {
      top.push_back({{"id", candidate.id}, {"logit", candidate.logit}, {"p", candidate.p}});
    }
    stages.push_back({{"stage", stage.name}, {"kept", stage.n_kept}, {"top", std::move(top)}});
  }
  const bool drawn = sampler.random() >= 0;
  return to_text({{"stages", std::move(stages)},
                  {"random", drawn ? Json(sampler.random()) : Json()},
                  {"chosen", sampler.chosen()}});
}

}  // namespace nanoinfer
