// The reference plugin's producer: a queue of messages that are sent in order, and again by each new connection until they are confirmed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include <dispytch/plugin/backend.hpp>

#include "reference/link.hpp"

namespace dispytch::reference {

/// Any thread, but for reports and close.
class Producer {
 public:
  Producer(const Address& address, std::size_t queue, std::chrono::milliseconds timeout, plugin::Notify notify);

  plugin::Accepted send(plugin::Strided<const plugin::MessageView> messages);
  std::size_t reports(plugin::Strided<plugin::Report> out);
  plugin::Status flush(std::chrono::milliseconds timeout);
  plugin::Status close(std::chrono::milliseconds timeout);

 private:
  using Clock = std::chrono::steady_clock;
  struct Pending {
    std::uint64_t token = 0;
    std::int64_t sequence = 0;
    Frame request = {};
    Clock::time_point deadline = {};
    bool written = false;    // to any connection, so that the broker may have it
    bool under_way = false;  // on the present connection
  };
  struct Reported {
    plugin::Report report = {};
    std::string text = {};
  };

  // All with the mutex held.
  void write_more();
  void answered(std::int64_t sequence, const Frame& answer);
  void finish(std::int64_t sequence, Reported reported);
  void expire();
  bool makes(std::string_view mistake) const { return link_.address().mistake == mistake; }

  const std::size_t most_;
  const std::chrono::milliseconds timeout_;
  const plugin::Notify notify_;
  const std::string name_;  // of this producer, by which the broker knows resends

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Pending> pending_ = {};
  std::deque<Reported> reports_ = {};
  std::deque<std::string> texts_ = {};  // of the reports pulled last
  std::int64_t last_sequence_ = 0, epoch_ = 0;
  bool was_full_ = false;

  Link link_;  // ended first
};

}  // namespace dispytch::reference
