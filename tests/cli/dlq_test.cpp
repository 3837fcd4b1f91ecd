// What `dispytch dlq` does with letters: lists, replays, deletes.
#include "cli/dlq_fixture.hpp"

namespace dispytch::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using ::testing::Pair;
using ::testing::StartsWith;

TEST_F(Dlq, ListShowsALineForEachLetterAndASummary) {
  bury({});
  bury({.reason = "undecodable", .handler = ""});
  bury({.group = "shipping", .headers = {{"dispytch-replays", "2"}}});
  put({.topic = "orders.dlq", .payload = "no letter"});
  const Finished finished = dlq("list");
  EXPECT_THAT(finished.output,
              StartsWith("orders.dlq/0:0  2026-01-02T03:04:05Z  failed  handler: bill  attempts: 3  from: orders/0:77  replays: 0  "
                         "std::runtime_error: gone\n"
                         "orders.dlq/0:1  2026-01-02T03:04:05Z  undecodable  handler: -  attempts: 3  from: orders/0:77  replays: 0  "));
  EXPECT_THAT(finished.output, HasSubstr("\norders.dlq/0:2  2026-01-02T03:04:05Z  failed  handler: bill  attempts: 3  from: orders/0:77  "
                                         "replays: 2  "));
  EXPECT_THAT(finished.output, HasSubstr("  no dead letter: it lacks the headers of one\n"));
  EXPECT_THAT(finished.output, EndsWith("\n4 letters: 2 failed, 1 no dead letter, 1 undecodable\n"));
  EXPECT_EQ(finished.errors, "");
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(progress(), std::nullopt) << "looking moves nothing";
}

TEST_F(Dlq, ListOfAnEmptyTopicSaysSo) {
  const Finished finished = dlq("list");
  EXPECT_EQ(finished.output, "0 letters\n");
  EXPECT_EQ(finished.exit_code, 0);
}

TEST_F(Dlq, ListTakesFiltersALimitAndJson) {
  bury({.handler = "bill"});
  bury({.handler = "ship", .last_ms = 1'767'323'045'000 + 3'600'000});
  bury({.handler = "ship", .last_ms = 1'767'323'045'000 + 7'200'000});
  EXPECT_THAT(dlq("list", {"--filter", "handler=ship"}).output, EndsWith("\n2 letters: 2 failed\n"));
  EXPECT_THAT(dlq("list", {"--filter", "handler~hi", "--filter", "until=2026-01-02T04:04:05Z"}).output, EndsWith("\n1 letter: 1 failed\n"));
  EXPECT_THAT(dlq("list", {"--filter", "since=2026-01-02T04:04:05Z"}).output, EndsWith("\n2 letters: 2 failed\n"));
  EXPECT_THAT(dlq("list", {"--filter", "type=order_placed", "--filter", "key=k"}).output, EndsWith("\n3 letters: 3 failed\n"));
  EXPECT_THAT(dlq("list", {"--filter", "type=other"}).output, "0 letters\n");
  EXPECT_THAT(dlq("list", {"--limit", "1"}).output, EndsWith("\n1 letter: 1 failed; there are more\n"));
  const Finished json = dlq("list", {"--json", "--limit", "1"});
  EXPECT_THAT(json.output, HasSubstr(R"("reason":"failed","exception":"std::runtime_error: gone","handler":"bill","listener":"billing")"));
  EXPECT_EQ(std::ranges::count(json.output, '\n'), 1);
}

TEST_F(Dlq, ReplaySendsTheOriginalBackAndCountsIt) {
  bury({.payload = "\xff bytes", .key = std::string{"k\0y", 3}, .headers = {{"trace", "abc"}, {"dispytch-replays", "1"}}});
  bury({.key = std::nullopt});
  const Finished finished = dlq("replay");
  EXPECT_EQ(finished.output, "2 letters replayed\n");
  EXPECT_EQ(finished.errors, "");
  EXPECT_EQ(finished.exit_code, 0);
  const std::vector<Kept> back = read("orders");
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].payload, "\xff bytes");
  EXPECT_EQ(back[0].key, (std::string{"k\0y", 3}));
  EXPECT_THAT(back[0].headers, ElementsAre(Pair("trace", "abc"), Pair("dispytch-replays", "2")));
  EXPECT_EQ(back[1].key, std::nullopt);
  EXPECT_THAT(back[1].headers, ElementsAre(Pair("dispytch-replays", "1")));
  EXPECT_EQ(progress(), 2);
  EXPECT_THAT(dlq("list").output, EndsWith("\n2 letters: 2 failed\n")) << "they stay where they are";
}

TEST_F(Dlq, ReplayGivesTheMessageItsOwnTimeBack) {
  bury({.time_ms = 1'700'000'000'123});
  bury({.time_ms = 0});
  bury({.headers = {{"dispytch-timestamp", "5"}}});  // of an earlier death: replaced, by nothing here
  EXPECT_EQ(dlq("replay").output, "3 letters replayed\n");
  const std::vector<Kept> back = read("orders");
  ASSERT_EQ(back.size(), 3u);
  EXPECT_EQ(back[0].time_ms, 1'700'000'000'123);
  EXPECT_EQ(back[1].time_ms, 1) << "the first millisecond of 1970 goes as the second";
  EXPECT_GT(back[2].time_ms, 1'700'000'000'123) << "of the replay, where the letter knows none";
  for (const Kept& kept : back) EXPECT_THAT(kept.headers, ElementsAre(Pair("dispytch-replays", "1")));
}

TEST_F(Dlq, ReplayTakesNoTimeFromAHeaderThatIsNone) {
  for (const char* time : {"yesterday", "-5", "253402300800000", "9223372036854775807", ""}) {
    put({.topic = "orders.dlq",
         .payload = "x",
         .headers = {
             {"dispytch-reason", "failed"}, {"dispytch-topic", "orders"}, {"dispytch-group", "billing"}, {"dispytch-timestamp", time}}});
  }
  EXPECT_EQ(dlq("replay").output, "5 letters replayed\n");
  for (const Kept& kept : read("orders")) EXPECT_GT(kept.time_ms, 1'700'000'000'000);
  EXPECT_THAT(dlq("list", {"--json", "--limit", "1"}).output, HasSubstr(R"("original_time":null)"));
}

TEST_F(Dlq, ReplayMayGiveNewTimes) {
  bury({.time_ms = 1'700'000'000'123});
  EXPECT_EQ(dlq("replay", {"--new-times"}).output, "1 letter replayed\n");
  EXPECT_GT(read("orders").at(0).time_ms, 1'700'000'000'123);
}

TEST_F(Dlq, ListSaysInJsonWhatALetterLeftOut) {
  bury({.time_ms = 1'767'323'045'000});
  put({.topic = "orders.dlq",
       .headers = {{"dispytch-reason", "failed"}, {"dispytch-topic", "orders"}, {"dispytch-left-out", "exception,last"}}});
  const std::string list = dlq("list", {"--json"}).output;
  EXPECT_THAT(list, HasSubstr(R"("original_time":"2026-01-02T03:04:05Z","left_out":null)"));
  EXPECT_THAT(list, HasSubstr(R"("original_time":null,"left_out":"exception,last")"));
}

TEST_F(Dlq, ReplayGoesOnWhereItEnded) {
  for (int i = 0; i < 5; ++i) bury({.payload = std::to_string(i)});
  const Finished first = dlq("replay", {"--limit", "2"});
  EXPECT_EQ(first.output, "2 letters replayed\n");
  EXPECT_EQ(first.errors, "stopped at the limit; the same command goes on from there\n");
  EXPECT_EQ(dlq("replay").output, "3 letters replayed\n");
  EXPECT_EQ(dlq("replay").output, "0 letters replayed\n");
  std::string payloads;
  for (const Kept& kept : read("orders")) payloads += *kept.payload;
  EXPECT_EQ(payloads, "01234");
  bury({.payload = "5"});
  EXPECT_EQ(dlq("replay", {"--rate", "1000/s"}).output, "1 letter replayed\n");
}

TEST_F(Dlq, ADryRunChangesNothing) {
  bury({});
  bury({});
  EXPECT_EQ(dlq("replay", {"--limit", "1"}).output, "1 letter replayed\n");
  const Finished finished = dlq("replay", {"--dry-run"});
  EXPECT_EQ(finished.output, "orders.dlq/0:1 would go to orders\n1 letter would be replayed; nothing was sent\n");
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(read("orders").size(), 1u);
  EXPECT_EQ(progress(), 1);
  EXPECT_EQ(dlq("replay", {"--dry-run", "--again"}).output,
            "orders.dlq/0:0 would go to orders\norders.dlq/0:1 would go to orders\n2 letters would be replayed; nothing was sent\n");
}

TEST_F(Dlq, AFilterPassesOverAndAgainReachesWhatItPassed) {
  bury({.payload = "a", .handler = "bill"});
  bury({.payload = "b", .handler = "ship"});
  bury({.payload = "c", .handler = "bill"});
  const Finished finished = dlq("replay", {"--filter", "handler=bill"});
  EXPECT_EQ(finished.output, "2 letters replayed, 1 passed over by the filter\n");
  EXPECT_THAT(finished.errors, HasSubstr("--again begins with the oldest letter once more"));
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(dlq("replay").output, "0 letters replayed\n");
  EXPECT_EQ(dlq("replay", {"--again", "--filter", "handler=ship"}).output, "1 letter replayed, 2 passed over by the filter\n");
  std::string payloads;
  for (const Kept& kept : read("orders")) payloads += *kept.payload;
  EXPECT_EQ(payloads, "acb");
}

TEST_F(Dlq, LettersOfOtherGroupsAreLeftToThem) {
  bury({.group = "shipping"});
  bury({});
  EXPECT_EQ(dlq("replay").output, "1 letter replayed, 1 of other groups\n");
  EXPECT_EQ(dlq("replay", {"--again", "--filter", "group=shipping"}).output, "1 letter replayed, 1 passed over by the filter\n");
}

TEST_F(Dlq, ALetterFromAnotherTopicIsRefusedUnlessTheTargetIsSaid) {
  bury({.topic = "elsewhere"});
  const Finished refused = dlq("replay");
  EXPECT_EQ(refused.output, "0 letters replayed, 1 refused\n");
  EXPECT_THAT(refused.errors,
              HasSubstr("orders.dlq/0:0: refused: it came from topic `elsewhere`, which listener `billing` doesn't read; to "
                        "send it elsewhere on purpose say --to TOPIC\n"));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(read("orders"), IsEmpty());
  EXPECT_THAT(read("elsewhere"), IsEmpty());
  EXPECT_EQ(dlq("replay", {"--again", "--to", "elsewhere"}).output, "1 letter replayed\n");
  EXPECT_EQ(read("elsewhere").size(), 1u);
}

TEST_F(Dlq, WhatIsNoLetterIsRefusedAndStopsNoOther) {
  put({.topic = "orders.dlq", .payload = "stray"});
  put({.topic = "orders.dlq", .headers = {{"trace", "abc"}}});
  bury({.headers = {{"dispytch-replays", "many"}}});
  bury({});
  const Finished finished = dlq("replay");
  EXPECT_EQ(finished.output, "1 letter replayed, 3 refused\n");
  EXPECT_THAT(finished.errors, HasSubstr("orders.dlq/0:0: refused: it lacks the headers of a dead letter"));
  EXPECT_THAT(finished.errors, HasSubstr("orders.dlq/0:2: refused: its header dispytch-replays should be a number, and is \"many\""));
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(read("orders").size(), 1u);
}

// The listener that gives the message up, the letter, and the replay, over and over: until the count stops it.
TEST_F(Dlq, ALoopIsStopped) {
  std::atomic<int> calls = 0;
  std::stop_source stop;
  EventListener listener{
      border::Access::make(
          adapter_->open_consumer({.topics = {{.name = "orders"}}, .group = "billing"}, {}, std::chrono::seconds{5}).value()),
      {.name = "billing", .delivery = {.policy = {.retry = {.attempts = 1}}}, .dead_letter = DeadLetterOptions{.emitter = *emitter_}}};
  HandlerGroup group;
  group.on<Placed>([&](const Placed&) {
    ++calls;
    throw std::runtime_error{"never"};
  });
  listener.include(std::move(group));
  std::jthread running{[&] { listener.run(stop.get_token()); }};
  emitter_->emit(Placed{.number = 7}).value();
  const auto kept = [&] {
    return border::Admin::of(adapter_).value().ranges("orders.dlq", "", std::chrono::seconds{5}).value().front().high;
  };
  for (int replays = 0; replays < 3; ++replays) {
    while (kept() <= replays) std::this_thread::yield();
    EXPECT_EQ(dlq("replay").output, "1 letter replayed\n");
  }
  while (kept() < 4) std::this_thread::yield();
  const Finished stopped = dlq("replay");
  EXPECT_EQ(stopped.output, "0 letters replayed, 1 refused\n");
  EXPECT_THAT(stopped.errors,
              HasSubstr("orders.dlq/0:3: refused: it has come back 3 times, so another replay won't mend it; --max-replays 4 "
                        "tries once more\n"));
  EXPECT_EQ(stopped.exit_code, 1);
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(dlq("replay", {"--again", "--dry-run", "--max-replays", "4"}).exit_code, 0);
  stop.request_stop();
}

TEST_F(Dlq, PurgeDeletesUpToALetterOnceItIsSaidTwice) {
  for (int i = 0; i < 4; ++i) bury({});
  const Finished asked = dlq("purge", {"--up-to", "0:1"});
  EXPECT_EQ(
      asked.output,
      "orders.dlq, partition 0: from offset 0 up to 1\n2 letters: 2 failed\nnothing was deleted; say --yes to delete them for good\n");
  EXPECT_EQ(asked.exit_code, 0);
  EXPECT_THAT(dlq("list").output, EndsWith("\n4 letters: 4 failed\n"));
  const Finished done = dlq("purge", {"--up-to", "0:1", "--yes"});
  EXPECT_THAT(done.output, EndsWith("\n2 letters: 2 failed\ndeleted\n"));
  EXPECT_THAT(dlq("list").output, StartsWith("orders.dlq/0:2  "));
  EXPECT_EQ(dlq("purge", {"--up-to", "0:1", "--yes"}).output, "nothing to delete\n");
}

TEST_F(Dlq, PurgeOfWhatWasReplayedKeepsTheRest) {
  for (int i = 0; i < 4; ++i) bury({});
  EXPECT_EQ(dlq("purge", {"--replayed"}).output, "nothing to delete\n");
  dlq("replay", {"--limit", "3"});
  EXPECT_THAT(dlq("purge", {"--replayed", "--yes"}).output, HasSubstr("from offset 0 up to 2\n3 letters: 3 failed\ndeleted\n"));
  EXPECT_THAT(dlq("list").output, EndsWith("\n1 letter: 1 failed\n"));
  EXPECT_EQ(dlq("replay").output, "1 letter replayed\n") << "the position is a place, not a count";
  EXPECT_THAT(dlq("purge", {"--all", "--yes"}).output, EndsWith("deleted\n"));
  EXPECT_EQ(dlq("list").output, "0 letters\n");
}

TEST_F(Dlq, PurgeSparesTheLettersOfOtherGroups) {
  bury({.group = "shipping"});
  bury({});
  const Finished refused = dlq("purge", {"--all", "--yes"});
  EXPECT_THAT(refused.errors, HasSubstr("among them are letters, 1, that another group than `billing` gave up"));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(dlq("list").output, EndsWith("\n2 letters: 2 failed\n"));
  EXPECT_THAT(dlq("purge", {"--all", "--yes", "--other-groups"}).output, EndsWith("deleted\n"));
}

TEST_F(Dlq, SaysWhatIsWrongWithTheOptions) {
  bury({});
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong{
      {{"list", "--config", config_, "biling"}, "no listener `biling` in "},
      {{"list", "--config", config_, "careless"},
       "listener `careless` of " + config_ + " has no dead letters: it has no key `dead_letter`"},
      {{"list", "--config", config_, "open"}, "listener `open` of " + config_ + " names no topics"},
      {{"list", "--config", config_, "billing", "--topic", "elsewhere"}, "--topic elsewhere: listener `billing` of "},
      {{"list", "--config", config_, "billing", "--filter", "reason"}, "--filter reason: expected NAME=VALUE or NAME~PART"},
      {{"list", "--config", config_, "billing", "--filter", "resaon=failed"}, "a letter has no `resaon`; there are: reason, exception, "},
      {{"list", "--config", config_, "billing", "--filter", "since=monday"},
       "expected a time such as 2026-01-02T03:04:05Z, or how long ago"},
      {{"list", "--config", config_, "billing", "--filter", "since~2h"}, "a time has no parts; write since=2h"},
      {{"show", "--config", config_, "billing", "12"}, "[TOPIC/]PARTITION:OFFSET such as 0:12, found \"12\""},
      {{"show", "--config", config_, "billing", "orders/0:1"},
       "topic orders holds no dead letters of listener `billing`; there are: orders.dlq"},
      {{"show", "--config", config_, "both", "0:1"}, "there are several topics of dead letters, orders.dlq, elsewhere.dlq"},
      {{"replay", "--config", config_, "billing", "--rate", "fast"}, "--rate: expected so many a second, minute or hour, such as 100/s"},
      {{"replay", "--config", config_, "billing", "--rate", "0/s"}, "found \"0/s\""},
      {{"replay", "--config", config_, "billing", "--to", "orders.dlq"}, "--to orders.dlq is a topic of dead letters itself"},
      {{"replay", "--config", config_, "billing", "--emitter", "away"},
       "--emitter away writes to backend `other`, and listener `billing` reads"},
      {{"replay", "--config", config_, "billing", "--emitter", "uot"}, "no emitter `uot` in "},
      {{"purge", "--config", config_, "billing"}, "by one of --up-to [TOPIC/]PARTITION:OFFSET, --all and --replayed"},
      {{"purge", "--config", config_, "billing", "--all", "--replayed"}, "by one of --up-to"},
      {{"purge", "--config", config_, "billing", "--up-to", "0:9"},
       "--up-to 0:9: there is no such letter; the last one of partition 0 has offset 0"},
      {{"purge", "--config", config_, "billing", "--up-to", "7:0"}, "--up-to 7:0: topic orders.dlq has no such partition"},
  };
  for (auto [arguments, text] : wrong) {
    arguments.insert(arguments.begin(), "dlq");
    const Finished finished = dispytch(arguments);
    EXPECT_THAT(finished.errors, HasSubstr(text));
    EXPECT_EQ(finished.exit_code, 2) << text;
    EXPECT_EQ(finished.output, "") << text;
  }
  for (const std::vector<std::string>& usage :
       std::vector<std::vector<std::string>>{{"dlq"},
                                             {"dlq", "lits"},
                                             {"dlq", "list", "--config", config_},
                                             {"dlq", "list", "--config", config_, "billing", "--limit", "0"},
                                             {"dlq", "replay", "--config", config_, "billing", "--max-replays", "-1"}}) {
    EXPECT_EQ(dispytch(usage).exit_code, 2);
  }
}

TEST_F(Dlq, ALetterThatTheBrokerNeverTakesIsRefusedAndStopsNoOther) {
  bury({.payload = std::string(2000, 'x')});
  bury({.payload = "y"});
  const Finished finished = dlq("replay", {"--to", "small"});
  EXPECT_EQ(finished.output, "1 letter replayed, 1 refused\n");
  EXPECT_THAT(finished.errors, HasSubstr("orders.dlq/0:0: refused: the broker doesn't take it: "));
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(progress(), 2);
}

TEST_F(Dlq, ABrokerThatTakesNoMoreStopsItAndWhatWasConfirmedCounts) {
  for (const char* payload : {"a", "b", "c", "d"}) bury({.payload = payload});
  const Finished finished = dlq("replay", {"--to", "small"});
  EXPECT_THAT(finished.errors, HasSubstr("stopped at orders.dlq/0:2: "));
  EXPECT_THAT(finished.errors, HasSubstr("2 letters replayed before that; the same command goes on from there"));
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(progress(), 2);
  EXPECT_EQ(dlq("replay").output, "2 letters replayed\n");
}

// The plugin `replay` keeps its topics in files and offers nothing but the least.
TEST_F(Dlq, ABackendThatCanDoLessSaysWhatIsMissing) {
  write("flights.dlq", "-\t\tone\n-\t\ttwo\n");
  const std::string file = write("least.yaml", R"(version: 1
backends:
  bus: { plugin: replay, config: { folder: ')" + folder().string() +
                                                   R"(' } }
emitters:
  out: { backend: bus }
listeners:
  board: { backend: bus, group: board, topics: [flights], dead_letter: { emitter: out } }
)");
  const Finished purged = CliTest::dispytch({"dlq", "purge", "--config", file, "board", "--all", "--yes"});
  EXPECT_THAT(purged.errors, HasSubstr("the plugin `replay` doesn't offer the extension dispytch.admin/1"));
  EXPECT_EQ(purged.exit_code, 1);
  const Finished shown = CliTest::dispytch({"dlq", "show", "--config", file, "board", "0:0"});
  EXPECT_THAT(shown.errors, HasSubstr("the plugin `replay` can't move to another offset, which showing one letter needs"));
  EXPECT_EQ(shown.exit_code, 2);
  const Finished listed = CliTest::dispytch({"dlq", "list", "--config", file, "board"});  // it ends when nothing comes any more
  EXPECT_THAT(listed.output, EndsWith("\n2 letters: 2 no dead letter\n"));
  EXPECT_EQ(listed.exit_code, 0) << listed.errors;
}

TEST_F(Dlq, LettersAtAnotherBackendComeBackToTheListeners) {
  const std::string other = R"({"config":{"broker":")" + broker_ + R"(-other"}})";
  const auto adapter =
      border::Adapter::open(adapter_->library(), other, {.application = "test", .clock = &system_clock()}, std::chrono::seconds{5}).value();
  EventEmitter emitter{
      border::Access::make(adapter->open_producer(R"({"config":{},"timeout_ms":5000})", {}, std::chrono::seconds{5}).value())};
  emitter
      .emit(OutgoingMessage{.topic = "elsewhere.dlq",
                            .payload = "x",
                            .headers = {{"dispytch-reason", "failed"}, {"dispytch-topic", "elsewhere"}, {"dispytch-group", "both"}}})
      .value();
  EXPECT_EQ(dlq("replay", {}, "both").output, "1 letter replayed\n");
  EXPECT_EQ(read("elsewhere").size(), 1u);
  EXPECT_THAT(dlq("list", {"--topic", "orders"}, "both").output, "0 letters\n");
}

}  // namespace
}  // namespace dispytch::testing
