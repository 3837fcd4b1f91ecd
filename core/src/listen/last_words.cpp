#include "listen/last_words.hpp"

#include <cstdint>
#include <string_view>

namespace dispytch::listen {
namespace {

std::uint64_t value(const Counters::Count& count) { return count.load(std::memory_order_relaxed); }

// Messages that need nothing more here.
std::uint64_t ended(const Counters& counters) {
  return value(counters.handled) + value(counters.unhandled) + value(counters.dropped) + value(counters.dead_lettered) +
         value(counters.skipped) + value(counters.requeued);
}

}  // namespace

void LastWords::begin(const Counters& counters) {
  unfinished_ = value(counters.unfinished);
  ended_ = ended(counters);
  held_ = value(counters.held);
  waiting_ = value(counters.waiting);
}

std::string LastWords::text(const Counters& counters) const {
  std::string text = "stopped: " + std::to_string(value(counters.handled)) + " handled, " + std::to_string(value(counters.unhandled)) +
                     " unhandled, " + std::to_string(value(counters.dropped)) + " dropped";
  const auto more = [&](const Counters::Count& count, std::string_view what) {
    if (value(count) > 0) text += ", " + std::to_string(value(count)) + " " + std::string{what};
  };
  more(counters.dead_lettered, "dead-lettered");
  more(counters.skipped, "skipped");
  more(counters.retries, "retries");
  more(counters.requeued, "given back to the broker until they are due");
  more(counters.fenced, "handled but given to another member meanwhile");
  return text + left(counters);
}

// "; 7 messages were left unfinished (1 held, 2 waiting for another attempt) and are delivered again", or nothing.
std::string LastWords::left(const Counters& counters) const {
  const std::uint64_t ended_since = ended(counters) - ended_;
  if (ended_since >= unfinished_) return {};
  const std::uint64_t left = unfinished_ - ended_since;
  std::string states;
  const auto of_them = [&](std::uint64_t count, std::string_view state) {
    if (count > 0) states += (states.empty() ? " (" : ", ") + std::to_string(count) + std::string{state};
  };
  of_them(held_, " held");
  of_them(waiting_, " waiting for another attempt");
  if (!states.empty()) states += ")";
  return "; " + std::to_string(left) + (left == 1 ? " message was" : " messages were") + " left unfinished" + states +
         (at_most_once_ ? ""
          : left == 1   ? ", and is delivered again"
                        : ", and are delivered again");
}

}  // namespace dispytch::listen
