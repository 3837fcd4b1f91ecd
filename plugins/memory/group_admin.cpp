#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "admin.hpp"
#include "places.hpp"

namespace dispytch::memory {
namespace {

Group& existing_group(Broker& broker, std::string_view name) DISPYTCH_REQUIRES(broker.mutex) {
  const auto found = broker.groups().find(std::string{name});
  if (found == broker.groups().end()) {
    throw plugin::Exception{DISPYTCH_ENOTFOUND, "no group `" + std::string{name} + "` in the memory backend"};
  }
  return found->second;
}

void require_no_members(const Group& group, const char* doing) {
  if (group.empty()) return;
  const std::size_t count = group.members().size();
  throw plugin::Exception{DISPYTCH_EINVAL, "group `" + group.name() + "` has " + std::to_string(count) +
                                               (count == 1 ? " member" : " members") + "; end them before it is " + doing};
}

plugin::GroupPosition describe(const Partition& partition, std::optional<std::int64_t> offset) {
  return {.topic = partition.topic(), .partition = partition.index(), .offset = offset, .low = partition.start(), .high = partition.end()};
}

void sort(std::vector<plugin::GroupPosition>& rows) {
  std::ranges::sort(rows, {}, [](const plugin::GroupPosition& row) { return std::pair{row.topic, row.partition}; });
}

std::int64_t place(const plugin::GroupMove& move, const Partition& partition) {
  switch (move.to) {
    case DISPYTCH_MOVE_TO_EARLIEST: return partition.start();
    case DISPYTCH_MOVE_TO_LATEST: return partition.end();
    case DISPYTCH_MOVE_TO_TIME: return first_since(partition, move.value);
    case DISPYTCH_MOVE_TO_OFFSET: break;
    default: throw plugin::Exception{DISPYTCH_EINVAL, "the memory backend moves a group by offset and by time, not by an id"};
  }
  if (move.value < partition.start() || move.value > partition.end()) {
    throw plugin::Exception{DISPYTCH_EINVAL, "topic `" + partition.topic() + "`, partition " + std::to_string(partition.index()) +
                                                 ": expected an offset from " + std::to_string(partition.start()) + " to " +
                                                 std::to_string(partition.end()) + ", found " + std::to_string(move.value)};
  }
  return move.value;
}

}  // namespace

std::vector<plugin::Group> list_groups(Broker& broker) {
  const plugin::Lock lock{broker.mutex};
  std::vector<plugin::Group> all;
  for (const auto& [name, group] : broker.groups()) {
    all.push_back({.name = name, .members = static_cast<std::uint32_t>(group.members().size())});
  }
  return all;
}

std::vector<plugin::GroupMember> members_of(Broker& broker, std::string_view group) {
  const plugin::Lock lock{broker.mutex};
  std::vector<plugin::GroupMember> all;
  for (std::size_t i = 0; i < existing_group(broker, group).members().size(); ++i) {
    all.push_back({.name = "consumer " + std::to_string(i + 1)});  // in the order in which they joined
  }
  return all;
}

std::vector<plugin::GroupPosition> positions_of(Broker& broker, std::string_view group, std::optional<std::string_view> topic) {
  const plugin::Lock lock{broker.mutex};
  const Group& its_group = existing_group(broker, group);
  std::vector<plugin::GroupPosition> rows;
  if (topic) {
    for (const auto& partition : broker.existing_topic(*topic).partitions()) {
      rows.push_back(describe(*partition, its_group.stored(*partition)));
    }
  } else {
    for (const auto& own : its_group.partitions()) rows.push_back(describe(own->partition, own->progress.committed()));
    sort(rows);
  }
  return rows;
}

std::vector<plugin::GroupPosition> move_group(Broker& broker, std::string_view group, std::span<const plugin::GroupMove> moves,
                                              bool dry_run) {
  const plugin::Lock lock{broker.mutex};
  if (const Group* known = broker.find_group(std::string{group})) require_no_members(*known, "moved");
  std::vector<std::pair<Topic*, plugin::GroupPosition>> found;
  for (const plugin::GroupMove& move : moves) {
    Topic& topic = broker.existing_topic(move.topic);
    if (move.partition && (*move.partition < 0 || *move.partition >= topic.options().partitions)) {
      throw plugin::Exception{DISPYTCH_ENOTFOUND, "topic `" + move.topic + "` has no partition " + std::to_string(*move.partition)};
    }
    for (const auto& partition : topic.partitions()) {
      if (move.partition && *move.partition != partition->index()) continue;
      found.emplace_back(&topic, describe(*partition, place(move, *partition)));
    }
  }
  std::vector<plugin::GroupPosition> rows;
  for (const auto& [topic, row] : found) rows.push_back(row);
  sort(rows);
  if (dry_run) return rows;
  Group& its_group = broker.group(std::string{group});
  for (const auto& [topic, row] : found) {
    its_group.read(*topic, true);
    for (const auto& own : its_group.partitions()) {
      if (&own->topic != topic || own->partition.index() != *row.partition) continue;
      own->progress.move(*row.offset);
      topic->trim(own->partition);
    }
  }
  return rows;
}

void forget_group(Broker& broker, std::string_view group) {
  const plugin::Lock lock{broker.mutex};
  require_no_members(existing_group(broker, group), "forgotten");
  broker.groups().erase(std::string{group});
}

std::vector<plugin::Backlog> backlog_of(Broker& broker, std::string_view group, std::optional<std::string_view> topic) {
  const plugin::Lock lock{broker.mutex};
  const Group& its_group = existing_group(broker, group);
  if (topic) broker.existing_topic(*topic);
  std::vector<plugin::Backlog> rows;
  for (const auto& own : its_group.partitions()) {
    if (topic && own->topic.name() != *topic) continue;
    const Progress::Standing standing = own->progress.standing();
    const std::int64_t first = std::max(standing.first_unsettled, own->partition.start());
    const std::int64_t unsettled = own->partition.end() - std::max(own->progress.committed(), own->partition.start()) - standing.settled;
    plugin::Backlog& row = rows.emplace_back(plugin::Backlog{.topic = own->topic.name(),
                                                             .partition = own->partition.index(),
                                                             .waiting = unsettled - standing.in_hand,
                                                             .in_hand = standing.in_hand,
                                                             .position = own->progress.committed(),
                                                             .end = own->partition.end()});
    if (first < own->partition.end()) row.oldest_ms = own->partition.at(first).view.timestamp_ms;
  }
  std::ranges::sort(rows, {}, [](const plugin::Backlog& row) { return std::pair{row.topic, row.partition}; });
  return rows;
}

std::vector<plugin::Finding> declare(Broker& broker, const plugin::Config& document, bool make) {
  const plugin::Lock lock{broker.mutex};
  std::vector<plugin::Finding> findings;
  std::set<std::string> seen;
  const auto want = [&](const std::string& name, const std::string& pointer) DISPYTCH_REQUIRES(broker.mutex) {
    if (broker.find(name) != nullptr || broker.auto_create() || !seen.insert(name).second) return;
    if (make) broker.declare(name);
    findings.push_back({.kind = DISPYTCH_MISSING,
                        .can_make = true,
                        .made = make,
                        .object = "topic `" + name + "`",
                        .wanted = "partitions: " + std::to_string(broker.others().partitions),
                        .pointer = pointer});
  };
  std::size_t index = 0;
  for (const plugin::Config& producer : document.at("producers").elements()) {
    std::size_t topic_index = 0;
    for (const plugin::Config& topic : producer.at("topics").elements()) {
      want(topic.as<std::string>(), "/producers/" + std::to_string(index) + "/topics/" + std::to_string(topic_index++));
    }
    ++index;
  }
  index = 0;
  for (const plugin::Config& consumer : document.at("consumers").elements()) {
    std::size_t topic_index = 0;
    for (const plugin::Config& topic : consumer.at("topics").elements()) {
      const std::string pointer = "/consumers/" + std::to_string(index) + "/topics/" + std::to_string(topic_index++) + "/name";
      if (topic.at("name")) want(topic.require<std::string>("name"), pointer);
    }
    ++index;
  }
  return findings;
}

}  // namespace dispytch::memory
