#include "settle/settler.hpp"

#include <algorithm>

namespace dispytch::settle {

const std::vector<dispytch_settlement>& Settler::collect() {
  for (auto& [id, source] : sources_) {
    if (const auto mark = source.window.take_mark()) ready_.push_back({*mark, DISPYTCH_ACK_UP_TO, 0});
  }
  return ready_;
}

void Settler::remember(std::uint32_t source) {
  last_ = &sources_.try_emplace(source, span_).first->second;
  last_id_ = source;
}

void Settler::forget(std::uint32_t source) {
  sources_.erase(source);
  last_ = nullptr;
}

void Settler::forget_all() {
  sources_.clear();
  last_ = nullptr;
  ready_.clear();
}

std::size_t Settler::room() const noexcept {
  std::size_t room = span_;
  for (const auto& [id, source] : sources_) room = std::min(room, source.window.room());
  return room;
}

}  // namespace dispytch::settle
