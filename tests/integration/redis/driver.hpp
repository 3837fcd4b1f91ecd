// The redis plugin's classes behind the border's types, driven as a host drives them, for tests.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "admin.hpp"
#include "backend.hpp"

namespace dispytch::redis::testing {

using std::chrono::milliseconds;
inline constexpr milliseconds kPatience{20'000};  // for what a server must do; ends a test that would hang

/// A host that remembers what it was told. Any thread.
class FakeHost {
 public:
  FakeHost();
  plugin::Host host() const noexcept { return plugin::Host{&raw_}; }
  std::string log() const;                       ///< a line each, with its level before
  double metric(const std::string& name) const;  ///< the sum of what was recorded

 private:
  mutable std::mutex mutex_;
  std::string log_;
  std::vector<std::string> names_;
  std::map<std::string, double> values_;
  dispytch_host raw_{};
};

/// The options of a backend, as the host hands them over.
plugin::Config config_of(const std::string& json);

struct Outgoing {
  std::string topic = {};
  std::string payload = {};
  std::optional<std::string> key = {};
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
};
struct Reported {
  std::uint64_t token = 0;
  dispytch_status code = DISPYTCH_OK;
  std::uint32_t flags = 0;
  std::optional<std::int64_t> offset = {};
  std::string text = {};
};

/// Numbers the messages that it sends from 1 on.
class Emitter {
 public:
  explicit Emitter(Backend& backend, milliseconds timeout = kPatience);
  std::size_t send(const std::vector<Outgoing>& messages);  ///< returns how many were taken
  std::vector<Reported> reports();
  std::vector<Reported> await_reports(std::size_t count);  ///< throws std::runtime_error where they don't come in time
  /// Sends and throws std::runtime_error where one is not confirmed.
  void publish(const std::string& topic, const std::vector<std::string>& payloads);
  plugin::Error refusal = {.code = DISPYTCH_OK};  ///< of the last send

 private:
  std::unique_ptr<Producer> producer_;
  std::uint64_t last_token_ = 0;
};

struct Received {
  std::string topic = {}, id = {};
  std::optional<std::string> key = {}, payload = {};
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
  std::uint32_t attempt = 0, flags = 0;
  std::optional<unsigned> attempts = {};
  unsigned begun = 0;
  std::int64_t timestamp_ms = 0;
  std::uint64_t token = 0;
};
struct Event {
  std::uint32_t kind = 0;
  std::vector<std::uint64_t> tokens = {};
  std::string text = {};
};

class Listener {
 public:
  Listener(Backend& backend, const std::string& topics, const std::string& group, const std::string& more = "");

  /// Polls until so many messages came. Events are acknowledged and kept. Throws std::runtime_error where they don't come in time.
  std::vector<Received> take(std::size_t count);
  /// Polls until an event of that kind came that was not returned yet.
  Event await(std::uint32_t kind);
  void settle(const Received& message, std::uint32_t action = DISPYTCH_ACK);
  plugin::Status try_settle(const plugin::Settlement& settlement);
  void sync();
  std::vector<std::string> payloads(std::size_t count);  ///< takes and acknowledges
  bool step(milliseconds timeout);
  Consumer& consumer() { return *consumer_; }
  void close();

  std::vector<Received> inbox = {};
  std::vector<Event> events = {};

 private:
  std::unique_ptr<Consumer> consumer_;
  std::size_t seen_events_ = 0;
};

/// A backend with its host.
struct Bus {
  explicit Bus(const std::string& address, const std::string& more = "")
      : backend{std::make_unique<Backend>(host.host(),
                                          config_of(R"({"address": ")" + address + "\"" + (more.empty() ? "" : ", " + more) + "}"))} {}
  FakeHost host = {};
  std::unique_ptr<Backend> backend;
};

/// Calls until it returns true. Throws std::runtime_error with `what` where it doesn't in time.
void eventually(const std::function<bool()>& condition, const std::string& what);

}  // namespace dispytch::redis::testing
