// A broker that does what a test tells it to, behind the real plugin border.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "border/adapter.hpp"
#include "border/consumer_handle.hpp"
#include "border/producer_handle.hpp"

namespace dispytch::testing {

/// What the broker is to do, and what it has seen. The test and the border's threads share it: use with the lock, or before and after.
struct Script {
  struct Sent {
    std::string topic;
    std::optional<std::string> key;
    std::optional<std::string> payload;
    std::vector<std::pair<std::string, std::optional<std::string>>> headers;
    std::uint64_t token;
    std::optional<std::string> id = {};
    std::optional<std::int64_t> timestamp_ms = {};
  };

  std::mutex mutex;

  // producing
  bool confirm_at_once = true;               ///< each message taken gets a good report
  int full_for = 0;                          ///< so many sends find the queue full
  std::optional<plugin::Error> refuse_send;  ///< every send is refused with this
  std::vector<Sent> sent;
  std::deque<plugin::Report> reports;  ///< ready to be pulled
  std::string report_text;             ///< what texts of reports point at
  std::function<void()> notify_producer;

  bool keeps_null_headers = false;  ///< claims that it tells an absent value from an empty one
  bool says_where = true;           ///< reports name the place of a message

  // consuming: one entry a poll; none left: the poll finds nothing
  std::deque<std::function<plugin::Status(plugin::BatchOut&)>> polls;
  std::vector<plugin::Settlement> settled;
  std::vector<std::string> calls;  ///< "settle", "sync", "pause 1", "resume 1" (a source), "close" in order
  std::optional<plugin::Error> fail_sync;
  std::chrono::milliseconds sync_timeout{0};  ///< of the last sync
  bool fence_settle = false;
  bool consumer_closed = false;
  std::chrono::milliseconds close_timeout{0};  ///< of the consumer, as it was closed

  plugin::Report report(std::uint64_t token, dispytch_status code = DISPYTCH_OK, std::uint32_t flags = 0) {
    plugin::Report made{};
    made.token = token;
    made.code = code;
    made.flags = flags;
    if (says_where) {
      made.partition = 3;
      made.offset = static_cast<std::int64_t>(sent.size());
      made.flags |= DISPYTCH_REPORT_PARTITION | DISPYTCH_REPORT_OFFSET;
    }
    made.text = plugin::bytes(report_text);
    return made;
  }
};

/// A message as a script delivers it.
struct Delivered {
  std::string topic = {};
  std::optional<std::string> payload = {};
  std::optional<std::string> key = {};
  std::int64_t offset = 0;
  std::uint32_t source = 1;
  std::uint64_t token = 0;  ///< 0: offset + 1
};

/// A poll that hands out these messages.
std::function<plugin::Status(plugin::BatchOut&)> deliver(std::vector<Delivered> messages);

/// Opens an adapter, producer or consumer over a script, which must outlive them. `capabilities`: DISPYTCH_CAN_*.
std::shared_ptr<border::Adapter> open_scripted(Script& script, std::uint64_t capabilities = DISPYTCH_CAN_ACK_UP_TO);
std::unique_ptr<border::ProducerHandle> scripted_producer(Script& script);
std::unique_ptr<border::ConsumerHandle> scripted_consumer(Script& script);

}  // namespace dispytch::testing
