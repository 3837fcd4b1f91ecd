// A consumer as a member of its group: it stays alive, stores positions, and shares the partitions with the other members.
//
// Whatever it decides it decides within a transaction of the writer, on what the file says there, so that no two members ever decide at
// once. A member that was stopped for too long finds its row gone: the others have given it up, and its partitions with it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <dispytch/plugin/lease.hpp>
#include <dispytch/plugin/subscription.hpp>

#include "broker.hpp"
#include "group.hpp"
#include "holdings.hpp"
#include "signal.hpp"
#include "writer.hpp"

namespace dispytch::sqlite {

class Member final : private Work {
 public:
  /// What outlives it is the caller's.
  Member(Broker& broker, const plugin::Subscription& subscription, Holdings& holdings, Signal& signal);
  /// Any thread but the writer's. Leaves the file as it is: others find out after the session's time; close() tells them.
  ~Member() override;

  /// Whether messages may be handed out at this moment: this member can't have been given up by the others yet. Any thread.
  bool holds() const { return lease_clock_.now().count() < holds_until_.load(); }
  /// The group may have changed: its generation is that by now. The polling thread.
  void look(std::int64_t generation);
  std::optional<std::int64_t> group() const;

  /// Something was settled, or given up. Any thread.
  void settled(bool at_once);
  /// Stores what is settled, leaves the group and waits for that. False: it was not done by the deadline.
  bool close(std::chrono::steady_clock::time_point deadline);

 private:
  // What a transaction comes to; it holds once that is committed.
  struct Result {
    std::int64_t group = 0, member = 0, generation = -1;
    plugin::LeaseTime asked = {};
    bool expelled = false, has_looked = false, has_left = false;
    std::vector<Taken> taken;
    std::vector<std::int64_t> recalled;
    std::vector<PositionRow> stored, released, lost;
    std::map<std::int64_t, Topic> topics;
  };

  std::optional<std::chrono::nanoseconds> due() override;
  void write(Writing& writing) override;
  void written() override;
  void failed(const plugin::Error& why) override;

  bool is_closing();
  void store(Database& database);
  void share(Database& database);
  bool subscribe_to_new_topics(Database& database, const std::vector<Topic>& topics);
  bool remove_the_dead(Database& database, std::vector<MemberRow>& members);
  void share_out(Database& database, const std::vector<Topic>& topics, const std::vector<MemberRow>& members);

  Broker& broker_;
  const plugin::Subscription& subscription_;
  Holdings& holdings_;
  Signal& signal_;
  const plugin::Clock clock_;
  const plugin::LeaseClock lease_clock_;
  const std::chrono::milliseconds session_;

  std::atomic<std::int64_t> holds_until_ = INT64_MIN;  // of lease_clock_, in nanoseconds
  std::atomic<bool> look_ = true, at_once_ = false;
  std::atomic<std::int64_t> store_at_ = INT64_MAX;  // of clock_, in nanoseconds: what was settled is stored then
  std::atomic<std::int64_t> known_group_ = 0, generation_ = -1;

  // The writer's thread's.
  std::int64_t group_ = 0, member_ = 0;  // 0: not joined
  bool has_been_member_ = false;
  std::chrono::nanoseconds next_look_{0};  // after the others, and a sign of its own life; however much is stored between
  std::map<std::int64_t, Topic> topics_;   // that it reads
  plugin::Lease lease_;
  plugin::LeaseWatch watch_;
  std::vector<Holdings::Held> held_;  // at the beginning of the transaction
  Result result_;

  plugin::Mutex mutex_;
  plugin::Condition left_;
  bool closing_ DISPYTCH_GUARDED_BY(mutex_) = false;
  bool has_left_ DISPYTCH_GUARDED_BY(mutex_) = false;
};

}  // namespace dispytch::sqlite
