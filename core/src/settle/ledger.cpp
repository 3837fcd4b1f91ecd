#include "settle/ledger.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace dispytch::settle {

Source& Ledger::add(std::uint32_t id) {
  auto& source = sources_[id];
  if (!source) source = std::make_unique<Source>(id, span_);
  return *source;
}

const std::vector<dispytch_settlement>& Ledger::collect() {
  for (auto& [id, source] : sources_) {
    if (const auto mark = source->window.take_mark()) ready_.push_back({*mark, DISPYTCH_ACK_UP_TO, 0});
  }
  return ready_;
}

void Ledger::forget(Source& source) {
  source.gone = true;
  source.revoked.store(true, std::memory_order_relaxed);
  last_ = nullptr;
  const auto found = sources_.find(source.id);
  if (found == sources_.end()) return;
  if (source.references > 0) gone_.push_back(std::move(found->second));
  sources_.erase(found);
}

void Ledger::erase(const Source& source) {
  std::erase_if(gone_, [&](const std::unique_ptr<Source>& candidate) { return candidate.get() == &source; });
}

std::size_t Ledger::room() const noexcept {
  std::size_t room = span_;
  for (const auto& [id, source] : sources_) {
    if (!source->withheld) room = std::min(room, this->room(*source));
  }
  return room;
}

}  // namespace dispytch::settle
