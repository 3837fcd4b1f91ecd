// A file that is moved, deleted or replaced while it is open.
#include <filesystem>
#include <fstream>

#include "fixture.hpp"

namespace dispytch::sqlite {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MissingFile : public BrokerTest {
 protected:
  void move(const char* to) {
    for (const char* end : {"", "-wal", "-shm"}) {
      if (std::filesystem::exists(path() + end)) std::filesystem::rename(path() + end, (folder / to).string() + end);
    }
  }
  void move_back(const char* from) {
    for (const char* end : {"", "-wal", "-shm"}) {
      if (std::filesystem::exists((folder / from).string() + end)) std::filesystem::rename((folder / from).string() + end, path() + end);
    }
  }
};

TEST_F(MissingFile, IsNotWrittenToUntilItIsPutBack) {
  open(options());
  put({{.payload = "before"}});
  move("elsewhere");
  EXPECT_EQ(send_one({.payload = "meanwhile"}).count, 1u);
  eventually([&] { return !host.log().empty(); }, "a line in the log");
  EXPECT_THAT(host.log().back(), AllOf(HasSubstr(path()), HasSubstr("was moved or deleted"), HasSubstr("put it back")));
  EXPECT_FALSE(std::filesystem::exists(path()));
  move_back("elsewhere");
  EXPECT_EQ(reports(1).front().code, DISPYTCH_OK);
  const auto look = reader({.names = {"orders"}, .ephemeral = true});
  EXPECT_THAT(payloads(look->take(2)), ElementsAre("before", "meanwhile"));
}

TEST_F(MissingFile, FailsMessagesWhoseTimeIsOver) {
  timeout = milliseconds{50};
  open(options());
  put({{.payload = "before"}});
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path() + end);
  const Outcome outcome = outcome_of({.payload = "meanwhile"});
  EXPECT_EQ(outcome.code, DISPYTCH_EUNAVAILABLE);
  EXPECT_THAT(outcome.text, HasSubstr("was moved or deleted"));
}

TEST_F(MissingFile, ThatAnotherOneHasReplacedIsSaid) {
  timeout = milliseconds{50};
  open(options());
  move("elsewhere");
  std::ofstream{path()} << "another file";
  EXPECT_THAT(outcome_of({.payload = "meanwhile"}).text, HasSubstr("was replaced by another file"));
}

TEST_F(MissingFile, IsToldToListeners) {
  open(options());
  const auto member = reader();
  member->await_event(DISPYTCH_ASSIGNED);
  move("elsewhere");
  member->await_event(DISPYTCH_DOWN);
  EXPECT_THAT(member->texts, Contains(HasSubstr("was moved or deleted")));
  move_back("elsewhere");
  member->await_event(DISPYTCH_UP);
  put({{.payload = "after"}});
  EXPECT_THAT(payloads(member->take(1)), ElementsAre("after"));
}

}  // namespace
}  // namespace dispytch::sqlite
