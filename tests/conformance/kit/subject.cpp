#include "kit/subject.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kit/failure.hpp"

namespace dispytch::conformance {
namespace {

constexpr Milliseconds kCloseTimeout{10'000};

std::int32_t to_ms(Milliseconds timeout) { return static_cast<std::int32_t>(timeout.count()); }

}  // namespace

dispytch_bytes bytes(const std::string& text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }
dispytch_bytes bytes(const Text& text) { return text ? bytes(*text) : dispytch_bytes{}; }

std::string name_of(dispytch_status status) {
  switch (status) {
    case DISPYTCH_OK: return "OK";
    case DISPYTCH_AGAIN: return "AGAIN";
    case DISPYTCH_TIMEOUT: return "TIMEOUT";
    case DISPYTCH_ENOTIMPL: return "ENOTIMPL";
    case DISPYTCH_EINVAL: return "EINVAL";
    case DISPYTCH_ECONFIG: return "ECONFIG";
    case DISPYTCH_EAUTH: return "EAUTH";
    case DISPYTCH_EUNAVAILABLE: return "EUNAVAILABLE";
    case DISPYTCH_ENOTFOUND: return "ENOTFOUND";
    case DISPYTCH_ETOOBIG: return "ETOOBIG";
    case DISPYTCH_EFENCED: return "EFENCED";
    case DISPYTCH_ECLOSED: return "ECLOSED";
    case DISPYTCH_EINTERNAL: return "EINTERNAL";
    default: return say("the unknown status ", status);
  }
}

std::string to_string(const Outcome& outcome) {
  const std::size_t length = strnlen(outcome.error.text, sizeof(outcome.error.text));
  return name_of(outcome.status) + (length == 0 ? "" : ": " + std::string{outcome.error.text, length});
}

dispytch_error empty_error() noexcept {
  dispytch_error error{};
  error.size = sizeof(error);
  return error;
}

Text copy(const dispytch_bytes& bytes) {
  if (bytes.data == nullptr) return std::nullopt;
  return std::string{reinterpret_cast<const char*>(bytes.data), bytes.len};
}

std::string to_string(const Text& text) {
  if (!text) return "nothing";
  return text->size() <= 60 ? "\"" + *text + "\"" : say(text->size(), " bytes");
}

// ---- adapter ----

Outcome Adapter::try_open(const dispytch_plugin& plugin, const dispytch_host& host, std::string_view json, Milliseconds timeout,
                          dispytch_adapter** out) {
  Outcome outcome{.error = empty_error()};
  outcome.status = plugin.open(&host, json.data(), json.size(), to_ms(timeout), out, &outcome.error);
  return outcome;
}

Adapter::Adapter(const dispytch_plugin& plugin, Host& host, const std::string& json, Milliseconds timeout) : plugin_{plugin}, host_{host} {
  const Outcome outcome = try_open(plugin_, *host_.raw(), json, timeout, &raw_);
  expect(outcome.status == DISPYTCH_OK && raw_ != nullptr, "the backend can't be opened with ", json, ": ", to_string(outcome));
}

Adapter::~Adapter() {
  if (raw_ != nullptr) close(kCloseTimeout);
}

Outcome Adapter::close(Milliseconds timeout) {
  Outcome outcome{.error = empty_error()};
  outcome.status = plugin_.close(std::exchange(raw_, nullptr), to_ms(timeout), &outcome.error);
  return outcome;
}

// ---- producer ----

Producer::Producer(Adapter& adapter, const std::string& json, Milliseconds timeout)
    : api_{*adapter.plugin().producer}, host_{adapter.host()}, cookie_{host_.new_cookie()} {
  Outcome outcome{.error = empty_error()};
  outcome.status = api_.open(adapter.raw(), json.data(), json.size(), cookie_, to_ms(timeout), &raw_, &outcome.error);
  expect(outcome.status == DISPYTCH_OK && raw_ != nullptr, "a producer can't be opened with ", json, ": ", to_string(outcome));
}

Producer::~Producer() {
  if (raw_ != nullptr) close(kCloseTimeout);
}

Sent Producer::send(const std::vector<Message>& messages, std::uint64_t first_token) {
  std::vector<dispytch_message> raw(messages.size());
  std::vector<std::vector<dispytch_header>> headers(messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    for (const auto& [key, value] : message.headers) headers[i].push_back({bytes(key), bytes(value)});
    raw[i].topic = bytes(message.topic);
    raw[i].key = bytes(message.key);
    raw[i].payload = bytes(message.payload);
    raw[i].headers = headers[i].empty() ? nullptr : headers[i].data();
    raw[i].n_headers = static_cast<std::uint32_t>(headers[i].size());
    if (message.partition) raw[i].flags |= DISPYTCH_MSG_PARTITION;
    if (message.timestamp_ms) raw[i].flags |= DISPYTCH_MSG_TIMESTAMP;
    raw[i].partition = message.partition.value_or(0);
    raw[i].timestamp_ms = message.timestamp_ms.value_or(0);
    if (message.deliver_at_ms) raw[i].flags |= DISPYTCH_MSG_DELIVER_AT;
    raw[i].deliver_at_ms = message.deliver_at_ms.value_or(0);
    raw[i].token = first_token + i;
  }
  Sent sent{.outcome = {.error = empty_error()}};
  sent.outcome.status =
      api_.send(raw_, raw.data(), sizeof(dispytch_message), static_cast<std::uint32_t>(raw.size()), &sent.accepted, &sent.outcome.error);
  expect(sent.accepted <= messages.size(), "send took ", sent.accepted, " of ", messages.size(), " messages");
  expect(sent.outcome.status != DISPYTCH_OK || sent.accepted == messages.size(), "send returned OK and took ", sent.accepted, " of ",
         messages.size(), " messages");
  return sent;
}

void Producer::send_all(const std::vector<Message>& messages, std::uint64_t first_token, Milliseconds patience,
                        std::vector<Report>* pulled) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::vector<Message> rest = messages;
  while (true) {
    const std::uint64_t seen = host_.notified(cookie_);
    const Sent sent = send(rest, first_token);
    expect(sent.outcome.ok(), "a message was refused: ", to_string(sent.outcome));
    first_token += sent.accepted;
    rest.erase(rest.begin(), rest.begin() + sent.accepted);
    if (rest.empty()) return;
    if (pulled != nullptr) {
      for (Report& report : reports()) pulled->push_back(std::move(report));
    }
    expect(std::chrono::steady_clock::now() < deadline, "send is full, and in ", patience.count(), " ms there was no room for ",
           rest.size(), " messages more");
    host_.wait(cookie_, seen, Milliseconds{20});
  }
}

std::vector<Report> Producer::reports(std::uint32_t capacity) {
  std::vector<dispytch_report> raw(capacity);
  std::uint32_t count = 0;
  const dispytch_status status = api_.reports(raw_, raw.data(), sizeof(dispytch_report), capacity, &count);
  expect(status >= 0, "reports returned ", name_of(status));
  expect(count <= capacity, "reports wrote ", count, " where there was room for ", capacity);
  std::vector<Report> reports;
  for (std::uint32_t i = 0; i < count; ++i) {
    reports.push_back({.token = raw[i].token,
                       .code = raw[i].code,
                       .flags = raw[i].flags,
                       .offset = raw[i].offset,
                       .partition = raw[i].partition,
                       .text = copy(raw[i].text).value_or("")});
  }
  return reports;
}

std::vector<Report> Producer::await_reports(std::size_t count, Milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::vector<Report> all;
  while (all.size() < count) {
    const std::uint64_t seen = host_.notified(cookie_);
    const std::vector<Report> some = reports();
    for (const Report& report : some) {
      if (report.token != 0) all.push_back(report);
    }
    if (!some.empty()) continue;
    expect(std::chrono::steady_clock::now() < deadline, "only ", all.size(), " of ", count, " reports came in ", patience.count(), " ms");
    host_.wait(cookie_, seen, Milliseconds{20});
  }
  return all;
}

Outcome Producer::flush(Milliseconds timeout) {
  Outcome outcome{.error = empty_error()};
  outcome.status = api_.flush(raw_, to_ms(timeout), &outcome.error);
  return outcome;
}

Outcome Producer::close(Milliseconds timeout) {
  Outcome outcome{.error = empty_error()};
  outcome.status = api_.close(std::exchange(raw_, nullptr), to_ms(timeout), &outcome.error);
  host_.close_cookie(cookie_);
  return outcome;
}

// ---- consumer ----

Batch& Batch::operator=(Batch&& other) noexcept {
  release();
  consumer_ = other.consumer_;
  raw_ = std::exchange(other.raw_, nullptr);
  return *this;
}

void Batch::release() noexcept {
  if (raw_ != nullptr) consumer_->api().release(consumer_->raw(), std::exchange(raw_, nullptr));
}

const dispytch_message& Batch::message(std::uint32_t index) const noexcept {
  const auto* const first = reinterpret_cast<const std::byte*>(raw_->messages);
  return *reinterpret_cast<const dispytch_message*>(first + std::size_t{index} * raw_->message_stride);
}

std::vector<dispytch_source> Batch::sources() const {
  std::vector<dispytch_source> sources;
  const auto* at = reinterpret_cast<const std::byte*>(raw_->sources);
  for (std::uint32_t i = 0; i < raw_->n_sources; ++i, at += raw_->source_stride) {
    sources.push_back(*reinterpret_cast<const dispytch_source*>(at));
  }
  return sources;
}

Outcome Consumer::try_open(Adapter& adapter, std::string_view json, std::uint64_t cookie, Milliseconds timeout, dispytch_consumer** out) {
  Outcome outcome{.error = empty_error()};
  outcome.status = adapter.plugin().consumer->open(adapter.raw(), json.data(), json.size(), cookie, to_ms(timeout), out, &outcome.error);
  return outcome;
}

Consumer::Consumer(Adapter& adapter, const std::string& json, Milliseconds timeout)
    : api_{*adapter.plugin().consumer}, host_{adapter.host()}, cookie_{host_.new_cookie()} {
  const Outcome outcome = try_open(adapter, json, cookie_, timeout, &raw_);
  expect(outcome.status == DISPYTCH_OK && raw_ != nullptr, "a consumer can't be opened with ", json, ": ", to_string(outcome));
}

Consumer::~Consumer() {
  if (raw_ != nullptr) close(kCloseTimeout);
}

Batch Consumer::poll(std::uint32_t max_messages, std::uint64_t max_bytes, Milliseconds timeout) {
  Outcome outcome{.error = empty_error()};
  const dispytch_batch* raw = nullptr;
  outcome.status = api_.poll(raw_, max_messages, max_bytes, to_ms(timeout), &raw, &outcome.error);
  expect(outcome.ok(), "poll failed with ", to_string(outcome));
  if (outcome.status == DISPYTCH_OK) {
    expect(raw != nullptr, "poll returned OK and no batch");
    Batch batch{*this, raw};
    expect(raw->kind <= DISPYTCH_UP, "poll returned a batch of the unknown kind ", raw->kind);
    expect(raw->kind != DISPYTCH_MESSAGES || raw->n_messages > 0,
           "poll returned OK and a batch of no messages; TIMEOUT says that there are none");
    expect(raw->kind == DISPYTCH_MESSAGES || raw->n_messages == 0, "poll returned one batch with messages and an event");
    expect(raw->n_messages == 0 || raw->message_stride >= sizeof(dispytch_message), "the batch says a message_stride of ",
           raw->message_stride);
    expect(raw->n_sources == 0 || raw->source_stride >= sizeof(dispytch_source), "the batch says a source_stride of ", raw->source_stride);
    return batch;
  }
  expect(raw == nullptr, "poll returned ", name_of(outcome.status), " and a batch as well");
  return {};
}

Outcome Consumer::settle(const std::vector<dispytch_settlement>& settlements) {
  Outcome outcome{.error = empty_error()};
  outcome.status =
      api_.settle(raw_, settlements.data(), sizeof(dispytch_settlement), static_cast<std::uint32_t>(settlements.size()), &outcome.error);
  return outcome;
}

Outcome Consumer::sync(Milliseconds timeout) {
  Outcome outcome{.error = empty_error()};
  outcome.status = api_.sync(raw_, to_ms(timeout), &outcome.error);
  return outcome;
}

std::vector<std::pair<std::string, Text>> Consumer::headers(const dispytch_message& message) {
  const dispytch_header* raw = message.headers;
  std::uint32_t count = message.n_headers;
  if (count == 0) {  // there are some, and the plugin wants to be asked for them
    const dispytch_status status = api_.headers(raw_, &message, &raw, &count);
    expect(status >= 0, "headers returned ", name_of(status));
  }
  expect(count == 0 || raw != nullptr, "headers said ", count, " and gave none");
  std::vector<std::pair<std::string, Text>> all;
  for (std::uint32_t i = 0; i < count; ++i) all.emplace_back(copy(raw[i].key).value_or(""), copy(raw[i].value));
  return all;
}

Outcome Consumer::pause(const std::vector<dispytch_source>& sources, bool on) {
  Outcome outcome{.error = empty_error()};
  outcome.status =
      api_.pause(raw_, sources.data(), sizeof(dispytch_source), static_cast<std::uint32_t>(sources.size()), on ? 1 : 0, &outcome.error);
  return outcome;
}

Outcome Consumer::seek(const std::vector<dispytch_source>& sources, Milliseconds timeout) {
  Outcome outcome{.error = empty_error()};
  outcome.status =
      api_.seek(raw_, sources.data(), sizeof(dispytch_source), static_cast<std::uint32_t>(sources.size()), to_ms(timeout), &outcome.error);
  return outcome;
}

Outcome Consumer::begin(const std::vector<std::uint64_t>& tokens, bool on, Milliseconds timeout) {
  Outcome outcome{.error = empty_error()};
  outcome.status = api_.begin(raw_, tokens.data(), static_cast<std::uint32_t>(tokens.size()), on ? 1 : 0, to_ms(timeout), &outcome.error);
  return outcome;
}

Outcome Consumer::close(Milliseconds timeout) {
  Outcome outcome{.error = empty_error()};
  outcome.status = api_.close(std::exchange(raw_, nullptr), to_ms(timeout), &outcome.error);
  host_.close_cookie(cookie_);
  return outcome;
}

}  // namespace dispytch::conformance
