// The plugin under test, behind wrappers that call its C functions as a host does and close what they opened.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dispytch/plugin/abi.h>

#include "kit/host.hpp"

namespace dispytch::conformance {

using Milliseconds = std::chrono::milliseconds;
using Text = std::optional<std::string>;  // bytes that may be absent

/// "EFENCED", for people.
std::string name_of(dispytch_status status);

/// What a call returned. `error` was zero but for its size before.
struct Outcome {
  dispytch_status status = DISPYTCH_OK;
  dispytch_error error = {};
  bool ok() const noexcept { return status >= 0; }
};
/// "EFENCED: the text", for people.
std::string to_string(const Outcome& outcome);

dispytch_error empty_error() noexcept;
/// They stay the caller's.
dispytch_bytes bytes(const std::string& text);
dispytch_bytes bytes(const Text& text);
Text copy(const dispytch_bytes& bytes);
std::string to_string(const Text& text);

/// A message to send.
struct Message {
  std::string topic = {};
  Text key = {};
  Text payload = {};
  std::vector<std::pair<std::string, Text>> headers = {};
  std::optional<std::int32_t> partition = {};
  std::optional<std::int64_t> timestamp_ms = {};
  std::optional<std::int64_t> deliver_at_ms = {};
};

class Adapter {
 public:
  /// Throws Failure where the plugin refuses.
  Adapter(const dispytch_plugin& plugin, Host& host, const std::string& json, Milliseconds timeout);
  Adapter(const Adapter&) = delete;
  Adapter& operator=(const Adapter&) = delete;
  ~Adapter();

  /// For rules about opening: whatever the plugin says. *out is what it left there.
  static Outcome try_open(const dispytch_plugin& plugin, const dispytch_host& host, std::string_view json, Milliseconds timeout,
                          dispytch_adapter** out);

  Outcome close(Milliseconds timeout);
  dispytch_adapter* raw() const noexcept { return raw_; }
  const dispytch_plugin& plugin() const noexcept { return plugin_; }
  Host& host() const noexcept { return host_; }
  std::uint64_t capabilities() const { return plugin_.capabilities_of(raw_); }

 private:
  const dispytch_plugin& plugin_;
  Host& host_;
  dispytch_adapter* raw_ = nullptr;
};

struct Report {
  std::uint64_t token = 0;
  dispytch_status code = DISPYTCH_OK;
  std::uint32_t flags = 0;
  std::int64_t offset = 0;
  std::int32_t partition = 0;
  std::string text = {};
};

struct Sent {
  Outcome outcome = {};
  std::uint32_t accepted = 0;
};

/// Any thread but for reports, await_reports, close.
class Producer {
 public:
  Producer(Adapter& adapter, const std::string& json, Milliseconds timeout);
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;
  ~Producer();

  /// One call of send. Tokens count up from `first_token`.
  Sent send(const std::vector<Message>& messages, std::uint64_t first_token);
  /// Sends all, waiting where the plugin is full, and pulls reports meanwhile if there is a place for them. Throws Failure where a message
  /// is refused.
  void send_all(const std::vector<Message>& messages, std::uint64_t first_token, Milliseconds patience,
                std::vector<Report>* pulled = nullptr);
  /// One call of reports.
  std::vector<Report> reports(std::uint32_t capacity = 64);
  /// Until there are `count`. Throws Failure where they don't come in time.
  std::vector<Report> await_reports(std::size_t count, Milliseconds patience);
  Outcome flush(Milliseconds timeout);
  Outcome close(Milliseconds timeout);

  dispytch_producer* raw() const noexcept { return raw_; }
  std::uint64_t cookie() const noexcept { return cookie_; }

 private:
  const dispytch_producer_api& api_;
  Host& host_;
  const std::uint64_t cookie_;
  dispytch_producer* raw_ = nullptr;
};

class Consumer;

/// What a poll returned, released at the end. Null where there was nothing.
class Batch {
 public:
  Batch() = default;
  Batch(Consumer& consumer, const dispytch_batch* raw) noexcept : consumer_{&consumer}, raw_{raw} {}
  Batch(Batch&& other) noexcept : consumer_{other.consumer_}, raw_{std::exchange(other.raw_, nullptr)} {}
  Batch& operator=(Batch&& other) noexcept;
  ~Batch() { release(); }
  void release() noexcept;

  explicit operator bool() const noexcept { return raw_ != nullptr; }
  const dispytch_batch* raw() const noexcept { return raw_; }
  std::uint32_t kind() const noexcept { return raw_->kind; }
  std::uint32_t size() const noexcept { return raw_->n_messages; }
  const dispytch_message& message(std::uint32_t index) const noexcept;
  std::vector<dispytch_source> sources() const;

 private:
  Consumer* consumer_ = nullptr;
  const dispytch_batch* raw_ = nullptr;
};

/// Any thread but for poll, seek, close.
class Consumer {
 public:
  Consumer(Adapter& adapter, const std::string& json, Milliseconds timeout);
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;
  ~Consumer();

  static Outcome try_open(Adapter& adapter, std::string_view json, std::uint64_t cookie, Milliseconds timeout, dispytch_consumer** out);

  /// Throws Failure on an error, and where status and batch don't fit together.
  Batch poll(std::uint32_t max_messages, std::uint64_t max_bytes, Milliseconds timeout);
  void wake() { api_.wake(raw_); }
  Outcome settle(const std::vector<dispytch_settlement>& settlements);
  Outcome sync(Milliseconds timeout);
  /// Of a message that says that it has some. Asks the plugin's function only where they don't come along.
  std::vector<std::pair<std::string, Text>> headers(const dispytch_message& message);
  Outcome pause(const std::vector<dispytch_source>& sources, bool on);
  Outcome seek(const std::vector<dispytch_source>& sources, Milliseconds timeout);
  /// Only where the plugin claims CAN_BEGIN.
  Outcome begin(const std::vector<std::uint64_t>& tokens, bool on, Milliseconds timeout);
  Outcome close(Milliseconds timeout);

  dispytch_consumer* raw() const noexcept { return raw_; }
  const dispytch_consumer_api& api() const noexcept { return api_; }
  std::uint64_t cookie() const noexcept { return cookie_; }

 private:
  const dispytch_consumer_api& api_;
  Host& host_;
  const std::uint64_t cookie_;
  dispytch_consumer* raw_ = nullptr;
};

}  // namespace dispytch::conformance
