// `dispytch dlq` over a real Kafka.
#include <signal.h>

#include <algorithm>
#include <map>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/cli_fixture.hpp"
#include "support/kafka_topics.hpp"

namespace dispytch::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class DlqOverKafka : public CliTest {
 protected:
  DlqOverKafka() {
    topics_.create(topic_, 2);
    topics_.create(letters_, 2);
  }
  ~DlqOverKafka() override {
    topics_.remove(topic_);
    topics_.remove(letters_);
  }

  std::vector<std::string> arguments(const std::string& command_name, std::vector<std::string> more = {}) const {
    std::vector<std::string> all{"dlq", command_name, "--config", config_, "billing"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Finished dlq(const std::string& command_name, std::vector<std::string> more = {}) const {
    return dispytch(arguments(command_name, std::move(more)));
  }

  Finished kcat(std::vector<std::string> more, std::string_view input = {}) const {
    more.insert(more.begin(), {"kcat", "-q", "-b", kafka_address(), "-X", "auto.offset.reset=earliest"});
    return run(std::move(more), input);
  }
  // Lines of KEY:PAYLOAD, each as a letter.
  void bury(const std::string& lines, int partition, const std::string& from, std::vector<std::string> headers = {}) const {
    std::vector<std::string> all{"-P", "-t", letters_, "-p", std::to_string(partition), "-K", ":"};
    headers.insert(headers.end(),
                   {"dispytch-reason=failed", "dispytch-exception=std::runtime_error: gone", "dispytch-handler=bill",
                    "dispytch-listener=billing", "dispytch-group=" + group_, "dispytch-topic=" + from, "dispytch-partition=1",
                    "dispytch-offset=77", "dispytch-attempts=3", "dispytch-first=1767323044000", "dispytch-last=1767323045000"});
    for (const std::string& header : headers) all.insert(all.end(), {"-H", header});
    const Finished sent = kcat(all, lines);
    ASSERT_EQ(sent.exit_code, 0) << sent.errors;
  }
  void bury_numbers(int count) const {
    std::string lines[2];
    for (int i = 0; i < count; ++i) lines[i % 2] += "k" + std::to_string(i % 2) + ":" + std::to_string(i) + "\n";
    bury(lines[0], 0, topic_);
    bury(lines[1], 1, topic_);
  }
  // What lies in the original topic: how often each payload.
  std::map<std::string, int> back() const {
    std::map<std::string, int> counts;
    std::istringstream lines{kcat({"-C", "-e", "-t", topic_, "-f", "%s\n"}).output};
    for (std::string line; std::getline(lines, line);) ++counts[line];
    return counts;
  }
  static int all_of(const std::map<std::string, int>& counts) {
    int all = 0;
    for (const auto& [payload, count] : counts) all += count;
    return all;
  }
  void await_back(int count) const { kcat({"-C", "-c", std::to_string(count), "-t", topic_}); }

  std::string config_for(const std::string& address) const {
    return "version: 1\n"
           "backends:\n"
           "  bus: { plugin: kafka, config: { bootstrap.servers: \"" +
           address +
           "\" } }\n"
           "emitters:\n"
           "  out: { backend: bus, timeout: 10s }\n"
           "listeners:\n"
           "  billing:\n"
           "    { backend: bus, group: " +
           group_ + ", topics: [" + topic_ +
           "], dead_letter: { emitter: out },\n"
           "      config: { session.timeout.ms: 6000 } }\n";
  }

  KafkaTopics topics_{kafka_address()};
  std::string topic_ = folder().filename();
  std::string letters_ = topic_ + ".dlq";
  std::string group_ = "billing-" + topic_;
  std::string config_ = write("orders.yaml", config_for(kafka_address()));
};

// A pattern's letters have topics of their own, which come into being with the first letter. Nobody is to wait for a group meanwhile.
TEST_F(DlqOverKafka, SaysAtOnceThatThereIsNoTopicOfLettersYet) {
  std::string text = config_for(kafka_address());
  text.replace(text.find("topics: [" + topic_ + "]"), topic_.size() + 10, "topics: [{ pattern: \"" + topic_ + ".{region}\" }]");
  write("orders.yaml", text);
  const Finished listed = dlq("list");
  EXPECT_EQ(listed.output, "0 letters\n");
  // A cluster that has just begun may have a warning of the client before it.
  EXPECT_THAT(listed.errors, EndsWith("no topic of dead letters is there yet: " + topic_ + ".{region}.dlq\n"));
  EXPECT_EQ(listed.exit_code, 0);
  const Finished replayed = dlq("replay");
  EXPECT_EQ(replayed.output, "0 letters replayed\n");
  EXPECT_THAT(replayed.errors, EndsWith("no topic of dead letters is there yet: " + topic_ + ".{region}.dlq\n"));
  EXPECT_EQ(replayed.exit_code, 0);

  // A replay elsewhere, or another group's topics, are no reason: there are letters.
  topics_.create(topic_ + ".north.dlq", 1);
  EXPECT_EQ(dlq("list").output, "0 letters\n") << "an empty topic of letters is read to its end";
  topics_.remove(topic_ + ".north.dlq");
}

TEST_F(DlqOverKafka, ListsShowsReplaysAndPurges) {
  bury("a:{\"n\":1}\nb:2\n", 0, topic_, {"trace=abc", "dispytch-replays=1"});
  bury("c:3\n", 1, topic_);
  const Finished listed = dlq("list");
  EXPECT_THAT(listed.output, AllOf(HasSubstr(letters_ + "/0:0  2026-01-02T03:04:05Z  failed  handler: bill  attempts: 3  from: " + topic_ +
                                             "/1:77  replays: 1  std::runtime_error: gone\n"),
                                   HasSubstr(letters_ + "/1:0  "), EndsWith("\n3 letters: 3 failed\n")));
  EXPECT_EQ(listed.exit_code, 0) << listed.errors;
  const Finished shown = dlq("show", {"0:0"});
  EXPECT_THAT(shown.output, AllOf(HasSubstr("\nkey: a\n"), HasSubstr("\n  trace: abc\n"), EndsWith("\n{\n  \"n\": 1\n}\n")));
  EXPECT_THAT(dlq("show", {"1:5"}).errors, HasSubstr("there is no letter at " + letters_ + "/1:5"));

  const Finished tried = dlq("replay", {"--dry-run"});
  EXPECT_THAT(tried.output, EndsWith("3 letters would be replayed; nothing was sent\n")) << tried.errors;
  EXPECT_EQ(all_of(back()), 0);
  const Finished replayed = dlq("replay");
  EXPECT_EQ(replayed.output, "3 letters replayed\n") << replayed.errors;
  EXPECT_EQ(replayed.exit_code, 0);
  EXPECT_THAT(kcat({"-C", "-e", "-t", topic_, "-f", "%k %s %h\n"}).output,
              AllOf(HasSubstr("a {\"n\":1} trace=abc,dispytch-replays=2\n"), HasSubstr("c 3 dispytch-replays=1\n")));
  EXPECT_EQ(dlq("replay", {"--dry-run"}).output, "0 letters would be replayed; nothing was sent\n");
  EXPECT_EQ(dlq("replay").output, "0 letters replayed\n");
  EXPECT_THAT(dlq("list").output, EndsWith("\n3 letters: 3 failed\n")) << "they stay where they are";

  bury("d:4\n", 1, topic_);
  EXPECT_THAT(dlq("purge", {"--replayed"}).output, AllOf(HasSubstr("\n3 letters: 3 failed\n"), HasSubstr("nothing was deleted")));
  const Finished purged = dlq("purge", {"--replayed", "--yes"});
  EXPECT_THAT(purged.output, EndsWith("\n3 letters: 3 failed\ndeleted\n")) << purged.errors;
  EXPECT_THAT(dlq("list").output, AllOf(StartsWith(letters_ + "/1:1  "), EndsWith("\n1 letter: 1 failed\n")));
  EXPECT_EQ(dlq("replay", {"--again"}).output, "1 letter replayed\n");
  EXPECT_THAT(dlq("purge", {"--up-to", "1:1", "--yes"}).output, EndsWith("deleted\n"));
  EXPECT_EQ(dlq("list").output, "0 letters\n");
}

// Its place in the group is free again after the session's timeout; the second replay waits for that.
TEST_F(DlqOverKafka, AReplayThatWasKilledGoesOnAndRepeatsAFew) {
  constexpr int kLetters = 400;
  constexpr int kBatch = 2;  // a tenth of a second of the rate
  bury_numbers(kLetters);
  {
    Process killed{command(arguments("replay", {"--rate", "20/s"})), with_plugins()};
    await_back(20);
    killed.signal(SIGKILL);
    EXPECT_EQ(killed.finish().exit_code, 128 + SIGKILL);
  }
  const int before = all_of(back());
  ASSERT_LT(before, kLetters) << "it was killed too late to show anything";
  const Finished rest = dlq("replay");
  EXPECT_EQ(rest.exit_code, 0) << rest.errors;
  const std::map<std::string, int> counts = back();
  EXPECT_EQ(counts.size(), std::size_t{kLetters}) << "some never came back";
  EXPECT_LE(all_of(counts), kLetters + kBatch) << before << " were back when it was killed";
}

TEST_F(DlqOverKafka, AReplayThatWasInterruptedGoesOnAndRepeatsNone) {
  constexpr int kLetters = 300;
  bury_numbers(kLetters);
  Process interrupted{command(arguments("replay", {"--rate", "20/s"})), with_plugins()};
  await_back(20);
  interrupted.signal(SIGINT);
  const Finished first = interrupted.finish();
  EXPECT_THAT(first.errors, HasSubstr("interrupted; the same command goes on from there\n"));
  EXPECT_EQ(first.exit_code, 1);
  const Finished rest = dlq("replay");
  EXPECT_EQ(rest.exit_code, 0) << rest.errors;
  const std::map<std::string, int> counts = back();
  EXPECT_EQ(counts.size(), std::size_t{kLetters});
  EXPECT_EQ(all_of(counts), kLetters);
}

TEST_F(DlqOverKafka, StraysAndLettersFromElsewhereAreRefused) {
  kcat({"-P", "-t", letters_, "-p", "0"}, "stray\n");
  bury("a:1\n", 0, "elsewhere");
  bury("b:2\n", 0, topic_, {"dispytch-replays=3"});
  bury("c:3\n", 0, topic_);
  const Finished finished = dlq("replay");
  EXPECT_EQ(finished.output, "1 letter replayed, 3 refused\n") << finished.errors;
  EXPECT_THAT(finished.errors, HasSubstr(letters_ + "/0:1: refused: it came from topic `elsewhere`"));
  EXPECT_THAT(finished.errors, HasSubstr(letters_ + "/0:2: refused: it has come back 3 times"));
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(all_of(back()), 1);
}

TEST_F(DlqOverKafka, AMissingTopicIsNamed) {
  topics_.remove(letters_);
  for (const char* name : {"list", "replay"}) {
    const Finished finished = dlq(name);
    EXPECT_THAT(finished.errors, HasSubstr("there is no topic `" + letters_ + "`"));
    EXPECT_EQ(finished.exit_code, 1);
  }
  EXPECT_THAT(dlq("purge", {"--all"}).errors, HasSubstr("there is no topic `" + letters_ + "`"));
}

TEST_F(DlqOverKafka, ABrokerThatIsAwayIsAnErrorOfEachCommand) {
  const std::string away = write("away.yaml", config_for("localhost:1"));
  const std::vector<std::vector<std::string>> commands{{"dlq", "list", "--config", away, "billing"},
                                                       {"dlq", "show", "--config", away, "billing", "0:0"},
                                                       {"dlq", "replay", "--config", away, "billing"},
                                                       {"dlq", "purge", "--config", away, "billing", "--all"}};
  std::vector<std::unique_ptr<Process>> running;  // each waits for its own while
  for (const auto& each : commands) running.push_back(std::make_unique<Process>(command(each), with_plugins()));
  for (const auto& process : running) {
    const Finished finished = process->finish();
    EXPECT_THAT(finished.errors, HasSubstr("localhost:1"));
    EXPECT_EQ(finished.output, "");
    EXPECT_EQ(finished.exit_code, 1);
  }
}

}  // namespace
}  // namespace dispytch::testing
