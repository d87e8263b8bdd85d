// nanoinfer run
#include <csignal>
#include <cstdio>
#include <string>

#include "engine/base/clock.h"
#include "engine/cli/commands.h"
#include "engine/cli/encode.h"
#include "engine/cli/files.h"
#include "engine/cli/model_options.h"
#include "engine/cli/sampler_options.h"
#include "engine/cli/token_loop.h"
#include "engine/run/stop.h"
#include "engine/text/text_stream.h"
#include "engine/trace/json.h"

namespace nanoinfer::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

struct RunOptions {
  ModelOptions model;
  SamplerOptions sampler;
  std::optional<std::string> prompt, chat, system, ids;
  std::vector<std::string> stops;
  uint32_t n_tokens = 512;
  bool json = false;
  bool timings = false;
  bool naive = false;

  std::vector<Option> all() {
    std::vector<Option> options = model.all(
        {{"--prompt", "TEXT", "continues this text", &prompt},
         {"--chat", "TEXT", "answers this message, in the file's chat format", &chat},
         {"--system", "TEXT", "the system message before it", &system},
         {"--ids", "1,2,3", "continues these token ids", &ids},
         {"-n, --tokens", "N", "most tokens to generate (default: 512)", &n_tokens},
         {"--stop", "TEXT", "ends the answer before this text; may be repeated", &stops},
         {"--json", nullptr, "one JSON object a line: every token, then the whole", &json},
         {"--timings", nullptr, "tells speeds on stderr at the end", &timings},
         {"--naive", nullptr, "computes the whole text anew for each token", &naive}});
    for (Option& option : sampler.all()) options.push_back(std::move(option));
    return options;
  }
};

Result<std::vector<int32_t>> prompt_ids(const Model& model, const RunOptions& options) {
  if (options.ids) return parse_ids(*options.ids, static_cast<int32_t>(model.config.n_vocab));
  const Result<Encoder> encoder = Encoder::create(model);
  if (!encoder) return encoder.error();
  if (options.prompt) return encoder->encode(*options.prompt, {.add_bos = true});
  const auto chat_template = model.header.metadata.string_or("tokenizer.chat_template", "");
  if (!chat_template) return chat_template.error();
  const auto segments = render_chat(*chat_template, options.system.has_value(),
                                    options.system.value_or(""), *options.chat);
  if (!segments) return segments.error();
  return encoder->encode_chat(*segments);
}

struct Timings {
  double load_ms;
  size_t n_prompt;
  size_t n_generated;
  double prefill_ms;  // to the first token: with its sampling
  double decode_ms;   // from the first token to the last

  // Tokens per second; 0 if there was no such token.
  double prefill_rate() const {
    return n_generated > 0 ? static_cast<double>(n_prompt) * 1000 / prefill_ms : 0;
  }
  double decode_rate() const {
    return n_generated > 1 ? static_cast<double>(n_generated - 1) * 1000 / decode_ms : 0;
  }
};

// Shows an answer as it comes.
class Output {
 public:
  Output(const Tokenizer& tokenizer, const RunOptions& options)
      : stream_(tokenizer, false), stops_(options.stops), json_(options.json) {}

  // False: the answer ends here.
  bool token(int32_t id) {
    ids_.push_back(id);
    const std::string piece = stops_.push(stream_.push(id));
    if (json_) print({{"type", "token"}, {"id", id}, {"text", piece}});
    show(piece);
    return !stops_.matched() && !interrupted && !std::ferror(stdout);
  }

  void end(std::span<const int32_t> prompt, const char* stop, const Timings& timings) {
    std::string rest = stops_.push(stream_.flush());
    rest += stops_.flush();
    show(rest);
    if (interrupted) stop = "interrupted";
    if (stops_.matched()) stop = "stop_text";
    if (!json_) {
      std::fputs("\n", stdout);
      return;
    }
    print({{"type", "end"},
           {"stop", stop},
           {"prompt_ids", Json::array(prompt)},
           {"ids", Json::array(ids_)},
           {"text", text_},
           {"load_ms", timings.load_ms},
           {"prefill_ms", timings.prefill_ms},
           {"decode_ms", timings.decode_ms},
           {"prefill_tokens_per_s", timings.prefill_rate()},
           {"decode_tokens_per_s", timings.decode_rate()}});
  }

 private:
  void show(const std::string& piece) {
    text_ += piece;
    if (json_) return;
    std::fwrite(piece.data(), 1, piece.size(), stdout);
    std::fflush(stdout);
  }

  void print(const Json& object) {
    std::puts(to_text(object).c_str());
    std::fflush(stdout);
  }

  TextStream stream_;
  StopMatcher stops_;
  bool json_;
  std::vector<int32_t> ids_;
  std::string text_;
};

int answer(const RunOptions& options, Session& session, Sampler& sampler,
           std::span<const int32_t> prompt) {
  Output output(session.model().tokenizer, options);
  Timings timings{options.model.load_ms, prompt.size(), 0, 0, 0};
  std::signal(SIGINT, [](int) {
    interrupted = 1;
    std::signal(SIGINT, SIG_DFL);  // a second time it ends the program at once
  });
  const double start_ms = now_ms();
  const auto on_token = [&](int32_t id) {
    const double elapsed_ms = now_ms() - start_ms;
    if (timings.n_generated++ == 0) timings.prefill_ms = elapsed_ms;
    timings.decode_ms = elapsed_ms - timings.prefill_ms;
    return output.token(id);
  };
  const auto reason = run_token_loop(session, sampler, prompt, options.n_tokens, on_token,
                                     options.naive ? Cache::kNone : Cache::kUsed);
  if (!reason) {
    if (timings.n_generated > 0 && !options.json) std::fputs("\n", stdout);
    return fail(reason.error());
  }
  output.end(prompt, stop_reason_name(*reason), timings);
  if (options.timings) {
    std::fprintf(stderr, "load %.0f ms, prefill %zu tokens %.1f/s, decode %zu tokens %.1f/s\n",
                 timings.load_ms, timings.n_prompt, timings.prefill_rate(), timings.n_generated,
                 timings.decode_rate());
  }
  return kExitOk;
}

}  // namespace

int run_run(Args args) {
  RunOptions options;
  const CommandLine line{"run", "Continues a prompt or answers a message, and streams the text.",
                         options.all()};
  if (const auto code = line.parse(args)) return *code;
  const int n_inputs =
      options.prompt.has_value() + options.chat.has_value() + options.ids.has_value();
  if (n_inputs != 1) return usage_error("run needs one of --prompt, --chat and --ids");
  if (options.system && !options.chat) return usage_error("--system goes with --chat");
  const OpenedModel opened = open_model(options.model);
  if (!opened.model) return opened.exit_code;
  Result<Sampler> sampler = options.sampler.make_sampler(opened.model->config.n_vocab);
  if (!sampler) return usage_error(sampler.error().text());
  const auto prompt = prompt_ids(*opened.model, options);
  if (!prompt) return fail(prompt.error());
  if (prompt->empty())
    return fail({ErrorCode::kBadArgument, "The prompt has no tokens", "", "", ""});
  const OpenedSession run = open_session(*opened.model, options.model);
  if (!run.session) return run.exit_code;
  return answer(options, *run.session, *sampler, *prompt);
}

}  // namespace nanoinfer::cli
