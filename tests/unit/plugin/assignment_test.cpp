#include <dispytch/plugin/assignment.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dispytch::plugin {
namespace {

using testing::ElementsAre;
using testing::Optional;

using Owners = std::vector<std::optional<std::size_t>>;
using Readers = std::vector<std::vector<std::size_t>>;  // of each partition

Owners assigned(std::size_t members, const Owners& owners, const Readers& readers) {
  std::vector<PartitionToRead> partitions;
  for (std::size_t i = 0; i < owners.size(); ++i) partitions.push_back({.readers = readers[i], .owner = owners[i]});
  return assign(members, partitions);
}

std::vector<std::size_t> everyone(std::size_t members) {
  std::vector<std::size_t> all(members);
  for (std::size_t member = 0; member < members; ++member) all[member] = member;
  return all;
}

// All members want all partitions.
Owners assigned(std::size_t members, const Owners& owners) { return assigned(members, owners, Readers(owners.size(), everyone(members))); }

std::vector<std::size_t> loads(std::size_t members, const Owners& owners) {
  std::vector<std::size_t> counts(members);
  for (const auto& owner : owners) {
    if (owner) ++counts[*owner];
  }
  return counts;
}

std::size_t moved(const Owners& before, const Owners& after) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < before.size(); ++i) count += before[i] && before[i] != after[i] ? 1 : 0;
  return count;
}

TEST(Assignment, SpreadsPartitionsThatNobodyHas) {
  EXPECT_THAT(assigned(2, Owners(4)), ElementsAre(Optional(0), Optional(1), Optional(0), Optional(1)));
}

TEST(Assignment, GivesNobodyAnythingWhereThereAreNoMembers) {
  EXPECT_THAT(assigned(0, Owners(2)), ElementsAre(std::nullopt, std::nullopt));
}

TEST(Assignment, LeavesAPartitionThatNobodyWants) {
  EXPECT_THAT(assigned(2, Owners(2), {{}, {1}}), ElementsAre(std::nullopt, Optional(1)));
}

TEST(Assignment, LeavesMembersBeyondThePartitionsWithoutAny) {
  EXPECT_THAT(assigned(3, {1, std::nullopt}), ElementsAre(Optional(1), Optional(0)));
}

TEST(Assignment, IsLeftAloneWhereItIsBalanced) {
  const Owners balanced{1, 1, 0, 2, 0};
  EXPECT_EQ(assigned(3, balanced), balanced);
}

TEST(Assignment, TakesNoMoreThanANewMemberIsToHave) {
  const Owners before{0, 0, 1, 1, 0, 1};
  const Owners after = assigned(3, before);
  EXPECT_THAT(loads(3, after), ElementsAre(2, 2, 2));
  EXPECT_EQ(moved(before, after), 2u);
}

TEST(Assignment, SpreadsWhatADeadMemberHadAndMovesNothingElse) {
  const Owners before{0, 1, std::nullopt, 0, 1, std::nullopt};  // two were a third member's
  const Owners after = assigned(2, before);
  EXPECT_THAT(loads(2, after), ElementsAre(3, 3));
  EXPECT_EQ(moved(before, after), 0u);
}

TEST(Assignment, TakesAPartitionFromAnOwnerThatWantsItNoLonger) {
  EXPECT_THAT(assigned(2, {0, 0}, {{1}, {0, 1}}), ElementsAre(Optional(1), Optional(0)));
}

TEST(Assignment, KnowsNoOwnerBeyondTheMembers) { EXPECT_THAT(assigned(1, {7}), ElementsAre(Optional(0))); }

TEST(Assignment, PassesPartitionsOnOverAThirdMember) {
  // Nobody but the third has fewer than two, and what the first has only the second wants as well.
  EXPECT_THAT(assigned(3, {0, 0, 1}, {{0, 1}, {0, 1}, {1, 2}}), ElementsAre(Optional(1), Optional(0), Optional(2)));
}

TEST(Assignment, SpreadsManyTopicsOfOnePartition) { EXPECT_THAT(loads(3, assigned(3, Owners(9))), ElementsAre(3, 3, 3)); }

// What a hand-over looks like while it lasts: partitions that were taken from their owner, one after the other, and have none.
TEST(Assignment, StaysTheSameWhileItIsCarriedOut) {
  std::mt19937 random{11};
  for (int round = 0; round < 300; ++round) {
    const std::size_t members = 1 + random() % 5;
    Owners now(random() % 20);
    for (auto& owner : now) {
      if (const std::size_t who = random() % (members + 1); who < members) owner = who;
    }
    const Owners wanted = assigned(members, now);
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (now[i] != wanted[i]) now[i] = std::nullopt;  // given up
    }
    for (std::size_t i = 0; i < now.size(); ++i) {
      const Owners again = assigned(members, now);
      EXPECT_EQ(moved(now, again), 0u) << "round " << round;
      if (!now[i]) now[i] = again[i];  // taken
    }
    const auto [least, most] = std::ranges::minmax(loads(members, now));
    EXPECT_LE(most, least + 1) << "round " << round;
    EXPECT_EQ(assigned(members, now), now) << "round " << round;
  }
}

// Each member does a part of what the assignment says, at any time, whatever the subscriptions are.
TEST(Assignment, ComesToAnEndWhateverTheOrderInWhichItIsCarriedOut) {
  std::mt19937 random{5};
  for (int round = 0; round < 300; ++round) {
    const std::size_t members = 1 + random() % 4;
    Owners now(random() % 9);
    Readers readers(now.size());
    for (std::size_t i = 0; i < now.size(); ++i) {
      for (std::size_t member = 0; member < members; ++member) {
        if (random() % 2 == 0) readers[i].push_back(member);
      }
      if (const std::size_t who = random() % (members + 1); who < members) now[i] = who;
    }
    std::size_t steps = 0;
    for (Owners wanted = assigned(members, now, readers); wanted != now; wanted = assigned(members, now, readers)) {
      ASSERT_LT(++steps, 1000u) << "round " << round;
      const std::size_t i = random() % now.size();
      if (now[i] == wanted[i]) continue;
      now[i] = now[i] ? std::nullopt : wanted[i];  // given up, or taken
    }
  }
}

// Compared with the best there is, found by trying all: the sum of the squares is least if and only if nothing can be passed on.
TEST(Assignment, IsTheMostEvenOneThatSubscriptionsAllow) {
  std::mt19937 random{7};
  for (int round = 0; round < 200; ++round) {
    const std::size_t members = 1 + random() % 3;
    const std::size_t count = 1 + random() % 6;
    Readers readers(count);
    Owners owners(count);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t member = 0; member < members; ++member) {
        if (random() % 2 == 0) readers[i].push_back(member);
      }
      if (const std::size_t who = random() % (members + 1); who < members) owners[i] = who;
    }
    const auto squares = [&](const Owners& of) {
      std::size_t sum = 0;
      for (const std::size_t load : loads(members, of)) sum += load * load;
      return sum;
    };
    std::size_t best = SIZE_MAX;
    Owners tried(count);
    const auto try_all = [&](const auto& self, std::size_t at) -> void {
      if (at == count) {
        best = std::min(best, squares(tried));
        return;
      }
      if (readers[at].empty()) self(self, at + 1);
      for (const std::size_t reader : readers[at]) {
        tried[at] = reader;
        self(self, at + 1);
      }
    };
    try_all(try_all, 0);
    const Owners found = assigned(members, owners, readers);
    EXPECT_EQ(squares(found), best) << "round " << round;
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(found[i].has_value(), !readers[i].empty());
      if (found[i]) {
        EXPECT_TRUE(std::ranges::count(readers[i], *found[i]) == 1);
      }
    }
  }
}

TEST(Assignment, MovesNoMoreThanItMust) {
  std::mt19937 random{3};
  for (int round = 0; round < 300; ++round) {
    const std::size_t members = 1 + random() % 5;
    Owners before(random() % 25);
    for (auto& owner : before) owner = random() % members;
    const Owners after = assigned(members, before);
    // Whoever has more than the larger share gives up what is above it; of those with the larger share as many keep it as there are such.
    const std::size_t share = before.size() / members;
    std::size_t larger = before.size() % members;
    std::vector<std::size_t> had = loads(members, before);
    std::ranges::sort(had, std::ranges::greater{});
    std::size_t least = 0;
    for (const std::size_t load : had) {
      const std::size_t keeps = larger > 0 && load > share ? (--larger, share + 1) : share;
      least += load > keeps ? load - keeps : 0;
    }
    EXPECT_EQ(moved(before, after), least) << "round " << round;
  }
}

}  // namespace
}  // namespace dispytch::plugin
