// Lies of a consumer about settling.
#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <vector>

#include "mutants/mutant.hpp"

namespace dispytch::conformance {
namespace {

dispytch_status settle_one(dispytch_consumer* consumer, dispytch_settlement settlement, dispytch_error* error) {
  return sound().consumer->settle(consumer, &settlement, sizeof(settlement), 1, error);
}

const dispytch_settlement& at(const dispytch_settlement* settlements, std::uint32_t stride, std::uint32_t index) {
  return *reinterpret_cast<const dispytch_settlement*>(reinterpret_cast<const char*>(settlements) + std::size_t{stride} * index);
}

// Settles one by one, each changed by `change`; the worst status counts.
template <void (*change)(dispytch_settlement&)>
void change_settlements(Tables& tables) {
  tables.consumer.settle = [](dispytch_consumer* consumer, const dispytch_settlement* settlements, std::uint32_t stride,
                              std::uint32_t count, dispytch_error* error) noexcept {
    dispytch_status worst = DISPYTCH_OK;
    for (std::uint32_t i = 0; i < count; ++i) {
      dispytch_settlement changed = at(settlements, stride, i);
      change(changed);
      if (const dispytch_status status = settle_one(consumer, changed, error); status < 0) worst = status;
    }
    return worst;
  };
}

void one_instead_of_all(dispytch_settlement& settlement) {
  if (settlement.action == DISPYTCH_ACK_UP_TO) settlement.action = DISPYTCH_ACK;
}
void all_instead_of_one(dispytch_settlement& settlement) {
  if (settlement.action == DISPYTCH_ACK && settlement.token >> 48 != 0xffff) settlement.action = DISPYTCH_ACK_UP_TO;
}

void acknowledge(dispytch_settlement& settlement) { settlement.action = DISPYTCH_ACK; }
void requeue_at_once(dispytch_settlement& settlement) { settlement.delay_ms = 0; }
void requeue_rejected(dispytch_settlement& settlement) {
  if (settlement.action == DISPYTCH_REJECT) settlement.action = DISPYTCH_REQUEUE;
}

// Holds back all messages once one was requeued for a time.
bool holds_back = false;
// Keeps what was requeued for a time to itself, and forgets it with its consumer.
std::vector<std::uint64_t> kept;

std::vector<std::uint64_t> delivered;
std::set<std::uint64_t> released;

// Polls, and remembers the tokens of what came.
void remember_tokens(Tables& tables) {
  tables.consumer.poll = [](dispytch_consumer* consumer, std::uint32_t max_messages, std::uint64_t max_bytes, std::int32_t timeout_ms,
                            const dispytch_batch** out, dispytch_error* error) noexcept {
    const dispytch_status status = sound().consumer->poll(consumer, max_messages, max_bytes, timeout_ms, out, error);
    for (std::uint32_t i = 0; status == DISPYTCH_OK && i < (*out)->n_messages; ++i) delivered.push_back((*out)->messages[i].token);
    return status;
  };
}

void settle_all_delivered(dispytch_consumer* consumer) {
  dispytch_error ignored{};
  ignored.size = sizeof(ignored);
  for (const std::uint64_t token : delivered) settle_one(consumer, {token, DISPYTCH_ACK, 0}, &ignored);
  delivered.clear();
}

}  // namespace

std::vector<Mutant> settle_mutants() {
  return {
      {"settles nothing",
       [](Tables& tables) {
         tables.consumer.settle = [](dispytch_consumer* consumer, const dispytch_settlement* settlements, std::uint32_t stride,
                                     std::uint32_t count, dispytch_error* error) noexcept -> dispytch_status {
           for (std::uint32_t i = 0; i < count; ++i) {
             if (at(settlements, stride, i).token >> 48 == 0xffff) settle_one(consumer, at(settlements, stride, i), error);
           }
           return DISPYTCH_OK;
         };
       },
       {"settle.each_is_done", "settle.up_to_is_done", "settle.works_after_release_from_any_thread", "settle.stale_tokens_are_skipped",
        "position.a_position_beats_start", "size.longer_settlements"}},
      {"settles one of all that came before", change_settlements<one_instead_of_all>, {"settle.up_to_is_done"}},
      {"settles all before where one was meant", change_settlements<all_instead_of_one>, {"settle.each_is_done"}},
      {"settles what is delivered when it closes",
       [](Tables& tables) {
         remember_tokens(tables);
         tables.consumer.close = [](dispytch_consumer* consumer, std::int32_t timeout_ms, dispytch_error* error) noexcept {
           settle_all_delivered(consumer);
           return sound().consumer->close(consumer, timeout_ms, error);
         };
       },
       {"settle.unsettled_comes_again"}},
      {"settles all sources where one was meant",
       [](Tables& tables) {
         remember_tokens(tables);
         tables.consumer.settle = [](dispytch_consumer* consumer, const dispytch_settlement* settlements, std::uint32_t stride,
                                     std::uint32_t count, dispytch_error* error) noexcept {
           if (count > 0 && settlements->action == DISPYTCH_ACK_UP_TO) settle_all_delivered(consumer);
           return sound().consumer->settle(consumer, settlements, stride, count, error);
         };
       },
       {"settle.up_to_is_per_source"}},
      {"counts no attempts",
       [](Tables& tables) {
         tables.consumer.poll = [](dispytch_consumer* consumer, std::uint32_t max_messages, std::uint64_t max_bytes,
                                   std::int32_t timeout_ms, const dispytch_batch** out, dispytch_error* error) noexcept {
           const dispytch_status status = sound().consumer->poll(consumer, max_messages, max_bytes, timeout_ms, out, error);
           for (std::uint32_t i = 0; status == DISPYTCH_OK && i < (*out)->n_messages; ++i) {
             const_cast<dispytch_message*>((*out)->messages)[i].attempt = 1;
           }
           return status;
         };
       },
       {"settle.attempts_are_counted", "settle.requeue_counts_the_delivery"}},
      {"takes stale tokens in silence",
       [](Tables& tables) {
         tables.consumer.settle = [](dispytch_consumer* consumer, const dispytch_settlement* settlements, std::uint32_t stride,
                                     std::uint32_t count, dispytch_error* error) noexcept -> dispytch_status {
           const dispytch_status status = sound().consumer->settle(consumer, settlements, stride, count, error);
           return status == DISPYTCH_EFENCED ? static_cast<dispytch_status>(DISPYTCH_OK) : status;
         };
       },
       {"settle.settled_tokens_are_fenced", "settle.stale_tokens_are_skipped", "group.revoked_tokens_are_fenced"}},
      {"stops at a stale token",
       [](Tables& tables) {
         tables.consumer.settle = [](dispytch_consumer* consumer, const dispytch_settlement* settlements, std::uint32_t stride,
                                     std::uint32_t count, dispytch_error* error) noexcept {
           dispytch_status status = DISPYTCH_OK;
           for (std::uint32_t i = 0; i < count && status == DISPYTCH_OK; ++i)
             status = settle_one(consumer, at(settlements, stride, i), error);
           return status;
         };
       },
       {"settle.stale_tokens_are_skipped"}},
      {"forgets the tokens of a released batch",
       [](Tables& tables) {
         tables.consumer.release = [](dispytch_consumer* consumer, const dispytch_batch* batch) noexcept {
           for (std::uint32_t i = 0; i < batch->n_messages; ++i) released.insert(batch->messages[i].token);
           sound().consumer->release(consumer, batch);
         };
         tables.consumer.settle = [](dispytch_consumer* consumer, const dispytch_settlement* settlements, std::uint32_t stride,
                                     std::uint32_t count, dispytch_error* error) noexcept -> dispytch_status {
           if (count > 0 && released.contains(settlements->token)) {
             std::strcpy(error->text, "released");
             return error->code = DISPYTCH_EFENCED;
           }
           return sound().consumer->settle(consumer, settlements, stride, count, error);
         };
       },
       {"settle.works_after_release_from_any_thread"}},
      {"walks settlements by its own size",
       [](Tables& tables) {
         tables.consumer.settle = [](dispytch_consumer* consumer, const dispytch_settlement* settlements, std::uint32_t,
                                     std::uint32_t count, dispytch_error* error) noexcept {
           return sound().consumer->settle(consumer, settlements, sizeof(dispytch_settlement), count, error);
         };
       },
       {"size.longer_settlements", "size.shorter_settlements"}},
      {"can't close while messages are unsettled",
       [](Tables& tables) {
         tables.consumer.close = [](dispytch_consumer* consumer, std::int32_t timeout_ms,
                                    dispytch_error* error) noexcept -> dispytch_status {
           sound().consumer->close(consumer, timeout_ms, error);
           std::strcpy(error->text, "messages are unsettled");
           return error->code = DISPYTCH_EUNAVAILABLE;
         };
       },
       {"end.close_with_messages_unsettled"}},
  };
}

std::vector<Mutant> queue_mutants() {
  return {
      {"holds all back while a message waits",
       [](Tables& tables) {
         tables.consumer.settle = [](dispytch_consumer* consumer, const dispytch_settlement* settlements, std::uint32_t stride,
                                     std::uint32_t count, dispytch_error* error) noexcept {
           for (std::uint32_t i = 0; i < count; ++i) holds_back = holds_back || at(settlements, stride, i).delay_ms > 0;
           return sound().consumer->settle(consumer, settlements, stride, count, error);
         };
         tables.consumer.poll = [](dispytch_consumer* consumer, std::uint32_t max_messages, std::uint64_t max_bytes,
                                   std::int32_t timeout_ms, const dispytch_batch** out, dispytch_error* error) noexcept {
           return sound().consumer->poll(consumer, holds_back ? 0 : max_messages, max_bytes, timeout_ms, out, error);
         };
       },
       {"settle.requeue_holds_nothing_back"}},
      {"forgets what waits when its consumer closes",
       [](Tables& tables) {
         tables.consumer.settle = [](dispytch_consumer* consumer, const dispytch_settlement* settlements, std::uint32_t stride,
                                     std::uint32_t count, dispytch_error* error) noexcept -> dispytch_status {
           if (count == 1 && settlements->action == DISPYTCH_REQUEUE && settlements->delay_ms > 0) {
             kept.push_back(settlements->token);
             return DISPYTCH_OK;
           }
           return sound().consumer->settle(consumer, settlements, stride, count, error);
         };
         tables.consumer.close = [](dispytch_consumer* consumer, std::int32_t timeout_ms, dispytch_error* error) noexcept {
           for (const std::uint64_t token : kept) settle_one(consumer, {token, DISPYTCH_ACK, 0}, error);
           kept.clear();
           return sound().consumer->close(consumer, timeout_ms, error);
         };
       },
       {"settle.requeued_outlives_its_consumer"}},
      {"forgets what is requeued", change_settlements<acknowledge>, {"settle.requeue_delivers_again"}},
      {"requeues without delay", change_settlements<requeue_at_once>, {"settle.requeue_waits"}},
      {"delivers again what is rejected", change_settlements<requeue_rejected>, {"settle.rejected_does_not_come_again"}},
  };
}

}  // namespace dispytch::conformance
