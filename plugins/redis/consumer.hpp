// Reads streams as a member of a consumer group, or without one.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <dispytch/plugin/backend.hpp>
#include <dispytch/plugin/mutex.hpp>

#include "connection.hpp"
#include "inbox.hpp"
#include "membership.hpp"
#include "reading.hpp"
#include "server.hpp"
#include "settling.hpp"
#include "upkeep.hpp"
#include "worker.hpp"

namespace dispytch::redis {

/// The border's side of a consumer. Its worker has two connections: one on which it waits for entries at the server, and one for all else,
/// on which nothing waits.
class Consumer {
 public:
  /// Finds the streams and makes the group where it isn't there. Throws plugin::Exception where the server refuses that or doesn't answer
  /// within the opening's time.
  Consumer(const Server& server, const plugin::Config& options, plugin::Opening opening);
  ~Consumer();

  plugin::Status poll(plugin::Limits limits, std::chrono::milliseconds timeout, plugin::BatchOut& out);
  void wake() { inbox_.wake(); }
  plugin::Status settle(plugin::Strided<const plugin::Settlement> settlements);
  plugin::Result<std::span<const plugin::Header>> headers(const plugin::InboundMessage& message);
  plugin::Status sync(std::chrono::milliseconds timeout);
  plugin::Status pause(std::span<const plugin::Source> sources, bool on);
  plugin::Status begin(std::span<const std::uint64_t> tokens, bool on, std::chrono::milliseconds timeout);
  std::vector<plugin::Lag> lag() { return upkeep_.lag(); }
  plugin::Status close(std::chrono::milliseconds timeout);

 private:
  struct Opened;
  Consumer(const Server& server, Opened opened, plugin::Notify notify);

  Connection::Time step(Connection::Time now);
  void assess(Connection::Time now);
  bool leave(Connection::Time now);

  const Server& server_;
  const Inbox::Streams streams_;
  Inbox inbox_;
  const Membership membership_;

  // The worker's.
  Outage reads_outage_, works_outage_;
  bool was_up_ = false;
  std::optional<plugin::Error> told_ = {};  // the trouble that the host knows
  Connection reads_, works_;
  Settling settling_;
  Upkeep upkeep_;
  Reading reading_;
  bool asked_to_unblock_ = false;
  std::optional<Connection::Time> give_up_at_ = {};  // while the consumer leaves and there is no server

  plugin::Mutex mutex_;
  plugin::Condition changed_;
  bool leaving_ DISPYTCH_GUARDED_BY(mutex_) = false;
  bool left_ DISPYTCH_GUARDED_BY(mutex_) = false;
  Worker worker_;
  bool closed_ = false;
};

}  // namespace dispytch::redis
