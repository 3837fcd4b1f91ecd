// Leases with fencing: the right of one member to read a partition, kept in any store that can compare and set.
//
// Two things that must not be mixed up. A lease's time says when a member stops by itself, and when another may take over; it is judged by
// each member's own clock alone, and two clocks are never compared. The lease's epoch says whose writes count: it rises whenever the
// lease is taken, and the store refuses a write that comes with another one than is in the record, in the same transaction or script that
// would carry it out. A member that is stopped in the middle of anything, for longer than its lease, can so do no harm when it goes on:
// holds() is false by then, and what it writes nevertheless is refused.
#pragma once

#include <time.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include <dispytch/plugin/host.hpp>

namespace dispytch::plugin {

/// A time of LeaseClock.
using LeaseTime = std::chrono::nanoseconds;

/// The host's clock, which runs while the machine sleeps as well: CLOCK_MONOTONIC stands still then, and a lease must not. Any thread.
class LeaseClock {
 public:
  explicit LeaseClock(Clock clock) : LeaseClock{clock, time_asleep} {}
  /// `asleep` returns how long the machine has slept since an arbitrary moment. For tests.
  LeaseClock(Clock clock, std::function<std::chrono::nanoseconds()> asleep)
      : clock_{clock}, asleep_{std::move(asleep)}, asleep_before_{asleep_()} {}

  LeaseTime now() const { return clock_.monotonic() + (asleep_() - asleep_before_); }

 private:
  static std::chrono::nanoseconds time_asleep() {
    const auto read = [](clockid_t id) {
      timespec time{};
      clock_gettime(id, &time);
      return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
    };
    const std::chrono::nanoseconds awake = read(CLOCK_MONOTONIC);
    // Read one after the other, the two are apart by some hundred nanoseconds, and by more where the thread is interrupted between them:
    // that makes a lease end sooner, never later.
    return read(CLOCK_BOOTTIME) - awake;
  }

  Clock clock_;
  std::function<std::chrono::nanoseconds()> asleep_;
  std::chrono::nanoseconds asleep_before_;
};

/// What the store keeps of a lease. A lease that was never taken is one with the epoch 0.
struct LeaseRecord {
  std::string owner = {};                ///< the member's name; empty: nobody's
  std::uint64_t epoch = 0;               ///< rises whenever the lease is taken; goes with each write that it protects
  std::uint64_t renewals = 0;            ///< since it was taken: others see by it that the owner lives
  std::chrono::milliseconds lasts = {};  ///< how long without a renewal, as its owner keeps it
  bool operator==(const LeaseRecord&) const = default;
};

/// One member's side of one lease: whether it may act at present, and what to write next. A member that the store or the network has
/// stopped for too long doesn't hold it, though nobody may have taken it yet. Not for several threads at once.
class Lease {
 public:
  /// `member`: a name that no other member has, also none that had it before and may still run, unless it is to take over from that at
  /// once.
  Lease(std::string member, std::chrono::milliseconds lasts) : member_{std::move(member)}, lasts_{lasts} {}

  const std::string& member() const noexcept { return member_; }
  /// What the store had when it was last written by this member; its epoch goes with each write that the lease protects.
  const LeaseRecord& record() const noexcept { return record_; }

  /// The record to compare-and-set in place of `seen`, in order to have the lease; to keep it; to give it up.
  LeaseRecord to_take(const LeaseRecord& seen) const { return {.owner = member_, .epoch = seen.epoch + 1, .lasts = lasts_}; }
  LeaseRecord to_renew() const {
    LeaseRecord next = record_;
    ++next.renewals;
    return next;
  }
  LeaseRecord to_release() const { return {.epoch = record_.epoch, .renewals = record_.renewals + 1}; }

  /// The store has it as this member wanted it. `asked`: the time before the store was asked, not that of its answer, which may be late.
  void confirmed(LeaseRecord record, LeaseTime asked) {
    record_ = std::move(record);
    asked_ = asked;
    held_ = true;
  }
  /// The store has it for this member, by a write whose answer never came: nothing is known of when, so the time isn't extended.
  void found(LeaseRecord record) { record_ = std::move(record); }
  void lost() noexcept { held_ = false; }

  bool is_own(const LeaseRecord& seen) const noexcept { return held_ && seen.owner == member_ && seen.epoch == record_.epoch; }
  /// Whether this member may act at `now`. It stops an eighth of the lease's time before others may take it: for clocks that run unevenly,
  /// and for what takes time between this question and the act. Ask again for each batch.
  bool holds(LeaseTime now) const noexcept { return held_ && now < ends(); }
  /// When holds() becomes false, unless it is renewed.
  LeaseTime ends() const noexcept { return asked_ + lasts_ - LeaseTime{lasts_} / 8; }
  /// When to renew it. Later than that it may still be renewed, as long as nobody else has taken it.
  LeaseTime renew_at() const noexcept { return asked_ + LeaseTime{lasts_} / 3; }
  /// Whether it was granted and not lost, though its time may be over.
  bool is_granted() const noexcept { return held_; }

 private:
  std::string member_;
  std::chrono::milliseconds lasts_;
  LeaseRecord record_ = {};
  LeaseTime asked_ = {};
  bool held_ = false;
};

/// One member's view of the leases of others: which of them may be taken. Not for several threads at once.
class LeaseWatch {
 public:
  /// Notes what the store says of the lease `key` at `now`, a time after it was asked. Returns whether the lease may be taken: it is
  /// nobody's, or its owner has not renewed it for as long as it lasts, as this member has watched it.
  bool may_take(const std::string& key, const LeaseRecord& seen, LeaseTime now) {
    if (seen.owner.empty()) {
      watched_.erase(key);
      return true;
    }
    const auto [it, is_new] = watched_.try_emplace(key, Watched{seen, now});
    if (!is_new && it->second.seen != seen) it->second = {seen, now};
    return now - it->second.since >= seen.lasts;
  }
  /// The lease is this member's, or of no interest any more.
  void forget(const std::string& key) { watched_.erase(key); }

 private:
  struct Watched {
    LeaseRecord seen;
    LeaseTime since;
  };
  std::map<std::string, Watched> watched_;
};

/// A store of leases that is asked and answers. Where one is written in batches or by scripts, Lease and LeaseWatch are used directly.
template <class S>
concept LeaseStore = requires(S& store, const std::string& key, const LeaseRecord& expected, const LeaseRecord& wanted) {
  { store.read(key) } -> std::convertible_to<LeaseRecord>;                        // of a lease that was never taken: LeaseRecord{}
  { store.compare_and_set(key, expected, wanted) } -> std::convertible_to<bool>;  // at once, or nothing; false: it isn't as expected
};

/// Takes the lease where it may be taken, and renews it where that is due. Returns whether this member holds it now. What the store throws
/// is passed on: whether it was written is unknown then, and the next call finds out.
template <LeaseStore Store, std::derived_from<Lease> L, std::derived_from<LeaseWatch> W>
bool keep_lease(Store& store, const std::string& key, L& lease, W& watch, const LeaseClock& clock) {
  const LeaseTime asked = clock.now();
  if (lease.is_granted()) {
    if (asked < lease.renew_at()) return lease.holds(asked);
    const LeaseRecord wanted = lease.to_renew();
    if (store.compare_and_set(key, lease.record(), wanted)) {
      lease.confirmed(wanted, asked);
      return lease.holds(clock.now());
    }
  }
  const LeaseRecord seen = store.read(key);
  if (lease.is_own(seen)) {
    lease.found(seen);
    return lease.holds(clock.now());
  }
  lease.lost();
  if (seen.owner != lease.member() && !watch.may_take(key, seen, clock.now())) return false;
  const LeaseRecord wanted = lease.to_take(seen);
  if (!store.compare_and_set(key, seen, wanted)) return false;
  watch.forget(key);
  lease.confirmed(wanted, asked);
  return lease.holds(clock.now());
}

/// Gives the lease up, so that others need not wait for its end. Nothing protected by it may be written afterwards.
template <LeaseStore Store>
void release_lease(Store& store, const std::string& key, Lease& lease) {
  if (!lease.is_granted()) return;
  lease.lost();
  store.compare_and_set(key, lease.record(), lease.to_release());
}

}  // namespace dispytch::plugin
