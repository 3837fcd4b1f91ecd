// The kafka plugin behind its C table, driven as a host drives it, for tests.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <dispytch/plugin/abi.h>
#include <nlohmann/json.hpp>

namespace dispytch::kafka::testing {

using std::chrono::milliseconds;
inline constexpr milliseconds kPatience{20'000};  // for what a broker must do; ends a test that would hang

/// What a call that failed said.
struct Refused {
  dispytch_status code = DISPYTCH_OK;
  std::uint32_t flags = 0;
  std::string text = {};
};

/// A host that remembers what the plugin told it. Any thread.
class Host {
 public:
  Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  const dispytch_host* raw() const noexcept { return &raw_; }
  std::string log() const;  ///< a line each
  std::map<std::string, double> metrics() const;
  std::uint64_t notified() const;
  /// Waits for a notify after the first `seen`.
  bool wait_notified(std::uint64_t seen, milliseconds timeout) const;

 private:
  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable changed_;
  std::string log_;
  std::vector<std::string> names_;
  std::map<std::string, double> values_;
  std::uint64_t notified_ = 0;
  dispytch_host raw_{};
};

/// A message to be sent.
struct Outgoing {
  std::string topic = {};
  std::optional<std::string> key = {};
  std::optional<std::string> payload = {};
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
  std::optional<std::int32_t> partition = {};
  std::optional<std::int64_t> timestamp_ms = {};
};

struct Report {
  std::uint64_t token = 0;
  dispytch_status code = DISPYTCH_OK;
  std::uint32_t flags = 0;
  std::int64_t offset = -1;
  std::int32_t partition = -1;
  std::string text = {};
};

class Producer {
 public:
  Producer(dispytch_adapter* adapter, const dispytch_producer_api* api, const Host& host, const nlohmann::json& options);
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  /// One try. The refusal, DISPYTCH_AGAIN included; nullopt: accepted.
  std::optional<Refused> send(const Outgoing& message, std::uint64_t token);
  /// Sends, waiting for room, and waits for every report. Throws where one isn't accepted.
  std::vector<Report> publish(const std::vector<Outgoing>& messages);
  std::vector<Report> reports();
  /// Waits until so many have come.
  std::vector<Report> await_reports(std::size_t count, milliseconds timeout = kPatience);
  dispytch_status flush(milliseconds timeout);

 private:
  const dispytch_producer_api* api_;
  const Host& host_;
  dispytch_producer* raw_ = nullptr;
};

/// A message that came, copied.
struct Incoming {
  std::string topic = {};
  std::optional<std::string> key = {}, payload = {};
  std::uint32_t flags = 0, source = 0;
  std::int32_t partition = -1;
  std::int64_t offset = -1, timestamp_ms = -1;
  std::uint64_t token = 0;
};

class Consumer {
 public:
  struct Release {
    const dispytch_consumer_api* api;
    dispytch_consumer* consumer;
    void operator()(const dispytch_batch* batch) const noexcept { api->release(consumer, batch); }
  };
  using Batch = std::unique_ptr<const dispytch_batch, Release>;

  Consumer(dispytch_adapter* adapter, const dispytch_consumer_api* api, const nlohmann::json& options, milliseconds timeout);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  /// nullptr: nothing came. Throws Refused.
  Batch poll(std::uint32_t max_messages, milliseconds timeout, std::uint64_t max_bytes = UINT64_MAX);
  dispytch_status settle(std::uint64_t token, std::uint32_t action = DISPYTCH_ACK_UP_TO);
  dispytch_status sync(milliseconds timeout = kPatience);
  dispytch_status pause(std::uint32_t source, bool on);
  dispytch_status seek(std::uint32_t source, std::int64_t offset, milliseconds timeout = kPatience);
  std::vector<std::pair<std::string, std::optional<std::string>>> headers(const dispytch_message& message);
  void wake() { api_->wake(raw_); }
  dispytch_status close(milliseconds timeout = kPatience);

  /// Polls until the event comes, acknowledging those of other kinds, and dropping messages. Throws where it doesn't in time.
  Batch await(std::uint32_t kind, milliseconds timeout = kPatience);
  /// Polls until so many messages came, acknowledging events. Throws where they don't in time.
  std::vector<Incoming> take(std::size_t count, milliseconds timeout = kPatience);

 private:
  const dispytch_consumer_api* api_;
  dispytch_consumer* raw_ = nullptr;
};

std::vector<Incoming> messages_of(const dispytch_batch& batch);
std::vector<dispytch_source> sources_of(const dispytch_batch& batch);

/// An opened backend. Opening anything throws Refused where the plugin refuses.
class Backend {
 public:
  explicit Backend(const nlohmann::json& config);
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  std::unique_ptr<Producer> producer(milliseconds delivery_timeout = kPatience, const nlohmann::json& config = nlohmann::json::object());
  /// Anything of abi.h's document may be in `options`.
  std::unique_ptr<Consumer> consumer(const nlohmann::json& options, milliseconds timeout = kPatience);
  std::unique_ptr<Consumer> consumer(const std::string& topic, const std::string& group,
                                     const nlohmann::json& config = nlohmann::json::object());
  std::uint64_t capabilities() const;

  Host host;

 private:
  dispytch_adapter* raw_ = nullptr;
};

/// A name that no other test has used.
std::string unique(const std::string& what);

}  // namespace dispytch::kafka::testing
