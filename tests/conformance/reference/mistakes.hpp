// The mistakes that the reference plugin makes when its options say so: each of the sort that loses or hides something when a connection
// breaks, or a broker goes away. The conformance kit is held to find each.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace dispytch::reference {

struct Mistake {
  std::string_view name;                      ///< as `mistake` in the backend's options says it
  std::vector<std::string_view> breaks = {};  ///< the rules that must find it
};

/// All, with the rules that find them.
inline const std::vector<Mistake>& mistakes() {
  static const std::vector<Mistake> all{
      {"opens_once", {"connect.waits_while_refused", "connect.waits_for_a_starting_broker"}},
      {"trusts_a_silent_broker", {"connect.waits_while_silent", "cut.consumer_goes_on_after_silence"}},
      {"opens_for_ever", {"connect.error_names_the_address"}},
      {"hides_the_address", {"connect.error_names_the_address"}},
      {"tries_a_refused_login_again", {"connect.refused_login_ends_at_once"}},
      {"never_reconnects", {"cut.consumer_goes_on", "kill.a_consumer_goes_on", "cut.unsettled_is_kept_or_comes_again"}},
      {"overlooks_a_half_close", {"cut.consumer_goes_on"}},
      {"forgets_what_came_half", {"cut.nothing_is_lost_between_frames"}},
      {"comes_back_as_another", {"cut.unsettled_is_kept_or_comes_again"}},
      {"forgets_acknowledgements", {"cut.what_was_synced_stays_settled"}},
      {"syncs_without_waiting", {"silence.sync_ends_with_an_error", "cut.sync_covers_a_cut_behind_it"}},
      {"syncs_for_ever", {"silence.sync_ends_with_an_error"}},
      {"closes_without_waiting", {"silence.close_says_that_it_could_not", "end.close_keeps_what_was_settled"}},
      {"closes_for_ever", {"silence.close_says_that_it_could_not"}},
      {"forgets_reports", {"resend.every_message_has_one_report"}},
      {"reports_twice", {"resend.every_message_has_one_report"}},
      {"says_not_sent", {"resend.reports_tell_the_truth_without_answers"}},
      {"confirms_what_is_written", {"resend.reports_tell_the_truth_without_requests"}},
      {"resends_backwards", {"resend.order_holds"}},
      {"resends_as_new", {"resend.late_bytes_change_nothing"}},
      {"forgets_that_there_is_room", {"resend.again_is_followed_by_notify"}},
      {"never_gives_up",
       {"silence.emits_end_at_their_timeout", "away.emits_end_at_their_timeout", "away.emits_end_while_it_is_slow",
        "kill.a_frozen_broker_is_waited_for"}},
      {"gives_up_at_once", {"away.emits_wait_until_it_is_back"}},
      {"never_says_down", {"away.down_and_up_are_said_once"}},
      {"never_says_up", {"away.down_and_up_are_said_once"}},
      {"says_down_again_and_again", {"away.down_and_up_are_said_once"}},
      {"sends_no_heartbeat", {"lease.a_message_in_hand_stays"}},
      {"hides_what_is_lost", {"lease.what_is_taken_away_is_lost"}},
      {"takes_topics_for_one_source", {"source.topics_are_told_apart"}},
      {"reads_the_first_topic_alone", {"source.every_topic_is_read", "source.topics_are_told_apart"}},
      {"leaves_a_group_behind", {"group.an_ephemeral_reader_leaves_nothing_behind"}},
      {"drops_what_it_had_ahead", {"group.members_come_and_go_under_load"}},
      {"changes_a_signal", {"end.signal_dispositions_stay"}},
      {"confirms_what_is_not_stored", {"kill.confirmed_messages_survive"}},
      {"settles_what_is_not_stored", {"kill.positions_survive"}},
  };
  return all;
}

}  // namespace dispytch::reference
