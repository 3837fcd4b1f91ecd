// Groups, from outside: part of Admin.
#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "admin.hpp"
#include "command.hpp"
#include "errors.hpp"
#include "records.hpp"
#include "scripted.hpp"
#include "scripts.hpp"

namespace dispytch::redis {
namespace {

using plugin::Exception;
using std::chrono::milliseconds;

// The greatest id that is less: what SETID wants, whose group goes on behind it.
EntryId before(EntryId id) {
  if (id.seq > 0) return {id.ms, id.seq - 1};
  if (id.ms > 0) return {id.ms - 1, ~std::uint64_t{0}};
  return {};
}

// What an error says was being done.
std::string doing(const char* what, const std::string& group, const std::string& topic) {
  return std::string{what} + " group `" + group + "` in stream `" + topic + "`";
}

Exception has_members(const std::string& group, const std::string& topic, const std::vector<plugin::GroupMember>& members,
                      const char* next) {
  return {DISPYTCH_EINVAL, "group `" + group + "` has " + std::to_string(members.size()) + (members.size() == 1 ? " member" : " members") +
                               " in stream `" + topic + "`, such as `" + members.front().name + "`; end them before it is " + next +
                               ": one that was killed counts for twice `claim_after`"};
}

}  // namespace

void Admin::no_group(const std::string& group) const {
  throw Exception{DISPYTCH_ENOTFOUND, "no stream at " + server_.name() + " has a group `" + group + "`"};
}

std::vector<std::string> Admin::all_streams() {
  std::set<std::string> found;
  std::string cursor = "0";
  do {
    const Reply reply = session_.require({"SCAN", cursor, "COUNT", "1000", "TYPE", "stream"}, "looking for streams");
    cursor = text(element(*reply, 0));
    for (const redisReply* key : elements(element(*reply, 1))) found.emplace(text(*key));
  } while (cursor != "0" && !cursor.empty());
  return {found.begin(), found.end()};
}

bool Admin::has_group(const std::string& topic, const std::string& group) {
  const Reply groups = session_.require({"XINFO", "GROUPS", topic}, "asking for the groups of stream `" + topic + "`");
  const auto all = elements(*groups);
  return std::ranges::any_of(all, [&](const redisReply* row) { return text(member(*row, "name")) == group; });
}

std::vector<std::string> Admin::streams_of(const std::string& group) {
  std::vector<std::string> streams;
  for (std::string& topic : all_streams()) {
    if (has_group(topic, group)) streams.push_back(std::move(topic));
  }
  return streams;
}

std::vector<plugin::GroupMember> Admin::live_members(const std::string& topic, const std::string& group) {
  const milliseconds longest_idle = 2 * ConsumerOptions{server_.config, server_.config}.claim_after;
  const Reply consumers =
      session_.require({"XINFO", "CONSUMERS", topic, group}, "asking for the members of group `" + group + "` in stream `" + topic + "`");
  std::vector<plugin::GroupMember> members;
  for (const redisReply* row : elements(*consumers)) {
    const std::string_view name = text(member(*row, "name"));
    if (name == kReturned || integer(member(*row, "idle")) > longest_idle.count()) continue;
    plugin::GroupMember& its = members.emplace_back(plugin::GroupMember{.name = std::string{name}});
    if (!name.starts_with(kMemberPrefix)) its.instance = its.name;
  }
  return members;
}

std::vector<plugin::Group> Admin::groups() {
  std::map<std::string, std::set<std::string>> members;
  for (const std::string& topic : all_streams()) {
    const Reply groups = session_.require({"XINFO", "GROUPS", topic}, "asking for the groups of stream `" + topic + "`");
    for (const redisReply* row : elements(*groups)) {
      const std::string name{text(member(*row, "name"))};
      std::set<std::string>& its = members[name];
      for (plugin::GroupMember& each : live_members(topic, name)) its.insert(std::move(each.name));
    }
  }
  std::vector<plugin::Group> all;
  for (const auto& [name, its] : members) all.push_back({.name = name, .members = static_cast<std::uint32_t>(its.size())});
  return all;
}

std::vector<plugin::GroupMember> Admin::members(const std::string& group) {
  const std::vector<std::string> topics = streams_of(group);
  if (topics.empty()) no_group(group);
  std::vector<plugin::GroupMember> all;
  for (const std::string& topic : topics) {
    for (plugin::GroupMember& each : live_members(topic, group)) {
      const bool known = std::ranges::any_of(all, [&](const plugin::GroupMember& other) { return other.name == each.name; });
      if (!known) all.push_back(std::move(each));
    }
  }
  std::ranges::sort(all, {}, &plugin::GroupMember::name);
  return all;
}

void Admin::require_no_members(const std::string& group, std::span<const std::string> topics, const char* doing) {
  for (const std::string& topic : topics) {
    if (!has_group(topic, group)) continue;
    const std::vector<plugin::GroupMember> members = live_members(topic, group);
    if (members.empty()) continue;
    throw has_members(group, topic, members, doing);
  }
}

plugin::GroupPosition Admin::row(const std::string& topic, const StreamState& state, std::optional<EntryId> position) const {
  plugin::GroupPosition row{.topic = topic, .low = state.low(), .high = state.high()};
  if (position) {
    row.offset = position->offset();
    row.id = position->text();
  }
  return row;
}

std::vector<plugin::GroupPosition> Admin::positions(const std::string& group, std::optional<std::string_view> topic) {
  const std::vector<std::string> its = streams_of(group);
  if (its.empty()) no_group(group);
  std::vector<plugin::GroupPosition> rows;
  for (const std::string& each : topic ? std::vector{std::string{*topic}} : its) {
    const StreamState state = stream(each);
    std::optional<EntryId> position;
    if (const auto known = group_state(each, group)) {
      position = known->position();
      if (state.first && *position < *state.first) position = state.first;
    }
    rows.push_back(row(each, state, position));
  }
  return rows;
}

EntryId Admin::place(const plugin::GroupMove& move, const StreamState& state) const {
  EntryId to;
  switch (move.to) {
    case DISPYTCH_MOVE_TO_EARLIEST: return state.first.value_or(state.last.next());
    case DISPYTCH_MOVE_TO_LATEST: return state.last.next();
    case DISPYTCH_MOVE_TO_TIME:
      to = {static_cast<std::uint64_t>(std::max<std::int64_t>(move.value, 0)), 0};
      return std::clamp(to, state.first.value_or(state.last.next()), state.last.next());
    case DISPYTCH_MOVE_TO_ID: {
      const auto id = EntryId::parse(move.id);
      if (!id) throw Exception{DISPYTCH_EINVAL, "expected an entry's id, such as 1700000000000-0, found `" + move.id + "`"};
      to = *id;
      break;
    }
    case DISPYTCH_MOVE_TO_OFFSET: to = EntryId::at(move.value); break;
    default: throw Exception{DISPYTCH_EINVAL, "the redis backend can't move a group to a place of kind " + std::to_string(move.to)};
  }
  const EntryId low = state.first.value_or(state.last.next());
  if (to < low || to > state.last.next()) {
    throw Exception{DISPYTCH_EINVAL, "stream `" + move.topic + "`: expected a place from " + low.text() + " (offset " +
                                         std::to_string(state.low()) + ") to " + state.last.next().text() + " (offset " +
                                         std::to_string(state.high()) + "), found " + to.text()};
  }
  return to;
}

std::vector<plugin::GroupPosition> Admin::move(const std::string& group, std::span<const plugin::GroupMove> moves, bool dry_run) {
  std::vector<plugin::GroupPosition> rows;
  std::vector<std::pair<std::string, EntryId>> places;
  for (const plugin::GroupMove& each : moves) {
    if (each.partition.value_or(0) != 0) {
      throw Exception{DISPYTCH_ENOTFOUND, "stream `" + each.topic + "` has no partition " + std::to_string(*each.partition)};
    }
    const StreamState state = stream(each.topic);
    const std::string topics[] = {each.topic};
    require_no_members(group, topics, "moved");
    places.emplace_back(each.topic, place(each, state));
    rows.push_back(row(each.topic, state, places.back().second));
  }
  std::ranges::sort(rows, {}, &plugin::GroupPosition::topic);
  if (dry_run) return rows;
  for (const auto& [topic, to] : places) {
    session_.require(run_script(kMove, Stream{topic, 0, group}, group, before(to).text(), {}), doing("moving", group, topic));
  }
  return rows;
}

void Admin::forget(const std::string& group) {
  const std::vector<std::string> topics = streams_of(group);
  if (topics.empty()) no_group(group);
  require_no_members(group, topics, "forgotten");
  for (const std::string& topic : topics) {
    session_.require(run_script(kForget, Stream{topic, 0, group}, group, "", {}), doing("forgetting", group, topic));
  }
}

std::vector<plugin::Backlog> Admin::backlog(const std::string& group, std::optional<std::string_view> topic) {
  std::vector<std::string> topics;
  if (topic) {
    stream(std::string{*topic});
    topics.emplace_back(*topic);
  } else {
    topics = streams_of(group);
  }
  std::vector<plugin::Backlog> rows;
  for (const std::string& each : topics) {
    const auto state = group_state(each, group);
    if (!state) continue;
    plugin::Backlog& its = rows.emplace_back(plugin::Backlog{.topic = each, .in_hand = state->pending});
    if (state->unread >= 0) its.waiting = state->unread + state->given_back;
    its.position = state->position().offset();
    its.end = state->last == EntryId{} ? 0 : state->last.next().offset();
    if (state->least) {
      its.oldest_ms = static_cast<std::int64_t>(state->least->ms);
    } else if (state->unread > 0) {
      const Reply next =
          session_.require({"XRANGE", each, state->delivered.next().text(), "+", "COUNT", "1"}, "reading stream `" + each + "`");
      if (const auto id = EntryId::parse(text(element(element(*next, 0), 0)))) its.oldest_ms = static_cast<std::int64_t>(id->ms);
    }
  }
  if (rows.empty()) no_group(group);
  return rows;
}

}  // namespace dispytch::redis
