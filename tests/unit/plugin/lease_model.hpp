// A model of members that share one lease: they join, stop, go on and die; their clocks run unevenly; the store is slow, fails, and answers
// late or never. It runs in virtual time, from a seed, and counts what must never be.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <dispytch/plugin/lease.hpp>

namespace dispytch::plugin::lease_model {

using namespace std::chrono_literals;

/// A store in memory that compares and sets.
class Store {
 public:
  LeaseRecord read(const std::string& key) { return records_[key]; }
  bool compare_and_set(const std::string& key, const LeaseRecord& expected, const LeaseRecord& wanted) {
    const bool as_expected = records_[key] == expected;
    if (as_expected) records_[key] = wanted;
    if (on_write) on_write();
    if (!answers) throw std::runtime_error{"no answer"};
    return as_expected;
  }
  /// A write that the lease protects. False: it was refused.
  bool write(const std::string& key, const LeaseRecord& by) { return records_[key].epoch == by.epoch; }

  bool answers = true;                  ///< false: what is asked is carried out, and the answer is lost
  std::function<void()> on_write = {};  ///< between a write and its answer

 private:
  std::map<std::string, LeaseRecord> records_;
};

struct Findings {
  std::size_t two_at_once = 0;       ///< moments at which two members that run hold the lease
  std::size_t stale_writes = 0;      ///< writes accepted of a member after one of its successor
  std::size_t unowned_too_long = 0;  ///< no owner again within the stated time after the last fault
  std::size_t take_overs = 0;
};

/// The rules as they are. Each of the others has one of them wrong.
struct Real {
  using Lease = plugin::Lease;
  using LeaseWatch = plugin::LeaseWatch;
  static constexpr bool fenced = true;
};
struct CountsFromTheAnswer : Real {
  struct Lease : plugin::Lease {
    using plugin::Lease::Lease;
    static constexpr bool from_answer = true;
  };
};
struct StopsLate : Real {
  struct Lease : plugin::Lease {
    Lease(std::string member, std::chrono::milliseconds lasts) : plugin::Lease{std::move(member), lasts + lasts / 4} {}
    LeaseRecord to_take(const LeaseRecord& seen) const {
      LeaseRecord record = plugin::Lease::to_take(seen);
      record.lasts = record.lasts * 4 / 5;
      return record;
    }
  };
};
struct NeverStops : Real {
  struct Lease : plugin::Lease {
    using plugin::Lease::Lease;
    bool holds(LeaseTime) const noexcept { return is_granted(); }
  };
};
struct TakesTooSoon : Real {
  struct LeaseWatch : plugin::LeaseWatch {
    bool may_take(const std::string& key, LeaseRecord seen, LeaseTime now) {
      seen.renewals = 0;  // doesn't see that it is renewed
      return plugin::LeaseWatch::may_take(key, seen, now);
    }
  };
};
struct NoFencing : Real {
  static constexpr bool fenced = false;
};
struct SameEpoch : Real {
  struct Lease : plugin::Lease {
    using plugin::Lease::Lease;
    LeaseRecord to_take(const LeaseRecord& seen) const {
      LeaseRecord record = plugin::Lease::to_take(seen);
      record.epoch = 1;
      return record;
    }
  };
};
struct NeverTakesOver : Real {
  struct LeaseWatch : plugin::LeaseWatch {
    bool may_take(const std::string&, const LeaseRecord& seen, LeaseTime) { return seen.owner.empty(); }
  };
};

inline constexpr std::chrono::milliseconds kLasts = 8s;
inline constexpr std::chrono::nanoseconds kEvery = 500ms;  ///< members look after the lease so often

template <class Rules>
class Model {
 public:
  explicit Model(std::uint32_t seed) : random_{seed} {
    for (int i = 0; i < 3; ++i) join();
  }

  Findings run() {
    for (int step = 0; step < 1500; ++step) {
      advance(20ms + chance(60) * 1ms);
      disturb();
      act();
    }
    // From here on there are no faults, and somebody lives: an owner must be found once the longest lease is over, twice: a take-over whose
    // answer was lost may come before.
    for (auto& member : members_) member->running_at = {};
    if (members_.empty()) join();
    faults_ = false;
    for (std::chrono::nanoseconds waited{}; waited < 2 * kLasts + 4 * kEvery; waited += 100ms) {
      advance(100ms);
      act();
    }
    std::size_t owners = 0;
    for (auto& member : members_) owners += member->holds() ? 1 : 0;
    if (owners == 0) ++findings_.unowned_too_long;
    return findings_;
  }

 private:
  struct Member {
    Member(Model& owning, std::string name, int drift_percent)
        : model{owning}, drift{drift_percent}, lease{std::move(name), kLasts}, clock{Clock{&raw}, [] { return 0ns; }} {}
    Model& model;
    int drift;
    dispytch_clock raw{.size = sizeof(dispytch_clock),
                       .reserved = 0,
                       .context = this,
                       .monotonic_ns = [](void* self) noexcept -> std::int64_t {
                         const Member& member = *static_cast<Member*>(self);
                         return member.model.now_.count() / 100 * (100 + member.drift);
                       },
                       .unix_ms = [](void*) noexcept -> std::int64_t { return 0; }};
    typename Rules::Lease lease;
    typename Rules::LeaseWatch watch;
    LeaseClock clock;
    std::chrono::nanoseconds running_at{};  // stopped until then
    std::chrono::nanoseconds next_look{};
    std::optional<LeaseRecord> in_hand;  // something to write that was begun under this record

    bool runs() const { return running_at <= model.now_; }
    bool holds() const { return runs() && lease.holds(clock.now()); }
  };

  std::uint32_t chance(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
  void advance(std::chrono::nanoseconds by) {
    now_ += by;
    std::size_t owners = 0;
    for (auto& member : members_) owners += member->holds() ? 1 : 0;
    if (owners > 1) ++findings_.two_at_once;
  }
  void join() {
    // Up to 5 % apart: an eighth of a lease is kept free for that.
    members_.push_back(std::make_unique<Member>(*this, "member " + std::to_string(++last_name_), static_cast<int>(chance(11)) - 5));
  }

  void disturb() {
    if (members_.size() < 4 && chance(150) == 0) join();
    if (members_.empty()) return;
    Member& one = *members_[chance(static_cast<std::uint32_t>(members_.size()))];
    const std::uint32_t what = chance(400);
    if (what < 2) one.running_at = now_ + chance(20'000) * 1ms;
    if (what == 2) std::erase_if(members_, [&](const auto& member) { return member.get() == &one; });  // kill -9
    if (what == 3 && one.runs()) release_lease(store_, "lease", one.lease);
  }

  void act() {
    for (auto& member : members_) {
      Member& one = *member;
      if (!one.runs()) continue;
      work(one);
      if (now_ < one.next_look) continue;
      one.next_look = now_ + kEvery;
      look(one);
    }
  }

  void look(Member& one) {
    store_.answers = !faults_ || chance(30) != 0;
    // Between the write and its answer time passes, and now and then the member is stopped for long.
    std::chrono::nanoseconds late{};
    if (faults_ && chance(10) == 0) late = chance(chance(5) == 0 ? 9'000 : 300) * 1ms;
    store_.on_write = [&] { now_ += late; };
    const std::uint64_t epoch_before = one.lease.record().epoch;
    try {
      keep_lease(store_, "lease", one.lease, one.watch, one.clock);
      if constexpr (requires { Rules::Lease::from_answer; }) {
        if (late > 0ns && one.lease.is_granted()) one.lease.confirmed(one.lease.record(), one.clock.now());
      }
    } catch (const std::runtime_error&) {  // unknown: the next look finds out
    }
    if (one.lease.record().epoch != epoch_before) ++findings_.take_overs;
    store_.answers = true;
    store_.on_write = {};
    advance(0ns);
  }

  // Begins to write under its lease, and ends that at some later time.
  void work(Member& one) {
    if (!one.in_hand) {
      if (one.holds()) one.in_hand = one.lease.record();
      return;
    }
    if (chance(4) != 0) return;
    const bool accepted = !Rules::fenced || store_.write("lease", *one.in_hand);
    const std::uint64_t order = last_order_of(*one.in_hand, one);
    if (accepted && order < newest_write_) ++findings_.stale_writes;
    if (accepted) newest_write_ = order;
    one.in_hand.reset();
  }

  // The true order of take-overs, whatever the epochs say.
  std::uint64_t last_order_of(const LeaseRecord& record, const Member& one) {
    const auto [it, is_new] = orders_.try_emplace({one.lease.member(), record.epoch}, next_order_);
    if (is_new) ++next_order_;
    return it->second;
  }

  std::mt19937 random_;
  std::chrono::nanoseconds now_{1h};
  Store store_;
  std::vector<std::unique_ptr<Member>> members_;
  std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> orders_;
  std::uint64_t next_order_ = 1, newest_write_ = 0;
  int last_name_ = 0;
  bool faults_ = true;
  Findings findings_;
};

template <class Rules>
Findings run(std::uint32_t seed) {
  return Model<Rules>{seed}.run();
}

}  // namespace dispytch::plugin::lease_model
