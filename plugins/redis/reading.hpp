// Reads streams over a connection of its own, on which it waits at the server.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connection.hpp"
#include "entry_id.hpp"
#include "membership.hpp"
#include "settling.hpp"

namespace dispytch::redis {

/// Keeps one XREADGROUP standing for the streams that have room, or one XREAD where the consumer has no group. On the worker's thread.
class Reading {
 public:
  static constexpr std::chrono::milliseconds kBlock{1'000};

  /// `on_refusal`: reading failed by what the server says of a stream or a group.
  Reading(const Membership& membership, Connection& connection, Settling& settling, std::function<void(std::string_view error)> on_refusal);

  /// Where reading without a group begins.
  void begin_at(const Stream& stream, EntryId id);
  /// Reads where it may. `ready`: by slot, whether the stream's group is there.
  Connection::Time step(Connection::Time now, const std::vector<bool>& ready);
  /// No further command is sent.
  void stop() noexcept { stopped_ = true; }
  bool is_waiting() const noexcept { return outstanding_; }
  /// Whether a stream could be read that the standing command leaves out.
  bool is_short(const std::vector<bool>& ready) const;

 private:
  bool wanted(const Stream& stream, const std::vector<bool>& ready) const;
  void on_reply(Reply reply);
  void take(const Stream& stream, const std::shared_ptr<const redisReply>& owner, const redisReply& entries);

  const Membership& membership_;
  Connection& connection_;
  Settling& settling_;
  const std::function<void(std::string_view)> on_refusal_;
  std::vector<EntryId> positions_;  // by slot: read last, without a group
  std::vector<bool> asked_;         // by slot: in the standing command
  bool outstanding_ = false;
  bool stopped_ = false;
  Connection::Time not_before_ = {};
};

}  // namespace dispytch::redis
