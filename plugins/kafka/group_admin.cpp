#include "group_admin.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <set>
#include <utility>

#include "errors.hpp"
#include "positions.hpp"

namespace dispytch::kafka {
namespace {

using plugin::Error;
using plugin::Exception;
using std::chrono::milliseconds;

void sort(std::vector<plugin::GroupPosition>& rows) {
  std::ranges::sort(rows, {}, [](const plugin::GroupPosition& row) { return std::pair{row.topic, row.partition}; });
}

std::string place_of(const std::string& topic, std::int32_t partition) {
  return "topic `" + topic + "`, partition " + std::to_string(partition);
}

}  // namespace

// ---- groups and their members ----

std::vector<plugin::Group> GroupAdmin::list() {
  const QueueHandle queue{rd_kafka_queue_new(raw())};
  rd_kafka_ListConsumerGroups(raw(), admin_options(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS).get(), queue.get());
  const EventHandle event = answer(queue.get(), "listing groups");
  const rd_kafka_ListConsumerGroups_result_t* result = rd_kafka_event_ListConsumerGroups_result(event.get());
  std::size_t errors = 0;
  const rd_kafka_error_t** failed = rd_kafka_ListConsumerGroups_result_errors(result, &errors);
  if (errors > 0)
    throw Exception{error_of(rd_kafka_error_code(failed[0]), "listing groups at " + cluster())};  // one broker's groups are missing
  std::size_t count = 0;
  const rd_kafka_ConsumerGroupListing_t** groups = rd_kafka_ListConsumerGroups_result_valid(result, &count);
  std::vector<plugin::Group> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back({.name = rd_kafka_ConsumerGroupListing_group_id(groups[i])});
  std::ranges::sort(all, {}, &plugin::Group::name);
  for (plugin::Group& one : all) {
    Description description = describe(one.name);
    one.state = std::move(description.state);
    one.members = static_cast<std::uint32_t>(description.members.size());
  }
  return all;
}

GroupAdmin::Description GroupAdmin::describe(const std::string& group) {
  const std::string doing = "asking for group `" + group + "`";
  const QueueHandle queue{rd_kafka_queue_new(raw())};
  const char* names[] = {group.c_str()};
  rd_kafka_DescribeConsumerGroups(raw(), names, 1, admin_options(RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS).get(), queue.get());
  const EventHandle event = answer(queue.get(), doing);
  std::size_t count = 0;
  const rd_kafka_ConsumerGroupDescription_t** groups =
      rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
  if (count == 0) throw Exception{DISPYTCH_EINTERNAL, doing + " at " + cluster() + ": librdkafka answered nothing"};
  const rd_kafka_error_t* failed = rd_kafka_ConsumerGroupDescription_error(groups[0]);
  if (failed != nullptr && rd_kafka_error_code(failed) == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) return {.state = "Dead", .dead = true};
  if (failed != nullptr && rd_kafka_error_code(failed) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw Exception{error_of(rd_kafka_error_code(failed), doing + " at " + cluster())};
  }
  const rd_kafka_consumer_group_state_t state = rd_kafka_ConsumerGroupDescription_state(groups[0]);
  Description description{.state = rd_kafka_consumer_group_state_name(state), .dead = state == RD_KAFKA_CONSUMER_GROUP_STATE_DEAD};
  for (std::size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(groups[0]); ++i) {
    const rd_kafka_MemberDescription_t* member = rd_kafka_ConsumerGroupDescription_member(groups[0], i);
    const auto text = [](const char* word) { return word == nullptr || *word == '\0' ? std::nullopt : std::optional{std::string{word}}; };
    description.members.push_back({.name = text(rd_kafka_MemberDescription_client_id(member)).value_or(""),
                                   .instance = text(rd_kafka_MemberDescription_group_instance_id(member)),
                                   .address = text(rd_kafka_MemberDescription_host(member))});
  }
  return description;
}

std::vector<plugin::GroupMember> GroupAdmin::members() {
  Description description = describe(group());
  if (description.dead) throw Exception{DISPYTCH_ENOTFOUND, "there is no group `" + group() + "` at " + cluster()};
  return std::move(description.members);
}

void GroupAdmin::require_no_members(const char* doing) {
  const Description description = describe(group());
  if (description.members.empty()) return;
  const plugin::GroupMember& first = description.members.front();
  throw Exception{DISPYTCH_EINVAL, "group `" + group() + "` at " + cluster() + " has " + std::to_string(description.members.size()) +
                                       (description.members.size() == 1 ? " member, `" : " members, such as `") + first.name + "` at " +
                                       first.address.value_or("an unknown address") + "; end them before it is " + doing};
}

// ---- positions ----

std::vector<plugin::GroupPosition> GroupAdmin::positions(std::optional<std::string_view> topic) {
  std::set<std::string> topics;
  if (topic) {
    topics.emplace(*topic);
  } else {
    const auto stored = stored_positions(raw(), group(), nullptr, std::stop_token{}, deadline(), [](const std::string&) {});
    if (!stored)
      throw Exception{error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, "asking for the positions of group `" + group() + "` at " + cluster())};
    if (stored->empty() && describe(group()).dead) {
      throw Exception{DISPYTCH_ENOTFOUND, "there is no group `" + group() + "` at " + cluster()};
    }
    for (const auto& [name, partitions] : *stored) topics.insert(name);
  }
  std::vector<plugin::GroupPosition> rows;
  for (const std::string& name : topics) {
    for (const plugin::Range& range : ranges(name)) {
      if (!topic && !range.stored) continue;
      rows.push_back({.topic = name, .partition = range.partition, .offset = range.stored, .low = range.low, .high = range.high});
    }
  }
  sort(rows);
  return rows;
}

std::int64_t GroupAdmin::place(const plugin::GroupMove& move, const plugin::Range& range) {
  switch (move.to) {
    case DISPYTCH_MOVE_TO_EARLIEST: return range.low;
    case DISPYTCH_MOVE_TO_LATEST: return range.high;
    case DISPYTCH_MOVE_TO_TIME: {
      const PartitionsHandle list{rd_kafka_topic_partition_list_new(1)};
      rd_kafka_topic_partition_list_add(list.get(), move.topic.c_str(), range.partition)->offset = std::max<std::int64_t>(move.value, 0);
      rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(raw(), list.get(), left());
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = list->elems[0].err;
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw Exception{error_of(code, place_of(move.topic, range.partition) + " at " + cluster() + ", asked for a time")};
      }
      return list->elems[0].offset < 0 ? range.high : list->elems[0].offset;  // nothing is so late
    }
    case DISPYTCH_MOVE_TO_OFFSET: break;
    default: throw Exception{DISPYTCH_EINVAL, "Kafka moves a group by offset and by time, not by an id"};
  }
  if (move.value < range.low || move.value > range.high) {
    throw Exception{DISPYTCH_EINVAL, place_of(move.topic, range.partition) + ": expected an offset from " + std::to_string(range.low) +
                                         " to " + std::to_string(range.high) + ", found " + std::to_string(move.value)};
  }
  return move.value;
}

std::vector<plugin::GroupPosition> GroupAdmin::move(std::span<const plugin::GroupMove> moves, bool dry_run) {
  require_no_members("moved");
  std::vector<plugin::GroupPosition> rows;
  for (const plugin::GroupMove& move : moves) {
    bool found = false;
    for (const plugin::Range& range : ranges(move.topic)) {
      if (move.partition && *move.partition != range.partition) continue;
      found = true;
      rows.push_back(
          {.topic = move.topic, .partition = range.partition, .offset = place(move, range), .low = range.low, .high = range.high});
    }
    if (!found) {
      throw Exception{DISPYTCH_ENOTFOUND, "there is no " + place_of(move.topic, move.partition.value_or(0)) + " at " + cluster()};
    }
  }
  sort(rows);
  if (!dry_run && !rows.empty()) commit(rows);
  return rows;
}

// As somebody who is no member. Each position keeps its word on where the group began.
void GroupAdmin::commit(const std::vector<plugin::GroupPosition>& rows) {
  const std::string doing = "moving group `" + group() + "`";
  const auto stored = stored_positions(raw(), group(), nullptr, std::stop_token{}, deadline(), [](const std::string&) {});
  if (!stored) throw Exception{error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, doing + " at " + cluster())};
  std::map<std::string, std::int32_t> partitions;
  for (const plugin::GroupPosition& row : rows) ++partitions[row.topic];
  const PartitionsHandle list{rd_kafka_topic_partition_list_new(static_cast<int>(rows.size()))};
  for (const plugin::GroupPosition& row : rows) {
    std::optional<std::int32_t> beginning;
    if (const auto topic = stored->find(row.topic); topic != stored->end()) {
      for (const auto& [partition, position] : topic->second) {
        if (position.beginning) beginning = std::min(beginning.value_or(*position.beginning), *position.beginning);
      }
    }
    rd_kafka_topic_partition_t* position = rd_kafka_topic_partition_list_add(list.get(), row.topic.c_str(), *row.partition);
    position->offset = *row.offset;
    const std::string metadata = text_of_beginning(beginning.value_or(static_cast<std::int32_t>(partitions_of(row.topic).size())));
    position->metadata = std::malloc(metadata.size());  // librdkafka frees it
    if (position->metadata == nullptr) throw std::bad_alloc{};
    std::memcpy(position->metadata, metadata.data(), metadata.size());
    position->metadata_size = metadata.size();
  }
  for (;;) {
    const AlterOffsetsHandle request{rd_kafka_AlterConsumerGroupOffsets_new(group().c_str(), list.get())};
    const QueueHandle queue{rd_kafka_queue_new(raw())};
    rd_kafka_AlterConsumerGroupOffsets_t* requests[] = {request.get()};
    rd_kafka_AlterConsumerGroupOffsets(raw(), requests, 1, admin_options(RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS).get(), queue.get());
    const EventHandle event = answer(queue.get(), doing);
    std::size_t count = 0;
    const rd_kafka_group_result_t** results =
        rd_kafka_AlterConsumerGroupOffsets_result_groups(rd_kafka_event_AlterConsumerGroupOffsets_result(event.get()), &count);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (count > 0) {
      if (const rd_kafka_error_t* failed = rd_kafka_group_result_error(results[0])) code = rd_kafka_error_code(failed);
      const rd_kafka_topic_partition_list_t* each = rd_kafka_group_result_partitions(results[0]);
      for (int i = 0; each != nullptr && i < each->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) code = each->elems[i].err;
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    if (!is_retriable(code) || Clock::now() >= deadline()) throw Exception{error_of(code, doing + " at " + cluster())};
    rd_kafka_queue_poll(queue.get(), 100);  // a coordinator is being elected: nothing comes
  }
}

void GroupAdmin::forget() {
  require_no_members("forgotten");
  const std::string doing = "forgetting group `" + group() + "`";
  const DeleteGroupHandle request{rd_kafka_DeleteGroup_new(group().c_str())};
  const QueueHandle queue{rd_kafka_queue_new(raw())};
  rd_kafka_DeleteGroup_t* requests[] = {request.get()};
  rd_kafka_DeleteGroups(raw(), requests, 1, admin_options(RD_KAFKA_ADMIN_OP_DELETEGROUPS).get(), queue.get());
  const EventHandle event = answer(queue.get(), doing);
  std::size_t count = 0;
  const rd_kafka_group_result_t** results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event.get()), &count);
  if (count == 0) return;
  const rd_kafka_error_t* failed = rd_kafka_group_result_error(results[0]);
  if (failed == nullptr || rd_kafka_error_code(failed) == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  if (rd_kafka_error_code(failed) == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) {
    throw Exception{DISPYTCH_ENOTFOUND, "there is no group `" + group() + "` at " + cluster()};
  }
  throw Exception{error_of(rd_kafka_error_code(failed), doing + " at " + cluster())};
}

// A log has gaps, so what waits can't be counted from outside; nor is it known what members have in hand.
std::vector<plugin::Backlog> GroupAdmin::backlog(std::optional<std::string_view> topic) {
  std::vector<plugin::Backlog> rows;
  for (const plugin::GroupPosition& row : positions(topic)) {
    rows.push_back({.topic = row.topic, .partition = row.partition, .position = row.offset, .end = row.high});
  }
  return rows;
}

// ---- what a config needs ----

bool GroupAdmin::exists(const std::string& topic) {
  try {
    partitions_of(topic);
    return true;
  } catch (const Exception& exception) {
    if (exception.error().code == DISPYTCH_ENOTFOUND) return false;
    throw;
  }
}

void GroupAdmin::create(const std::string& topic) {
  std::array<char, 256> reason{};
  const NewTopicHandle wanted{rd_kafka_NewTopic_new(topic.c_str(), -1, -1, reason.data(), reason.size())};
  if (wanted == nullptr) throw Exception{DISPYTCH_EINVAL, "topic `" + topic + "` can't be made: " + reason.data()};
  const QueueHandle queue{rd_kafka_queue_new(raw())};
  rd_kafka_NewTopic_t* topics[] = {wanted.get()};
  rd_kafka_CreateTopics(raw(), topics, 1, admin_options(RD_KAFKA_ADMIN_OP_CREATETOPICS).get(), queue.get());
  const EventHandle event = answer(queue.get(), "making topic `" + topic + "`");
  std::size_t count = 0;
  const rd_kafka_topic_result_t** results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  if (count == 0) return;
  const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[0]);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return;
  const char* words = rd_kafka_topic_result_error_string(results[0]);
  Error error = error_of(code, "making topic `" + topic + "` at " + cluster());
  if (words != nullptr) error.text = "making topic `" + topic + "` at " + cluster() + ": " + words;
  throw Exception{std::move(error)};
}

std::vector<plugin::Finding> GroupAdmin::declare(const plugin::Config& document, bool make) {
  std::vector<plugin::Finding> findings;
  std::set<std::string> seen;
  const auto want = [&](const std::string& topic, const std::string& pointer) {
    if (!seen.insert(topic).second || exists(topic)) return;
    if (make) create(topic);
    findings.push_back({.kind = DISPYTCH_MISSING,
                        .can_make = true,
                        .made = make,
                        .object = "topic `" + topic + "`",
                        .wanted = "with as many partitions and replicas as the cluster makes by default",
                        .pointer = pointer});
  };
  std::size_t index = 0;
  for (const plugin::Config& consumer : document.at("consumers").elements()) {
    std::size_t number = 0;
    for (const plugin::Config& topic : consumer.at("topics").elements()) {
      const std::string pointer = "/consumers/" + std::to_string(index) + "/topics/" + std::to_string(number++) + "/name";
      if (topic.at("name")) want(topic.require<std::string>("name"), pointer);
    }
    ++index;
  }
  index = 0;
  for (const plugin::Config& producer : document.at("producers").elements()) {
    std::size_t number = 0;
    for (const plugin::Config& topic : producer.at("topics").elements()) {
      want(topic.as<std::string>(), "/producers/" + std::to_string(index) + "/topics/" + std::to_string(number++));
    }
    ++index;
  }
  return findings;
}

}  // namespace dispytch::kafka
