#include "producer.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include <dispytch/plugin/murmur2.hpp>

#include "appender.hpp"
#include "layout.hpp"

namespace dispytch::sqlite {
namespace {

// What one transaction holds at most: enough to share the write to the disk, little enough for others who wait for the lock.
constexpr std::size_t kMostMessages = 4000;
constexpr std::size_t kMostBytes = std::size_t{8} << 20;

}  // namespace

Producer::Producer(Broker& broker, std::chrono::milliseconds timeout, plugin::Notify notify)
    : broker_{broker},
      timeout_{timeout},
      outbox_{{.messages = broker.options().queue_messages, .bytes = broker.options().queue_bytes}, notify} {
  broker_.writer().add(*this, false);
}

Producer::~Producer() { broker_.writer().remove(*this); }

plugin::Accepted Producer::send(plugin::Strided<const plugin::MessageView> messages) {
  const std::chrono::nanoseconds now = broker_.clock().monotonic();
  plugin::Accepted accepted;
  for (const plugin::MessageView& message : messages) {
    if (message.token() == 0) {
      accepted.status =
          plugin::Error{.code = DISPYTCH_EINVAL, .text = "the message has no token; its report could not be told from others"};
      break;
    }
    if (message.topic().empty()) {
      accepted.status = plugin::Error{.code = DISPYTCH_EINVAL, .text = "the message names no topic"};
      break;
    }
    Outgoing outgoing{.record = Record{message}, .topic = std::string{message.topic()}, .token = message.token(), .accepted = now};
    if (outgoing.record.size() > broker_.options().max_message_bytes) {
      accepted.status =
          plugin::Error{.code = DISPYTCH_ETOOBIG,
                        .text = "the message has " + std::to_string(outgoing.record.size()) +
                                " bytes of key, payload and "
                                "headers, at most " +
                                std::to_string(broker_.options().max_message_bytes) + " are allowed; raise max_message_bytes"};
      break;
    }
    if (!outbox_.put(std::move(outgoing))) break;
    ++accepted.count;
  }
  if (accepted.count > 0) broker_.writer().wake();
  return accepted;
}

plugin::Status Producer::flush(std::chrono::milliseconds timeout) {
  if (outbox_.wait_until_reported(std::chrono::steady_clock::now() + timeout)) return {};
  return plugin::Status::timeout();
}

std::optional<std::chrono::nanoseconds> Producer::due() {
  return outbox_.empty() ? std::nullopt : std::optional{std::chrono::nanoseconds{0}};
}

void Producer::write(Writing& writing) {
  Appender appender{writing.database};
  for (Outgoing* message : outbox_.take(kMostMessages, kMostBytes)) store(*message, writing, appender);
  appender.finish();
}

void Producer::written() { outbox_.done(); }

void Producer::failed(const plugin::Error& why) { outbox_.failed(why, broker_.clock().monotonic() - timeout_); }

void Producer::store(Outgoing& message, Writing& writing, Appender& appender) {
  const Options& options = broker_.options();
  const Topic* const topic =
      writing.topics.get(writing.database, message.topic, options.auto_create ? &options.others : nullptr, writing.now_ms);
  if (topic == nullptr) {
    message.refused = plugin::Error{.code = DISPYTCH_ENOTFOUND, .text = no_topic(message.topic, options.path)};
    return;
  }
  const auto partitions = static_cast<std::int32_t>(topic->partitions.size());
  const std::int32_t partition = place(message, partitions);
  if (partition < 0 || partition >= partitions) {
    message.refused = plugin::Error{.code = DISPYTCH_EINVAL,
                                    .text = "topic `" + message.topic + "` has the partitions 0 to " + std::to_string(partitions - 1) +
                                            ", the message names " + std::to_string(partition)};
    return;
  }
  message.partition = partition;
  const std::int64_t number = topic->partitions[static_cast<std::size_t>(partition)];
  if (message.record.deliver_at_ms && *message.record.deliver_at_ms > writing.now_ms) {
    appender.delay(number, message.record, writing.now_ms);
    broker_.delays().added(*message.record.deliver_at_ms);
  } else {
    message.offset = appender.append(number, message.record, writing.now_ms);
  }
}

std::int32_t Producer::place(const Outgoing& message, std::int32_t partitions) {
  if (message.record.partition) return *message.record.partition;
  if (const auto key = message.record.key()) return plugin::partition_of(*key, partitions);
  return static_cast<std::int32_t>(next_without_key_++ % static_cast<std::uint32_t>(partitions));
}

}  // namespace dispytch::sqlite
