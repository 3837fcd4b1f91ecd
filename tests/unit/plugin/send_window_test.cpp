#include <dispytch/plugin/send_window.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using Window = dispytch::plugin::SendWindow<std::string>;
using Outcome = Window::Outcome;
using std::chrono::nanoseconds;

// A producer that accepts and sends, and notes what became of each message.
struct Sender {
  Window window{{.messages = 100, .bytes = 1000}};
  std::vector<std::string> wire = {};
  std::vector<Window::Position> positions = {};
  std::vector<Window::Ended> ended = {};

  void accept(std::uint64_t token, std::uint32_t lane = 0, nanoseconds deadline = nanoseconds{100}) {
    window.accept({.token = token, .lane = lane, .bytes = 10, .deadline = deadline, .message = "m" + std::to_string(token)});
  }
  void send() {
    while (const auto position = window.next()) {
      wire.push_back(window.at(*position));
      positions.push_back(*position);
      window.sent(*position);
    }
  }
  std::string outcomes() const {
    std::string text;
    for (const Window::Ended& each : ended) {
      text +=
          (text.empty() ? "" : " ") + std::to_string(each.token) + "cfeo"[static_cast<int>(each.outcome)] + (each.maybe_sent ? "?" : "");
    }
    return text;
  }
};

TEST(SendWindow, SendsInTheOrderOfAcceptance) {
  Sender sender;
  for (std::uint64_t token = 1; token <= 3; ++token) sender.accept(token);
  sender.send();
  EXPECT_EQ(sender.wire, (std::vector<std::string>{"m1", "m2", "m3"}));
  EXPECT_EQ(sender.window.in_flight(), 3U);
  for (const auto position : sender.positions) sender.window.confirmed(position, sender.ended);
  EXPECT_EQ(sender.outcomes(), "1c 2c 3c");
  EXPECT_TRUE(sender.window.empty());
}

TEST(SendWindow, IsBoundedInMessagesAndBytes) {
  Window window{{.messages = 2, .bytes = 25}};
  EXPECT_TRUE(window.has_room(25));
  EXPECT_FALSE(window.has_room(26));
  window.accept({.token = 1, .bytes = 20});
  EXPECT_TRUE(window.has_room(5));
  EXPECT_FALSE(window.has_room(6));
  window.accept({.token = 2, .bytes = 1});
  EXPECT_FALSE(window.has_room(0));
  window.sent(*window.next());
  std::vector<Window::Ended> ended;
  window.confirmed(0, ended);
  EXPECT_TRUE(window.has_room(24));
}

TEST(SendWindow, SendsWhatWasOnABrokenConnectionFirstAndInOrder) {
  Sender sender;
  for (std::uint64_t token = 1; token <= 3; ++token) sender.accept(token);
  sender.send();
  sender.window.confirmed(sender.positions[0], sender.ended);
  sender.accept(4);
  sender.window.broken();
  sender.wire.clear();
  sender.positions.clear();
  sender.send();
  EXPECT_EQ(sender.wire, (std::vector<std::string>{"m2", "m3", "m4"}));
  for (const auto position : sender.positions) sender.window.confirmed(position, sender.ended);
  EXPECT_EQ(sender.outcomes(), "1c 2c? 3c? 4c") << "2 and 3 may be at the broker twice";
}

TEST(SendWindow, HoldsLaterMessagesBackWhileOneIsRefused) {
  Sender sender;
  sender.accept(1);
  sender.send();
  sender.window.refused(sender.positions[0]);
  sender.accept(2);
  sender.send();
  EXPECT_EQ(sender.wire, (std::vector<std::string>{"m1"}));
  EXPECT_TRUE(sender.window.is_held_back());
  EXPECT_TRUE(sender.window.resume());
  sender.send();
  EXPECT_EQ(sender.wire, (std::vector<std::string>{"m1", "m1", "m2"}));
}

TEST(SendWindow, ResumesOnlyWhenNoAnswerIsToCome) {
  Sender sender;
  sender.accept(1);
  sender.accept(2);
  sender.send();
  sender.window.refused(sender.positions[0]);
  EXPECT_FALSE(sender.window.resume());
  sender.window.refused(sender.positions[1]);
  EXPECT_TRUE(sender.window.resume());
  sender.send();
  EXPECT_EQ(sender.wire, (std::vector<std::string>{"m1", "m2", "m1", "m2"}));
}

TEST(SendWindow, NeverSendsAMessageBehindALaterOneOfItsLane) {
  Sender sender;
  sender.accept(1, 7);
  sender.accept(2, 8);
  sender.accept(3, 7);
  sender.send();
  sender.window.refused(sender.positions[0]);
  sender.window.refused(sender.positions[1]);
  sender.window.confirmed(sender.positions[2], sender.ended);
  EXPECT_EQ(sender.outcomes(), "3c 1o") << "2 is of another lane";
  EXPECT_TRUE(sender.window.resume());
  sender.wire.clear();
  sender.send();
  EXPECT_EQ(sender.wire, (std::vector<std::string>{"m2"}));
}

TEST(SendWindow, SaysOfAnExpiredMessageWhetherTheBrokerMayHaveIt) {
  Sender sender;
  sender.accept(1, 0, nanoseconds{10});
  sender.send();
  sender.accept(2, 0, nanoseconds{10});
  sender.accept(3, 0, nanoseconds{20});
  EXPECT_EQ(sender.window.next_deadline(), nanoseconds{10});
  sender.window.expire(nanoseconds{9}, sender.ended);
  EXPECT_EQ(sender.outcomes(), "");
  sender.window.expire(nanoseconds{10}, sender.ended);
  EXPECT_EQ(sender.outcomes(), "1e? 2e");
  EXPECT_EQ(sender.window.next_deadline(), nanoseconds{20});
  sender.wire.clear();
  sender.send();
  EXPECT_EQ(sender.wire, (std::vector<std::string>{"m3"}));
}

TEST(SendWindow, TakesTheAnswerToAMessageThatHasExpired) {
  Sender sender;
  sender.accept(1, 0, nanoseconds{10});
  sender.accept(2);
  sender.send();
  sender.window.expire(nanoseconds{10}, sender.ended);
  sender.window.confirmed(sender.positions[0], sender.ended);
  sender.window.confirmed(sender.positions[1], sender.ended);
  EXPECT_EQ(sender.outcomes(), "1e? 2c");
  EXPECT_TRUE(sender.window.empty());
  EXPECT_EQ(sender.window.in_flight(), 0U);
}

TEST(SendWindow, DoesNotSendAnExpiredMessageAgain) {
  Sender sender;
  sender.accept(1, 0, nanoseconds{10});
  sender.accept(2);
  sender.send();
  sender.window.expire(nanoseconds{10}, sender.ended);
  sender.window.broken();
  sender.wire.clear();
  sender.send();
  EXPECT_EQ(sender.wire, (std::vector<std::string>{"m2"}));
  EXPECT_EQ(sender.window.in_flight(), 1U);
}

TEST(SendWindow, GivesUpWhatIsUncertainWhereItMayNotBeSentAgain) {
  Sender sender;
  sender.accept(1);
  sender.send();
  sender.accept(2);
  sender.window.broken();
  sender.window.give_up_uncertain(sender.ended);
  EXPECT_EQ(sender.outcomes(), "1e?");
  sender.wire.clear();
  sender.send();
  EXPECT_EQ(sender.wire, (std::vector<std::string>{"m2"}));
}

TEST(SendWindow, FailsWhatWaitsWhereNothingCanBeSent) {
  Sender sender;
  sender.accept(1);
  sender.send();
  sender.accept(2);
  sender.window.fail_waiting(sender.ended);
  EXPECT_EQ(sender.outcomes(), "2f");
  sender.window.failed(sender.positions[0], sender.ended);
  EXPECT_EQ(sender.outcomes(), "2f 1f");
  EXPECT_TRUE(sender.window.empty());
}

}  // namespace
