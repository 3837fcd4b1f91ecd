// Lies of a consumer about messages and polls.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "mutants/mutant.hpp"

namespace dispytch::conformance {
namespace {

// The memory plugin's batches lie in memory of its own that may be written to.
dispytch_message* messages_of(const dispytch_batch* batch) { return const_cast<dispytch_message*>(batch->messages); }

// Polls, and changes each batch of messages.
template <void (*change)(dispytch_batch&)>
void change_batches(Tables& tables) {
  tables.consumer.poll = [](dispytch_consumer* consumer, std::uint32_t max_messages, std::uint64_t max_bytes, std::int32_t timeout_ms,
                            const dispytch_batch** out, dispytch_error* error) noexcept {
    const dispytch_status status = sound().consumer->poll(consumer, max_messages, max_bytes, timeout_ms, out, error);
    if (status == DISPYTCH_OK && (*out)->kind == DISPYTCH_MESSAGES) change(*const_cast<dispytch_batch*>(*out));
    return status;
  };
}

template <void (*change)(dispytch_message&)>
void change_each(dispytch_batch& batch) {
  for (std::uint32_t i = 0; i < batch.n_messages; ++i) change(messages_of(&batch)[i]);
}

void cut_at_zero(dispytch_message& message) {
  message.payload.len = strnlen(reinterpret_cast<const char*>(message.payload.data), message.payload.len);
}
void cut_at_64k(dispytch_message& message) { message.payload.len = std::min(message.payload.len, std::size_t{1} << 16); }
void empty_where_absent(dispytch_message& message) {
  static constexpr std::uint8_t kEmpty = 0;
  if (message.payload.data == nullptr) message.payload = {&kEmpty, 0};
  if (message.key.data == nullptr) message.key = {&kEmpty, 0};
}
void absent_where_empty(dispytch_message& message) {
  if (message.payload.len == 0) message.payload = {nullptr, 0};
  if (message.key.len == 0) message.key = {nullptr, 0};
}
void forget_time(dispytch_message& message) { message.timestamp_ms = 0; }
void name_another_source(dispytch_message& message) { message.source += 1u << 16; }
void name_one_source_for_all(dispytch_message& message) { message.source &= 0xffff0000U; }
// The memory plugin's headers come along with their message, and lie in memory of its own too.
dispytch_header* headers_of(const dispytch_message& message) { return const_cast<dispytch_header*>(message.headers); }
void turn_headers_round(dispytch_message& message) { std::reverse(headers_of(message), headers_of(message) + message.n_headers); }
void empty_where_a_header_is_absent(dispytch_message& message) {
  static constexpr std::uint8_t kEmpty = 0;
  for (std::uint32_t i = 0; i < message.n_headers; ++i) {
    if (message.headers[i].value.data == nullptr) headers_of(message)[i].value = {&kEmpty, 0};
  }
}
void forget_header_flag(dispytch_message& message) { message.flags &= ~static_cast<std::uint32_t>(DISPYTCH_MSG_HEADERS); }

void lose_the_last(dispytch_batch& batch) {
  if (batch.n_messages > 1) --batch.n_messages;
}
void repeat_the_first(dispytch_batch& batch) {
  if (batch.n_messages > 1) messages_of(&batch)[1] = messages_of(&batch)[0];
}
void swap_two(dispytch_batch& batch) {
  if (batch.n_messages > 1) std::swap(messages_of(&batch)[0], messages_of(&batch)[batch.n_messages - 1]);
}

std::set<const dispytch_batch*> unreleased;

void scribble(const dispytch_batch* batch) {
  for (std::uint32_t i = 0; i < batch->n_messages; ++i) {
    auto* const bytes = const_cast<std::uint8_t*>(batch->messages[i].payload.data);
    std::fill_n(bytes, batch->messages[i].payload.len, std::uint8_t{'#'});
  }
}

void remember(dispytch_batch& batch) { unreleased.insert(&batch); }

void remember_batches(Tables& tables) {
  change_batches<remember>(tables);
  tables.consumer.release = [](dispytch_consumer* consumer, const dispytch_batch* batch) noexcept {
    unreleased.erase(batch);
    sound().consumer->release(consumer, batch);
  };
}

}  // namespace

std::vector<Mutant> deliver_mutants() {
  return {
      {"loses the last message of a batch", change_batches<lose_the_last>, {"message.everything_arrives_once"}},
      {"delivers a message twice", change_batches<repeat_the_first>, {"message.everything_arrives_once"}},
      {"takes a payload for a string", change_batches<change_each<cut_at_zero>>, {"message.payload_keeps_its_bytes"}},
      {"cuts a payload at 64 KiB", change_batches<change_each<cut_at_64k>>, {"message.large_message_passes"}},
      {"delivers what is absent as empty",
       change_batches<change_each<empty_where_absent>>,
       {"message.absent_is_not_empty", "message.keys_keep_their_bytes"}},
      {"delivers what is empty as absent",
       change_batches<change_each<absent_where_empty>>,
       {"message.absent_is_not_empty", "message.keys_keep_their_bytes"}},
      {"forgets the time of a message", change_batches<change_each<forget_time>>, {"message.timestamp_is_kept"}},
      {"names a source that was never assigned", change_batches<change_each<name_another_source>>, {"message.sources_were_assigned"}},
      {"doesn't flag headers", change_batches<change_each<forget_header_flag>>, {"message.headers_keep_all"}},
      {"turns headers round", change_batches<change_each<turn_headers_round>>, {"message.headers_keep_all"}},
      {"takes a header without a value for an empty one",
       change_batches<change_each<empty_where_a_header_is_absent>>,
       {"message.null_headers_are_kept"}},
      {"takes all partitions for one source", change_batches<change_each<name_one_source_for_all>>, {"source.partitions_are_told_apart"}},
      {"delivers two messages in turned order", change_batches<swap_two>, {"message.source_keeps_order", "message.key_keeps_order"}},
      {"puts messages of one key anywhere",
       [](Tables& tables) {
         tables.producer.send = [](dispytch_producer* producer, const dispytch_message* messages, std::uint32_t stride, std::uint32_t count,
                                   std::uint32_t* accepted, dispytch_error* error) noexcept {
           std::vector<dispytch_message> spread(messages, messages + count);
           for (dispytch_message& message : spread) {
             message.flags |= DISPYTCH_MSG_PARTITION;
             message.partition = static_cast<std::int32_t>(message.token % 2);
           }
           return sound().producer->send(producer, spread.data(), stride, count, accepted, error);
         };
       },
       {"message.key_keeps_order"}},

      {"acknowledges its own events",
       [](Tables& tables) {
         tables.consumer.poll = [](dispytch_consumer* consumer, std::uint32_t max_messages, std::uint64_t max_bytes,
                                   std::int32_t timeout_ms, const dispytch_batch** out, dispytch_error* error) noexcept {
           const dispytch_status status = sound().consumer->poll(consumer, max_messages, max_bytes, timeout_ms, out, error);
           if (status == DISPYTCH_OK && (*out)->event_token != 0) {
             const dispytch_settlement done{(*out)->event_token, DISPYTCH_ACK, 0};
             sound().consumer->settle(consumer, &done, sizeof(done), 1, error);
           }
           return status;
         };
       },
       {"poll.assigned_comes_first", "group.revoking_waits_for_its_token"}},
      {"delivers one message more than it may",
       [](Tables& tables) {
         tables.consumer.poll = [](dispytch_consumer* consumer, std::uint32_t max_messages, std::uint64_t max_bytes,
                                   std::int32_t timeout_ms, const dispytch_batch** out, dispytch_error* error) noexcept {
           return sound().consumer->poll(consumer, max_messages + 1, max_bytes, timeout_ms, out, error);
         };
       },
       {"poll.honours_max_messages", "poll.zero_messages_means_events_only"}},
      {"throws away what it may not deliver",
       [](Tables& tables) {
         tables.consumer.poll = [](dispytch_consumer* consumer, std::uint32_t max_messages, std::uint64_t max_bytes,
                                   std::int32_t timeout_ms, const dispytch_batch** out, dispytch_error* error) noexcept -> dispytch_status {
           if (max_messages > 0) return sound().consumer->poll(consumer, max_messages, max_bytes, timeout_ms, out, error);
           const dispytch_status status = sound().consumer->poll(consumer, 10, max_bytes, timeout_ms, out, error);
           if (status != DISPYTCH_OK || (*out)->kind != DISPYTCH_MESSAGES) return status;
           sound().consumer->release(consumer, std::exchange(*out, nullptr));
           return DISPYTCH_TIMEOUT;
         };
       },
       {"poll.zero_messages_means_events_only"}},
      {"knows no bound of bytes",
       [](Tables& tables) {
         tables.consumer.poll = [](dispytch_consumer* consumer, std::uint32_t max_messages, std::uint64_t, std::int32_t timeout_ms,
                                   const dispytch_batch** out, dispytch_error* error) noexcept {
           return sound().consumer->poll(consumer, max_messages, 1 << 30, timeout_ms, out, error);
         };
       },
       {"poll.honours_max_bytes"}},
      {"polls longer than it may",
       [](Tables& tables) {
         tables.consumer.poll = [](dispytch_consumer* consumer, std::uint32_t max_messages, std::uint64_t max_bytes,
                                   std::int32_t timeout_ms, const dispytch_batch** out, dispytch_error* error) noexcept {
           if (max_messages == 0) std::this_thread::sleep_for(std::chrono::seconds{2});
           return sound().consumer->poll(consumer, max_messages, max_bytes, timeout_ms, out, error);
         };
       },
       {"poll.ends_at_its_timeout"}},
      {"doesn't wake",
       [](Tables& tables) { tables.consumer.wake = [](dispytch_consumer*) noexcept {}; },
       {"poll.wake_ends_a_waiting_poll", "poll.wake_before_poll_counts"}},
      {"writes over what is settled",
       [](Tables& tables) {
         remember_batches(tables);
         tables.consumer.settle = [](dispytch_consumer* consumer, const dispytch_settlement* settlements, std::uint32_t stride,
                                     std::uint32_t count, dispytch_error* error) noexcept {
           for (const dispytch_batch* batch : unreleased) scribble(batch);
           return sound().consumer->settle(consumer, settlements, stride, count, error);
         };
       },
       {"poll.views_live_until_release"}},
      {"writes over all batches when one is released",
       [](Tables& tables) {
         remember_batches(tables);
         tables.consumer.release = [](dispytch_consumer* consumer, const dispytch_batch* batch) noexcept {
           for (const dispytch_batch* other : unreleased) scribble(other);
           unreleased.erase(batch);
           sound().consumer->release(consumer, batch);
         };
       },
       {"poll.views_live_until_release"}},
  };
}

}  // namespace dispytch::conformance
