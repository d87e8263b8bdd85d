#include "engine/cli/model_options.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <thread>
#include <utility>

#include "engine/base/clock.h"
#include "engine/cli/files.h"
#include "engine/kernels/kernels.h"

namespace nanoinfer::cli {
namespace {

std::string kernel_names() {
  std::string names;
  for (const Kernels* kernels : all_kernels()) {
    names += (names.empty() ? "" : ", ") + std::string(kernels->name);
  }
  return names;
}

uint32_t default_threads() {
  return std::clamp(std::thread::hardware_concurrency(), 1u, kMaxThreads);
}

}  // namespace

std::vector<Option> ModelOptions::all(std::vector<Option> more) {
  std::vector<Option> options = {
      model_option(),
      {"--threads",
       "N",
       "threads, 1 to " + std::to_string(kMaxThreads) + " (default: all cores)",
       &n_threads,
       {1, kMaxThreads}},
      {"--kernels", "NAME", kernel_names() + " (default: the last)", &kernels},
      {"--ctx",
       "N",
       "positions the context holds (default: as trained, at most 4096)",
       &n_ctx,
       {1, kMaxContext}},
      {"--batch", "N", "most tokens in one pass (default: 64)", &n_batch, {1, kMaxBatch}}};
  options.insert(options.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
  return options;
}

std::string printable(std::string text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; };
  std::ranges::replace_if(text, is_control, ' ');
  return text;
}

int fail(const Error& error) {
  std::fprintf(stderr, "nanoinfer: %s\n", printable(error.text()).c_str());
  return kExitInput;
}

OpenedModel open_model(ModelOptions& options) {
  if (!options.model) return {nullptr, usage_error("--model FILE is needed")};
  const double start_ms = now_ms();
  Result<std::unique_ptr<Model>> model = load_file(*options.model);
  if (!model) return {nullptr, fail(model.error())};
  options.load_ms = now_ms() - start_ms;
  return {std::move(*model)};
}

OpenedSession open_session(const Model& model, const ModelOptions& options, bool all_logits) {
  SessionOptions wanted;
  wanted.n_ctx = options.n_ctx;
  wanted.n_batch = options.n_batch;
  if (all_logits) wanted.n_logit_rows = options.n_batch;
  wanted.n_threads = options.n_threads > 0 ? options.n_threads : default_threads();
  if (options.kernels) {
    wanted.kernels = find_kernels(options.kernels->c_str());
    if (!wanted.kernels) {
      return {nullptr, usage_error("--kernels needs one of " + kernel_names() + ", not '" +
                                   *options.kernels + "'")};
    }
  }
  Result<std::unique_ptr<Session>> session = Session::create(model, wanted);
  if (!session) return {nullptr, fail(session.error())};
  if ((*session)->n_threads() < wanted.n_threads) {
    std::fprintf(stderr, "nanoinfer: the system gave %u of %u threads\n", (*session)->n_threads(),
                 wanted.n_threads);
  }
  return {std::move(*session)};
}

Result<std::vector<int32_t>> parse_ids(std::string_view text, int32_t n_vocab) {
  std::vector<int32_t> ids;
  constexpr std::string_view kBetween = ", \t\r\n";
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(kBetween), text.size()));
    if (text.empty()) return ids;
    const std::string_view word = text.substr(0, text.find_first_of(kBetween));
    int32_t id = -1;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || end != word.data() + word.size() || id < 0 || id >= n_vocab) {
      return Error{ErrorCode::kBadArgument, "This is not a token of the model",
                   "id " + std::to_string(ids.size()), "0 to " + std::to_string(n_vocab - 1),
                   std::string(word.substr(0, 40))};
    }
    ids.push_back(id);
    text.remove_prefix(word.size());
  }
}

}  // namespace nanoinfer::cli
