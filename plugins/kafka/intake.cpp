#include "intake.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include <dispytch/plugin/message.hpp>

#include "tokens.hpp"

namespace dispytch::kafka {
namespace {

// More would leave the processor's cache before the host has seen them.
constexpr std::size_t kLargestBatch = 1000;

void on_arrival(rd_kafka_t*, void* wake_up) { static_cast<Signal*>(wake_up)->set(); }

bool belongs_to(const rd_kafka_message_t& message, const Source& source) {
  return message.partition == source.partition && rd_kafka_topic_name(message.rkt) == source.topic;
}

}  // namespace

Intake::Intake(rd_kafka_t* client, Sources& sources, Signal& wake_up)
    : sources_{sources}, shared_{rd_kafka_queue_new(client), on_arrival, &wake_up}, taken_(kLargestBatch) {}

void Intake::remove(Source& source) {
  std::erase(apart_, &source);
  drop(source);
}

void Intake::drop(Source& source) {
  source.held.clear();
  std::erase_if(cut_off_, [&](const MessageHandle& message) { return belongs_to(*message, source); });
}

void Intake::set_apart(Source& source) {
  source.flowing = false;
  source.arrived = true;
  if (!source.joined) return;
  rd_kafka_queue_forward(source.queue.get(), nullptr);
  source.joined = false;
  apart_.push_back(&source);
  keep_cut_off(source);
}

void Intake::withhold(Source& source) {
  if (std::exchange(source.withheld, true)) return;
  if (source.joined) {
    rd_kafka_queue_forward(source.queue.get(), nullptr);
    source.joined = false;
    apart_.push_back(&source);
  }
  keep_cut_off(source);
}

void Intake::keep_cut_off(Source& source) {
  for (MessageHandle& message : cut_off_) {
    if (belongs_to(*message, source)) source.held.push_back(std::move(message));
  }
  std::erase(cut_off_, nullptr);
}

// What its own queue holds is appended to the shared one, behind its older messages there.
void Intake::join(Source& source) {
  source.joined = true;
  std::erase(apart_, &source);
  rd_kafka_queue_forward(source.queue.get(), shared_.get());
}

void Intake::take(Batch& batch, const plugin::Limits& limits) {
  Room room{std::min<std::size_t>(limits.max_messages, kLargestBatch), limits.max_bytes};
  run_ = {};
  delivered_.clear();
  take_apart(batch, room);
  while (room.messages > 0 && !cut_off_.empty()) {
    enter_run(*cut_off_.front());
    if (!deliver(cut_off_.front(), batch, room)) return;
    cut_off_.pop_front();
  }
  if (room.messages > 0) take_from(shared_.get(), room.messages, batch, room);
}

void Intake::take_apart(Batch& batch, Room& room) {
  const std::vector<Source*> apart = apart_;  // empty, but for the time after an assignment and while something is withheld
  for (Source* source : apart) {
    if (source->withheld || source->storing.load(std::memory_order_relaxed)) continue;
    while (room.messages > 0 && !source->held.empty()) {
      enter_run(*source->held.front());
      if (!deliver(source->held.front(), batch, room)) return;
      source->held.pop_front();
    }
    if (room.messages == 0) return;
    // The first message is taken alone: what stopped fetching before forwards the queue to nowhere when librdkafka's own thread comes to
    // it, and that is over once a message is there.
    if (!source->flowing && source->arrived.exchange(false) && take_from(source->queue.get(), 1, batch, room) > 0) source->arrived = true;
    if (source->flowing) join(*source);
  }
}

std::size_t Intake::take_from(rd_kafka_queue_t* queue, std::size_t count, Batch& batch, Room& room) {
  const ssize_t taken = rd_kafka_consume_batch_queue(queue, 0, taken_.data(), count);
  for (ssize_t i = 0; i < taken; ++i) {
    MessageHandle message{taken_[static_cast<std::size_t>(i)]};
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) [[unlikely]] {
      if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        failures_.push_back(std::move(message));
      } else if (Source* const source = sources_.find(rd_kafka_topic_name(message->rkt), message->partition)) {
        sources_.reached_end(*source, message->offset);
      }
      continue;
    }
    enter_run(*message);
    Source* source = run_.source;
    if (source == nullptr) [[unlikely]]
      continue;  // taken away meanwhile
    source->next = message->offset + 1;
    source->flowing = true;
    if (source->withheld || !source->held.empty()) [[unlikely]] {
      source->held.push_back(std::move(message));
    } else if (!cut_off_.empty() || !deliver(message, batch, room)) [[unlikely]] {
      cut_off_.push_back(std::move(message));
    }
  }
  return taken > 0 ? static_cast<std::size_t>(taken) : 0;
}

// Whether there was room for it. The first message of a batch always fits.
bool Intake::deliver(MessageHandle& message, Batch& batch, Room& room) {
  const std::uint64_t size = message->key_len + message->len;
  if (size > room.bytes && batch.size() > 0) return false;
  room.bytes -= std::min(size, room.bytes);
  --room.messages;
  const std::int32_t epoch = leader_epoch(*message);
  if (delivered_.empty() || delivered_.back().source != run_.source || delivered_.back().epoch != epoch)
    delivered_.push_back({.source = run_.source, .first = message->offset, .epoch = epoch});
  delivered_.back().last = message->offset;
  batch.add(std::move(message), run_.origin);
  return true;
}

void Intake::enter_run(const rd_kafka_message_t& message) {
  if (message.rkt == run_.topic && message.partition == run_.origin.partition) [[likely]]
    return;
  const char* topic = rd_kafka_topic_name(message.rkt);
  run_ = {.topic = message.rkt, .source = sources_.find(topic, message.partition)};
  run_.origin.partition = message.partition;
  if (run_.source == nullptr) return;
  run_.origin.topic = plugin::bytes(std::string_view{topic});
  run_.origin.token_base = token_base(run_.source->token_id);
  run_.origin.source = run_.source->id;
}

}  // namespace dispytch::kafka
