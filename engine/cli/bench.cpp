// nanoinfer bench
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/cli/commands.h"
#include "engine/cli/model_options.h"
#include "engine/cli/token_loop.h"
#include "engine/run/pcg32.h"
#include "engine/trace/json.h"

namespace nanoinfer::cli {
namespace {

struct Spread {
  double median = 0;
  double least = 0;
  double most = 0;
};

Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

// Milliseconds of each kind of op, summed over the plan.
using KindTimes = std::array<double, kOpKinds>;

KindTimes times_by_kind(Session& session) {
  KindTimes times{};
  const std::span<double> op_ms = session.op_ms();
  for (size_t op = 0; op < op_ms.size(); ++op) {
    times[static_cast<size_t>(session.ops()[op].kind)] += op_ms[op];
    op_ms[op] = 0;
  }
  return times;
}

struct Measured {
  double prefill_ms = 0;
  double decode_ms = 0;
  KindTimes prefill_kinds{};
  KindTimes decode_kinds{};
};

// One run from an empty cache: the prompt in passes of n_batch, then token after token. What the
// tokens are makes no difference to the work, so they are taken as they come and nothing is
// sampled.
Result<Measured> measure(Session& session, std::span<const int32_t> ids, uint32_t n_prompt,
                         bool timing) {
  Measured measured;
  session.set_timing(timing);
  const Status emptied = session.truncate(0, 0);
  if (!emptied) return emptied.error();
  const double start_ms = now_ms();
  const Status prefilled = forward(session, ids.first(n_prompt), Wanted::kLastLogits);
  if (!prefilled) return prefilled.error();
  const double prefilled_ms = now_ms();
  measured.prefill_ms = prefilled_ms - start_ms;
  if (timing) measured.prefill_kinds = times_by_kind(session);
  for (size_t i = n_prompt; i < ids.size(); ++i) {
    const Status decoded = forward(session, ids.subspan(i, 1), Wanted::kLastLogits);
    if (!decoded) return decoded.error();
  }
  measured.decode_ms = now_ms() - prefilled_ms;
  if (timing) measured.decode_kinds = times_by_kind(session);
  return measured;
}

struct Report {
  Spread prefill;  // tokens per second
  Spread decode;
  Measured timed;  // of the run in which every op was timed
};

void print_spread(const char* name, uint32_t n_tokens, const Spread& spread) {
  if (n_tokens == 0) return;
  std::printf("%-8s %5u tokens  %9.1f tokens/s  (%.1f to %.1f)\n", name, n_tokens, spread.median,
              spread.least, spread.most);
}

void print_kinds(const Report& report, uint32_t n_prompt, uint32_t n_decode) {
  std::printf("\nms per token    prefill     decode   (a run of its own, every op timed)\n");
  for (size_t kind = 0; kind < kOpKinds; ++kind) {
    const auto per_token = [&](const KindTimes& times, uint32_t n) {
      return n > 0 ? times[kind] / n : 0;
    };
    std::printf("%-15s %9.4f  %9.4f\n", op_kind_name(static_cast<OpKind>(kind)),
                per_token(report.timed.prefill_kinds, n_prompt),
                per_token(report.timed.decode_kinds, n_decode));
  }
}

Json spread_json(const Spread& spread) {
  return {{"median", spread.median}, {"least", spread.least}, {"most", spread.most}};
}

Json kinds_json(const KindTimes& times) {
  Json json = Json::object();
  for (size_t kind = 0; kind < kOpKinds; ++kind) {
    json.add(op_kind_name(static_cast<OpKind>(kind)), times[kind]);
  }
  return json;
}

void print_json(const Session& session, const ModelOptions& options, const Report& report,
                uint32_t n_prompt, uint32_t n_decode) {
  std::puts(to_text({{"model", *options.model},
                     {"kernels", session.kernels().name},
                     {"threads", session.n_threads()},
                     {"batch", session.n_batch()},
                     {"load_ms", options.load_ms},
                     {"prompt_tokens", n_prompt},
                     {"decode_tokens", n_decode},
                     {"prefill_tokens_per_s", spread_json(report.prefill)},
                     {"decode_tokens_per_s", spread_json(report.decode)},
                     {"prefill_op_ms", kinds_json(report.timed.prefill_kinds)},
                     {"decode_op_ms", kinds_json(report.timed.decode_kinds)}})
                .c_str());
}

// A first run warms up and is not counted; the last one times every op.
Result<Report> run_all(Session& session, std::span<const int32_t> ids, uint32_t n_prompt,
                       uint32_t n_repeats) {
  Report report;
  std::vector<double> prefill, decode;
  for (uint32_t i = 0; i < n_repeats + 2; ++i) {
    const bool timing = i == n_repeats + 1;
    const Result<Measured> measured = measure(session, ids, n_prompt, timing);
    if (!measured) return measured.error();
    if (timing) report.timed = *measured;
    if (timing || i == 0) continue;
    prefill.push_back(n_prompt * 1000.0 / measured->prefill_ms);
    decode.push_back(static_cast<double>(ids.size() - n_prompt) * 1000 / measured->decode_ms);
  }
  report.prefill = spread_of(prefill);
  report.decode = spread_of(decode);
  return report;
}

std::vector<int32_t> random_ids(size_t n, uint32_t n_vocab) {
  Pcg32 generator(1);
  std::vector<int32_t> ids(n);
  for (int32_t& id : ids) id = static_cast<int32_t>(generator.next() % n_vocab);
  return ids;
}

}  // namespace

int run_bench(Args args) {
  ModelOptions options;
  uint32_t n_prompt = 512, n_decode = 128, n_repeats = 5;
  bool json = false;
  const CommandLine line{
      "bench",
      "Measures prefill and decode: the median of several runs, and the least and the most.",
      options.all({{"-p, --prompt-tokens", "N", "tokens prefilled (default: 512)", &n_prompt},
                   {"-n, --tokens", "N", "tokens decoded after them (default: 128)", &n_decode},
                   {"-r, --repeats", "N", "runs that count (default: 5)", &n_repeats},
                   {"--json", nullptr, "one JSON object", &json}})};
  if (const auto code = line.parse(args)) return *code;
  const uint64_t n_tokens = uint64_t{n_prompt} + n_decode;
  if (n_prompt == 0 || n_repeats == 0) return usage_error("bench needs -p and -r of at least 1");
  const OpenedModel opened = open_model(options);
  if (!opened.model) return opened.exit_code;
  if (options.n_ctx == 0)
    options.n_ctx = static_cast<uint32_t>(std::min<uint64_t>(n_tokens, UINT32_MAX));
  const OpenedSession run = open_session(*opened.model, options);
  if (!run.session) return run.exit_code;
  if (n_tokens > run.session->n_ctx()) {
    return fail({ErrorCode::kContextFull, "The tokens do not fit in the context", "-p and -n",
                 "at most " + std::to_string(run.session->n_ctx()), std::to_string(n_tokens)});
  }
  const auto ids = random_ids(static_cast<size_t>(n_tokens), opened.model->config.n_vocab);
  const Result<Report> report = run_all(*run.session, ids, n_prompt, n_repeats);
  if (!report) return fail(report.error());
  if (json) {
    print_json(*run.session, options, *report, n_prompt, n_decode);
    return kExitOk;
  }
  std::printf("kernels %s, threads %u, batch %u, load %.0f ms, %u runs\n",
              run.session->kernels().name, run.session->n_threads(), run.session->n_batch(),
              options.load_ms, n_repeats);
  print_spread("prefill", n_prompt, report->prefill);
  print_spread("decode", n_decode, report->decode);
  print_kinds(*report, n_prompt, n_decode);
  return kExitOk;
}

}  // namespace nanoinfer::cli
