// Lies of a consumer about attempts and about what was begun.
#include <cstdint>
#include <cstring>
#include <vector>

#include "mutants/mutant.hpp"

namespace dispytch::conformance {
namespace {

// Polls, and changes each message.
template <void (*change)(dispytch_message&)>
void change_messages(Tables& tables) {
  tables.consumer.poll = [](dispytch_consumer* consumer, std::uint32_t max_messages, std::uint64_t max_bytes, std::int32_t timeout_ms,
                            const dispytch_batch** out, dispytch_error* error) noexcept {
    const dispytch_status status = sound().consumer->poll(consumer, max_messages, max_bytes, timeout_ms, out, error);
    for (std::uint32_t i = 0; status == DISPYTCH_OK && i < (*out)->n_messages; ++i) {
      change(const_cast<dispytch_message*>((*out)->messages)[i]);
    }
    return status;
  };
}

void forget_attempts(dispytch_message& message) { message.attempts = 0; }
void say_no_attempts(dispytch_message& message) { message.flags &= ~static_cast<std::uint32_t>(DISPYTCH_MSG_ATTEMPTS); }
void count_all_deliveries(dispytch_message& message) { message.attempt += message.attempts; }

}  // namespace

std::vector<Mutant> attempts_mutants() {
  return {
      {"forgets how often a message failed", change_messages<forget_attempts>, {"attempts.travel_with_a_requeue"}},
      {"doesn't say that it tells attempts", change_messages<say_no_attempts>, {"attempts.travel_with_a_requeue"}},
      {"counts deliveries before the requeue", change_messages<count_all_deliveries>, {"attempts.travel_with_a_requeue"}},
      {"reads settlements as version 1.0 does",
       [](Tables& tables) {
         tables.consumer.settle = [](dispytch_consumer* consumer, const dispytch_settlement* settlements, std::uint32_t stride,
                                     std::uint32_t count, dispytch_error* error) noexcept {
           std::vector<dispytch_settlement> short_ones(count);
           for (std::uint32_t i = 0; i < count; ++i) {
             std::memcpy(&short_ones[i], reinterpret_cast<const char*>(settlements) + std::size_t{stride} * i, 16);
           }
           return sound().consumer->settle(consumer, short_ones.data(), sizeof(dispytch_settlement), count, error);
         };
       },
       {"attempts.travel_with_a_requeue"}},
      {"forgets what was begun",
       [](Tables& tables) {
         tables.consumer.begin = [](dispytch_consumer*, const std::uint64_t*, std::uint32_t, std::int32_t, std::int32_t,
                                    dispytch_error*) noexcept -> dispytch_status { return DISPYTCH_OK; };
       },
       {"attempts.begun_is_remembered", "attempts.begin_of_a_stale_token_is_fenced"}},
      {"never takes back what was begun",
       [](Tables& tables) {
         tables.consumer.begin = [](dispytch_consumer* consumer, const std::uint64_t* tokens, std::uint32_t count, std::int32_t on,
                                    std::int32_t timeout_ms, dispytch_error* error) noexcept -> dispytch_status {
           return on == 0 ? DISPYTCH_OK : sound().consumer->begin(consumer, tokens, count, on, timeout_ms, error);
         };
       },
       {"attempts.begun_is_remembered"}},
  };
}

}  // namespace dispytch::conformance
