#include "driver.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

namespace dispytch::redis::testing {
namespace {

using Clock = std::chrono::steady_clock;

std::optional<std::string> owned(dispytch_bytes bytes) {
  if (bytes.data == nullptr) return std::nullopt;
  return std::string{plugin::view(bytes)};
}

struct Release {
  void operator()(const dispytch_batch* batch) const noexcept { plugin::detail::Batch::release(batch); }
};

}  // namespace

FakeHost::FakeHost() {
  raw_.size = sizeof raw_;
  raw_.abi_minor = DISPYTCH_ABI_MINOR;
  raw_.context = this;
  raw_.application = "redis-test";
  raw_.version = "1";
  raw_.log_level = DISPYTCH_LOG_DEBUG;
  raw_.log = [](void* self, std::int32_t level, const char* text, std::size_t size) noexcept {
    auto& host = *static_cast<FakeHost*>(self);
    const std::lock_guard lock{host.mutex_};
    host.log_ += std::to_string(level) + " " + std::string{text, size} + "\n";
  };
  raw_.metric = [](void* self, std::uint32_t, const char* name, const char*) noexcept {
    auto& host = *static_cast<FakeHost*>(self);
    const std::lock_guard lock{host.mutex_};
    host.names_.emplace_back(name);
    return static_cast<std::uint32_t>(host.names_.size());
  };
  raw_.record = [](void* self, std::uint32_t metric, double value) noexcept {
    auto& host = *static_cast<FakeHost*>(self);
    const std::lock_guard lock{host.mutex_};
    host.values_[host.names_.at(metric - 1)] += value;
  };
  raw_.notify = [](void*, std::uint64_t) noexcept {};
  raw_.extension = [](void*, const char*) noexcept -> const void* { return nullptr; };
}

std::string FakeHost::log() const {
  const std::lock_guard lock{mutex_};
  return log_;
}
double FakeHost::metric(const std::string& name) const {
  const std::lock_guard lock{mutex_};
  const auto found = values_.find(name);
  return found == values_.end() ? 0 : found->second;
}

plugin::Config config_of(const std::string& json) { return plugin::Config{R"({"config": )" + json + "}"}.at("config"); }

void eventually(const std::function<bool()>& condition, const std::string& what) {
  const auto deadline = Clock::now() + kPatience;
  while (!condition()) {
    if (Clock::now() >= deadline) throw std::runtime_error{"in vain: " + what};
    std::this_thread::yield();
  }
}

// ---- emitter ----

Emitter::Emitter(Backend& backend, milliseconds timeout) {
  const plugin::Config options{R"({"config": {}, "timeout_ms": )" + std::to_string(timeout.count()) + "}"};
  auto made = backend.producer(options, {.timeout = kPatience});
  if (!made.ok()) throw std::runtime_error{made.error().text};
  producer_ = std::move(*made);
}

std::size_t Emitter::send(const std::vector<Outgoing>& messages) {
  std::vector<dispytch_message> raw;
  std::vector<std::vector<dispytch_header>> headers(messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Outgoing& each = messages[i];
    dispytch_message& message = raw.emplace_back();
    message.topic = plugin::bytes(each.topic);
    message.payload = plugin::bytes(each.payload);
    if (each.key) message.key = plugin::bytes(*each.key);
    for (const auto& [name, value] : each.headers)
      headers[i].push_back({plugin::bytes(name), value ? plugin::bytes(*value) : dispytch_bytes{}});
    message.headers = headers[i].data();
    message.n_headers = static_cast<std::uint32_t>(headers[i].size());
    message.token = last_token_ + i + 1;
  }
  const plugin::Accepted accepted =
      producer_->send(plugin::Strided<const plugin::MessageView>{raw.data(), sizeof(dispytch_message), raw.size()});
  refusal = accepted.status.ok() ? plugin::Error{.code = DISPYTCH_OK} : accepted.status.error();
  last_token_ += accepted.count;
  return accepted.count;
}

std::vector<Reported> Emitter::reports() {
  std::vector<dispytch_report> raw(1000);
  const std::size_t count = producer_->reports(plugin::Strided<plugin::Report>{raw.data(), sizeof(dispytch_report), raw.size()});
  std::vector<Reported> all;
  for (std::size_t i = 0; i < count; ++i) {
    Reported& each = all.emplace_back();
    each.token = raw[i].token;
    each.code = raw[i].code;
    each.flags = raw[i].flags;
    if ((raw[i].flags & DISPYTCH_REPORT_OFFSET) != 0) each.offset = raw[i].offset;
    each.text = plugin::view(raw[i].text);
  }
  return all;
}

std::vector<Reported> Emitter::await_reports(std::size_t count) {
  std::vector<Reported> all;
  eventually(
      [&] {
        for (Reported& each : reports()) all.push_back(std::move(each));
        return all.size() >= count;
      },
      std::to_string(count) + " reports");
  return all;
}

void Emitter::publish(const std::string& topic, const std::vector<std::string>& payloads) {
  std::vector<Outgoing> messages;
  for (const std::string& payload : payloads) messages.push_back({.topic = topic, .payload = payload});
  if (send(messages) != messages.size()) throw std::runtime_error{"not all messages were taken: " + refusal.text};
  for (const Reported& each : await_reports(messages.size())) {
    if (each.code != DISPYTCH_OK) throw std::runtime_error{"a message was not confirmed: " + each.text};
  }
}

// ---- listener ----

Listener::Listener(Backend& backend, const std::string& topics, const std::string& group, const std::string& more) {
  std::string list;
  for (std::size_t at = 0; at <= topics.size();) {
    const std::size_t end = std::min(topics.find(' ', at), topics.size());
    list += (list.empty() ? R"({"name": ")" : R"(, {"name": ")") + topics.substr(at, end - at) + "\"}";
    at = end + 1;
  }
  const plugin::Config options{R"({"config": {}, "topics": [)" + list + R"(], "group": ")" + group + "\"" +
                               (more.empty() ? "" : ", " + more) + "}"};
  auto made = backend.consumer(options, {.timeout = kPatience});
  if (!made.ok()) throw plugin::Exception{made.error()};
  consumer_ = std::move(*made);
}

bool Listener::step(milliseconds timeout) {
  plugin::BatchOut out;
  const plugin::Status status = consumer_->poll({.max_messages = 1000, .max_bytes = std::uint64_t{64} << 20}, timeout, out);
  if (!status.ok()) throw plugin::Exception{status.error()};
  if (out.empty()) return false;
  const std::unique_ptr<const dispytch_batch, Release> batch{out.take()};
  if (batch->kind != DISPYTCH_MESSAGES) {
    events.push_back(
        {.kind = batch->kind, .tokens = {batch->tokens, batch->tokens + batch->n_tokens}, .text = std::string{plugin::view(batch->text)}});
    if (batch->event_token != 0) static_cast<void>(try_settle({.token = batch->event_token, .action = DISPYTCH_ACK}));
    return true;
  }
  for (std::uint32_t i = 0; i < batch->n_messages; ++i) {
    const dispytch_message& raw = batch->messages[i];
    Received& message = inbox.emplace_back();
    message.topic = plugin::view(raw.topic);
    message.id = plugin::view(raw.id);
    message.key = owned(raw.key);
    message.payload = owned(raw.payload);
    for (std::uint32_t h = 0; h < raw.n_headers; ++h)
      message.headers.emplace_back(plugin::view(raw.headers[h].key), owned(raw.headers[h].value));
    message.attempt = raw.attempt;
    message.flags = raw.flags;
    if ((raw.flags & DISPYTCH_MSG_ATTEMPTS) != 0) message.attempts = raw.attempts;
    message.begun = raw.begun;
    message.timestamp_ms = raw.timestamp_ms;
    message.token = raw.token;
  }
  return true;
}

std::vector<Received> Listener::take(std::size_t count) {
  const auto deadline = Clock::now() + kPatience;
  while (inbox.size() < count) {
    if (Clock::now() >= deadline)
      throw std::runtime_error{"expected " + std::to_string(count) + " messages, and " + std::to_string(inbox.size()) + " came"};
    step(milliseconds{50});
  }
  std::vector<Received> taken{std::make_move_iterator(inbox.begin()),
                              std::make_move_iterator(inbox.begin() + static_cast<std::ptrdiff_t>(count))};
  inbox.erase(inbox.begin(), inbox.begin() + static_cast<std::ptrdiff_t>(count));
  return taken;
}

Event Listener::await(std::uint32_t kind) {
  const auto deadline = Clock::now() + kPatience;
  for (;;) {
    while (seen_events_ < events.size()) {
      if (events[seen_events_++].kind == kind) return events[seen_events_ - 1];
    }
    if (Clock::now() >= deadline) throw std::runtime_error{"an event of kind " + std::to_string(kind) + " never came"};
    step(milliseconds{50});
  }
}

plugin::Status Listener::try_settle(const plugin::Settlement& settlement) {
  return consumer_->settle(plugin::Strided<const plugin::Settlement>{&settlement, sizeof settlement, 1});
}

void Listener::settle(const Received& message, std::uint32_t action) {
  const plugin::Status status = try_settle({.token = message.token, .action = action});
  if (!status.ok()) throw plugin::Exception{status.error()};
}

void Listener::sync() {
  const plugin::Status status = consumer_->sync(kPatience);
  if (status.code() != DISPYTCH_OK) throw std::runtime_error{"what was settled is not on record"};
}

std::vector<std::string> Listener::payloads(std::size_t count) {
  std::vector<std::string> all;
  for (const Received& message : take(count)) {
    settle(message);
    all.push_back(message.payload.value_or("absent"));
  }
  return all;
}

void Listener::close() {
  const plugin::Status status = consumer_->close(kPatience);
  if (!status.ok()) throw plugin::Exception{status.error()};
}

}  // namespace dispytch::redis::testing
