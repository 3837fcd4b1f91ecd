// The sources that a listener reads, and what is finished of each and not yet told to the broker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include <dispytch/plugin/abi.h>

#include "settle/source.hpp"

namespace dispytch::settle {

/// How a backend takes acknowledgements; chosen by its capabilities.
enum class Acknowledge : std::uint8_t {
  each,   ///< every message by itself
  up_to,  ///< all up to a message of a source: only the low-water mark is told
  never,  ///< not at all: at most once
};

/// One thread at a time.
class Ledger {
 public:
  Ledger(Acknowledge how, std::size_t span) : how_{how}, span_{span} {}

  /// nullptr: no such source is read.
  Source* find(std::uint32_t id) {
    if (last_ != nullptr && last_->id == id) return last_;
    const auto found = sources_.find(id);
    if (found == sources_.end()) return nullptr;
    return last_ = found->second.get();
  }
  Source& add(std::uint32_t id);

  /// A message of the source arrived; the ordinal is for finish().
  std::uint64_t arrive(Source& source, std::uint64_t token) {
    ++source.references;
    return how_ == Acknowledge::up_to ? source.window.arrive(token) : 0;
  }
  /// It needs nothing more. Not for a source that is gone.
  void finish(Source& source, std::uint64_t ordinal, std::uint64_t token) {
    if (how_ == Acknowledge::up_to) {
      source.window.finish(ordinal);
    } else if (how_ == Acknowledge::each) {
      ready_.push_back({token, DISPYTCH_ACK, 0});
    }
  }

  /// The broker is to deliver it again, not before that time. Not for a source that is gone. Where only marks are told (up_to) its message
  /// stays unfinished, so that no mark passes it: a listener that requeues needs a backend that takes each.
  /// `attempts`: handlings that failed so far, which come back with it where the backend carries them.
  void requeue(std::uint64_t token, std::uint32_t delay_ms, std::uint32_t attempts) {
    ready_.push_back({token, DISPYTCH_REQUEUE, delay_ms, DISPYTCH_SETTLE_ATTEMPTS, attempts});
  }

  /// What the broker may be told since the last call: one settlement for each source, or for each message. Valid until the next call.
  const std::vector<dispytch_settlement>& collect();
  /// Call after what collect() returned was handed over.
  void handed_over() noexcept { ready_.clear(); }

  /// The source belongs to somebody else. Its memory stays until no message points to it: drop_reference().
  void forget(Source& source);
  void drop_reference(Source& source) {
    if (--source.references == 0 && source.gone) erase(source);
  }

  /// The fewest messages that a source which isn't withheld may still get.
  std::size_t room() const noexcept;
  std::size_t room(const Source& source) const noexcept {
    const std::size_t span = source.window.span();
    return span >= span_ ? 0 : span_ - span;
  }

  template <class Visit>
  void for_each(Visit visit) {
    for (auto& [id, source] : sources_) visit(*source);
  }
  std::size_t size() const noexcept { return sources_.size(); }

 private:
  void erase(const Source& source);

  Acknowledge how_;
  std::size_t span_;
  std::unordered_map<std::uint32_t, std::unique_ptr<Source>> sources_;
  std::vector<std::unique_ptr<Source>> gone_;  // with messages that still run
  Source* last_ = nullptr;                     // batches are mostly of one source
  std::vector<dispytch_settlement> ready_;
};

}  // namespace dispytch::settle
