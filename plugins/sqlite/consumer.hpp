// A listener: hands out messages of the partitions that it holds.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include <dispytch/plugin/backend.hpp>
#include <dispytch/plugin/subscription.hpp>

#include "broker.hpp"
#include "holdings.hpp"
#include "member.hpp"
#include "signal.hpp"

namespace dispytch::sqlite {

/// Any thread; poll and seek: one call at a time. Reads on the polling thread: readers and writers of the file don't wait for each other.
class Consumer {
 public:
  /// Throws plugin::Exception where a topic doesn't exist.
  Consumer(Broker& broker, plugin::Subscription subscription, plugin::Notify notify);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  plugin::Status poll(plugin::Limits limits, std::chrono::milliseconds timeout, plugin::BatchOut& out);
  void wake() { signal_.wake(); }
  plugin::Status settle(plugin::Strided<const plugin::Settlement> settlements);
  plugin::Status sync(std::chrono::milliseconds timeout);
  plugin::Result<std::span<const plugin::Header>> headers(const plugin::InboundMessage& message) {
    return std::span<const plugin::Header>{message.headers, message.n_headers};
  }
  plugin::Status pause(std::span<const plugin::Source> sources, bool on);
  plugin::Status seek(std::span<const plugin::Source> sources, std::chrono::milliseconds timeout);
  std::vector<plugin::Lag> lag() { return holdings_.lag(); }
  plugin::Status close(std::chrono::milliseconds timeout);

 private:
  void require_topics();
  void refresh();
  void take_new_topics();
  bool read(plugin::Limits limits, plugin::BatchOut& out);

  Broker& broker_;
  const plugin::Subscription subscription_;
  Signal signal_;
  Holdings holdings_;
  std::unique_ptr<Database> database_;  // the polling thread's
  std::size_t turn_ = 0;                // sources take turns at being first in a batch; the polling thread's
  std::set<std::int64_t> topics_;       // without a group: those it reads; the polling thread's
  bool has_looked_ = false;             // the polling thread's
  plugin::Metric deleted_unread_;
  std::unique_ptr<Member> member_;  // nullptr: it belongs to no group
};

}  // namespace dispytch::sqlite
