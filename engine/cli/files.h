// Files in and out of the native program.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "engine/base/result.h"
#include "engine/model/model.h"

namespace nanoinfer::cli {

// All of a file; "-" is standard input.
Result<std::string> read_text(const std::string& path);

// Reads a GGUF file piece by piece straight into the model. On a terminal, progress is shown on
// stderr.
Result<std::unique_ptr<Model>> load_file(const std::string& path);

// A float32 file, little endian, written piece by piece. It is removed unless close() succeeded.
class FloatFile {
 public:
  static Result<FloatFile> create(const std::string& path);
  FloatFile(FloatFile&& other) noexcept;
  FloatFile& operator=(FloatFile&&) = delete;
  ~FloatFile();

  Status write(std::span<const float> values);
  Status close();

 private:
  FloatFile(std::string path, bool is_regular, void* file)
      : path_(std::move(path)), is_regular_(is_regular), file_(file) {}
  void remove_file();

  std::string path_;
  bool is_regular_;
  void* file_;  // FILE*, null once closed
};

}  // namespace nanoinfer::cli
