#include "engine/cli/options.h"

#include <charconv>
#include <cstdio>
#include <string_view>
#include <utility>

namespace nanoinfer::cli {
namespace {

constexpr size_t kHelpColumn = 30;

bool has_name(const Option& option, std::string_view name) {
  const std::string_view names = option.name;
  const size_t comma = names.find(", ");
  if (comma == std::string_view::npos) return names == name;
  return names.substr(0, comma) == name || names.substr(comma + 2) == name;
}

// "-" alone is a value: standard input.
bool is_positional(std::string_view name) {
  return name.size() < 2 || name[0] != '-';
}

template <typename Number>
bool parse_number(std::string_view text, Number* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

// Stores a value; false if the text is not one of the target's kind.
struct Store {
  std::string_view text;

  bool operator()(bool* target) const { return *target = true; }
  bool operator()(uint32_t* target) const { return parse_number(text, target); }
  bool operator()(uint64_t* target) const { return parse_number(text, target); }
  bool operator()(float* target) const { return parse_number(text, target); }
  bool operator()(std::optional<std::string>* target) const {
    *target = std::string(text);
    return true;
  }
  bool operator()(std::vector<std::string>* target) const {
    target->emplace_back(text);
    return true;
  }
};

bool in_range(const Option& option) {
  const auto within = [&](uint64_t value) {
    return value >= option.range.low && value <= option.range.high;
  };
  if (const auto* target = std::get_if<uint32_t*>(&option.target)) return within(**target);
  if (const auto* target = std::get_if<uint64_t*>(&option.target)) return within(**target);
  return true;
}

std::string expected_value(const Option& option) {
  if (std::holds_alternative<float*>(option.target)) return "a number";
  if (option.range.high == UINT64_MAX) return "a whole number that is not negative";
  return std::to_string(option.range.low) + " to " + std::to_string(option.range.high);
}

}  // namespace

const Option* CommandLine::find(std::string_view name) const {
  for (const Option& option : options) {
    if (is_positional(name) ? is_positional(option.name) : has_name(option, name)) return &option;
  }
  return nullptr;
}

std::optional<int> CommandLine::parse(std::span<char* const> args) const {
  bool has_positional = false;
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string_view arg = args[i];
    if (arg == "--help" || arg == "-h") {
      std::fputs(help().c_str(), stdout);
      return kExitOk;
    }
    const size_t equals = is_positional(arg) ? std::string_view::npos : arg.find('=');
    const std::string name(arg.substr(0, equals));
    const Option* option = find(name);
    if (!option) {
      return usage_error("'" + name + "' is not an option; see nanoinfer " + command + " --help");
    }
    if (is_positional(arg) && std::exchange(has_positional, true)) {
      return usage_error(std::string(command) + " takes one " + option->name + ", and '" + name +
                         "' is a second");
    }
    std::string_view value = arg;
    if (equals != std::string_view::npos) {
      if (!option->value) return usage_error(name + " takes no value");
      value = arg.substr(equals + 1);
    } else if (option->value && !is_positional(arg)) {
      if (i + 1 == args.size()) return usage_error(name + " needs a value");
      value = args[++i];
    }
    if (!std::visit(Store{value}, option->target) || !in_range(*option)) {
      return usage_error(name + " needs " + expected_value(*option) + ", not '" +
                         std::string(value) + "'");
    }
  }
  return std::nullopt;
}

std::string CommandLine::help() const {
  std::string text = std::string("usage: nanoinfer ") + command;
  for (const Option& option : options) {
    if (is_positional(option.name)) text += " " + option.name;
  }
  text += std::string(" [options]\n") + summary + "\n\n";
  for (const Option& option : options) {
    std::string line = "  " + option.name;
    if (option.value && !is_positional(option.name)) line += std::string(" ") + option.value;
    line.append(line.size() < kHelpColumn ? kHelpColumn - line.size() : 1, ' ');
    text += line + option.help + "\n";
  }
  return text + "  -h, --help                  shows this\n";
}

int usage_error(const std::string& message) {
  std::fprintf(stderr, "nanoinfer: %s\n", message.c_str());
  return kExitUsage;
}

}  // namespace nanoinfer::cli
