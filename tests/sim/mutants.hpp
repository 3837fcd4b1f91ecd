// The mistake that the engine is to make in this run.
#pragma once

#include <array>
#include <string_view>

namespace dispytch::sim {

/// Every DISPYTCH_MUTATE of the engine; a test holds the list against the sources.
inline constexpr std::array kMutants = std::to_array<std::string_view>({
    "mark_highest",
    "lane_for_each_message",
    "settle_before_emits",
    "settle_a_batch_before_its_emits",
    "ack_what_throws",
    "go_on_behind_a_failure",
    "no_bound",
    "no_bound_of_bytes",
    "no_span",
    "no_share_of_a_lane",
    "close_without_sync",
    "settle_at_return",
    "retry_out_of_order",
    "settle_before_dead_letter",
    "settle_a_failed_dead_letter",
    "revoke_without_waiting",
    "confirm_before_settling",
    "forget_one_lane_on_revoke",
    "settle_for_the_next_owner",
    "part_without_sync",
    "never_resume",
    "forget_a_retry",
    "lose_an_early_answer",
    "no_handler_timeout",
    "begin_what_was_let_go",
    "forget_what_was_taken_back",
    "forget_a_batch",
    "fail_the_neighbours",
    "settle_with_the_batch",
    "one_too_many_in_a_batch",
    "settle_what_failed_behind",
    "requeue_settles_too",
    "requeue_forgets_attempts",
    "requeue_at_once",
    "forget_a_requeue",
    "begin_a_suspect_untold",
    "blame_the_neighbours",
    "handle_suspects_together",
    "settle_what_never_began",
    "not_ready_without_a_part",
    "never_idle_without_a_part",
    "never_idle_beside_what_is_held",
    "try_an_unstorable_letter_for_ever",
    "leave_nothing_out_of_a_letter",
});

/// Before the threads that run schedules begin. Empty: none.
void set_mutant(std::string_view name) noexcept;

}  // namespace dispytch::sim
