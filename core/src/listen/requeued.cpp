#include "listen/requeued.hpp"
#include "text/bytes.hpp"

#include <utility>

namespace dispytch::listen {

std::optional<Requeued::Key> Requeued::key_of(const lane::Place& place, const dispytch_message& raw) {
  if ((raw.flags & DISPYTCH_MSG_OFFSET) != 0) return Key{.place = &place, .offset = raw.offset};
  if (raw.id.len > 0) return Key{.place = &place, .id = std::string{text::view(raw.id)}};
  return std::nullopt;
}

void Requeued::remember(Key key, Progress progress) {
  (void)recall(key);
  if (most_ == 0) return;
  if (by_key_.size() == most_) {
    const auto oldest = by_age_.begin();
    by_key_.erase(oldest->second);
    by_age_.erase(oldest);
  }
  by_age_.emplace(++last_number_, key);
  by_key_.emplace(std::move(key), Entry{progress, last_number_});
}

std::optional<Requeued::Progress> Requeued::recall(const Key& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::nullopt;
  const Progress progress = found->second.progress;
  by_age_.erase(found->second.number);
  by_key_.erase(found);
  return progress;
}

}  // namespace dispytch::listen
