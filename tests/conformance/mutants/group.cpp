// Lies of a consumer about its group and its position.
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "mutants/mutant.hpp"

namespace dispytch::conformance {
namespace {

// Opens a consumer with a text of its JSON replaced.
template <void (*change)(std::string& json)>
void change_open(Tables& tables) {
  tables.consumer.open = [](dispytch_adapter* adapter, const char* json, std::size_t len, std::uint64_t cookie, std::int32_t timeout_ms,
                            dispytch_consumer** out, dispytch_error* error) noexcept {
    std::string changed{json, len};
    change(changed);
    return sound().consumer->open(adapter, changed.data(), changed.size(), cookie, timeout_ms, out, error);
  };
}

void replace(std::string& text, std::string_view from, std::string_view to) {
  if (const std::size_t at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
}

void one_group_for_all(std::string& json) { replace(json, "\"group\":\"", "\"group\":\"all\",\"another\":\""); }
void a_group_for_each(std::string& json) {
  static int groups = 0;
  replace(json, "\"group\":\"", "\"group\":\"" + std::to_string(++groups));
}
void stays_behind(std::string& json) { replace(json, "\"ephemeral\":true", "\"ephemeral\":false"); }
void latest_for_earliest(std::string& json) { replace(json, "earliest", "latest"); }
void earliest_for_latest(std::string& json) { replace(json, "latest", "earliest"); }
void a_new_group_for_latest(std::string& json) {
  if (json.find("latest") != std::string::npos) a_group_for_each(json);
}
void no_such_pattern(std::string& json) { replace(json, "\"pattern\":\"", "\"pattern\":\"^nothing-begins-like-this"); }

std::vector<dispytch_consumer*> unclosed;

// Source numbers without their generation.
void forget_generations(const dispytch_batch& batch) {
  for (std::uint32_t i = 0; i < batch.n_messages; ++i) const_cast<dispytch_message*>(batch.messages)[i].source &= 0xffff;
  for (std::uint32_t i = 0; i < batch.n_sources; ++i) const_cast<dispytch_source*>(batch.sources)[i].source &= 0xffff;
}

}  // namespace

std::vector<Mutant> group_mutants() {
  return {
      {"has one group for all", change_open<one_group_for_all>, {"group.every_group_gets_all"}},
      {"has a group for each consumer",
       change_open<a_group_for_each>,
       {"group.members_share", "group.revoking_waits_for_its_token", "group.revoked_tokens_are_fenced"}},
      {"leaves the group of a look behind", change_open<stays_behind>, {"group.an_ephemeral_look_leaves_nothing"}},
      {"keeps partitions when it closes",
       [](Tables& tables) {
         tables.consumer.close = [](dispytch_consumer* consumer, std::int32_t, dispytch_error*) noexcept -> dispytch_status {
           unclosed.push_back(consumer);
           return DISPYTCH_OK;
         };
         tables.plugin.close = [](dispytch_adapter* adapter, std::int32_t timeout_ms, dispytch_error* error) noexcept {
           for (dispytch_consumer* consumer : unclosed) sound().consumer->close(consumer, timeout_ms, error);
           unclosed.clear();
           return sound().close(adapter, timeout_ms, error);
         };
       },
       {"group.close_hands_over"}},
      {"gives a source its old number again",
       [](Tables& tables) {
         tables.consumer.poll = [](dispytch_consumer* consumer, std::uint32_t max_messages, std::uint64_t max_bytes,
                                   std::int32_t timeout_ms, const dispytch_batch** out, dispytch_error* error) noexcept {
           const dispytch_status status = sound().consumer->poll(consumer, max_messages, max_bytes, timeout_ms, out, error);
           if (status == DISPYTCH_OK) forget_generations(**out);
           return status;
         };
       },
       {"group.a_source_returns_as_another"}},
      {"begins with what comes", change_open<latest_for_earliest>, {"position.earliest_begins_with_the_oldest"}},
      {"begins with the oldest", change_open<earliest_for_latest>, {"position.latest_begins_with_what_comes"}},
      {"forgets its position with start: latest", change_open<a_new_group_for_latest>, {"position.a_position_beats_start"}},
      {"finds no topic by pattern", change_open<no_such_pattern>, {"position.a_pattern_finds_the_topic"}},
      {"doesn't say that a topic is missing",
       [](Tables& tables) {
         tables.consumer.open = [](dispytch_adapter* adapter, const char* json, std::size_t len, std::uint64_t cookie,
                                   std::int32_t timeout_ms, dispytch_consumer** out, dispytch_error* error) noexcept -> dispytch_status {
           const dispytch_status status = sound().consumer->open(adapter, json, len, cookie, timeout_ms, out, error);
           return status == DISPYTCH_ENOTFOUND ? static_cast<dispytch_status>(DISPYTCH_EINVAL) : status;
         };
       },
       {"position.missing_topic_is_not_found"}},
      {"doesn't name the topic that is missing",
       [](Tables& tables) {
         tables.consumer.open = [](dispytch_adapter* adapter, const char* json, std::size_t len, std::uint64_t cookie,
                                   std::int32_t timeout_ms, dispytch_consumer** out, dispytch_error* error) noexcept {
           const dispytch_status status = sound().consumer->open(adapter, json, len, cookie, timeout_ms, out, error);
           if (status < 0) std::strcpy(error->text, "no such topic");
           return status;
         };
       },
       {"position.missing_topic_is_not_found"}},
      {"doesn't pause",
       [](Tables& tables) {
         tables.consumer.pause = [](dispytch_consumer*, const dispytch_source*, std::uint32_t, std::uint32_t, std::int32_t,
                                    dispytch_error*) noexcept -> dispytch_status { return DISPYTCH_OK; };
       },
       {"position.pause_withholds_one_source"}},
      {"doesn't end a pause",
       [](Tables& tables) {
         tables.consumer.pause = [](dispytch_consumer* consumer, const dispytch_source* sources, std::uint32_t stride, std::uint32_t count,
                                    std::int32_t, dispytch_error* error) noexcept {
           return sound().consumer->pause(consumer, sources, stride, count, 1, error);
         };
       },
       {"position.pause_withholds_one_source"}},
      {"doesn't seek",
       [](Tables& tables) {
         tables.consumer.seek = [](dispytch_consumer*, const dispytch_source*, std::uint32_t, std::uint32_t, std::int32_t,
                                   dispytch_error*) noexcept -> dispytch_status { return DISPYTCH_OK; };
       },
       {"position.seek_moves_a_source", "position.seek_before_acknowledging"}},
  };
}

}  // namespace dispytch::conformance
