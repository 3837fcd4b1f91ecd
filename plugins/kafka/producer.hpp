// Writes messages to Kafka and pulls what became of each.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include <dispytch/plugin/backend.hpp>
#include <dispytch/plugin/mutex.hpp>

#include "client.hpp"
#include "topic_handles.hpp"
#include "trouble.hpp"

namespace dispytch::kafka {

class Producer : private Client {
 public:
  /// Returns what a producer sets before the operator's options, and what it decides itself.
  static Settings defaults();
  static Settings decided();

  /// `options`: {"config": {...}, "timeout_ms": how long the client goes on trying to deliver a message}.
  Producer(Cluster& cluster, const plugin::Config& options, plugin::Notify notify);

  plugin::Accepted send(plugin::Strided<const plugin::MessageView> messages);
  std::size_t reports(plugin::Strided<plugin::Report> out);
  plugin::Status flush(std::chrono::milliseconds timeout);
  plugin::Status close(std::chrono::milliseconds timeout);

 private:
  // A queue of events that were taken from librdkafka and not yet reported.
  struct Ready {
    EventHandle event;         // delivery reports; they free their places in librdkafka's queue with the event
    std::size_t messages = 0;  // in the event; librdkafka counts only those that were not looked at yet
    plugin::Report news = {};  // where there is no event
    std::string text = {};
  };

  rd_kafka_resp_err_t produce(rd_kafka_topic_t* topic, const dispytch_message& message);
  rd_kafka_resp_err_t produce_in_full(rd_kafka_topic_t* topic, const dispytch_message& message);
  plugin::Error refusal(rd_kafka_resp_err_t code, const dispytch_message& message) const;
  std::string why_not_stored(const rd_kafka_message_t& message) DISPYTCH_REQUIRES(mutex_);
  std::string what_is_known(const rd_kafka_message_t& message) DISPYTCH_REQUIRES(mutex_);
  plugin::Report report_of(const rd_kafka_message_t& message) DISPYTCH_REQUIRES(mutex_);
  void take_events() DISPYTCH_REQUIRES(mutex_);
  void take_error(rd_kafka_event_t* event) DISPYTCH_REQUIRES(mutex_);
  void give_up_where_hopeless() DISPYTCH_REQUIRES(mutex_);
  void take_statistics(rd_kafka_event_t* event);
  void finish_first() DISPYTCH_REQUIRES(mutex_);

  const plugin::Notify notify_;
  std::int64_t timeout_ms_ = 0;  // how long the client goes on trying
  std::size_t queue_bytes_ = 0;  // what the queue holds at most
  std::size_t batch_bytes_ = 0;  // what a batch of several messages holds at most
  TopicHandles topics_;
  std::optional<WatchedQueue> events_;
  std::atomic<bool> full_ = false;  // a send found no room since the last report

  plugin::Mutex mutex_;  // reports and flush both take events
  std::deque<Ready> ready_ DISPYTCH_GUARDED_BY(mutex_);
  std::size_t ready_messages_ DISPYTCH_GUARDED_BY(mutex_) = 0;  // in the events of ready_, whether reported yet or not
  std::deque<std::string> texts_ DISPYTCH_GUARDED_BY(mutex_);   // of the reports handed out last
  Trouble trouble_ DISPYTCH_GUARDED_BY(mutex_);                 // what keeps the client from its brokers, until a message is confirmed
  bool logged_in_ DISPYTCH_GUARDED_BY(mutex_) = false;          // has been, once
  plugin::Error refused_ DISPYTCH_GUARDED_BY(mutex_) = {};      // why nothing is tried before the first login
  std::atomic<bool> hopeless_ = false;                          // refused_ holds at present
};

}  // namespace dispytch::kafka
