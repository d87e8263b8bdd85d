// Command-line options as one table a command: parsing, checks and --help all come from it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace nanoinfer::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitInput = 1;  // a file, a text or the model refused
inline constexpr int kExitUsage = 2;  // the command line itself is wrong

// Where an option's value goes. A list takes the option any number of times.
using OptionTarget = std::variant<bool*, uint32_t*, uint64_t*, float*, std::optional<std::string>*,
                                  std::vector<std::string>*>;

// Of whole numbers.
struct Range {
  uint64_t low = 0;
  uint64_t high = UINT64_MAX;
};

struct Option {
  std::string name;   // "--threads", or "-n, --tokens"; "FILE" without a dash is the positional one
  const char* value;  // what help calls its value, "N"; null for a switch
  std::string help;
  OptionTarget target;
  Range range = {};
};

class CommandLine {
 public:
  const char* command;  // "tokenize"
  const char* summary;  // one sentence
  std::vector<Option> options;

  // Reads the arguments after the command's name. Returns the exit code if the command is to end
  // here: 0 after --help, 2 after a mistake that has been told on stderr.
  std::optional<int> parse(std::span<char* const> args) const;

  std::string help() const;

 private:
  // The option of that name, or the positional one if the name has no dash; or null.
  const Option* find(std::string_view name) const;
};

// Tells a usage mistake on stderr and returns kExitUsage.
int usage_error(const std::string& message);

}  // namespace nanoinfer::cli
