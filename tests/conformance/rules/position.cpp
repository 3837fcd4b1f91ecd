// Where a consumer begins, goes on, and stops for a while.
#include <algorithm>
#include <array>
#include <cstdint>

#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

void earliest_begins_with_the_oldest(Scene& scene) {
  scene.publish(scene.messages(0, 10));
  const auto consumer = scene.consumer({.start = "earliest"});
  Reader reader{scene, *consumer};
  reader.take(10);
}

void latest_begins_with_what_comes(Scene& scene) {
  scene.publish(scene.messages_in_one_source(0, 5));
  const auto consumer = scene.consumer({.start = "latest"});
  Reader reader{scene, *consumer};
  reader.await_event(DISPYTCH_ASSIGNED);
  int next = 5;
  // A client may learn where the end is only after it was assigned: messages are sent until one comes.
  reader.until(
      [&] {
        if (reader.inbox.empty()) scene.publish({scene.in_one_source(next++)});
        return !reader.inbox.empty();
      },
      "start: latest, and nothing of what was sent later came");
  scene.publish({scene.in_one_source(next)});
  int last = -1;
  while (last < next) {
    const Received message = reader.take(1).front();
    expect(message.number >= 5, "start: latest, and message ", message.number, " came, which was sent before");
    expect(last < 0 || message.number == last + 1, "message ", message.number, " came after ", last, ", and those between were lost");
    last = message.number;
  }
}

void a_position_beats_start(Scene& scene) {
  scene.publish(scene.messages_in_one_source(0, 6));
  {
    const auto consumer = scene.consumer();
    Reader reader{scene, *consumer};
    std::vector<Received> all = reader.take(6);
    all.resize(3);
    reader.ack_all(all);
    consumer->sync(scene.options.patience);
  }
  const auto consumer = scene.consumer({.start = "latest"});
  Reader reader{scene, *consumer};
  const Received message = reader.take(1).front();
  expect(message.number == 3, "the group had settled 0 to 2; with start: latest it went on with ", message.number);
}

void cannot_open_a_missing_topic(Scene& scene) {
  if (scene.options.missing_topic.empty()) throw NotClaimed{"the kit's config says that every topic exists"};
  const std::uint64_t cookie = scene.host.new_cookie();
  dispytch_consumer* out = nullptr;
  const std::string json = scene.consumer_json({.topic = scene.options.missing_topic});
  const Outcome outcome = Consumer::try_open(scene.adapter(), json, cookie, scene.options.patience, &out);
  if (out != nullptr) {
    dispytch_error error = empty_error();
    scene.plugin.consumer->close(out, 1000, &error);
  }
  expect(outcome.status == DISPYTCH_ENOTFOUND, "opening a consumer of topic `", scene.options.missing_topic, "` is ", to_string(outcome),
         ", expected ENOTFOUND");
  expect(std::string_view{outcome.error.text}.find(scene.options.missing_topic) != std::string_view::npos,
         "the reason doesn't name the topic `", scene.options.missing_topic, "`: \"", outcome.error.text, "\"");
}

void a_pattern_finds_the_topic(Scene& scene) {
  if (scene.options.pattern.empty()) throw NotTried{"`pattern`"};
  scene.publish(scene.messages(0, 5));
  const auto consumer = scene.consumer({.pattern = scene.options.pattern});
  Reader reader{scene, *consumer};
  for (const Received& message : reader.take(5)) expect(message.topic == scene.options.topic, "topic `", message.topic, "` came");
}

void pause_withholds_one_source(Scene& scene) {
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  const bool partitions = scene.can(DISPYTCH_CAN_PARTITIONS);
  scene.publish({scene.in_one_source(0, 0)});
  const Received first = reader.take(1).front();
  const dispytch_source paused = reader.held.at(first.source);
  dispytch_source by_number{};  // the number alone names a source
  by_number.source = paused.source;

  Outcome outcome = consumer->pause({by_number}, true);
  expect(outcome.ok(), "pause failed: ", to_string(outcome));
  std::vector<Message> messages = scene.messages_in_one_source(1, 10);
  if (partitions) messages.push_back(scene.in_one_source(100, 1));
  scene.publish(messages);
  if (partitions) {
    const Received other = reader.take(1).front();
    expect(other.number == 100, "a source was paused, and its message ", other.number, " came");
  }
  reader.expect_nothing("its source was paused");

  outcome = consumer->pause({by_number}, false);
  expect(outcome.ok(), "ending a pause failed: ", to_string(outcome));
  const std::vector<Received> all = reader.take(10);
  for (int i = 0; i < 10; ++i) {
    expect(all[static_cast<std::size_t>(i)].number == i + 1, "after a pause message ", all[static_cast<std::size_t>(i)].number,
           " came where ", i + 1, " was to come");
  }
}

void seek_moves_a_source(Scene& scene) {
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  scene.publish(scene.messages_in_one_source(0, 10));
  const std::vector<Received> all = reader.take(10);
  expect((all[3].flags & DISPYTCH_MSG_OFFSET) != 0, "CAN_SEEK is claimed, and messages say no offset");
  const auto move = [&](std::int64_t offset) {
    dispytch_source target{};
    target.source = all[0].source;
    target.offset = offset;
    target.flags = DISPYTCH_SOURCE_OFFSET;
    const Outcome outcome = consumer->seek({target}, scene.options.patience);
    expect(outcome.status == DISPYTCH_OK, "seek ended with ", to_string(outcome));
  };
  move(all[3].offset);
  expect(reader.take(1).front().number == 3, "seek to the offset of message 3, and another one came");
  reader.inbox.clear();
  move(all[9].offset);
  expect(reader.take(1).front().number == 9, "seek to the offset of message 9, and another one came");
}

void seek_before_the_assignment_is_acknowledged(Scene& scene) {
  const std::vector<Report> reports = scene.publish(scene.messages_in_one_source(0, 10));
  const auto fifth = std::find_if(reports.begin(), reports.end(), [](const Report& report) { return report.token == 5; });
  if (fifth == reports.end() || (fifth->flags & DISPYTCH_REPORT_OFFSET) == 0) throw NotClaimed{"reports say no offsets"};
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  reader.acknowledge_events = false;
  const Event assigned = reader.await_event(DISPYTCH_ASSIGNED);
  for (const auto& [number, source] : reader.held) {
    if ((source.flags & DISPYTCH_SOURCE_PARTITION) != 0 && source.partition != fifth->partition) continue;
    dispytch_source target{};
    target.source = number;
    target.offset = fifth->offset;
    target.flags = DISPYTCH_SOURCE_OFFSET;
    const Outcome outcome = consumer->seek({target}, scene.options.patience);
    expect(outcome.status == DISPYTCH_OK, "seek before the assignment was acknowledged ended with ", to_string(outcome));
  }
  reader.acknowledge(assigned);
  reader.acknowledge_events = true;
  expect(reader.take(1).front().number == 4,
         "seek to the offset of message 4 before the assignment was acknowledged, and another one came first");
}

constexpr std::array kPositionRules{
    Rule{"position.earliest_begins_with_the_oldest", kFlow,
         "A consumer without a position and start: earliest gets what was sent before it was opened.", earliest_begins_with_the_oldest},
    Rule{"position.latest_begins_with_what_comes", kFlow | DISPYTCH_CAN_GROUPS,
         "A new group with start: latest gets what is sent later, and all of it.", latest_begins_with_what_comes},
    Rule{"position.a_position_beats_start", kFlow | DISPYTCH_CAN_GROUPS, "A group with a position goes on there, whatever `start` says.",
         a_position_beats_start, kAcknowledge},
    Rule{"position.missing_topic_is_not_found", DISPYTCH_CAN_CONSUME,
         "Opening a consumer of a topic that doesn't exist is ENOTFOUND and names it.", cannot_open_a_missing_topic},
    Rule{"position.a_pattern_finds_the_topic", kFlow | DISPYTCH_CAN_PATTERNS, "A pattern subscribes to the topics that it matches.",
         a_pattern_finds_the_topic},
    Rule{"position.pause_withholds_one_source", kFlow | DISPYTCH_CAN_PAUSE,
         "A paused source gives nothing, others go on, and nothing is lost.", pause_withholds_one_source},
    Rule{"position.seek_moves_a_source", kFlow | DISPYTCH_CAN_SEEK, "After seek a source goes on at that offset, forth and back.",
         seek_moves_a_source},
    Rule{"position.seek_before_acknowledging", kFlow | DISPYTCH_CAN_SEEK, "seek works between ASSIGNED and its acknowledgement.",
         seek_before_the_assignment_is_acknowledged},
};

}  // namespace

std::span<const Rule> position_rules() { return kPositionRules; }

}  // namespace dispytch::conformance
