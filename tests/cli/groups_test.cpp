// `dispytch positions`, `groups`, `declare` and `skip --offline`, over a memory broker that the commands and the test share.
#include "cli/dlq_fixture.hpp"

namespace dispytch::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

class GroupCommands : public Dlq {
 protected:
  Finished positions(const std::string& command, std::vector<std::string> more = {}) const {
    std::vector<std::string> all{"positions", command, "--config", config_, "billing"};
    all.insert(all.end(), more.begin(), more.end());
    return dispytch(all);
  }
  Finished groups(const std::string& command, std::vector<std::string> more = {}) const {
    std::vector<std::string> all{"groups", command, "--config", config_, "--backend", "bus"};
    all.insert(all.end(), more.begin(), more.end());
    return dispytch(all);
  }
  void put_orders(int count) {
    read("orders", "archive-of-orders");  // keeps them
    for (int i = 0; i < count; ++i) put({.topic = "orders", .payload = "{}"});
  }
};

TEST_F(GroupCommands, PositionsAreShownAndReset) {
  put_orders(3);
  EXPECT_EQ(positions("show").exit_code, 1);
  EXPECT_THAT(positions("show").errors, HasSubstr("no group `billing` in the memory backend"));
  const Finished looked = positions("reset", {"--to", "2"});
  EXPECT_EQ(looked.exit_code, 0) << looked.errors;
  EXPECT_EQ(looked.output, "TOPIC   PARTITION  POSITION  OLDEST  END  BEHIND\norders  0          2         0       3    1\n");
  EXPECT_THAT(looked.errors, HasSubstr("nothing was moved; say --yes"));
  EXPECT_EQ(positions("show").exit_code, 1) << "it was a look";
  EXPECT_EQ(positions("reset", {"--to", "2", "--yes"}).exit_code, 0);
  EXPECT_THAT(positions("show").output, HasSubstr("orders  0          2 "));
  EXPECT_EQ(positions("show", {"--json"}).output,
            "[{\"topic\":\"orders\",\"partition\":0,\"position\":2,\"id\":null,\"oldest\":0,\"end\":3}]\n");
  EXPECT_EQ(positions("reset", {"--to", "latest", "--topic", "orders", "--partition", "0", "--yes"}).exit_code, 0);
  EXPECT_THAT(positions("show", {"--topic", "orders"}).output, HasSubstr("orders  0          3 "));
  EXPECT_EQ(positions("reset", {"--to", "1h", "--yes"}).exit_code, 0);
  EXPECT_THAT(positions("show").output, HasSubstr("orders  0          0 ")) << "all of it is younger";
}

TEST_F(GroupCommands, PositionsRefuseWhatIsNoPlace) {
  put_orders(1);
  EXPECT_EQ(positions("reset", {"--to", "soon"}).exit_code, 2);
  EXPECT_THAT(
      positions("reset", {"--to", "soon"}).errors,
      HasSubstr(
          "--to: expected earliest, latest, an offset, a time such as 2026-01-02T03:04:05Z, or how long ago as `2h`, found \"soon\""));
  EXPECT_THAT(positions("reset", {"--to", "9"}).errors, HasSubstr("expected an offset from 0 to 1, found 9"));
  EXPECT_THAT(positions("reset", {"--to", "0", "--partition", "0"}).errors, HasSubstr("--partition belongs to one topic"));
  EXPECT_EQ(dispytch({"positions", "show", "--config", config_, "nobody"}).exit_code, 2);
  EXPECT_THAT(dispytch({"positions", "reset", "--config", config_, "open", "--to", "earliest"}).errors, HasSubstr("say --topic NAME"));
}

TEST_F(GroupCommands, AGroupWithMembersIsNeitherMovedNorForgotten) {
  put_orders(1);
  const auto member =
      adapter_->open_consumer(R"({"topics":[{"name":"orders"}],"group":"billing","config":{}})", {}, std::chrono::seconds{5});
  EXPECT_THAT(positions("reset", {"--to", "latest", "--yes"}).errors,
              HasSubstr("group `billing` has 1 member; end them before it is moved"));
  EXPECT_THAT(groups("forget", {"billing", "--yes"}).errors, HasSubstr("end them before it is forgotten"));
}

TEST_F(GroupCommands, GroupsAreListedAndForgotten) {
  put_orders(1);
  positions("reset", {"--to", "latest", "--yes"});
  EXPECT_THAT(groups("list").output, HasSubstr("billing            0        -\n"));
  EXPECT_THAT(groups("list", {"--json"}).output, HasSubstr(R"({"group":"billing","members":0,"state":null})"));
  const Finished looked = groups("forget", {"billing"});
  EXPECT_EQ(looked.exit_code, 0);
  EXPECT_THAT(looked.output, HasSubstr("group billing has 1 position\nnothing was forgotten; say --yes"));
  EXPECT_THAT(groups("forget", {"billing", "--yes"}).output, HasSubstr("forgotten\n"));
  EXPECT_THAT(groups("list").output, Not(HasSubstr("billing ")));
  EXPECT_EQ(groups("forget", {"billing", "--yes"}).exit_code, 1);
}

TEST_F(GroupCommands, WhichBackendIsAskedWhereThereAreSeveral) {
  const Finished asked = dispytch({"groups", "list", "--config", config_});
  EXPECT_EQ(asked.exit_code, 2);
  EXPECT_THAT(asked.errors, HasSubstr("has several backends: bus, other; say which one is meant: --backend NAME"));
}

// A look at dead letters is a reader like any other, and leaves nothing at the broker.
TEST_F(GroupCommands, ALookLeavesNoGroupBehind) {
  bury({});
  const std::string before = groups("list").output;
  EXPECT_THAT(dlq("list").output, HasSubstr("1 letter"));
  EXPECT_THAT(dlq("show", {"0:0"}).output, HasSubstr("payload"));
  EXPECT_EQ(groups("list").output, before);
}

TEST_F(GroupCommands, DeclareMakesTheTopicsThatTheFileNames) {
  const std::string file =
      write("more.yaml",
            "version: 1\n"
            "backends: { bus: { plugin: memory, config: { broker: " +
                broker_ +
                ", auto_create: false, topics: { orders: {} } } } }\n"
                "emitters: { out: { backend: bus } }\n"
                "listeners:\n"
                "  billing: { backend: bus, group: billing, topics: [orders, refunds], dead_letter: { emitter: out } }\n");
  const Finished looked = dispytch({"declare", file, "--dry-run"});
  EXPECT_EQ(looked.exit_code, 1) << "something is missing";
  EXPECT_EQ(looked.output, "bus: missing: topic `refunds.dlq` (partitions: 1)\nbus: missing: topic `refunds` (partitions: 1)\n");
  EXPECT_EQ(dispytch({"declare", file, "--dry-run"}).output, looked.output) << "a dry run makes nothing";
  const Finished made = dispytch({"declare", file, "--json"});
  EXPECT_EQ(made.exit_code, 0) << made.errors;
  EXPECT_THAT(made.output, HasSubstr(R"({"backend":"bus","what":"made","object":"topic `refunds`",)"));
  EXPECT_EQ(dispytch({"declare", file}).output, "nothing is missing\n");
}

TEST_F(GroupCommands, SkipOfflineMovesTheGroupPastTheNextMessageAlone) {
  put_orders(3);
  const auto skip = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"skip", "--offline", "--config", config_, "billing", "orders"});
    return dispytch(words);
  };
  EXPECT_EQ(positions("reset", {"--to", "1", "--yes"}).exit_code, 0);
  EXPECT_THAT(skip({"0", "2"}).errors, HasSubstr("group billing goes on at 1: what lies between would be skipped as well"));
  EXPECT_THAT(skip({"0", "0"}).errors, HasSubstr("group billing is past that message already: it goes on at 1"));
  EXPECT_THAT(skip({"3", "0"}).errors, HasSubstr("topic orders has no partition 3"));
  EXPECT_THAT(skip({"some-id"}).errors, HasSubstr("--offline needs the message's partition and offset"));
  EXPECT_THAT(skip({"x", "0"}).errors, HasSubstr("PARTITION: expected a whole number, 0 or more, found \"x\""));
  const Finished skipped = skip({"0", "1"});
  EXPECT_EQ(skipped.exit_code, 0) << skipped.errors;
  EXPECT_EQ(skipped.output, "skipped: orders 0:1\n");
  EXPECT_THAT(positions("show").output, HasSubstr("orders  0          2 "));
}

// ---- a header without a value is not one with an empty value ----

TEST_F(GroupCommands, AHeaderWithoutAValueStaysOneInShowListAndReplay) {
  put({.topic = "orders.dlq",
       .payload = R"({"id":"1","type":"order_placed","body":{"number":1},"timestamp":5})",
       .headers = {{"none", std::nullopt},
                   {"empty", ""},
                   {"dispytch-reason", "failed"},
                   {"dispytch-topic", "orders"},
                   {"dispytch-group", "billing"},
                   {"dispytch-exception", std::nullopt}}});
  EXPECT_THAT(dlq("show", {"0:0"}).output, HasSubstr("  none (no value)\n  empty: \n"));
  read("orders", "archive-of-orders");
  EXPECT_EQ(dlq("replay").exit_code, 0);
  const std::vector<Kept> replayed = read("orders");
  ASSERT_EQ(replayed.size(), 1u);
  EXPECT_THAT(replayed[0].headers, Contains(Pair("none", std::optional<std::string>{})));
  EXPECT_THAT(replayed[0].headers, Contains(Pair("empty", std::optional<std::string>{""})));
}

// ---- a broker without offsets to go back to: letters are looked at, and not consumed ----

// The memory plugin, that can't seek.
const dispytch_plugin& unseekable() {
  static const dispytch_consumer_api consumer = [] {
    dispytch_consumer_api api = *dispytch_memory_plugin(DISPYTCH_ABI_MINOR)->consumer;
    api.seek = nullptr;
    return api;
  }();
  static const dispytch_plugin table = [] {
    dispytch_plugin plugin = *dispytch_memory_plugin(DISPYTCH_ABI_MINOR);
    plugin.id = "unseekable";
    plugin.consumer = &consumer;
    plugin.capabilities &= ~DISPYTCH_CAN_SEEK;
    return plugin;
  }();
  return table;
}

TEST_F(GroupCommands, LettersAreBrowsedWhereThereIsNoSeeking) {
  border::adopt(unseekable());
  bury({.payload = "{\"a\":1}"});
  bury({.payload = "{\"b\":2}"});
  const std::string file = write("unseekable.yaml",
                                 "version: 1\n"
                                 "backends: { bus: { plugin: unseekable, config: { broker: " +
                                     broker_ +
                                     ", auto_create: false, topics: { orders: {}, orders.dlq: {} } } } }\n"
                                     "emitters: { out: { backend: bus } }\n"
                                     "listeners:\n"
                                     "  billing: { backend: bus, group: billing, topics: [orders], dead_letter: { emitter: out } }\n");
  const Finished listed = dispytch({"dlq", "list", "--config", file, "billing"});
  EXPECT_EQ(listed.exit_code, 0) << listed.errors;
  EXPECT_THAT(listed.output, HasSubstr("2 letters: 2 failed"));
  EXPECT_THAT(listed.output, HasSubstr("orders.dlq/0:1  "));
  const Finished none = dispytch({"dlq", "show", "--config", file, "billing", "id:nothing"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.errors, HasSubstr("there is no letter at orders.dlq/id:nothing"));
}

}  // namespace
}  // namespace dispytch::testing
