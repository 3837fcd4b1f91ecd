// Records are read back as they were written, also while they grow.
#include "faults/history.hpp"

#include <fstream>
#include <stdexcept>

#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"

namespace dispytch::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Records : public ::testing::Test {
 protected:
  void append(const std::string& name, const std::string& text) const { std::ofstream{folder / name, std::ios::app} << text; }
  const History& read() {
    reader.read(history);
    return history;
  }

  const testing::TemporaryFolder folder{"records"};
  Reader reader{folder.path()};
  History history = {};
};

TEST(Identity, IsReadAsItIsWritten) {
  const Id id{.emitter = "feed-1", .key = "N14228", .sequence = 3};
  EXPECT_EQ(id.text(), "feed-1/N14228/3");
  EXPECT_EQ(Id::parse(id.text()), id);
  EXPECT_EQ(Id::parse("feed-1//3").key, "");
  for (const char* wrong : {"", "feed-1", "feed-1/3", "feed-1/N1/x", "feed-1/N1/"})
    EXPECT_THROW(Id::parse(wrong), std::invalid_argument) << wrong;
}

TEST_F(Records, AreReadBack) {
  const Id one{"feed-1", "N1", 1}, two{"feed-1", "N1", 2}, three{"feed-1", "N2", 1}, four{"feed-1", "", 1};
  {
    Record emitted{folder / "emitted.feed-1"}, handled{folder / "handled.board-1"};
    for (const Id& id : {one, two, three, four}) emitted.tried(id);
    emitted.confirmed(one, {2, 17});
    emitted.refused(two);
    emitted.unknown(three);
    handled.handled(one, {2, 17}, Time{seconds{5}}, Time{seconds{6}});
  }
  EXPECT_EQ(read().emitted.size(), 4u);
  EXPECT_EQ(history.emitted.at(one).answer, Answer::confirmed);
  EXPECT_EQ(history.emitted.at(one).place, (Place{2, 17}));
  EXPECT_EQ(history.emitted.at(two).answer, Answer::refused);
  EXPECT_EQ(history.emitted.at(three).answer, Answer::unknown);
  EXPECT_EQ(history.emitted.at(four).answer, Answer::none);
  ASSERT_EQ(history.handled.size(), 1u);
  EXPECT_EQ(history.handled[0].id, one);
  EXPECT_EQ(history.handled[0].run, "board-1");
  EXPECT_EQ(history.handled[0].place, (Place{2, 17}));
  EXPECT_EQ(history.handled[0].begun, Time{seconds{5}});
  EXPECT_EQ(history.handled[0].ended, Time{seconds{6}});
}

TEST_F(Records, AreReadOnceWhileTheyGrow) {
  append("handled.board-1", "handled feed-1/N1/1 0 0 1 2\nhandled feed-1/N1/2 0");
  EXPECT_EQ(read().handled.size(), 1u) << "the second line has no end yet";
  append("handled.board-1", " 1 3 4\n");
  EXPECT_EQ(read().handled.size(), 2u);
  EXPECT_EQ(read().handled.size(), 2u);
}

TEST_F(Records, OfOtherKindsAreRefused) {
  append("handled.board-1", "confirmed feed-1/N1/1 0 0\n");
  EXPECT_THROW(read(), std::runtime_error);
}

TEST_F(Records, ThatLackAFieldAreRefused) {
  append("emitted.feed-1", "confirmed feed-1/N1/1 0\n");
  EXPECT_THROW(read(), std::runtime_error);
}

TEST_F(Records, TakeAssignmentsAndExcusesFromTheLog) {
  const auto line = [](const std::string& source, const std::string& text) {
    return R"({"time":"1970-01-01T00:00:07.250Z","level":"info","source":")" + source + R"(","text":")" + text + "\"}\n";
  };
  append("log.board-1",
         "what a library writes by itself\n" + line("listener.board", "assigned: t[0]") + line("plugin.kafka", "lost: t[0]"));
  EXPECT_TRUE(read().excuses.empty());
  ASSERT_EQ(history.assignments.size(), 1u);
  EXPECT_EQ(history.assignments[0].run, "board-1");
  EXPECT_EQ(history.assignments[0].at, Time{milliseconds{7'250}});

  append("log.feed-1",
         line("plugin.kafka", "producing to 127.0.0.1:9: messages are numbered anew (producer 1, epoch 1); what was on its way"));
  ASSERT_EQ(read().renumberings.size(), 1u);
  EXPECT_EQ(history.renumberings[0].run, "feed-1");
  EXPECT_EQ(history.renumberings[0].at, Time{milliseconds{7'250}});

  append("log.board-2", line("listener.board", "lost: t[0]: taken for dead"));
  append("log.board-3", line("listener.board", "the broker didn't take all of what was settled before a revocation; some messages"));
  append("log.board-4", line("listener.board", "revoked: t[0]"));
  append("log.board-4", line("listener.board", "stopped: 1 handled, 0 unhandled, 0 dropped"));
  std::map<std::string, std::vector<Excuse::Kind>> kinds;
  for (const Excuse& excuse : read().excuses) kinds[excuse.run].push_back(excuse.kind);
  using enum Excuse::Kind;
  EXPECT_EQ(kinds,
            (std::map<std::string, std::vector<Excuse::Kind>>{{"board-2", {fence}}, {"board-3", {crash}}, {"board-4", {leave, leave}}}));
}

}  // namespace
}  // namespace dispytch::faults
