// The messages that a producer has accepted and the broker has not confirmed, in order, over connections that break.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace dispytch::plugin {

/// Decides which message is to be sent next, and what becomes of each when the broker confirms it, refuses it for now or for good, when the
/// connection breaks, and when its time is over. It sends nothing itself and knows no clock: a producer calls it under its own lock.
///
/// What it sees to:
/// - Messages are sent in the order in which they were accepted, also when they are sent again. What was on its way over a connection that
///   broke goes first on the next one.
/// - A message that the broker refused for now, because it was short of memory or is read-only at present, holds all later ones back. It is
///   sent again after resume(), unless a later message of its lane was confirmed in between: then it would arrive behind that one, and ends
///   as `overtaken`. A lane is what the broker keeps in order: a stream, a partition, a queue.
/// - A message that ends without a confirmation says whether the broker may have it all the same.
///
/// The window is bounded, in messages and in bytes; a message larger than that is for the producer to refuse.
template <class Message>
class SendWindow {
 public:
  using Time = std::chrono::nanoseconds;  ///< of the clock from which the caller takes deadlines
  using Position = std::uint64_t;         ///< of a message in the order of acceptance, from 0 on

  struct Limits {
    std::size_t messages = 0;
    std::size_t bytes = 0;
  };

  /// A message to be sent.
  struct Accepted {
    std::uint64_t token = 0;  ///< for its report
    std::uint32_t lane = 0;
    std::size_t bytes = 0;
    Time deadline = {};  ///< when it is given up
    Message message = {};
  };

  enum class Outcome : std::uint8_t {
    confirmed,
    failed,     ///< the broker refused it for good
    expired,    ///< its time was over before the broker confirmed it
    overtaken,  ///< refused for now, and a later message of its lane was confirmed
  };

  /// What became of a message.
  struct Ended {
    std::uint64_t token = 0;
    Outcome outcome = Outcome::confirmed;
    bool maybe_sent = false;  ///< the broker may have it; of a confirmed message: it may have it twice
    Message message = {};
  };

  explicit SendWindow(Limits limits) : limits_{limits} {}

  /// Returns whether a message of that size may be accepted now.
  bool has_room(std::size_t bytes) const noexcept { return unended_ < limits_.messages && bytes_ + bytes <= limits_.bytes; }
  bool empty() const noexcept { return unended_ == 0; }
  std::size_t size() const noexcept { return unended_; }         ///< messages without an outcome
  std::size_t in_flight() const noexcept { return in_flight_; }  ///< sent on this connection and not answered
  /// Returns the position that the next message to be accepted gets, and that of the oldest which has no outcome, or whose answer is to
  /// come.
  Position end() const noexcept { return first_ + places_.size(); }
  Position oldest() const noexcept { return first_; }
  bool is_held_back() const noexcept { return refused_ > 0; }

  void accept(Accepted accepted) {
    ++unended_;
    bytes_ += accepted.bytes;
    if (places_.empty() || accepted.deadline < first_deadline_) first_deadline_ = accepted.deadline;
    places_.push_back({.accepted = std::move(accepted)});
  }

  /// Returns the position of the message that is to be sent now; nothing where there is none, or where one that was refused holds it back.
  std::optional<Position> next() {
    if (refused_ > 0) return std::nullopt;
    while (next_ < end() && place(next_).state != State::waiting) ++next_;
    return next_ < end() ? std::optional{next_} : std::nullopt;
  }
  Message& at(Position position) { return place(position).accepted.message; }
  std::uint32_t lane(Position position) { return place(position).accepted.lane; }

  /// Notes that the message goes out now. Its answer is to be told by one of the three functions below.
  void sent(Position position) {
    place(position).state = State::in_flight;
    ++in_flight_;
    next_ = position + 1;
  }

  /// The broker has stored the message. Appends to `ended` what has its outcome by that.
  void confirmed(Position position, std::vector<Ended>& ended) {
    const std::uint32_t lane = place(position).accepted.lane;
    if (answered(position)) end(position, Outcome::confirmed, ended);
    if (refused_ > 0) overtake(lane, position, ended);
    forget();
  }
  /// The broker refuses the message, and would again.
  void failed(Position position, std::vector<Ended>& ended) {
    if (answered(position)) end(position, Outcome::failed, ended);
    forget();
  }
  /// The broker refuses the message at present: nothing is sent until resume().
  void refused(Position position) {
    if (answered(position)) {
      place(position).state = State::refused;
      ++refused_;
    }
    forget();
  }

  /// Sends what was refused again, before all later messages. Does nothing, and returns false, while there are answers to come: one of them
  /// may be the confirmation of a later message.
  bool resume() {
    if (in_flight_ > 0) return false;
    rewind(State::refused);
    return true;
  }

  /// The connection is gone, and the answers to what is in flight with it: those messages are to be sent again.
  void broken() {
    for (Place& each : places_) {
      if (each.state == State::in_flight) each.maybe_sent = true;
    }
    rewind(State::in_flight);
    rewind(State::refused);
    in_flight_ = 0;
    for (Place& each : places_) {
      if (each.state == State::abandoned) each.state = State::ended;
    }
    forget();
  }

  /// Ends the messages whose time is over. Appends them to `ended`.
  void expire(Time now, std::vector<Ended>& ended) {
    if (places_.empty() || now < first_deadline_) return;
    end_where([now](const Place& each) { return each.accepted.deadline <= now; }, Outcome::expired, ended);
  }
  /// Ends all messages that were sent on a connection that broke and were not confirmed: for a broker where late bytes of the old
  /// connection could land behind those of the new one.
  void give_up_uncertain(std::vector<Ended>& ended) {
    end_where([](const Place& each) { return each.maybe_sent && each.state == State::waiting; }, Outcome::expired, ended);
  }
  /// Ends all messages that are not on their way: nothing can be sent any more.
  void fail_waiting(std::vector<Ended>& ended) {
    end_where([](const Place& each) { return each.state == State::waiting || each.state == State::refused; }, Outcome::failed, ended);
  }

  /// When the first message is given up; a time before that where that one has ended. Nothing while the window is empty.
  std::optional<Time> next_deadline() const noexcept { return unended_ == 0 ? std::nullopt : std::optional{first_deadline_}; }

 private:
  enum class State : std::uint8_t {
    waiting,    // to be sent
    in_flight,  // sent, and the answer is to come
    refused,    // to be sent again after resume()
    abandoned,  // has its outcome, and the answer is still to come
    ended,
  };
  struct Place {
    Accepted accepted = {};
    State state = State::waiting;
    bool maybe_sent = false;  // was in flight over a connection that broke
  };

  Place& place(Position position) { return places_[static_cast<std::size_t>(position - first_)]; }

  // Whether the message was waiting for its answer, which has come now; false where it was given up before.
  bool answered(Position position) {
    Place& its = place(position);
    --in_flight_;
    if (its.state == State::in_flight) return true;
    its.state = State::ended;
    return false;
  }

  void end(Position position, Outcome outcome, std::vector<Ended>& ended) {
    Place& its = place(position);
    if (its.state == State::refused) --refused_;
    const bool on_its_way = its.state == State::in_flight && (outcome == Outcome::expired);
    ended.push_back({.token = its.accepted.token,
                     .outcome = outcome,
                     .maybe_sent = its.maybe_sent || on_its_way,
                     .message = std::move(its.accepted.message)});
    its.state = on_its_way ? State::abandoned : State::ended;
    --unended_;
    bytes_ -= its.accepted.bytes;
  }

  void overtake(std::uint32_t lane, Position by, std::vector<Ended>& ended) {
    for (Position each = first_; each < by; ++each) {
      if (place(each).state == State::refused && place(each).accepted.lane == lane) end(each, Outcome::overtaken, ended);
    }
  }

  template <class Condition>
  void end_where(Condition condition, Outcome outcome, std::vector<Ended>& ended) {
    std::optional<Time> earliest;
    for (Position each = first_; each < end(); ++each) {
      const State state = place(each).state;
      if (state == State::ended || state == State::abandoned) continue;
      if (condition(place(each))) {
        end(each, outcome, ended);
      } else if (!earliest || place(each).accepted.deadline < *earliest) {
        earliest = place(each).accepted.deadline;
      }
    }
    if (earliest) first_deadline_ = *earliest;
    forget();
  }

  void rewind(State from) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (places_[i].state != from) continue;
      places_[i].state = State::waiting;
      next_ = std::min(next_, first_ + i);
    }
    if (from == State::refused) refused_ = 0;
  }

  // Lets go of what has ended, from the front.
  void forget() {
    while (!places_.empty() && places_.front().state == State::ended) {
      places_.pop_front();
      ++first_;
    }
    next_ = std::max(next_, first_);
  }

  const Limits limits_;
  std::deque<Place> places_ = {};
  Position first_ = 0;         // of places_.front()
  Position next_ = 0;          // none before it is waiting
  std::size_t unended_ = 0;    // without an outcome
  std::size_t bytes_ = 0;      // of those
  std::size_t in_flight_ = 0;  // answers to come
  std::size_t refused_ = 0;    // held back by these
  Time first_deadline_ = {};   // no message has an earlier one
};

}  // namespace dispytch::plugin
