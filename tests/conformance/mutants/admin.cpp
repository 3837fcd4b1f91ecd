// Mutants of the extension "dispytch.admin/1".
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "mutants/mutant.hpp"

namespace dispytch::conformance {
namespace {

const dispytch_admin& sound_admin() { return *static_cast<const dispytch_admin*>(sound().extension(DISPYTCH_EXTENSION_ADMIN)); }

dispytch_admin lying;

using Ranges = decltype(dispytch_admin::ranges);
using DeleteUpTo = decltype(dispytch_admin::delete_up_to);

void offer(Tables& tables) {
  tables.plugin.extension = [](const char* id) noexcept -> const void* {
    return std::strcmp(id, DISPYTCH_EXTENSION_ADMIN) == 0 ? &lying : sound().extension(id);
  };
}
template <Ranges ranges>
void with_ranges(Tables& tables) {
  lying = sound_admin();
  lying.ranges = ranges;
  offer(tables);
}
template <DeleteUpTo delete_up_to>
void with_delete_up_to(Tables& tables) {
  lying = sound_admin();
  lying.delete_up_to = delete_up_to;
  offer(tables);
}

// The sound plugin's ranges, then a change to each, as many as were written.
template <void (*change)(dispytch_range& range)>
dispytch_status changed(dispytch_adapter* adapter, dispytch_bytes topic, dispytch_bytes group, dispytch_range* out, std::uint32_t stride,
                        std::uint32_t capacity, std::uint32_t* count, std::int32_t timeout_ms, dispytch_error* error) noexcept {
  const dispytch_status status = sound_admin().ranges(adapter, topic, group, out, stride, capacity, count, timeout_ms, error);
  for (std::uint32_t i = 0; i < std::min(*count, capacity); ++i) {
    change(*reinterpret_cast<dispytch_range*>(reinterpret_cast<std::byte*>(out) + std::size_t{i} * stride));
  }
  return status;
}
void one_more(dispytch_range& range) { ++range.high; }
void begins_later(dispytch_range& range) { range.low = range.high; }
void all_stored(dispytch_range& range) {
  range.flags |= DISPYTCH_RANGE_STORED;
  range.stored = range.high;
}
void none_stored(dispytch_range& range) { range.flags = 0; }

dispytch_status counts_what_it_wrote(dispytch_adapter* adapter, dispytch_bytes topic, dispytch_bytes group, dispytch_range* out,
                                     std::uint32_t stride, std::uint32_t capacity, std::uint32_t* count, std::int32_t timeout_ms,
                                     dispytch_error* error) noexcept {
  const dispytch_status status = sound_admin().ranges(adapter, topic, group, out, stride, capacity, count, timeout_ms, error);
  *count = std::min(*count, capacity);
  return status;
}
dispytch_status ignores_the_capacity(dispytch_adapter* adapter, dispytch_bytes topic, dispytch_bytes group, dispytch_range* out,
                                     std::uint32_t stride, std::uint32_t capacity, std::uint32_t* count, std::int32_t timeout_ms,
                                     dispytch_error* error) noexcept {
  return sound_admin().ranges(adapter, topic, group, out, stride, std::max(capacity, 1U), count, timeout_ms, error);
}

template <std::int64_t more>
dispytch_status delete_elsewhere(dispytch_adapter* adapter, const dispytch_source* sources, std::uint32_t, std::uint32_t,
                                 std::int32_t timeout_ms, dispytch_error* error) noexcept {
  dispytch_source source = *sources;
  source.offset += more;
  return sound_admin().delete_up_to(adapter, &source, sizeof source, 1, timeout_ms, error);
}
dispytch_status delete_nothing(dispytch_adapter*, const dispytch_source*, std::uint32_t, std::uint32_t, std::int32_t,
                               dispytch_error*) noexcept {
  return DISPYTCH_OK;
}
dispytch_status delete_everywhere(dispytch_adapter* adapter, const dispytch_source* sources, std::uint32_t stride, std::uint32_t count,
                                  std::int32_t timeout_ms, dispytch_error* error) noexcept {
  dispytch_source other = *sources;
  for (other.partition = 0; other.partition < 4; ++other.partition) {
    if (other.partition == sources->partition) continue;
    dispytch_error unheard{};
    unheard.size = sizeof unheard;
    other.offset = 1;
    sound_admin().delete_up_to(adapter, &other, sizeof other, 1, timeout_ms, &unheard);
  }
  return sound_admin().delete_up_to(adapter, sources, stride, count, timeout_ms, error);
}

}  // namespace

std::vector<Mutant> admin_mutants() {
  return {
      {"says a high that is too high", with_ranges<changed<one_more>>, {"admin.ranges_say_what_is_kept"}},
      {"says that nothing is kept", with_ranges<changed<begins_later>>, {"admin.ranges_say_what_is_kept"}},
      {"says a position for everybody",
       with_ranges<changed<all_stored>>,
       {"admin.ranges_say_what_is_kept", "admin.ranges_say_the_groups_position"}},
      {"says no position", with_ranges<changed<none_stored>>, {"admin.ranges_say_the_groups_position"}},
      {"counts the ranges that it wrote", with_ranges<counts_what_it_wrote>, {"admin.ranges_honour_the_capacity"}},
      {"writes a range without room", with_ranges<ignores_the_capacity>, {"admin.ranges_honour_the_capacity"}},
      {"deletes the message at the offset too", with_delete_up_to<delete_elsewhere<1>>, {"admin.delete_up_to_deletes_what_is_before"}},
      {"keeps the message before the offset", with_delete_up_to<delete_elsewhere<-1>>, {"admin.delete_up_to_deletes_what_is_before"}},
      {"deletes nothing",
       with_delete_up_to<delete_nothing>,
       {"admin.delete_up_to_deletes_what_is_before", "admin.delete_up_to_refuses_what_is_not_there"}},
      {"deletes in every partition", with_delete_up_to<delete_everywhere>, {"admin.delete_up_to_deletes_what_is_before"}},
  };
}

}  // namespace dispytch::conformance
