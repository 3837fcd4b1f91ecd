#include "driver.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include <dispytch/plugin/message.hpp>
#include <dispytch/plugin/status.hpp>

extern "C" const dispytch_plugin* dispytch_kafka_plugin(std::uint32_t host_abi_minor) noexcept;

namespace dispytch::kafka::testing {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

const dispytch_plugin& table() { return *dispytch_kafka_plugin(DISPYTCH_ABI_MINOR); }

dispytch_error empty_error() {
  dispytch_error error{};
  error.size = sizeof(error);
  return error;
}

void require(dispytch_status status, const dispytch_error& error) {
  if (status < 0) throw Refused{status, error.flags, error.text};
}

int ms(milliseconds timeout) { return static_cast<int>(timeout.count()); }

std::optional<std::string> text(dispytch_bytes bytes) {
  if (bytes.data == nullptr) return std::nullopt;
  return std::string{plugin::view(bytes)};
}

dispytch_bytes bytes(const std::optional<std::string>& text) { return text ? plugin::bytes(std::string_view{*text}) : dispytch_bytes{}; }

milliseconds until(Clock::time_point deadline) {
  return std::max(milliseconds{0}, std::chrono::duration_cast<milliseconds>(deadline - Clock::now()));
}

}  // namespace

Host::Host() {
  raw_.size = sizeof(raw_);
  raw_.abi_minor = DISPYTCH_ABI_MINOR;
  raw_.context = this;
  raw_.application = "kafka-test";
  raw_.version = "1";
  raw_.log_level = DISPYTCH_LOG_DEBUG;
  raw_.log = [](void* self, std::int32_t level, const char* text, std::size_t size) noexcept {
    auto& host = *static_cast<Host*>(self);
    const std::lock_guard lock{host.mutex_};
    host.log_ += std::to_string(level) + " " + std::string{text, size} + "\n";
  };
  raw_.metric = [](void* self, std::uint32_t, const char* name, const char*) noexcept {
    auto& host = *static_cast<Host*>(self);
    const std::lock_guard lock{host.mutex_};
    host.names_.emplace_back(name);
    return static_cast<std::uint32_t>(host.names_.size());
  };
  raw_.record = [](void* self, std::uint32_t metric, double value) noexcept {
    auto& host = *static_cast<Host*>(self);
    const std::lock_guard lock{host.mutex_};
    host.values_[host.names_.at(metric - 1)] = value;
  };
  raw_.notify = [](void* self, std::uint64_t) noexcept {
    auto& host = *static_cast<Host*>(self);
    const std::lock_guard lock{host.mutex_};
    ++host.notified_;
    host.changed_.notify_all();
  };
}

std::string Host::log() const {
  const std::lock_guard lock{mutex_};
  return log_;
}
std::map<std::string, double> Host::metrics() const {
  const std::lock_guard lock{mutex_};
  return values_;
}
std::uint64_t Host::notified() const {
  const std::lock_guard lock{mutex_};
  return notified_;
}
bool Host::wait_notified(std::uint64_t seen, milliseconds timeout) const {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, timeout, [&] { return notified_ > seen; });
}

// ---- producer ----

Producer::Producer(dispytch_adapter* adapter, const dispytch_producer_api* api, const Host& host, const json& options)
    : api_{api}, host_{host} {
  const std::string document = options.dump();
  dispytch_error error = empty_error();
  require(api_->open(adapter, document.data(), document.size(), 1, ms(kPatience), &raw_, &error), error);
}

Producer::~Producer() {
  dispytch_error error = empty_error();
  api_->close(raw_, ms(kPatience), &error);
}

std::optional<Refused> Producer::send(const Outgoing& message, std::uint64_t token) {
  std::vector<dispytch_header> headers;
  for (const auto& [name, value] : message.headers) headers.push_back({plugin::bytes(std::string_view{name}), bytes(value)});
  dispytch_message raw{};
  raw.topic = plugin::bytes(std::string_view{message.topic});
  raw.key = bytes(message.key);
  raw.payload = bytes(message.payload);
  raw.headers = headers.data();
  raw.n_headers = static_cast<std::uint32_t>(headers.size());
  raw.flags = plugin::flag(message.partition.has_value(), DISPYTCH_MSG_PARTITION) |
              plugin::flag(message.timestamp_ms.has_value(), DISPYTCH_MSG_TIMESTAMP);
  raw.partition = message.partition.value_or(0);
  raw.timestamp_ms = message.timestamp_ms.value_or(0);
  raw.token = token;
  std::uint32_t accepted = 0;
  dispytch_error error = empty_error();
  const dispytch_status status = api_->send(raw_, &raw, sizeof(raw), 1, &accepted, &error);
  if (accepted == 1) return std::nullopt;
  return Refused{status, error.flags, status < 0 ? error.text : ""};
}

std::vector<Report> Producer::publish(const std::vector<Outgoing>& messages) {
  std::vector<Report> all;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    for (;;) {
      const std::uint64_t seen = host_.notified();
      const std::optional<Refused> refused = send(messages[i], i + 1);
      if (!refused) break;
      if (refused->code != DISPYTCH_AGAIN) throw *refused;
      std::vector<Report> some = reports();
      if (some.empty()) host_.wait_notified(seen, kPatience);
      all.insert(all.end(), some.begin(), some.end());
    }
  }
  if (all.size() < messages.size()) {
    const std::vector<Report> rest = await_reports(messages.size() - all.size());
    all.insert(all.end(), rest.begin(), rest.end());
  }
  return all;
}

std::vector<Report> Producer::reports() {
  std::vector<dispytch_report> raw(256);
  std::uint32_t count = 0;
  api_->reports(raw_, raw.data(), sizeof(dispytch_report), static_cast<std::uint32_t>(raw.size()), &count);
  std::vector<Report> all;
  for (std::uint32_t i = 0; i < count; ++i) {
    all.push_back({.token = raw[i].token,
                   .code = raw[i].code,
                   .flags = raw[i].flags,
                   .offset = (raw[i].flags & DISPYTCH_REPORT_OFFSET) != 0 ? raw[i].offset : -1,
                   .partition = (raw[i].flags & DISPYTCH_REPORT_PARTITION) != 0 ? raw[i].partition : -1,
                   .text = text(raw[i].text).value_or("")});
  }
  return all;
}

std::vector<Report> Producer::await_reports(std::size_t count, milliseconds timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  std::vector<Report> all;
  while (all.size() < count) {
    const std::uint64_t seen = host_.notified();
    const std::vector<Report> some = reports();
    all.insert(all.end(), some.begin(), some.end());
    if (all.size() >= count) break;
    if (some.empty() && !host_.wait_notified(seen, until(deadline))) {
      throw std::runtime_error{std::to_string(all.size()) + " of " + std::to_string(count) + " reports came in time"};
    }
  }
  return all;
}

dispytch_status Producer::flush(milliseconds timeout) {
  dispytch_error error = empty_error();
  return api_->flush(raw_, ms(timeout), &error);
}

// ---- consumer ----

Consumer::Consumer(dispytch_adapter* adapter, const dispytch_consumer_api* api, const json& options, milliseconds timeout) : api_{api} {
  const std::string document = options.dump();
  dispytch_error error = empty_error();
  require(api_->open(adapter, document.data(), document.size(), 2, ms(timeout), &raw_, &error), error);
}

Consumer::~Consumer() { close(); }

dispytch_status Consumer::close(milliseconds timeout) {
  if (raw_ == nullptr) return DISPYTCH_OK;
  dispytch_error error = empty_error();
  return api_->close(std::exchange(raw_, nullptr), ms(timeout), &error);
}

Consumer::Batch Consumer::poll(std::uint32_t max_messages, milliseconds timeout, std::uint64_t max_bytes) {
  const dispytch_batch* batch = nullptr;
  dispytch_error error = empty_error();
  require(api_->poll(raw_, max_messages, max_bytes, ms(timeout), &batch, &error), error);
  return Batch{batch, Release{api_, raw_}};
}

dispytch_status Consumer::settle(std::uint64_t token, std::uint32_t action) {
  const dispytch_settlement settlement{token, action, 0};
  dispytch_error error = empty_error();
  return api_->settle(raw_, &settlement, sizeof(settlement), 1, &error);
}

dispytch_status Consumer::sync(milliseconds timeout) {
  dispytch_error error = empty_error();
  return api_->sync(raw_, ms(timeout), &error);
}

dispytch_status Consumer::pause(std::uint32_t source, bool on) {
  dispytch_source raw{};
  raw.source = source;
  dispytch_error error = empty_error();
  return api_->pause(raw_, &raw, sizeof(raw), 1, on ? 1 : 0, &error);
}

dispytch_status Consumer::seek(std::uint32_t source, std::int64_t offset, milliseconds timeout) {
  dispytch_source raw{};
  raw.source = source;
  raw.offset = offset;
  raw.flags = DISPYTCH_SOURCE_OFFSET;
  dispytch_error error = empty_error();
  return api_->seek(raw_, &raw, sizeof(raw), 1, ms(timeout), &error);
}

std::vector<std::pair<std::string, std::optional<std::string>>> Consumer::headers(const dispytch_message& message) {
  const dispytch_header* first = nullptr;
  std::uint32_t count = 0;
  api_->headers(raw_, &message, &first, &count);
  std::vector<std::pair<std::string, std::optional<std::string>>> all;
  for (std::uint32_t i = 0; i < count; ++i) all.emplace_back(text(first[i].key).value_or(""), text(first[i].value));
  return all;
}

Consumer::Batch Consumer::await(std::uint32_t kind, milliseconds timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  while (Clock::now() < deadline) {
    Batch batch = poll(kind == DISPYTCH_MESSAGES ? 1000 : 0, std::min(until(deadline), milliseconds{1000}));
    if (!batch) continue;
    if (batch->kind == kind) return batch;
    if (batch->event_token != 0) settle(batch->event_token, DISPYTCH_ACK);
  }
  throw std::runtime_error{"an event of kind " + std::to_string(kind) + " didn't come in time"};
}

std::vector<Incoming> Consumer::take(std::size_t count, milliseconds timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  std::vector<Incoming> all;
  while (all.size() < count) {
    if (Clock::now() >= deadline) {
      throw std::runtime_error{std::to_string(all.size()) + " of " + std::to_string(count) + " messages came in time"};
    }
    const Batch batch = poll(static_cast<std::uint32_t>(count - all.size()), std::min(until(deadline), milliseconds{1000}));
    if (!batch) continue;
    if (batch->event_token != 0) settle(batch->event_token, DISPYTCH_ACK);
    const std::vector<Incoming> some = messages_of(*batch);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

std::vector<Incoming> messages_of(const dispytch_batch& batch) {
  std::vector<Incoming> all;
  for (std::uint32_t i = 0; i < batch.n_messages; ++i) {
    const dispytch_message& message = batch.messages[i];
    all.push_back({.topic = text(message.topic).value_or(""),
                   .key = text(message.key),
                   .payload = text(message.payload),
                   .flags = message.flags,
                   .source = message.source,
                   .partition = message.partition,
                   .offset = message.offset,
                   .timestamp_ms = message.timestamp_ms,
                   .token = message.token});
  }
  return all;
}

std::vector<dispytch_source> sources_of(const dispytch_batch& batch) { return {batch.sources, batch.sources + batch.n_sources}; }

// ---- backend ----

Backend::Backend(const json& config) {
  const std::string document = json{{"config", config}}.dump();
  dispytch_error error = empty_error();
  require(table().open(host.raw(), document.data(), document.size(), ms(kPatience), &raw_, &error), error);
}

Backend::~Backend() {
  dispytch_error error = empty_error();
  table().close(raw_, ms(kPatience), &error);
}

std::unique_ptr<Producer> Backend::producer(milliseconds delivery_timeout, const json& config) {
  return std::make_unique<Producer>(raw_, table().producer, host, json{{"config", config}, {"timeout_ms", delivery_timeout.count()}});
}

std::unique_ptr<Consumer> Backend::consumer(const json& options, milliseconds timeout) {
  return std::make_unique<Consumer>(raw_, table().consumer, options, timeout);
}

std::unique_ptr<Consumer> Backend::consumer(const std::string& topic, const std::string& group, const json& config) {
  return consumer(json{{"topics", {{{"name", topic}}}}, {"group", group}, {"start", "earliest"}, {"config", config}});
}

std::uint64_t Backend::capabilities() const { return table().capabilities_of(raw_); }

std::string unique(const std::string& what) {
  static std::atomic<int> number = 0;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return what + "-" + std::to_string(std::chrono::duration_cast<milliseconds>(now).count()) + "-" + std::to_string(getpid()) + "-" +
         std::to_string(++number);
}

}  // namespace dispytch::kafka::testing
