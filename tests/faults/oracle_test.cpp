// The oracle finds each kind of wrong history, and finds nothing in a right one.
#include <cstdint>

#include "faults/oracle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dispytch::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A history of one partition, told in seconds.
class Told {
 public:
  // Confirmed at the offset that is its number less 1, where nothing else is said.
  Told& emitted(std::int64_t sequence, Answer answer = Answer::confirmed, std::int64_t offset = -1) {
    if (answer == Answer::confirmed && offset < 0) offset = sequence - 1;
    history_.emitted[id(sequence)] = {.answer = answer, .place = place(offset)};
    return *this;
  }
  Told& handled(std::int64_t sequence, const std::string& run, double second, std::int64_t offset = -1) {
    const Time begun = at(second);
    history_.handled.push_back({.id = id(sequence),
                                .run = run,
                                .place = place(offset < 0 ? sequence - 1 : offset),
                                .begun = begun,
                                .ended = begun + milliseconds{100}});
    return *this;
  }
  Told& assigned(const std::string& run, double second) {
    history_.assignments.push_back({.run = run, .at = at(second)});
    return *this;
  }
  Told& crashed(const std::string& run, double second) { return excuse(Excuse::Kind::crash, run, second); }
  Told& fenced(const std::string& run, double second) { return excuse(Excuse::Kind::fence, run, second); }
  Told& left(const std::string& run, double second) { return excuse(Excuse::Kind::leave, run, second); }
  Told& renumbered(const std::string& emitter, double second) {
    history_.renumberings.push_back({.run = emitter, .at = at(second)});
    return *this;
  }
  Told& committed(std::int64_t offset, double second) {
    history_.marks.push_back({.at = at(second), .partition = 0, .committed = offset});
    return *this;
  }
  Told& ends(std::int64_t committed, std::int64_t end) {
    history_.positions.push_back({.partition = 0, .committed = committed, .end = end});
    return *this;
  }
  Verdict verdict() const { return judge(history_, {.back = seconds{30}, .on = seconds{5}}); }

  static Id id(std::int64_t sequence) { return {.emitter = "feed-1", .key = "N1", .sequence = sequence}; }

 private:
  static Time at(double second) { return Time{milliseconds{static_cast<std::int64_t>(1'000'000 + second * 1'000)}}; }
  static Place place(std::int64_t offset) { return {.partition = 0, .offset = offset}; }
  Told& excuse(Excuse::Kind kind, const std::string& run, double second) {
    history_.excuses.push_back({.kind = kind, .run = run, .at = at(second)});
    return *this;
  }
  History history_;
};

Told three_emitted() { return Told{}.emitted(1).emitted(2).emitted(3); }

TEST(Oracle, FindsNothingWhereAllIsWell) {
  const Verdict verdict =
      three_emitted().assigned("a", 0).handled(1, "a", 1).committed(1, 1.5).handled(2, "a", 2).handled(3, "a", 3).ends(3, 3).verdict();
  EXPECT_TRUE(verdict.clean()) << verdict.text();
  EXPECT_EQ(verdict.emitted, 3u);
  EXPECT_EQ(verdict.confirmed, 3u);
  EXPECT_EQ(verdict.handled, 3u);
  EXPECT_EQ(verdict.duplicates_explained, 0u);
  EXPECT_TRUE(verdict.findings.empty());
}

TEST(Oracle, FindsWhatWasConfirmedAndNeverHandled) {
  const Verdict verdict = three_emitted().handled(1, "a", 1).handled(2, "a", 2).verdict();
  EXPECT_EQ(verdict.lost, 1u);
  EXPECT_FALSE(verdict.clean());
  EXPECT_THAT(verdict.findings, ElementsAre(HasSubstr("feed-1/N1/3")));
}

TEST(Oracle, MissesNothingThatWasNotConfirmed) {
  const Verdict verdict = Told{}.emitted(1, Answer::unknown).emitted(2, Answer::none).emitted(3, Answer::refused).verdict();
  EXPECT_TRUE(verdict.clean()) << verdict.text();
  EXPECT_EQ(verdict.unknown, 2u);
  EXPECT_EQ(verdict.refused, 1u);
}

TEST(Oracle, LetsComeWhatMayHaveBeenSent) {
  const Verdict verdict = Told{}.emitted(1, Answer::unknown).emitted(2, Answer::none).handled(1, "a", 1).handled(2, "a", 2).verdict();
  EXPECT_TRUE(verdict.clean()) << verdict.text();
  EXPECT_EQ(verdict.handled, 2u);
}

TEST(Oracle, FindsADuplicateWithoutAReason) {
  const Verdict verdict = three_emitted().handled(1, "a", 1).handled(2, "a", 2).handled(3, "a", 3).handled(3, "b", 4).verdict();
  EXPECT_EQ(verdict.duplicates_unexplained, 1u);
  EXPECT_FALSE(verdict.clean());
}

TEST(Oracle, ACrashExplainsWhatItsProcessHandledBefore) {
  const Verdict verdict =
      Told{}.emitted(1).emitted(2).handled(1, "a", 1).handled(2, "a", 2).crashed("a", 3).handled(1, "b", 9).handled(2, "b", 10).verdict();
  EXPECT_TRUE(verdict.clean()) << verdict.text();
  EXPECT_EQ(verdict.duplicates_explained, 2u);
}

TEST(Oracle, ACrashExplainsNothingOfAnotherProcess) {
  EXPECT_EQ(Told{}.emitted(1).handled(1, "a", 1).crashed("c", 2).handled(1, "b", 3).verdict().duplicates_unexplained, 1u);
}

TEST(Oracle, ACrashOfTheSecondExplainsNothing) {
  EXPECT_EQ(Told{}.emitted(1).handled(1, "a", 1).handled(1, "b", 2).crashed("b", 3).verdict().duplicates_unexplained, 1u);
}

TEST(Oracle, ACrashExplainsNothingThatShouldHaveBeenCommittedLongBefore) {
  EXPECT_EQ(Told{}.emitted(1).handled(1, "a", 1).crashed("a", 32).handled(1, "b", 33).verdict().duplicates_unexplained, 1u);
}

TEST(Oracle, AFenceExplainsBothSides) {
  EXPECT_EQ(Told{}.emitted(1).handled(1, "a", 1).handled(1, "b", 2).fenced("a", 3).verdict().duplicates_explained, 1u);
  EXPECT_EQ(Told{}.emitted(1).handled(1, "b", 1).fenced("a", 2).handled(1, "a", 3).verdict().duplicates_explained, 1u);
}

TEST(Oracle, AFenceExplainsNothingThatBeganLongAfterIt) {
  EXPECT_EQ(Told{}.emitted(1).handled(1, "b", 1).fenced("a", 2).handled(1, "a", 9).verdict().duplicates_unexplained, 1u);
}

// Of several keys: the events of `Told` are of one, and one that waits would hold back the others.
History left_with_a_gap(const std::string& who_handles_the_gap, Time gap_handled) {
  History history;
  const auto add = [&](const std::string& key, std::int64_t offset, const std::string& run, Time ended) {
    const Id id{.emitter = "feed-1", .key = key, .sequence = 1};
    history.emitted[id] = {.answer = Answer::confirmed, .place = {0, offset}};
    history.handled.push_back({.id = id, .run = run, .place = {0, offset}, .begun = ended - milliseconds{1}, .ended = ended});
  };
  add("ahead", 5, "a", Time{seconds{10}});
  add("gap", 4, who_handles_the_gap, gap_handled);
  add("ahead", 5, "b", Time{seconds{21}});
  history.excuses.push_back({.kind = Excuse::Kind::leave, .run = "a", .at = Time{seconds{15}}});
  return history;
}

TEST(Oracle, ALeaveExplainsWhatWasHandledAheadOfSomethingUnfinished) {
  EXPECT_EQ(judge(left_with_a_gap("b", Time{seconds{20}})).duplicates_explained, 1u);
}

TEST(Oracle, ALeaveExplainsNothingWhereAllBelowWasHandled) {
  EXPECT_EQ(judge(left_with_a_gap("a", Time{seconds{9}})).duplicates_unexplained, 1u);
  EXPECT_EQ(judge(left_with_a_gap("a", Time{seconds{12}})).duplicates_unexplained, 1u) << "later, but before it left";
  EXPECT_EQ(judge(left_with_a_gap("c", Time{seconds{9}})).duplicates_unexplained, 1u) << "by another, before";
  EXPECT_EQ(
      Told{}.emitted(1).emitted(2).handled(1, "a", 1).handled(2, "a", 2).left("a", 3).handled(2, "b", 4).verdict().duplicates_unexplained,
      1u);
}

TEST(Oracle, ALeaveCountsWhatWasHandledSinceThePartitionWasGiven) {
  History history = left_with_a_gap("b", Time{seconds{20}});
  Handled before = history.handled[1];
  before.run = "a";
  before.begun = before.ended = Time{seconds{5}};
  history.handled.insert(history.handled.begin(), before);  // the gap was handled once, and came again
  history.excuses.push_back({.kind = Excuse::Kind::crash, .run = "a", .at = Time{seconds{6}}});
  EXPECT_EQ(judge(history).duplicates_unexplained, 1u) << "the process has handled both since it began";
  history.assignments.push_back({.run = "a", .at = Time{seconds{8}}});
  EXPECT_EQ(judge(history).duplicates_unexplained, 0u) << "the gap not since it got the partition again";
}

TEST(Oracle, ALeaveExplainsNothingThatWasHandledAfterIt) {
  History history = left_with_a_gap("b", Time{seconds{20}});
  history.excuses[0].at = Time{seconds{8}};
  EXPECT_EQ(judge(history).duplicates_unexplained, 1u);
}

TEST(Oracle, FindsOneThatOvertook) {
  const Verdict verdict = three_emitted().handled(1, "a", 1).handled(3, "a", 2).handled(2, "b", 3).verdict();
  EXPECT_EQ(verdict.order_violations, 1u);
  EXPECT_FALSE(verdict.clean());
}

TEST(Oracle, FindsOneThatOvertookSeveral) {
  EXPECT_EQ(three_emitted().handled(3, "a", 1).handled(1, "b", 2).handled(2, "b", 3).verdict().order_violations, 1u);
}

TEST(Oracle, FindsAProcessThatGoesBackWithoutAnAssignment) {
  const Told told = Told{}.emitted(1).emitted(2).handled(1, "a", 1).handled(2, "a", 2).fenced("a", 2.5).handled(1, "a", 3);
  EXPECT_EQ(told.verdict().order_violations, 1u);
  EXPECT_EQ(Told{told}.assigned("a", 2.7).verdict().order_violations, 0u);
  EXPECT_EQ(Told{told}.assigned("b", 2.7).verdict().order_violations, 1u) << "another process's";
  EXPECT_EQ(Told{told}.assigned("a", 0.5).verdict().order_violations, 1u) << "before the first of them";
}

TEST(Oracle, FindsTwoOfAKeyAtATime) {
  EXPECT_EQ(Told{}.emitted(1).emitted(2).handled(1, "a", 1).handled(2, "a", 1.05).verdict().order_violations, 1u);
}

TEST(Oracle, WantsNoOrderWithoutAKey) {
  History history;
  const auto add = [&](std::int64_t sequence, Time ended) {
    const Id id{.emitter = "feed-1", .key = "", .sequence = sequence};
    history.emitted[id] = {.answer = Answer::confirmed, .place = {0, sequence}};
    history.handled.push_back({.id = id, .run = "a", .place = {0, sequence}, .begun = ended - seconds{5}, .ended = ended});
  };
  add(2, Time{seconds{10}});
  add(1, Time{seconds{11}});
  EXPECT_TRUE(judge(history).clean());
}

TEST(Oracle, FindsACommitThatCoversWhatIsNotHandledYet) {
  const Told told = three_emitted().handled(1, "a", 1).handled(2, "a", 2).handled(3, "a", 5);
  EXPECT_EQ(Told{told}.committed(2, 3).verdict().mark_violations, 0u);
  const Verdict verdict = Told{told}.committed(3, 3).verdict();
  EXPECT_EQ(verdict.mark_violations, 1u);
  EXPECT_FALSE(verdict.clean());
}

TEST(Oracle, FindsACommitThatCoversWhatIsNeverHandled) { EXPECT_EQ(Told{}.emitted(1).committed(1, 9).verdict().mark_violations, 1u); }

TEST(Oracle, FindsAnEndThatIsNotCommitted) {
  EXPECT_EQ(Told{}.ends(2, 3).verdict().mark_violations, 1u);
  EXPECT_EQ(Told{}.ends(-1, 3).verdict().mark_violations, 1u);
  EXPECT_EQ(Told{}.ends(-1, 0).verdict().mark_violations, 0u) << "an empty partition";
}

TEST(Oracle, FindsARefusedEventThatWasHandled) {
  EXPECT_EQ(Told{}.emitted(1, Answer::refused).handled(1, "a", 1).verdict().wrong_answers, 1u);
}

TEST(Oracle, FindsAnEventThatNobodyEmitted) {
  const Verdict verdict = Told{}.handled(1, "a", 1).verdict();
  EXPECT_EQ(verdict.wrong_answers, 1u);
  EXPECT_FALSE(verdict.clean());
}

TEST(Oracle, FindsAnEventThatIsNotWhereTheBrokerSaid) { EXPECT_EQ(Told{}.emitted(1).handled(1, "a", 1, 7).verdict().wrong_answers, 1u); }

// A broker that gets a message a second time keeps the first, and says no offset.
TEST(Oracle, ComparesNoOffsetThatNobodySaid) {
  History history;
  const Id id{.emitter = "feed-1", .key = "N1", .sequence = 1};
  history.emitted[id] = {.answer = Answer::confirmed, .place = {.partition = 0, .offset = -1}};
  history.handled.push_back(
      {.id = id, .run = "a", .place = {.partition = 0, .offset = 7}, .begun = Time{seconds{1}}, .ended = Time{seconds{2}}});
  EXPECT_TRUE(judge(history).clean()) << judge(history).text();
  history.handled[0].place.partition = 1;
  EXPECT_EQ(judge(history).wrong_answers, 1u);
}

TEST(Oracle, FindsAnEventThatIsStoredTwice) {
  EXPECT_EQ(Told{}.emitted(1).handled(1, "a", 1).crashed("a", 1.5).handled(1, "b", 2, 1).verdict().wrong_answers, 1u);
}

// Both in the log: 1 and 2 at offsets 0 and 1, where nobody heard of it, then at 2 and 3, where they were confirmed.
Told stored_twice() {
  return Told{}
      .emitted(1, Answer::confirmed, 2)
      .emitted(2, Answer::confirmed, 3)
      .handled(1, "a", 1, 0)
      .handled(2, "a", 2, 1)
      .handled(1, "a", 3, 2)
      .handled(2, "a", 4, 3);
}

TEST(Oracle, ANewNumberingExplainsWhatIsStoredTwice) {
  const Verdict verdict = stored_twice().renumbered("feed-1", 2.5).verdict();
  EXPECT_TRUE(verdict.clean()) << verdict.text();
  EXPECT_EQ(verdict.stored_twice, 2u);
  EXPECT_EQ(verdict.duplicates_explained, 2u);
}

TEST(Oracle, ANewNumberingExplainsNothingElse) {
  EXPECT_EQ(stored_twice().verdict().wrong_answers, 2u) << "there was none";
  EXPECT_EQ(stored_twice().renumbered("feed-2", 2.5).verdict().wrong_answers, 2u) << "another emitter's";
  EXPECT_EQ(stored_twice().renumbered("feed-1", 9).verdict().wrong_answers, 2u) << "too late";
  EXPECT_EQ(stored_twice().renumbered("feed-1", 2.5).handled(2, "a", 5, 3).verdict().order_violations, 1u);
  EXPECT_EQ(Told{}.emitted(1).handled(1, "a", 1).renumbered("feed-1", 2).handled(1, "b", 3).verdict().duplicates_unexplained, 1u);
  EXPECT_EQ(
      Told{}.emitted(1, Answer::confirmed, 5).handled(1, "a", 1, 0).renumbered("feed-1", 2).handled(1, "a", 3, 1).verdict().wrong_answers,
      1u)
      << "at neither is where it was confirmed";
}

TEST(Oracle, NamesTheFirstFindingsAlone) {
  Told told;
  for (int i = 1; i <= 100; ++i) told.emitted(i);
  const Verdict verdict = told.verdict();
  EXPECT_EQ(verdict.lost, 100u);
  EXPECT_EQ(verdict.findings.size(), 20u);
  EXPECT_THAT(verdict.text(), HasSubstr("lost 100"));
}

}  // namespace
}  // namespace dispytch::faults
