// Keeps what is unfinished of every source, and tells the broker what is finished, a batch at a time.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include <dispytch/plugin/abi.h>

#include "settle/source_window.hpp"

namespace dispytch::settle {

/// How a backend takes acknowledgements; chosen by its capabilities.
enum class Acknowledge : std::uint8_t {
  each,   ///< every message by itself
  up_to,  ///< all up to a message of a source: only the low-water mark is told
  never,  ///< not at all: at most once
};

/// A listener's unfinished messages. One thread at a time.
class Settler {
  struct Source;

 public:
  Settler(Acknowledge how, std::size_t span) : how_{how}, span_{span} {}

  /// A message that has arrived and isn't finished. Valid until its source is forgotten.
  struct Ticket {
    Source* source;
    std::uint64_t ordinal;
    std::uint64_t token;
  };

  Ticket arrive(const dispytch_message& message) {
    if (how_ == Acknowledge::each || how_ == Acknowledge::never) return {nullptr, 0, message.token};
    if (last_ == nullptr || last_id_ != message.source) remember(message.source);
    return {last_, last_->window.arrive(message.token), message.token};
  }

  void finish(const Ticket& ticket) {
    if (how_ == Acknowledge::up_to) {
      ticket.source->window.finish(ticket.ordinal);
    } else if (how_ == Acknowledge::each) {
      ready_.push_back({ticket.token, DISPYTCH_ACK, 0});
    }
  }

  /// What the broker may be told since the last call: one settlement for each source, or for each message. Valid until the next call.
  const std::vector<dispytch_settlement>& collect();
  /// Call after what collect() returned was handed over.
  void handed_over() noexcept { ready_.clear(); }

  /// The source, or all, belong to somebody else by now: their tickets must not be finished any more.
  void forget(std::uint32_t source);
  void forget_all();

  /// How many more messages may come before a source's window is full: the credit for the next poll.
  std::size_t room() const noexcept;

 private:
  struct Source {
    explicit Source(std::size_t span) : window{span} {}
    SourceWindow window;
  };

  void remember(std::uint32_t source);

  Acknowledge how_;
  std::size_t span_;
  std::unordered_map<std::uint32_t, Source> sources_;  // node-based: tickets point into it
  Source* last_ = nullptr;                             // of the last message: batches are mostly of one source
  std::uint32_t last_id_ = 0;
  std::vector<dispytch_settlement> ready_;
};

}  // namespace dispytch::settle
