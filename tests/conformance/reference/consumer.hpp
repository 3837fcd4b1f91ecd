// The reference plugin's consumer: a member of a group by one connection after another, which reads ahead.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "reference/link.hpp"

namespace dispytch::reference {

struct Membership {
  std::string group = {};
  std::vector<std::string> topics = {};
  std::string start = {};
  bool ephemeral = false;
};

/// Any thread, but for poll and close.
class Consumer {
 public:
  Consumer(const Address& address, Membership membership, plugin::Notify notify);

  /// Waits until it is a member, or can't be one.
  plugin::Status join(std::chrono::milliseconds timeout);

  plugin::Status poll(plugin::Limits limits, std::chrono::milliseconds timeout, plugin::BatchOut& out);
  void wake();
  plugin::Status settle(plugin::Strided<const plugin::Settlement> settlements);
  plugin::Status sync(std::chrono::milliseconds timeout);
  plugin::Status close(std::chrono::milliseconds timeout);

 private:
  using Clock = std::chrono::steady_clock;
  using Place = std::pair<std::string, std::int64_t>;  // topic and offset
  struct Fetched {
    std::uint64_t token = 0;
    Frame frame = {};
  };
  struct News {
    enum class Kind : std::uint8_t { lost, down, up } kind = Kind::lost;
    std::vector<std::uint64_t> tokens = {};
    std::string why = {};
  };
  struct Delivery;

  // All with the mutex held.
  void subscribe();
  void joined(const Frame& answer);
  void lost(const std::string& why);
  void turn();
  void lose_what_it_had(const std::string& why);
  void fetch();
  void acknowledge();
  void take(const Frame& answer);
  bool next(plugin::Limits limits, plugin::BatchOut& out);
  void wait_for_acknowledgements(std::unique_lock<std::mutex>& lock, std::chrono::milliseconds timeout);
  std::uint32_t source_of(const std::string& topic) const;
  Frame with_member(const char* what) const;
  bool makes(std::string_view mistake) const { return link_.address().mistake == mistake; }

  const Membership membership_;
  const plugin::Notify notify_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::string member_;
  bool joined_ = false;       // once, at least
  bool subscribed_ = false;   // on the present connection
  std::string refusal_ = {};  // why it can't be one
  bool announced_ = false, assigned_ = false, woken_ = false, fetching_ = false, said_down_ = false;
  std::chrono::milliseconds lease_{1500};
  Clock::time_point beat_ = {}, gone_since_ = {};
  Clock::time_point heard_ = {};  // when the broker last answered, and so had it for alive
  bool gone_ = false;
  std::deque<News> news_ = {};
  std::deque<Fetched> ahead_ = {};
  std::map<std::uint64_t, Place> in_hand_ = {};  // delivered or read ahead, and not settled, by token
  std::uint64_t last_token_ = 0;
  std::vector<Place> settled_ = {};  // not confirmed by the broker yet
  std::size_t acknowledging_ = 0;    // of these, from the front: under way

  Link link_;  // ended first
};

}  // namespace dispytch::reference
