#include "engine/text/token_store.h"

#include <functional>

namespace nanoinfer {

void TokenStore::add(std::string_view bytes, TokenKind kind, bool in_vocabulary) {
  text_.append(bytes);
  starts_.push_back(static_cast<uint32_t>(text_.size()));
  kinds_.push_back(kind);
  in_vocabulary_.push_back(in_vocabulary);
}

void TokenStore::build_index() {
  size_t n_slots = 2;  // a power of two, at least half of the slots empty
  while (n_slots < kinds_.size() * 2) n_slots *= 2;
  slots_.assign(n_slots, -1);
  for (int32_t id = 0; id < size(); ++id) {
    if (!in_vocabulary_[static_cast<size_t>(id)]) continue;
    int32_t& slot = slots_[slot_of(bytes(id))];
    if (slot < 0) slot = id;
  }
}

std::optional<int32_t> TokenStore::find(std::string_view bytes) const {
  if (slots_.empty()) return std::nullopt;
  const int32_t id = slots_[slot_of(bytes)];
  return id < 0 ? std::nullopt : std::optional(id);
}

size_t TokenStore::slot_of(std::string_view bytes) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = std::hash<std::string_view>{}(bytes)&mask;
  while (slots_[slot] >= 0 && this->bytes(slots_[slot]) != bytes) slot = (slot + 1) & mask;
  return slot;
}

}  // namespace nanoinfer
