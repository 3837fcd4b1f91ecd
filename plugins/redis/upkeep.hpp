// Keeps a member's messages alive at the server, and takes up those of members that are gone.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <dispytch/plugin/mutex.hpp>

#include "connection.hpp"
#include "membership.hpp"
#include "settling.hpp"

namespace dispytch::redis {

/// Of each stream: makes the group again where it is gone, tells the server every third of `claim_after` which messages are in hand, takes
/// what was given back when it is due and what others have left idle, and asks what waits. On the worker's thread, over the connection on
/// which nothing waits at the server. lag() is for any thread.
class Upkeep {
 public:
  Upkeep(const Membership& membership, Connection& connection, Settling& settling);

  Connection::Time step(Connection::Time now);
  /// The connection is new. `again`: others had no chance to tell the server what they have, where it was away for all.
  void on_up(Connection::Time now, bool again);
  /// The connection on which entries are read is new, and nothing is read yet: what the server gave to this member and never arrived is
  /// found first.
  void on_reading_anew();
  /// A message was given back and is due then.
  void expect_due(const Stream& stream, std::chrono::milliseconds delay);
  /// The server refused to read.
  void on_refusal(std::string_view error);

  /// By slot: whether the stream may be read.
  const std::vector<bool>& ready() const noexcept { return ready_; }
  /// Why a stream can't be read at present; nothing where all can.
  const std::optional<plugin::Error>& trouble() const noexcept { return trouble_; }
  std::vector<plugin::Lag> lag() const;

  /// Asks nothing more of the server. Until is_idle() an answer may still bring messages.
  void stop() noexcept { stopped_ = true; }
  bool is_idle() const noexcept;
  /// Gives back what is in hand and leaves the group. Once has_left() nothing of this member is pending.
  void leave();
  bool is_leaving() const noexcept { return leaving_; }
  bool has_left() const noexcept { return leaving_ && unleft_ == 0; }

 private:
  struct Tended {  // by slot
    const Stream* stream = nullptr;
    bool grouped = true;      // the group is there, as far as is known
    bool recovering = false;  // what was lost on the way is being looked for
    bool asked = false;       // an answer about the group or the recovery is to come
    bool keeping = false, taking = false, counting = false;
    std::string cursor = "0-0";
    Connection::Time due_at = Connection::Time::max();  // what was given back since the last look is due
    Connection::Time ensure_at = {}, keep_at = {}, take_at = {}, count_at = {}, tidy_at = {};
    std::optional<std::int64_t> lag = {};
    Connection::Time lag_at = {};
  };

  void ensure_group(Tended& tended);
  void recover(Tended& tended, const std::string& from);
  void keep(Tended& tended, Connection::Time now);
  void take(Tended& tended, Connection::Time now);
  void count(Tended& tended);
  void tidy(Tended& tended);
  void accept(Tended& tended, Reply reply, bool of_others);
  void tell_trimmed(const Stream& stream, const redisReply& ids);
  void lose_where_too_old(Connection::Time now);
  bool refused(Tended& tended, const Reply& reply, std::string_view doing);
  void set_trouble(plugin::Error why);
  void settle_trouble();
  void send(Tended& tended, const char* script, const std::vector<std::string>& list, std::function<void(Reply)> on_reply);

  const Membership& membership_;
  Connection& connection_;
  Settling& settling_;
  std::vector<Tended> tended_ = {};
  std::vector<bool> ready_;
  std::optional<plugin::Error> trouble_ = {};
  std::string logged_ = {};            // the trouble that the log knows
  Connection::Time grace_until_ = {};  // others had no chance to say what they have
  std::chrono::nanoseconds kept_at_;   // by a clock that runs while the machine sleeps: the server was told last what is in hand
  bool stopped_ = false;
  bool leaving_ = false;
  std::size_t unleft_ = 0;
  mutable plugin::Mutex mutex_;
  std::vector<plugin::Lag> lags_ DISPYTCH_GUARDED_BY(mutex_) = {};
};

}  // namespace dispytch::redis
