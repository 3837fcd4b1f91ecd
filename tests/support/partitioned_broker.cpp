#include "support/partitioned_broker.hpp"

#include <algorithm>
#include <cstdint>

#include "border/library.hpp"

namespace dispytch::testing {
namespace {

// The border opens backends by config alone; tests run one at a time in a process, so the broker waits here.
PartitionedBroker* next_broker = nullptr;

std::string list(const std::vector<std::int32_t>& partitions) {
  std::string text;
  for (const std::int32_t partition : partitions) text += (text.empty() ? "" : ",") + std::to_string(partition);
  return text;
}

class Consumer {
 public:
  explicit Consumer(PartitionedBroker& broker) : broker_{broker} {}
  plugin::Status poll(plugin::Limits limits, std::chrono::milliseconds timeout, plugin::BatchOut& out) {
    return broker_.poll(limits, timeout, out);
  }
  void wake() { broker_.wake(); }
  plugin::Status settle(plugin::Strided<const plugin::Settlement> settlements) { return broker_.settle(settlements); }
  plugin::Status sync(std::chrono::milliseconds timeout) { return broker_.sync(timeout); }
  plugin::Status begin(std::span<const std::uint64_t> tokens, bool on, std::chrono::milliseconds) { return broker_.begin(tokens, on); }
  plugin::Status pause(std::span<const plugin::Source> sources, bool on) {
    std::vector<std::uint32_t> ids;
    for (const plugin::Source& source : sources) ids.push_back(source.source);
    return broker_.pause(ids, on);
  }
  plugin::Result<std::span<const plugin::Header>> headers(const plugin::InboundMessage& message) { return broker_.headers(message); }
  std::vector<plugin::Lag> lag() { return broker_.lag(); }
  plugin::Status close(std::chrono::milliseconds) {
    broker_.close();
    return {};
  }

 private:
  PartitionedBroker& broker_;
};

class Backend {
 public:
  Backend(plugin::Host, plugin::Config) : broker_{*next_broker} {}
  plugin::Capabilities capabilities() const { return plugin::Capabilities{broker_.capabilities() | DISPYTCH_CAN_CONSUME}; }
  /// Without what its consumer could do more, so that a test says all of it.
  plugin::Capabilities consumer_capabilities(plugin::Config) const { return capabilities(); }
  plugin::Result<std::unique_ptr<Consumer>> consumer(plugin::Config) { return std::make_unique<Consumer>(broker_); }

 private:
  PartitionedBroker& broker_;
};

}  // namespace

struct PartitionedBroker::Held {
  std::deque<std::string> texts = {};
  std::deque<std::vector<plugin::Header>> headers = {};
  std::vector<plugin::InboundMessage> messages = {};

  dispytch_bytes keep(const std::string& text) { return plugin::bytes(texts.emplace_back(text)); }
};

void PartitionedBroker::append(std::int32_t partition, Logged message) {
  const std::lock_guard lock{mutex_};
  partitions_[partition].log.push_back({std::move(message), ++last_order_});
  changed_.notify_all();
}

Logged PartitionedBroker::logged(std::int32_t partition, std::size_t offset) const {
  const std::lock_guard lock{mutex_};
  return partitions_.at(partition).log.at(offset).message;
}

void PartitionedBroker::assign(const std::vector<std::int32_t>& partitions) {
  const std::lock_guard lock{mutex_};
  events_.push_back({Event::Kind::assign, partitions, {}});
  changed_.notify_all();
}

void PartitionedBroker::deliver_requeued(std::uint32_t elsewhere) {
  const std::lock_guard lock{mutex_};
  for (auto& [number, partition] : partitions_) {
    for (const std::size_t index : std::exchange(partition.requeued, {})) {
      Logged& message = partition.log[index].message;
      if (message.attempts) {
        *message.attempts = static_cast<std::uint16_t>(*message.attempts + elsewhere);
        message.attempt = 1;
      } else {
        message.attempt = std::max(message.attempt, 1u) + 1 + elsewhere;
      }
      partition.again.push_back(index);
    }
  }
  changed_.notify_all();
}

void PartitionedBroker::fail_begin(std::optional<plugin::Error> error) {
  const std::lock_guard lock{mutex_};
  begin_error_ = std::move(error);
}

void PartitionedBroker::assign_nothing() {
  const std::lock_guard lock{mutex_};
  events_.push_back({Event::Kind::assign, {}, {}});
  changed_.notify_all();
}

void PartitionedBroker::revoke(const std::vector<std::int32_t>& partitions, std::chrono::milliseconds deadline) {
  const std::lock_guard lock{mutex_};
  events_.push_back({Event::Kind::revoke, partitions, deadline});
  changed_.notify_all();
}

void PartitionedBroker::lose(const std::vector<std::int32_t>& partitions) {
  const std::lock_guard lock{mutex_};
  events_.push_back({Event::Kind::lose, partitions, {}});
  changed_.notify_all();
}

void PartitionedBroker::lose_everything() {
  const std::lock_guard lock{mutex_};
  events_.push_back({Event::Kind::lose_everything, {}, {}});
  changed_.notify_all();
}

void PartitionedBroker::fail_poll(plugin::Error error) {
  const std::lock_guard lock{mutex_};
  poll_errors_.push_back(std::move(error));
  changed_.notify_all();
}

void PartitionedBroker::fail_settling(std::optional<plugin::Error> error) {
  const std::lock_guard lock{mutex_};
  settle_error_ = std::move(error);
}

void PartitionedBroker::fail_sync(std::optional<plugin::Error> error) {
  const std::lock_guard lock{mutex_};
  sync_error_ = std::move(error);
}

void PartitionedBroker::fail_headers(bool fails) {
  const std::lock_guard lock{mutex_};
  fail_headers_ = fails;
}

void PartitionedBroker::hide_lag() {
  const std::lock_guard lock{mutex_};
  hides_lag_ = true;
}

std::vector<plugin::Lag> PartitionedBroker::lag() {
  const std::lock_guard lock{mutex_};
  std::vector<plugin::Lag> all;
  for (const auto& [number, partition] : partitions_) {
    if (!partition.assigned || hides_lag_) continue;
    all.push_back({.source = DISPYTCH_SOURCE(number, partition.generation),
                   .messages = static_cast<std::int64_t>(partition.log.size()) - partition.committed});
  }
  return all;
}

std::int64_t PartitionedBroker::committed(std::int32_t partition) const {
  const std::lock_guard lock{mutex_};
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? 0 : found->second.committed;
}

std::vector<std::int64_t> PartitionedBroker::acknowledged(std::int32_t partition) const {
  const std::lock_guard lock{mutex_};
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? std::vector<std::int64_t>{} : found->second.acknowledged;
}

std::vector<plugin::Limits> PartitionedBroker::polls() const {
  const std::lock_guard lock{mutex_};
  return polls_;
}

std::size_t PartitionedBroker::delivered() const {
  const std::lock_guard lock{mutex_};
  return delivered_;
}

std::chrono::milliseconds PartitionedBroker::last_sync() const {
  const std::lock_guard lock{mutex_};
  return last_sync_;
}

std::vector<std::string> PartitionedBroker::calls() const {
  const std::lock_guard lock{mutex_};
  return calls_;
}

bool PartitionedBroker::paused(std::int32_t partition) const {
  const std::lock_guard lock{mutex_};
  const auto found = partitions_.find(partition);
  return found != partitions_.end() && found->second.paused;
}

std::size_t PartitionedBroker::unreleased_batches() const {
  const std::lock_guard lock{mutex_};
  return unreleased_;
}

bool PartitionedBroker::await_polls(std::size_t count) const {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return polls_.size() >= count; });
}

bool PartitionedBroker::await_committed(std::int32_t partition, std::int64_t offset) const {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, std::chrono::seconds{20}, [&] {
    const auto found = partitions_.find(partition);
    return found != partitions_.end() && found->second.committed >= offset;
  });
}

std::size_t PartitionedBroker::overlapping_polls() const {
  const std::lock_guard lock{mutex_};
  return overlapping_polls_;
}

// ---- the plugin's part ----

plugin::Status PartitionedBroker::poll(plugin::Limits limits, std::chrono::milliseconds timeout, plugin::BatchOut& out) {
  std::unique_lock lock{mutex_};
  polls_.push_back(limits);
  changed_.notify_all();
  if (polling_++ > 0) ++overlapping_polls_;
  plugin::Status status = answer_poll(lock, limits, timeout, out);
  --polling_;
  return status;
}

plugin::Status PartitionedBroker::answer_poll(std::unique_lock<std::mutex>& lock, plugin::Limits limits, std::chrono::milliseconds timeout,
                                              plugin::BatchOut& out) {
  const auto something = [&] {
    std::int32_t number = 0;
    return woken_ || !events_.empty() || !poll_errors_.empty() || (limits.max_messages > 0 && next_partition(number) != nullptr);
  };
  changed_.wait_for(lock, timeout, something);
  woken_ = false;
  if (!poll_errors_.empty()) {
    plugin::Error error = std::move(poll_errors_.front());
    poll_errors_.pop_front();
    return error;
  }
  if (!events_.empty()) {
    const Event event = std::move(events_.front());
    events_.pop_front();
    hand_out(event, out);
    return {};
  }
  return deliver(limits, out);
}

std::vector<plugin::Source> PartitionedBroker::sources_of(const Event& event) {
  std::vector<plugin::Source> sources;
  for (const std::int32_t number : event.partitions) {
    sources.push_back({.topic = "orders",
                       .source = DISPYTCH_SOURCE(number, partitions_[number].generation),
                       .partition = number,
                       .offset = partitions_[number].committed});
  }
  return sources;
}

void PartitionedBroker::hand_out(const Event& event, plugin::BatchOut& out) {
  const plugin::Error why{.code = DISPYTCH_EFENCED, .text = "the group went on without this member"};
  const std::uint64_t token = ++last_token_;
  switch (event.kind) {
    case Event::Kind::assign:
      for (const std::int32_t number : event.partitions) ++partitions_[number].generation;
      unconfirmed_.emplace(token, event);
      out.assigned(sources_of(event), token);
      break;
    case Event::Kind::revoke:
      for (const std::int32_t number : event.partitions) partitions_[number].assigned = false;
      unconfirmed_.emplace(token, event);
      out.revoking(sources_of(event), token, event.deadline);
      break;
    case Event::Kind::lose:
      out.lost(sources_of(event), why);
      confirm(event);
      break;
    case Event::Kind::lose_everything:
      out.lost_everything(why);
      for (auto& [number, partition] : partitions_) partition.assigned = false, ++partition.generation;
      break;
  }
}

// The host has done its part.
void PartitionedBroker::confirm(const Event& event) {
  for (const std::int32_t number : event.partitions) {
    Partition& partition = partitions_[number];
    partition.paused = false;
    partition.assigned = event.kind == Event::Kind::assign;
    if (partition.assigned) {
      partition.next = static_cast<std::size_t>(partition.committed);
    } else {
      ++partition.generation;  // what is settled from now on is stale
    }
  }
  if (event.kind == Event::Kind::assign) calls_.push_back("assigned " + list(event.partitions));
  if (event.kind == Event::Kind::revoke) calls_.push_back("revoked " + list(event.partitions));
}

PartitionedBroker::Partition* PartitionedBroker::next_partition(std::int32_t& number) {
  Partition* first = nullptr;
  for (auto& [candidate_number, candidate] : partitions_) {
    if (!candidate.assigned || candidate.paused || next_index(candidate) == candidate.log.size()) continue;
    if (first != nullptr && first->log[next_index(*first)].order < candidate.log[next_index(candidate)].order) continue;
    first = &candidate;
    number = candidate_number;
  }
  return first;
}

plugin::Status PartitionedBroker::deliver(plugin::Limits limits, plugin::BatchOut& out) {
  auto held = std::make_unique<Held>();
  std::uint64_t bytes = 0;
  while (held->messages.size() < limits.max_messages) {
    std::int32_t number = 0;
    Partition* const partition = next_partition(number);
    if (partition == nullptr) break;
    const std::size_t index = next_index(*partition);
    const Logged& logged = partition->log[index].message;
    const std::uint64_t size = logged.key.value_or("").size() + logged.payload.value_or("").size();
    if (!held->messages.empty() && bytes + size > limits.max_bytes) break;
    bytes += size;
    plugin::InboundMessage message{};
    message.topic = held->keep(logged.topic);
    if (logged.key) message.key = held->keep(*logged.key);
    if (logged.payload) message.payload = held->keep(*logged.payload);
    if (!logged.headers.empty()) message.flags |= DISPYTCH_MSG_HEADERS;  // read when they are asked for
    message.flags |= DISPYTCH_MSG_OFFSET | DISPYTCH_MSG_PARTITION;
    message.offset = static_cast<std::int64_t>(index);
    if (logged.time_ms) {
      message.flags |= DISPYTCH_MSG_TIMESTAMP;
      message.timestamp_ms = *logged.time_ms;
    }
    message.partition = number;
    message.source = DISPYTCH_SOURCE(number, partition->generation);
    message.attempt = logged.attempt;
    message.attempts = logged.attempts.value_or(0);
    message.begun = logged.begun;
    message.flags |= plugin::flag(logged.attempts.has_value(), DISPYTCH_MSG_ATTEMPTS) | plugin::flag(logged.begun > 0, DISPYTCH_MSG_BEGUN);
    if (!logged.id.empty()) {
      message.id = held->keep(logged.id);
      message.flags &= ~std::uint32_t{DISPYTCH_MSG_OFFSET | DISPYTCH_MSG_PARTITION};
    }
    message.token = ++last_token_;
    tokens_.emplace(message.token, Token{number, partition->generation, message.offset});
    if (partition->again.empty()) {
      ++partition->next;
    } else {
      partition->again.pop_front();
    }
    held->messages.push_back(message);
  }
  if (held->messages.empty()) return {};
  delivered_ += held->messages.size();
  ++unreleased_;
  // What is released is overwritten and kept: who looks at it later sees rubbish, but no memory of others.
  const auto release = [this](Held* gone) {
    const std::lock_guard lock{mutex_};
    for (std::string& text : gone->texts) std::ranges::fill(text, '#');
    for (plugin::InboundMessage& message : gone->messages)
      message.topic = message.key = message.payload = plugin::bytes("### released ###");
    --unreleased_;
    released_.emplace_back(gone);
    changed_.notify_all();
  };
  const std::span<const plugin::InboundMessage> messages{held->messages};
  out.messages(messages, std::unique_ptr<Held, decltype(release)>{held.release(), release});
  return {};
}

void PartitionedBroker::wake() {
  const std::lock_guard lock{mutex_};
  woken_ = true;
  changed_.notify_all();
}

plugin::Status PartitionedBroker::settle(plugin::Strided<const plugin::Settlement> settlements) {
  const std::lock_guard lock{mutex_};
  bool stale = false;
  for (const plugin::Settlement settlement : settlements) {
    if (const auto event = unconfirmed_.find(settlement.token); event != unconfirmed_.end()) {
      confirm(event->second);
      unconfirmed_.erase(event);
      continue;
    }
    if (settle_error_) return *settle_error_;
    const Token token = tokens_.at(settlement.token);
    Partition& partition = partitions_[token.partition];
    const std::string where = " " + std::to_string(token.partition) + "@" + std::to_string(token.offset);
    if (token.generation != partition.generation) {
      calls_.push_back("stale" + where);
      stale = true;
    } else if (settlement.action == DISPYTCH_ACK_UP_TO) {
      partition.committed = std::max(partition.committed, token.offset + 1);
      calls_.push_back("commit " + std::to_string(token.partition) + "@" + std::to_string(token.offset + 1));
    } else if (settlement.action == DISPYTCH_REQUEUE) {
      partition.requeued.push_back(static_cast<std::size_t>(token.offset));
      if ((capabilities_ & DISPYTCH_CAN_CARRY_ATTEMPTS) != 0 && (settlement.flags & DISPYTCH_SETTLE_ATTEMPTS) != 0) {
        partition.log[static_cast<std::size_t>(token.offset)].message.attempts = static_cast<std::uint16_t>(settlement.attempts);
      }
      calls_.push_back("requeue" + where + " for " + std::to_string(settlement.delay_ms));
    } else {
      partition.acknowledged.push_back(token.offset);
      calls_.push_back("ack" + where);
    }
  }
  changed_.notify_all();
  if (stale) return plugin::Error{.code = DISPYTCH_EFENCED, .text = "a token is stale"};
  return {};
}

plugin::Status PartitionedBroker::sync(std::chrono::milliseconds timeout) {
  const std::lock_guard lock{mutex_};
  last_sync_ = timeout;
  calls_.emplace_back("sync");
  if (sync_error_) return *sync_error_;
  return {};
}

plugin::Status PartitionedBroker::begin(std::span<const std::uint64_t> tokens, bool on) {
  const std::lock_guard lock{mutex_};
  if (begin_error_) return *begin_error_;
  for (const std::uint64_t number : tokens) {
    const Token token = tokens_.at(number);
    const std::string where = " " + std::to_string(token.partition) + "@" + std::to_string(token.offset);
    if (token.generation != partitions_[token.partition].generation) {
      return plugin::Error{.code = DISPYTCH_EFENCED, .text = "a token is stale"};
    }
    calls_.push_back((on ? "begin" : "ended") + where);
  }
  return {};
}

plugin::Status PartitionedBroker::pause(const std::vector<std::uint32_t>& sources, bool on) {
  const std::lock_guard lock{mutex_};
  for (const std::uint32_t source : sources) {
    const auto number = static_cast<std::int32_t>(DISPYTCH_SOURCE_SLOT(source));
    partitions_[number].paused = on;
    calls_.push_back((on ? "pause " : "resume ") + std::to_string(number));
  }
  return {};
}

plugin::Result<std::span<const plugin::Header>> PartitionedBroker::headers(const plugin::InboundMessage& message) {
  const std::lock_guard lock{mutex_};
  if (fail_headers_) return plugin::Error{.code = DISPYTCH_EINVAL, .text = "the headers are damaged"};
  const Token token = tokens_.at(message.token);
  const Logged& logged = partitions_[token.partition].log[static_cast<std::size_t>(token.offset)].message;
  read_headers_.clear();
  for (const auto& [name, value] : logged.headers) read_headers_.push_back({plugin::bytes(name), plugin::bytes(value)});
  return std::span<const plugin::Header>{read_headers_};
}

void PartitionedBroker::close() {
  const std::lock_guard lock{mutex_};
  calls_.emplace_back("close");
}

}  // namespace dispytch::testing

namespace dispytch::testing {
constexpr const char* kPartitionedSchema = R"({"$defs": {"backend": {}, "producer": {}, "consumer": {}, "topic": {}}})";
}

extern "C" const dispytch_plugin* partitioned_plugin(std::uint32_t host_abi_minor) noexcept;

DISPYTCH_PLUGIN(dispytch::testing::Backend, .id = "partitioned", .version = "1.0",
                .capabilities = {dispytch::plugin::ack_each, dispytch::plugin::ack_up_to, dispytch::plugin::headers, dispytch::plugin::keys,
                                 dispytch::plugin::requeue, dispytch::plugin::delay, dispytch::plugin::count_attempts,
                                 dispytch::plugin::carry_attempts},
                .config_schema = dispytch::testing::kPartitionedSchema)

namespace dispytch::testing {

std::unique_ptr<border::ConsumerHandle> PartitionedBroker::open() {
  static const border::Library& library = border::adopt(*partitioned_plugin(DISPYTCH_ABI_MINOR));
  next_broker = this;
  const auto adapter = border::Adapter::open(library, R"({"config":{}})", {}, std::chrono::seconds{1}).value();
  return adapter->open_consumer(R"({"topics":[],"config":{}})", {}, std::chrono::seconds{1}).value();
}

}  // namespace dispytch::testing
