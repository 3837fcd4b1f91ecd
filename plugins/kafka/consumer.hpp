// Reads topics of Kafka as a member of a consumer group.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <dispytch/plugin/backend.hpp>
#include <dispytch/plugin/mutex.hpp>

#include "batch.hpp"
#include "client.hpp"
#include "commits.hpp"
#include "intake.hpp"
#include "log_ends.hpp"
#include "positions.hpp"
#include "rebalance.hpp"
#include "signal.hpp"
#include "sources.hpp"
#include "subscription.hpp"
#include "trouble.hpp"

namespace dispytch::kafka {

class Consumer : private Client {
 public:
  /// Returns what a consumer sets before the operator's options, and what it decides itself.
  static Settings defaults();
  static Settings decided(const std::string& group);

  /// `options`: the document that abi.h describes at the consumer's open. Waits until the topics are known to exist, at most for
  /// `opening.timeout`. Throws Exception.
  Consumer(Cluster& cluster, const plugin::Config& options, plugin::Opening opening);

  plugin::Status poll(plugin::Limits limits, std::chrono::milliseconds timeout, plugin::BatchOut& out);
  void wake();
  plugin::Status settle(plugin::Strided<const plugin::Settlement> settlements);
  plugin::Status sync(std::chrono::milliseconds timeout);
  plugin::Result<std::span<const plugin::Header>> headers(const plugin::InboundMessage& message) { return pool_.headers(message); }
  plugin::Status pause(std::span<const plugin::Source> sources, bool on);
  plugin::Status seek(std::span<const plugin::Source> sources, std::chrono::milliseconds timeout);
  std::vector<plugin::Lag> lag();
  plugin::Status close(std::chrono::milliseconds timeout);

 private:
  void warn_about(std::chrono::milliseconds drain) const;

  // The polling thread's.
  void serve_group();
  void handle_failure(const rd_kafka_message_t& failure);
  void tell_of_topic(const rd_kafka_message_t& failure, std::string text);
  void tell_of_pattern(const std::string& expression);
  KnownAtOpening known_at_opening(const Subscription& subscription, const std::string& group, plugin::Opening opening);
  void tell_of_position(std::string text, std::int64_t gone, std::int64_t again);
  void apply_pauses();
  bool put_event(plugin::BatchOut& out);
  bool put_messages(const plugin::Limits& limits, plugin::BatchOut& out);
  void look_whether_up(std::chrono::milliseconds timeout);
  void delete_group(std::chrono::milliseconds timeout);

  static Consumer& of(void* opaque) noexcept { return *static_cast<Consumer*>(static_cast<Client*>(opaque)); }
  // librdkafka's callbacks: on the polling thread, from within serve_group(), but for on_arrival.
  static void on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions, void* opaque);
  static void on_error(rd_kafka_t* client, int code, const char* reason, void* opaque);
  static int on_statistics(rd_kafka_t*, char* json, std::size_t size, void* opaque);
  static void on_arrival(rd_kafka_t*, void* opaque);

  const std::string group_name_;
  const bool ephemeral_;                           // leaves nothing behind
  bool fragile_ = false;                           // must not be ended before it has joined the group: see close()
  bool stranded_ = false;                          // a partition that it fetched is gone: see close()
  std::chrono::milliseconds rebalance_timeout_{};  // how long the group waits for a member
  Signal signal_;
  std::atomic<bool> woken_ = false;
  BatchPool pool_;
  Sources sources_;
  std::unique_ptr<WatchedQueue> group_;  // the group's own events and errors; no messages
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<Commits> commits_;
  std::unique_ptr<LogEnds> ends_;
  std::unique_ptr<Positions> positions_;  // after what its thread looks at
  std::unique_ptr<Rebalance> rebalance_;

  Events events_;
  std::exception_ptr callback_failure_;                     // no exception may cross librdkafka: it waits here until serve_group() goes on
  Trouble trouble_;                                         // what librdkafka complained of last
  bool opening_ = true;                                     // what is wrong is told by the one who waits
  std::map<std::string, rd_kafka_resp_err_t> unavailable_;  // topics that the log says are missing, or can't be read, and why
  std::set<std::string> unmatched_;                         // expressions that no topic matches, since something was assigned
  std::size_t subscribed_ = 0;                              // names and expressions
  bool down_ = false;
  std::chrono::steady_clock::time_point looked_ = {};  // when it was last tried to reach a broker while down_
  unsigned looks_ = 0;                                 // how often

  plugin::Mutex pauses_mutex_;
  // Asked for by pause(), in order, applied by poll().
  std::vector<std::pair<std::uint32_t, bool>> pauses_ DISPYTCH_GUARDED_BY(pauses_mutex_);
  std::atomic<bool> pauses_waiting_ = false;
};

}  // namespace dispytch::kafka
