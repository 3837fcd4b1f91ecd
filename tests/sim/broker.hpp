// A broker in memory that keeps to the contract and does, within it, the worst it can: it moves partitions at any time, expels who is
// slow, refuses, forgets what was not durable, and checks each word that it is told.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "base/virtual_clock.hpp"
#include "sim/facts.hpp"
#include "sim/settings.hpp"

namespace dispytch::sim {

/// A seat of the group: what one process sees of the broker. Gone with the process; the broker's number for it is not used again.
struct Seat {
  struct Holding {
    unsigned partition = 0;
    std::uint16_t generation = 0;
    std::uint64_t assignment = 0;  ///< its event's token
    bool confirmed = false;        ///< its assignment is: messages may be delivered
    bool revoking = false;
    bool paused = false;
    std::size_t first = 0;                  ///< index in the log at which it began
    std::size_t next = 0;                   ///< of the next to be delivered
    std::chrono::nanoseconds keep_until{};  ///< revoking: running handlers are to be awaited until then
    std::size_t running = 0;                ///< its messages with a handler, or whose Completion is to come
  };
  struct Event {
    std::uint32_t kind = 0;
    std::vector<std::pair<unsigned, std::uint16_t>> what = {};  ///< partition and generation
    std::uint64_t token = 0;
    std::chrono::milliseconds deadline{};
  };
  struct Sent {
    std::string topic = {};
    std::string key = {};
    std::string payload = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::uint64_t token = 0;
  };

  bool alive = true;
  bool draining = false;  ///< it has been told to end: running handlers are awaited until the end of its drain only
  std::deque<Event> events = {};
  std::vector<Holding> holdings = {};
  std::vector<std::pair<unsigned, std::uint16_t>> let_go = {};  ///< said by it, or told to it
  std::vector<Record*> unsynced = {};                           ///< settled, not durable
  bool sync_failed = false;
  std::size_t batches = 0;  ///< not released yet
  std::deque<Sent> sent = {};
  std::deque<plugin::Report> reports = {};
  bool queue_full = false;
  std::uint32_t last_credit = 0;
  std::uint64_t news = 0;  ///< polls that brought something

  Holding* holding(unsigned partition, std::uint16_t generation);
};

class Broker {
 public:
  Broker(const Settings& settings, Dice& dice, VirtualClock& clock, Verdict& verdict);

  // ---- what the simulator does ----
  void produce();          ///< one message more
  Seat& join();            ///< a process comes
  void leave(Seat& seat);  ///< it is gone, however
  void rebalance();        ///< moves partitions, by asking for them
  void take_away();        ///< moves a partition without asking
  void expel_the_slow();   ///< those whose revocation's deadline is over
  void make_durable(Seat& seat);
  void answer_one(Seat& seat, bool well);  ///< the oldest message that it sent is stored, or not
  bool all_assigned() const;
  bool done() const;  ///< everything is finished and settled

  std::vector<std::deque<Record>>& logs() noexcept { return logs_; }
  const std::vector<Record*>& records() const noexcept { return records_; }
  bool refuse_emits = false;  ///< also dead letters
  bool calm = false;          ///< no faults any more

  // ---- what a plugin does ----
  plugin::Status poll(Seat& seat, plugin::Limits limits, plugin::BatchOut& out);
  plugin::Status settle(Seat& seat, const plugin::Settlement& settlement);
  plugin::Status sync(Seat& seat);
  plugin::Status begin(Seat& seat, std::uint64_t token, bool on);
  void pause(Seat& seat, std::uint32_t source, bool on);
  void close(Seat& seat);

  static std::uint32_t source_id(unsigned partition, std::uint16_t generation);
  Record& record_of(std::uint64_t token);
  static std::uint16_t generation_of(std::uint64_t token) noexcept { return static_cast<std::uint16_t>(token >> 40 & 0xffffu); }

 private:
  struct Partition {
    Seat* owner = nullptr;
    std::uint16_t generation = 0;
    bool moving = false;
    std::chrono::nanoseconds expel_at{};
    std::uint64_t revocation = 0;  // its event's token
  };

  void give(unsigned partition, Seat& seat);
  void give_free_ones();
  void ask_back(const std::vector<unsigned>& partitions);
  std::size_t first_unsettled(unsigned partition) const;
  void check_bounds(const Seat& seat);
  bool deliver(Seat& seat, plugin::Limits limits, plugin::BatchOut& out);
  Record* next_of(Seat::Holding& held);
  plugin::Status give_back(Seat& seat, Record& record, const plugin::Settlement& settlement);
  void hand_out_event(Seat& seat, plugin::BatchOut& out);
  void confirmed(Seat& seat, std::uint64_t token);
  void mark(Seat& seat, Record& record);
  void tell_lost(unsigned partition);
  void tell_of_no_part(Seat& seat);
  const Record* too_large(const Seat::Sent& sent);
  Record* buried_by(const Seat::Sent& sent);
  void stored(const Seat::Sent& sent);
  void wrong(std::uint64_t Verdict::*count, std::string text) { verdict_.break_promise(count, std::move(text)); }

  const Settings& settings_;
  Dice& dice_;
  VirtualClock& clock_;
  Verdict& verdict_;
  std::vector<std::deque<Record>> logs_;  // by partition
  std::vector<Record*> records_;          // by number
  std::vector<Partition> partitions_;
  std::vector<Seat*> seats_;  // alive
  std::deque<Seat> all_seats_;
  std::uint64_t next_event_ = 1;
};

}  // namespace dispytch::sim
