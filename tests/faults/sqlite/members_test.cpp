// What may happen to processes that share a file, one fault each. `./dev chaos --broker sqlite` picks at random and does not stop.
#include <signal.h>

#include <gtest/gtest.h>

#include "faults/sqlite/file_stage.hpp"

namespace dispytch::faults {
namespace {

// Two boards and a feed over one file.
class FileMembers : public ::testing::Test {
 protected:
  FileMembers() {
    auto stage = std::make_unique<FileStage>("session_timeout: 2s, rebalance_timeout: 10s, busy_timeout: 1s, ");
    stage_ = stage.get();
    scene_ = std::make_unique<Scene>(
        std::move(stage), SceneOptions{.partitions = 4, .emitter = "timeout: 60s, ", .listener = "ordering: key, concurrency: 4, "});
    first_ = scene_->start_board({.work = 500});
    second_ = scene_->start_board({.work = 500});
    feed_ = scene_->start_feed({.rate = 1000, .aircraft = 50});
    scene_->await_handled(500);
  }
  void expect_nothing_lost() {
    const Verdict verdict = scene_->finish();
    EXPECT_TRUE(verdict.clean()) << verdict.text();
    EXPECT_GT(verdict.handled, 1000u);
  }
  void go_on() { scene_->await_handled(scene_->handled() + 500); }

  FileStage* stage_ = nullptr;
  std::unique_ptr<Scene> scene_;
  std::string first_, second_, feed_;
};

TEST_F(FileMembers, ThatAreKilledLoseNothing) {
  for (int round = 0; round < 3; ++round) {
    scene_->kill(round % 2 == 0 ? first_ : second_);
    (round % 2 == 0 ? first_ : second_) = scene_->start_board({.work = 500});
    go_on();
    scene_->take_marks();
  }
  expect_nothing_lost();
}

TEST_F(FileMembers, OneThatIsKilledIsReplacedByTheOther) {
  scene_->kill(first_);
  go_on();
  expect_nothing_lost();
}

TEST_F(FileMembers, OneThatIsStoppedForLongerThanItsSessionIsFenced) {
  // Now and then it is stopped in the middle of a transaction: then nobody writes, and the other's log names it. That is tried anew.
  const auto count = [&](const std::string& text) {
    const std::string log = scene_->log(second_);
    std::size_t found = 0;
    for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++found;
    return found;
  };
  bool is_replaced = false;
  while (!is_replaced) {
    const std::size_t locked = count("is locked by process");
    scene_->signal(first_, SIGSTOP);
    await("the other one says what became of it", [&] {
      is_replaced = count("was silent for 2000 ms") > 0;
      return is_replaced || count("is locked by process") > locked;
    });
    if (!is_replaced) {
      scene_->signal(first_, SIGCONT);
      go_on();
    }
  }
  go_on();
  scene_->signal(first_, SIGCONT);
  scene_->await_log(first_, "silent for longer than session_timeout");
  go_on();
  scene_->take_marks();
  expect_nothing_lost();
}

TEST_F(FileMembers, AFeedThatIsKilledLosesNothingThatWasConfirmed) {
  scene_->kill(feed_);
  scene_->start_feed({.rate = 1000, .aircraft = 50});
  go_on();
  expect_nothing_lost();
}

TEST_F(FileMembers, WaitWhileSomebodyHoldsTheLock) {
  {
    const FileStage::Lock lock{stage_->file()};
    scene_->await_log(feed_, "is locked by process " + std::to_string(getpid()));
  }
  scene_->await_log(feed_, "works again");
  go_on();
  expect_nothing_lost();
}

TEST_F(FileMembers, ThatLeaveAndJoinHandOverInOrder) {
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(scene_->stop(first_), 0);
    go_on();
    first_ = scene_->start_board({.work = 500});
    go_on();
  }
  expect_nothing_lost();
}

}  // namespace
}  // namespace dispytch::faults
