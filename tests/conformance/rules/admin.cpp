// The extension "dispytch.admin/1": what a topic keeps, and deleting the front of it.
#include <algorithm>
#include <array>
#include <cstdint>

#include <dispytch/plugin/admin.h>

#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

const dispytch_admin& admin_of(const Scene& scene) {
  const auto& admin = *static_cast<const dispytch_admin*>(scene.extension(DISPYTCH_EXTENSION_ADMIN));
  expect(DISPYTCH_HAS(dispytch_admin, &admin, delete_up_to), "its table has ", admin.size, " bytes, where version 1 has ",
         sizeof(dispytch_admin));
  expect(admin.ranges != nullptr && admin.delete_up_to != nullptr, "it lacks one of the functions `ranges` and `delete_up_to`");
  return admin;
}

std::int32_t patience(const Scene& scene) { return static_cast<std::int32_t>(scene.options.patience.count()); }

// As a host of a newer version asks: its ranges are longer than ours.
struct LongRange {
  dispytch_range range;
  std::uint64_t behind;
};
constexpr std::uint64_t kUntouched = 0x5a5a5a5a5a5a5a5a;

std::vector<dispytch_range> ranges_of(Scene& scene, const std::string& group = {}) {
  const dispytch_admin& admin = admin_of(scene);
  std::vector<LongRange> room(256, LongRange{.range = {}, .behind = kUntouched});
  Outcome outcome{.error = empty_error()};
  std::uint32_t count = 0;
  outcome.status = admin.ranges(scene.adapter().raw(), bytes(scene.options.topic), group.empty() ? dispytch_bytes{} : bytes(group),
                                &room.front().range, sizeof(LongRange), 256, &count, patience(scene), &outcome.error);
  expect(outcome.status == DISPYTCH_OK, "ranges ended with ", to_string(outcome));
  expect(count > 0, "a topic that exists has no range");
  std::vector<dispytch_range> ranges;
  for (std::uint32_t i = 0; i < std::min(count, 256U); ++i) {
    expect(room[i].behind == kUntouched, "ranges wrote behind the range that it knows");
    ranges.push_back(room[i].range);
  }
  return ranges;
}

// Of the partition where those reports say that their messages are.
dispytch_range range_of(Scene& scene, const Report& report, const std::string& group = {}) {
  for (const dispytch_range& range : ranges_of(scene, group)) {
    if (range.partition == report.partition) return range;
  }
  fail("ranges don't name partition ", report.partition, ", where a message was confirmed");
}

// In the order of their messages, which must say where they are.
std::vector<Report> publish_in_one_source(Scene& scene, int count) {
  std::vector<Report> reports = scene.publish(scene.messages_in_one_source(0, count));
  std::sort(reports.begin(), reports.end(), [](const Report& left, const Report& right) { return left.token < right.token; });
  for (const Report& report : reports) {
    if ((report.flags & DISPYTCH_REPORT_OFFSET) == 0) throw NotClaimed{"reports say no offsets"};
  }
  return reports;
}

Outcome delete_up_to(Scene& scene, const std::string& topic, std::int32_t partition, std::int64_t offset) {
  dispytch_source source{};
  source.topic = bytes(topic);
  source.partition = partition;
  source.offset = offset;
  source.flags = DISPYTCH_SOURCE_PARTITION | DISPYTCH_SOURCE_OFFSET;
  Outcome outcome{.error = empty_error()};
  outcome.status = admin_of(scene).delete_up_to(scene.adapter().raw(), &source, sizeof source, 1, patience(scene), &outcome.error);
  return outcome;
}

void ranges_say_what_is_kept(Scene& scene) {
  const std::vector<Report> reports = publish_in_one_source(scene, 10);
  const dispytch_range range = range_of(scene, reports.front());
  expect(range.high == reports.back().offset + 1, "the last message has offset ", reports.back().offset, ", and high is ", range.high);
  expect(range.low <= reports.front().offset, "the message at offset ", reports.front().offset, " is kept, and low is ", range.low);
  expect((range.flags & DISPYTCH_RANGE_STORED) == 0, "a position is said, and no group was asked for");
}

void ranges_say_the_groups_position(Scene& scene) {
  const std::vector<Report> reports = publish_in_one_source(scene, 10);
  const std::string group = scene.tag + "stored";
  expect((range_of(scene, reports.front(), group).flags & DISPYTCH_RANGE_STORED) == 0, "a group that isn't there has a position");
  const auto consumer = scene.consumer({.group = "stored"});
  Reader reader{scene, *consumer};
  std::vector<Received> all = reader.take(10);
  all.resize(6);
  reader.ack_all(all);
  const Outcome synced = consumer->sync(scene.options.patience);
  expect(synced.status == DISPYTCH_OK, "sync ended with ", to_string(synced));
  const dispytch_range range = range_of(scene, reports.front(), group);
  expect((range.flags & DISPYTCH_RANGE_STORED) != 0, "the group has settled messages, and no position is said");
  expect(range.stored == reports[6].offset, "the group goes on at offset ", reports[6].offset, ", and stored is ", range.stored);
}

void ranges_honour_the_capacity(Scene& scene) {
  const std::size_t all = ranges_of(scene).size();
  LongRange one{.range = {.partition = -7, .flags = 0, .low = 0, .high = 0, .stored = 0}, .behind = kUntouched};
  Outcome outcome{.error = empty_error()};
  std::uint32_t count = 0;
  outcome.status = admin_of(scene).ranges(scene.adapter().raw(), bytes(scene.options.topic), {}, &one.range, sizeof(LongRange), 0, &count,
                                          patience(scene), &outcome.error);
  expect(outcome.status == DISPYTCH_OK, "ranges ended with ", to_string(outcome));
  expect(one.range.partition == -7, "ranges wrote a range where there was room for none");
  expect(count == all, "there are ", all, " ranges; with room for none *count is ", count);
}

void delete_up_to_deletes_what_is_before(Scene& scene) {
  const bool elsewhere = scene.can(DISPYTCH_CAN_PARTITIONS);
  if (elsewhere) scene.publish({scene.in_one_source(100, 1)});
  const std::vector<Report> reports = publish_in_one_source(scene, 10);
  const std::vector<dispytch_range> before = ranges_of(scene);
  const Report& oldest_kept = reports[6];
  Outcome outcome = delete_up_to(scene, scene.options.topic, oldest_kept.partition, oldest_kept.offset);
  expect(outcome.status == DISPYTCH_OK, "delete_up_to ended with ", to_string(outcome));
  const std::vector<dispytch_range> after = ranges_of(scene);
  expect(after.size() == before.size(), "there were ", before.size(), " ranges, and now there are ", after.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    const std::int64_t low = after[i].partition == oldest_kept.partition ? oldest_kept.offset : before[i].low;
    expect(after[i].low == low, "low of partition ", after[i].partition, " is ", after[i].low, ", and should be ", low);
    expect(after[i].high == before[i].high, "high of partition ", after[i].partition, " has changed");
  }
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  std::vector<Received> left = reader.take(elsewhere ? 5 : 4);
  std::erase_if(left, [](const Received& message) { return message.number == 100; });
  expect(left.size() == 4, "the message of another partition was deleted, or has come twice");
  expect(left.front().number == 6, "messages 0 to 5 were deleted, and ", left.front().number, " came first");
  reader.expect_nothing("messages 0 to 5 were deleted, and all others had come");
  outcome = delete_up_to(scene, scene.options.topic, oldest_kept.partition, reports[2].offset);
  expect(outcome.status == DISPYTCH_OK, "deleting what is deleted ended with ", to_string(outcome));
}

void delete_up_to_refuses_what_is_not_there(Scene& scene) {
  const std::vector<Report> reports = publish_in_one_source(scene, 3);
  const dispytch_range before = range_of(scene, reports.front());
  Outcome outcome = delete_up_to(scene, scene.options.topic, before.partition, before.high + 1);
  expect(outcome.status == DISPYTCH_EINVAL, "expected EINVAL for an offset beyond the end, found ", to_string(outcome));
  expect(range_of(scene, reports.front()).low == before.low,
         "deleting up to an offset beyond the end was refused, and deleted all the same");
  if (scene.options.missing_topic.empty()) return;
  outcome = delete_up_to(scene, scene.options.missing_topic, 0, 0);
  expect(outcome.status == DISPYTCH_ENOTFOUND, "expected ENOTFOUND for a topic that doesn't exist, found ", to_string(outcome));
  expect(std::string_view{outcome.error.text}.find(scene.options.missing_topic) != std::string_view::npos,
         "the error doesn't name the topic: ", to_string(outcome));
}

constexpr std::array kAdminRules{
    alone(Rule{"admin.ranges_say_what_is_kept", kFlow,
               "ranges say, of each partition, the oldest message kept and the offset that comes next.", ranges_say_what_is_kept, 0,
               DISPYTCH_EXTENSION_ADMIN}),
    alone(Rule{"admin.ranges_say_the_groups_position", kFlow | DISPYTCH_CAN_GROUPS,
               "ranges say where a group goes on, and nothing of a group that isn't there.", ranges_say_the_groups_position, kAcknowledge,
               DISPYTCH_EXTENSION_ADMIN}),
    alone(Rule{"admin.ranges_honour_the_capacity", kFlow, "ranges write no more than there is room for, and say how many there are.",
               ranges_honour_the_capacity, 0, DISPYTCH_EXTENSION_ADMIN}),
    alone(Rule{"admin.delete_up_to_deletes_what_is_before", kFlow,
               "delete_up_to deletes what lies before the offset, nothing behind it, and nothing of other partitions.",
               delete_up_to_deletes_what_is_before, 0, DISPYTCH_EXTENSION_ADMIN}),
    alone(Rule{"admin.delete_up_to_refuses_what_is_not_there", kFlow,
               "An offset beyond the end is EINVAL, a topic that doesn't exist ENOTFOUND and named; nothing is deleted.",
               delete_up_to_refuses_what_is_not_there, 0, DISPYTCH_EXTENSION_ADMIN}),
};

}  // namespace

std::span<const Rule> admin_rules() { return kAdminRules; }

}  // namespace dispytch::conformance
