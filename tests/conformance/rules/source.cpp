// Sources: what a consumer reads is told apart, and all of it is read.
#include <array>
#include <cstdint>
#include <map>
#include <set>

#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

Message of_second_topic(Scene& scene, int number) {
  Message message = scene.in_one_source(number);
  message.topic = scene.options.second_topic;
  return message;
}

void topics_are_told_apart(Scene& scene) {
  scene.publish({scene.in_one_source(0), of_second_topic(scene, 1)});
  const auto consumer = scene.consumer({.topics = {scene.options.topic, scene.options.second_topic}});
  Reader reader{scene, *consumer};
  std::map<std::string, std::uint32_t> sources;
  for (const Received& message : reader.take(2)) {
    const std::string& expected = message.number == 0 ? scene.options.topic : scene.options.second_topic;
    expect(message.topic == expected, "a message of topic `", expected, "` says topic `", message.topic, "`");
    sources[message.topic] = message.source;
    expect(reader.topics.contains(message.source) && reader.topics.at(message.source) == message.topic, "a message of topic `",
           message.topic, "` names a source that ASSIGNED announced as one of topic `", reader.topics[message.source], "`");
  }
  expect(sources[scene.options.topic] != sources[scene.options.second_topic], "messages of two topics name one source");
}

void every_topic_is_read(Scene& scene) {
  const auto consumer = scene.consumer({.topics = {scene.options.second_topic, scene.options.topic}});
  Reader reader{scene, *consumer};
  reader.await_event(DISPYTCH_ASSIGNED);
  scene.publish({scene.in_one_source(0), of_second_topic(scene, 1)});
  std::set<int> numbers;
  for (const Received& message : reader.take(2)) numbers.insert(message.number);
  expect(numbers.size() == 2, "of two topics that the consumer was opened with one is not read");
}

void partitions_are_told_apart(Scene& scene) {
  scene.publish({scene.in_one_source(0, 0), scene.in_one_source(1, 1)});
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  std::map<std::int32_t, std::uint32_t> sources;
  for (const Received& message : reader.take(2)) {
    sources[message.partition] = message.source;
    expect(reader.held.contains(message.source) && reader.held.at(message.source).partition == message.partition, "a message of partition ",
           message.partition, " names a source that ASSIGNED didn't announce as that partition");
  }
  expect(sources.size() == 2, "messages of two partitions say the same partition");
  expect(sources.begin()->second != sources.rbegin()->second, "messages of two partitions name one source");
}

constexpr std::array kSourceRules{
    asking(kSecondTopic, Rule{"source.topics_are_told_apart", kFlow, "Two topics are never one source.", topics_are_told_apart}),
    asking(kSecondTopic, Rule{"source.every_topic_is_read", kFlow, "Every topic of a consumer's list is read.", every_topic_is_read}),
    Rule{"source.partitions_are_told_apart", kFlow | DISPYTCH_CAN_PARTITIONS, "Two partitions are never one source.",
         partitions_are_told_apart},
};

}  // namespace

std::span<const Rule> source_rules() { return kSourceRules; }

}  // namespace dispytch::conformance
