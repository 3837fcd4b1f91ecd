#include "lock_holder.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include "fixture.hpp"

namespace dispytch::sqlite {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kLocks =
    "1: POSIX  ADVISORY  READ  11 fe:00:4242 123 127\n"
    "2: POSIX  ADVISORY  WRITE 12 fe:00:4241 120 120\n"
    "3: FLOCK  ADVISORY  WRITE 13 fe:00:4242 0 EOF\n"
    "4: POSIX  ADVISORY  WRITE 14 fe:00:4242 121 121\n"
    "5: POSIX  ADVISORY  WRITE 4711 fe:00:4242 120 120\n"
    "5: -> POSIX  ADVISORY  WRITE 15 fe:00:4242 120 120\n";

TEST(LockHolder, IsTheOneWithTheWriteLockOnThatFile) {
  EXPECT_EQ(write_lock_in(kLocks, 0xfe, 0, 4242), 4711);
  EXPECT_EQ(write_lock_in(kLocks, 0xfe, 0, 4241), 12);
}

TEST(LockHolder, IsNobodyWhereThereIsNoSuchLock) {
  EXPECT_EQ(write_lock_in(kLocks, 0xfe, 0, 1), 0);
  EXPECT_EQ(write_lock_in("", 0xfe, 0, 4242), 0);
  EXPECT_EQ(write_lock_in("nonsense\n", 0xfe, 0, 4242), 0);
}

TEST(LockHolder, OfALockOfTheWholeFileIsItsHolder) {
  EXPECT_EQ(write_lock_in("1: POSIX  ADVISORY  WRITE 9 fe:00:5 0 EOF\n", 0xfe, 0, 5), 9);
}

// A process that stops in the middle of a transaction.
class Locker {
 public:
  explicit Locker(const std::string& path) {
    if (pipe(pipe_) != 0) throw std::runtime_error{"no pipe"};
    child_ = fork();
    if (child_ == 0) {
      Database database{path, SQLITE_OPEN_READWRITE};
      database.wait_for_locks(milliseconds{10'000});
      database.execute("BEGIN IMMEDIATE");
      const char locked = 1;
      if (write(pipe_[1], &locked, 1) == 1) pause();
      _exit(0);
    }
    char locked = 0;
    if (read(pipe_[0], &locked, 1) != 1) throw std::runtime_error{"the child never got the lock"};
  }
  ~Locker() { end(); }
  pid_t id() const { return child_; }
  void end() {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    ::close(pipe_[0]);
    ::close(pipe_[1]);
    child_ = 0;
  }

 private:
  int pipe_[2] = {-1, -1};
  pid_t child_ = 0;
};

class LockedFile : public BrokerTest {};

TEST_F(LockedFile, IsNamedWithItsHolder) {
  { const Broker made{options(), plugin::Host{&host.raw}}; }  // without threads here when the child is made
  Locker locker{path()};
  EXPECT_THAT(lock_holder(path()), HasSubstr("process " + std::to_string(locker.id()) + " ("));
  locker.end();
  EXPECT_EQ(lock_holder(path()), "");
}

TEST_F(LockedFile, HoldsUpEmittersUntilItIsFreeAndSaysWhoHoldsIt) {
  { const Broker made{options(), plugin::Host{&host.raw}}; }
  Locker locker{path()};
  Options waits = options({});
  waits.auto_create = true;  // nothing is to be written when it is opened
  waits.busy_timeout = milliseconds{300};
  open(waits);
  EXPECT_EQ(send_one({.payload = "waits"}).count, 1u);
  eventually([&] { return !host.log().empty(); }, "a line in the log");
  EXPECT_THAT(host.log().back(), AllOf(HasSubstr(path()), HasSubstr("process " + std::to_string(locker.id()))));
  locker.end();
  EXPECT_EQ(reports(1).front().code, DISPYTCH_OK);
  eventually([&] { return host.log().size() == 2; }, "that it works again");
  EXPECT_THAT(host.log().back(), HasSubstr("works again"));
}

TEST_F(LockedFile, FailsAMessageWhoseTimeIsOverNamingTheHolder) {
  { const Broker made{options(), plugin::Host{&host.raw}}; }
  Locker locker{path()};
  Options waits = options({});
  waits.auto_create = true;
  timeout = milliseconds{100};
  open(waits);
  const Outcome outcome = outcome_of({.payload = "waits"});
  EXPECT_EQ(outcome.code, DISPYTCH_EUNAVAILABLE);
  EXPECT_EQ(outcome.flags & DISPYTCH_ERROR_MAYBE_SENT, 0u) << "it was rolled back";
  EXPECT_THAT(outcome.text, HasSubstr("process " + std::to_string(locker.id())));
}

TEST_F(LockedFile, IsReadMeanwhile) {
  open(options());
  put({{.payload = "a"}, {.payload = "b"}});
  close();
  Locker locker{path()};
  Options waits = options({});
  waits.auto_create = true;
  open(waits);
  const auto look = reader({.names = {"orders"}, .ephemeral = true});
  EXPECT_THAT(payloads(look->take(2)), ::testing::ElementsAre("a", "b"));
}

TEST_F(LockedFile, MakesAnOperatorsQuestionEndWithTheHolder) {
  { const Broker made{options(), plugin::Host{&host.raw}}; }
  Locker locker{path()};
  Options impatient = options();
  impatient.busy_timeout = milliseconds{50};
  impatient.topics["more"] = {};
  const plugin::Error error = thrown_by([&] { const Broker refused{impatient, plugin::Host{&host.raw}}; });
  EXPECT_EQ(error.code, DISPYTCH_EUNAVAILABLE);
  EXPECT_TRUE(error.retriable);
  EXPECT_THAT(error.text, HasSubstr("process " + std::to_string(locker.id())));
}

}  // namespace
}  // namespace dispytch::sqlite
