#include "engine/cli/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "engine/base/clock.h"
#include "engine/model/loader.h"

namespace nanoinfer::cli {
namespace {

static_assert(std::endian::native == std::endian::little, "files are written as memory lies");

constexpr size_t kReadBytes = size_t{1} << 20;
constexpr double kProgressMs = 100;  // between two updates of the progress line

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Closer>;

Error io_error(const char* message, const std::string& path) {
  return {ErrorCode::kIo, message, path, "", std::strerror(errno)};
}

// 0 if the file has no size: a pipe.
uint64_t size_of(std::FILE* file) {
  if (fseeko(file, 0, SEEK_END) != 0) return 0;
  const off_t size = ftello(file);
  if (fseeko(file, 0, SEEK_SET) != 0 || size < 0) return 0;
  return static_cast<uint64_t>(size);
}

void show_progress(uint64_t done, uint64_t total) {
  if (total == 0) return;
  std::fprintf(stderr, "\rloading %llu %%", static_cast<unsigned long long>(done * 100 / total));
}

Status read_into(ModelLoader& loader, std::FILE* file, uint64_t n_total, const std::string& path,
                 bool watched) {
  double shown_ms = now_ms();
  LoadPhase phase = LoadPhase::kHeader;
  for (uint64_t n_done = 0; phase != LoadPhase::kComplete;) {
    const uint64_t n_left = n_total > 0 ? n_total - n_done : kReadBytes;
    const auto n_wanted = static_cast<size_t>(std::min<uint64_t>(kReadBytes, n_left));
    if (n_wanted == 0) break;
    const Result<uint8_t*> place = loader.reserve(n_wanted);
    if (!place) return place.error();
    const size_t n_read = std::fread(*place, 1, n_wanted, file);
    if (std::ferror(file)) return io_error("The file cannot be read", path);
    const Result<LoadPhase> committed = loader.commit(n_read);
    if (!committed) return committed.error();
    phase = *committed;
    n_done += n_read;
    if (n_read < n_wanted) break;
    if (watched && now_ms() - shown_ms > kProgressMs) {
      show_progress(n_done, n_total);
      shown_ms = now_ms();
    }
  }
  return Ok{};
}

}  // namespace

Result<std::string> read_text(const std::string& path) {
  File opened(path == "-" ? nullptr : std::fopen(path.c_str(), "rb"));
  std::FILE* file = path == "-" ? stdin : opened.get();
  if (!file) return io_error("The file cannot be opened", path);
  std::string text;
  char piece[1 << 16];
  for (size_t n = 0; (n = std::fread(piece, 1, sizeof(piece), file)) > 0;) text.append(piece, n);
  if (std::ferror(file)) return io_error("The file cannot be read", path);
  return text;
}

Result<std::unique_ptr<Model>> load_file(const std::string& path) {
  File file(std::fopen(path.c_str(), "rb"));
  if (!file) return io_error("The model cannot be opened", path);
  const uint64_t n_bytes = size_of(file.get());
  ModelLoader loader(n_bytes);
  const bool watched = isatty(fileno(stderr));
  const Status status = read_into(loader, file.get(), n_bytes, path, watched);
  if (watched) std::fputs("\r\033[K", stderr);
  if (!status) return status.error();
  return loader.finish();
}

Result<FloatFile> FloatFile::create(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (!file) return io_error("The file cannot be written", path);
  struct stat status{};
  const bool regular = fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode);
  return FloatFile(path, regular, file);
}

FloatFile::FloatFile(FloatFile&& other) noexcept
    : path_(std::move(other.path_)),
      is_regular_(other.is_regular_),
      file_(std::exchange(other.file_, nullptr)) {}

FloatFile::~FloatFile() {
  if (!file_) return;
  std::fclose(static_cast<std::FILE*>(file_));
  remove_file();
}

Status FloatFile::write(std::span<const float> values) {
  const size_t n =
      std::fwrite(values.data(), sizeof(float), values.size(), static_cast<std::FILE*>(file_));
  if (n != values.size()) return io_error("The file cannot be written", path_);
  return Ok{};
}

Status FloatFile::close() {
  if (std::fclose(static_cast<std::FILE*>(std::exchange(file_, nullptr))) == 0) return Ok{};
  const Error error = io_error("The file cannot be written", path_);
  remove_file();
  return error;
}

// A device or a pipe stays where it is.
void FloatFile::remove_file() {
  if (is_regular_) std::remove(path_.c_str());
}

}  // namespace nanoinfer::cli
