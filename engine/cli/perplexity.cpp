// nanoinfer perplexity
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "engine/cli/commands.h"
#include "engine/cli/encode.h"
#include "engine/cli/files.h"
#include "engine/cli/model_options.h"
#include "engine/cli/token_loop.h"
#include "engine/trace/json.h"

namespace nanoinfer::cli {
namespace {

constexpr uint32_t kWindow = 512;

// -ln p(id) under softmax(logits), in double precision.
double surprise(std::span<const float> logits, int32_t id) {
  const double largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double total = 0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit) - largest);
  return std::log(total) + largest - static_cast<double>(logits[static_cast<size_t>(id)]);
}

struct Score {
  double total = 0;  // of -ln p
  size_t n_tokens = 0;

  double perplexity() const { return std::exp(total / static_cast<double>(n_tokens)); }
};

// Adds the surprise at every token of a window but its first.
Status score_window(Session& session, std::span<const int32_t> ids, Score* score) {
  Status emptied = session.truncate(0, 0);
  if (!emptied) return emptied;
  const auto inputs = ids.first(ids.size() - 1);
  return forward(session, inputs, Wanted::kAllLogits, [&](size_t begin, size_t n) -> Status {
    for (size_t i = 0; i < n; ++i) {
      score->total += surprise(session.logits(i), ids[begin + i + 1]);
      ++score->n_tokens;
    }
    return Ok{};
  });
}

// Cuts the text in windows of n_ctx tokens, each run by itself. Where the model wants a begin
// token, every window starts with one.
Result<Score> score_text(Session& session, std::span<const int32_t> ids) {
  const Tokenizer& tokenizer = session.model().tokenizer;
  std::vector<int32_t> window;
  Score score;
  for (size_t at = 0; at < ids.size();) {
    window.clear();
    if (tokenizer.adds_bos() && tokenizer.bos_id()) window.push_back(*tokenizer.bos_id());
    const size_t n = std::min(session.n_ctx() - window.size(), ids.size() - at);
    window.insert(window.end(), ids.begin() + static_cast<std::ptrdiff_t>(at),
                  ids.begin() + static_cast<std::ptrdiff_t>(at + n));
    at += n;
    if (window.size() < 2) break;
    const Status status = score_window(session, window, &score);
    if (!status) return status.error();
  }
  return score;
}

void print_score(const Score& score, size_t n_tokens, uint32_t window, bool json) {
  if (json) {
    std::puts(to_text({{"perplexity", score.perplexity()},
                       {"scored_tokens", score.n_tokens},
                       {"tokens", n_tokens},
                       {"window", window}})
                  .c_str());
  } else {
    std::printf("perplexity %.4f over %zu of %zu tokens, windows of %u\n", score.perplexity(),
                score.n_tokens, n_tokens, window);
  }
}

}  // namespace

int run_perplexity(Args args) {
  ModelOptions model_options;
  std::optional<std::string> file;
  bool json = false;
  const CommandLine line{
      "perplexity",
      "Prints exp(mean of -ln p) over a text, cut in windows of --ctx tokens (default: 512).\n"
      "Every token of a window is scored but the first.",
      model_options.all({{"--file", "FILE", "the text (default: standard input)", &file},
                         {"--json", nullptr, "one JSON object", &json}})};
  if (const auto code = line.parse(args)) return *code;
  if (model_options.n_ctx == 1) return usage_error("--ctx needs at least 2");
  const OpenedModel opened = open_model(model_options);
  if (!opened.model) return opened.exit_code;
  const Result<std::string> text = read_text(file.value_or("-"));
  if (!text) return fail(text.error());
  const Result<Encoder> encoder = Encoder::create(*opened.model);
  if (!encoder) return fail(encoder.error());
  const auto ids = encoder->encode(*text, {});
  if (!ids) return fail(ids.error());
  if (model_options.n_ctx == 0) {
    model_options.n_ctx = std::min(kWindow, opened.model->config.n_ctx_train);
  }
  const OpenedSession run = open_session(*opened.model, model_options, true);
  if (!run.session) return run.exit_code;
  const Result<Score> score = score_text(*run.session, *ids);
  if (!score) return fail(score.error());
  if (score->n_tokens == 0) {
    return fail({ErrorCode::kBadArgument, "The text is too short", "", "at least 2 tokens",
                 std::to_string(ids->size())});
  }
  print_score(*score, ids->size(), run.session->n_ctx(), json);
  return kExitOk;
}

}  // namespace nanoinfer::cli
