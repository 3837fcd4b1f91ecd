#include "admin.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "command.hpp"
#include "errors.hpp"
#include "scripted.hpp"
#include "scripts.hpp"

namespace dispytch::redis {
namespace {

using plugin::Exception;

}  // namespace

std::int64_t StreamState::high() const noexcept { return last == EntryId{} ? 0 : last.next().offset().value_or(0); }
std::int64_t StreamState::low() const noexcept { return first ? first->offset().value_or(0) : high(); }

Admin::Admin(const Server& server, std::chrono::milliseconds timeout)
    : server_{server}, session_{server.options, server.client_name("asking"), timeout} {}

StreamState Admin::stream(const std::string& topic) {
  const Reply info = session_.ask({"XINFO", "STREAM", topic});
  if (is_error(*info)) {
    if (refusal_of(text(*info)) == Refusal::no_key) {
      throw Exception{plugin::Error{.code = DISPYTCH_ENOTFOUND,
                                    .text = "there is no stream `" + topic + "` at " + server_.name(),
                                    .retriable = server_.options.declare_missing}};
    }
    throw Exception{error_of(text(*info), "asking for stream `" + topic + "`", server_.name())};
  }
  StreamState state;
  state.last = EntryId::parse(text(member(*info, "last-generated-id"))).value_or(EntryId{});
  state.first = EntryId::parse(text(element(member(*info, "first-entry"), 0)));
  return state;
}

std::optional<GroupState> Admin::group_state(const std::string& topic, const std::string& group) {
  const Stream stream{topic, 0, group};
  const Reply reply = session_.ask(run_script(kBacklog, stream, group, "", {}));
  if (is_error(*reply)) {
    if (refusal_of(text(*reply)) == Refusal::no_key) return std::nullopt;
    throw Exception{error_of(text(*reply), "asking for group `" + group + "` of stream `" + topic + "`", server_.name())};
  }
  if (elements(*reply).empty()) return std::nullopt;
  GroupState state;
  state.unread = integer(element(*reply, 0), -1);
  state.pending = integer(element(*reply, 1));
  state.given_back = integer(element(*reply, 2));
  state.delivered = EntryId::parse(text(element(*reply, 3))).value_or(EntryId{});
  state.last = EntryId::parse(text(element(*reply, 4))).value_or(EntryId{});
  state.least = EntryId::parse(text(element(*reply, 5)));
  state.first = EntryId::parse(text(element(*reply, 6)));
  return state;
}

std::vector<plugin::Range> Admin::ranges(const std::string& topic, const std::string& group) {
  const StreamState state = stream(topic);
  plugin::Range range{.low = state.low(), .high = state.high()};
  if (!group.empty()) {
    if (const auto its = group_state(topic, group)) range.stored = std::max(range.low, its->position().offset().value_or(0));
  }
  return {range};
}

void Admin::delete_up_to(std::span<const plugin::Source> sources) {
  for (const plugin::Source& source : sources) {
    if (source.partition.value_or(0) != 0) {
      throw Exception{DISPYTCH_ENOTFOUND, "stream `" + source.topic + "` has no partition " + std::to_string(*source.partition)};
    }
    const StreamState state = stream(source.topic);
    if (!source.offset || *source.offset < 0 || *source.offset > state.high()) {
      throw Exception{DISPYTCH_EINVAL, "stream `" + source.topic + "`: expected an offset from 0 to " + std::to_string(state.high()) +
                                           ", found " + (source.offset ? std::to_string(*source.offset) : "none")};
    }
  }
  for (const plugin::Source& source : sources) {
    session_.require({"XTRIM", source.topic, "MINID", EntryId::at(*source.offset).text()},
                     "deleting the front of stream `" + source.topic + "`");
  }
}

}  // namespace dispytch::redis
