// A disk that is full, or that fails; and a file that may not grow.
#include "faulty_disk.hpp"
#include "fixture.hpp"

namespace dispytch::sqlite {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FullDisk : public BrokerTest {
 protected:
  ~FullDisk() override { close(); }  // before the disk goes
  FaultyDisk disk;
};

TEST_F(FullDisk, HoldsEmittersUpAndWorksAgainWhenThereIsRoom) {
  Options with = options();
  with.queue_messages = 3;
  open(with);
  put({{.payload = "before"}});
  disk.writes = SQLITE_FULL;
  for (const char* payload : {"1", "2", "3"}) EXPECT_EQ(send_one({.payload = payload}).count, 1u);
  const plugin::Accepted refused = send_one({.payload = "4"});
  EXPECT_EQ(refused.count, 0u);
  EXPECT_TRUE(refused.status.ok()) << "it is back-pressure, no error";
  eventually([&] { return !host.log().empty(); }, "a line in the log");
  EXPECT_THAT(host.log().back(), AllOf(HasSubstr(path()), HasSubstr("no room is left"), HasSubstr("free some")));
  disk.writes = SQLITE_OK;
  for (const Outcome& outcome : reports(3)) EXPECT_EQ(outcome.code, DISPYTCH_OK);
  put({{.payload = "4"}});
  const auto look = reader({.names = {"orders"}, .ephemeral = true});
  EXPECT_THAT(payloads(look->take(5)), ElementsAre("before", "1", "2", "3", "4"));
}

TEST_F(FullDisk, FailsMessagesWhoseTimeIsOver) {
  timeout = milliseconds{50};
  open(options());
  put({{.payload = "before"}});
  disk.writes = SQLITE_FULL;
  const Outcome outcome = outcome_of({.payload = "lost"});
  EXPECT_EQ(outcome.code, DISPYTCH_EUNAVAILABLE);
  EXPECT_NE(outcome.flags & DISPYTCH_ERROR_RETRIABLE, 0u);
  EXPECT_EQ(outcome.flags & DISPYTCH_ERROR_MAYBE_SENT, 0u);
  EXPECT_THAT(outcome.text, HasSubstr("no room is left"));
  disk.writes = SQLITE_OK;
  put({{.payload = "after"}});
  const auto look = reader({.names = {"orders"}, .ephemeral = true});
  EXPECT_THAT(payloads(look->take(2)), ElementsAre("before", "after"));
}

TEST_F(FullDisk, PausesAListenerWhoseLeaseCantBeRenewedAndLetsItGoOn) {
  open(options());
  const auto member = reader();
  member->await_event(DISPYTCH_ASSIGNED);
  disk.writes = SQLITE_FULL;
  member->await_event(DISPYTCH_DOWN);
  EXPECT_THAT(member->texts, Contains(HasSubstr("no room is left")));
  disk.writes = SQLITE_OK;
  member->await_event(DISPYTCH_UP);
  put({{.payload = "after"}});
  EXPECT_THAT(payloads(member->take(1)), ElementsAre("after"));
  EXPECT_THAT(member->events, ::testing::Not(Contains(DISPYTCH_LOST)));
}

TEST_F(FullDisk, ThatFailsIsSaidAndTheMessageMayBeThere) {
  timeout = milliseconds{50};
  open(options());
  put({{.payload = "before"}});
  disk.writes = SQLITE_IOERR_WRITE;
  const Outcome outcome = outcome_of({.payload = "who knows"});
  EXPECT_EQ(outcome.code, DISPYTCH_EUNAVAILABLE);
  EXPECT_NE(outcome.flags & DISPYTCH_ERROR_MAYBE_SENT, 0u);
  disk.writes = SQLITE_OK;
}

class BoundedFile : public BrokerTest {};

TEST_F(BoundedFile, HoldsEmittersUpUntilWhatWasHandledIsDeleted) {
  Options with = options({{"orders", {.partitions = 1, .retention = {.handled = true}}}});
  with.max_size = 1 << 20;
  with.queue_messages = 10;
  open(with);
  const auto member = reader();
  member->await_event(DISPYTCH_ASSIGNED);
  std::size_t sent = 0;
  const std::string payload(20'000, 'x');
  const auto is_full = [&] { return !host.log().empty() && host.log().back().find("no room is left") != std::string::npos; };
  eventually(
      [&] {
        sent += send_one({.payload = payload}).count;
        return is_full();
      },
      "a full file");
  std::size_t handled = 0;
  member->until(
      [&] {
        handled += member->inbox.size();
        if (!member->inbox.empty()) member->finish(std::exchange(member->inbox, {}));
        return handled >= sent;
      },
      "all that was sent");
  for (const Outcome& outcome : reports(sent)) EXPECT_EQ(outcome.code, DISPYTCH_OK);
  EXPECT_GT(sent, 10u);
}

}  // namespace
}  // namespace dispytch::sqlite
