#include "listen/membership.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/log.hpp"
#include "base/mutate.hpp"
#include "text/bytes.hpp"

namespace dispytch::listen {
namespace {

std::string list_sources(const border::Batch& event) {
  std::string list;
  for (const dispytch_source& source : event.sources()) {
    if (!list.empty()) list += ", ";
    list += std::string{text::view(source.topic)} + "[" + std::to_string(source.partition) + "]";
  }
  return list.empty() ? "nothing" : list;
}

}  // namespace

Membership::Membership(bool announces_sources, const Parts& parts) : parts_{parts}, announces_sources_{announces_sources} {
  parts_.counters.joined.store(!announces_sources, std::memory_order_relaxed);
}

void Membership::handle(const border::Batch& event) {
  const dispytch_batch& raw = event.raw();
  switch (raw.kind) {
    case DISPYTCH_ASSIGNED: assigned(event); break;
    case DISPYTCH_REVOKING: revoking(event); return;  // confirmed once it is over
    case DISPYTCH_LOST: lost(event); break;
    case DISPYTCH_DOWN: set_down(true, event); break;
    case DISPYTCH_UP: set_down(false, event); break;
    default:
      log::warning(parts_.setup.log_source,
                   "the plugin reported an event of the unknown kind " + std::to_string(raw.kind) + "; it was passed over");
  }
  parts_.settling.confirm(raw.event_token);
}

void Membership::assigned(const border::Batch& event) {
  announces_sources_ = true;
  knows_its_part_ = true;
  for (const dispytch_source& source : event.sources()) {
    settle::Source& added = parts_.in_flight.ledger().add(source.source);
    added.topic = text::view(source.topic);
    added.partition = (source.flags & DISPYTCH_SOURCE_PARTITION) != 0 ? source.partition : -1;
    if (parts_.halt.is_draining()) added.revoked.store(true, std::memory_order_relaxed);
  }
  if (!event.sources().empty() || !DISPYTCH_MUTATE("not_ready_without_a_part")) {
    parts_.counters.joined.store(true, std::memory_order_relaxed);
  }
  Counters::add(parts_.counters.assigned, event.sources().size());
  parts_.setup.announce("assigned: " + list_sources(event));
}

void Membership::revoking(const border::Batch& event) {
  std::vector<settle::Source*> sources = sources_of(event);
  count_out(sources);
  parts_.revocations.begin(std::move(sources), {.event_token = event.raw().event_token,
                                                .deadline = std::chrono::milliseconds{event.raw().deadline_ms},
                                                .list = list_sources(event)});
}

void Membership::lost(const border::Batch& event) {
  const std::string why{text::view(event.raw().text)};
  const bool everything = event.sources().empty() && event.tokens().empty();
  const std::vector<settle::Source*> sources = everything ? parts_.in_flight.sources() : sources_of(event);
  if (everything) {
    parts_.counters.assigned.store(0, std::memory_order_relaxed);
    knows_its_part_ = false;
    parts_.counters.joined.store(false, std::memory_order_relaxed);
    log::warning(parts_.setup.log_source, "lost everything: " + why);
  } else {
    count_out(sources);
    log::warning(parts_.setup.log_source, "lost: " + list_sources(event) + (why.empty() ? "" : ": " + why));
  }
  parts_.revocations.lose(sources);
}

void Membership::set_down(bool down, const border::Batch& event) {
  parts_.counters.down.store(down, std::memory_order_relaxed);
  if (down) {
    log::warning(parts_.setup.log_source, "the broker can't be reached: " + std::string{text::view(event.raw().text)});
  } else {
    log::info(parts_.setup.log_source, "the broker can be reached again");
  }
}

std::vector<settle::Source*> Membership::sources_of(const border::Batch& event) {
  std::vector<settle::Source*> sources;
  for (const dispytch_source& named : event.sources()) {
    if (settle::Source* const source = parts_.in_flight.ledger().find(named.source)) sources.push_back(source);
  }
  return sources;
}

// One that is lost while it was about to be given up was counted out then.
void Membership::count_out(const std::vector<settle::Source*>& sources) noexcept {
  Counters::Count& assigned = parts_.counters.assigned;
  const auto read = static_cast<std::uint64_t>(
      std::ranges::count_if(sources, [](const settle::Source* source) { return !source->revoked.load(std::memory_order_relaxed); }));
  Counters::subtract(assigned, std::min<std::uint64_t>(assigned.load(std::memory_order_relaxed), read));
  if (assigned.load(std::memory_order_relaxed) == 0) knows_its_part_ = false;
}

void Membership::note_idle(std::chrono::nanoseconds since) {
  Counters& counters = parts_.counters;
  if (counters.down.load(std::memory_order_relaxed) || (announces_sources_ && !knows_its_part_)) return;
  if (DISPYTCH_MUTATE("never_idle_without_a_part") && counters.assigned.load(std::memory_order_relaxed) == 0) return;
  if (!parts_.in_flight.is_at_rest()) return;
  if (counters.idle_since_ns.load(std::memory_order_relaxed) == 0) counters.idle_since_ns.store(since.count(), std::memory_order_relaxed);
}

}  // namespace dispytch::listen
