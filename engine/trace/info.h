// What the engine tells about itself, as JSON text. The page and the command line read the same.
// Strings are UTF-8; bytes of a file that are not become U+FFFD.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/model/model.h"
#include "engine/run/sampler.h"
#include "engine/run/session.h"

namespace nanoinfer {

// {"code", "message", "place", "expected", "actual"}
std::string error_json(const Error& error);

// {"version", "numerics", "simd", "threads", "kernels": [names, the definition first]}
std::string build_info_json(const char* simd, bool threads);

// The model's shape, types, tokenizer and chat template, and the memory it needs. Also for the
// weightless model of a loader whose header is complete. Bytes are given for the default session.
// An id that the file does not name is -1.
std::string model_info_json(const Model& model);

// [{"name", "type", "shape": [outermost first], "offset": in the file, "bytes", "address": in
// memory, "tile_rows": rows that are interleaved there, or 0}] in the file's order. The bytes of a
// tensor stay a range of their own, so tiles lie where the rows of the file would. No weights:
// address 0.
std::string tensors_json(const Model& model);

// The session's sizes and its plan, op by op. "macs" is a row's; an op adds "bytes_per_pos" and
// "macs_per_pos" for each position that it looks back on.
std::string session_info_json(const Session& session);

// {"stages": [{"stage", "kept", "top": [{"id", "logit", "p"}]}], "random": u or null, "chosen": id}
std::string sampler_stages_json(Sampler& sampler);

}  // namespace nanoinfer
