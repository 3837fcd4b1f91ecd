#include "listen/suspects.hpp"

#include <cstdint>
#include <memory>

#include "base/log.hpp"
#include "base/mutate.hpp"
#include "listen/describe.hpp"

namespace dispytch::listen {

using inflight::HandlingFailure;
using inflight::Item;
using inflight::Verdict;

Suspects::Begin Suspects::begin(Item& item) {
  const policy::DeliveryOptions& delivery = parts_.setup.delivery;
  const std::uint32_t unended = DISPYTCH_MUTATE("blame_the_neighbours") ? item.raw->attempt : item.unended();
  if (unended >= delivery.crashes_until_failed && !item.noted) {
    item.verdict = Verdict::failed;
    item.failure = std::make_unique<HandlingFailure>(HandlingFailure{
        .kind = HandlingFailure::Kind::crashed,
        .reason =
            "it was handled alone " + std::to_string(unended) + " times, and each time the process was gone before the handler had ended"});
    return Begin::failed;
  }
  if (parts_.consumer.can(DISPYTCH_CAN_BEGIN) && !item.noted && !DISPYTCH_MUTATE("begin_a_suspect_untold")) {
    const std::uint64_t token = item.raw->token;
    if (const Result<void> told = parts_.consumer.begin({&token, 1}, true, kPatience); !told) return wait(item, told.error().text);
    item.noted = true;
    if (unended > 0) {
      log::warning(parts_.setup.log_source, "handled alone, since the process was gone before it was handled, " + std::to_string(unended) +
                                                (unended == 1 ? " time:" : " times:") + where(describe(item, parts_.consumer)));
    }
  }
  running_ = &item;
  serial_ = item.serial;
  return Begin::runs;
}

Suspects::Begin Suspects::wait(Item& item, const std::string& why) {
  log::warning(parts_.setup.log_source,
               "a message that may have ended the process waits, since the broker can't be told that it is tried:" +
                   where(describe(item, parts_.consumer)) + ": " + why);
  parts_.in_flight.wait(item);
  parts_.deadlines.set(Deadlines::Kind::next_attempt, item, parts_.setup.now() + kAgain, parts_.in_flight.unfinished());
  return Begin::waits;
}

void Suspects::ended(Item& item) {
  item.noted = false;
  const std::uint64_t token = item.raw->token;
  const Result<void> told = parts_.consumer.begin({&token, 1}, false, std::chrono::milliseconds{0});
  if (!told && told.error().code != ErrorCode::fenced) {
    log::warning(parts_.setup.log_source, "the broker can't be told that a message didn't end the process; should it be handled alone " +
                                              std::to_string(parts_.setup.delivery.crashes_until_failed) + " times, it is given up:" +
                                              where(describe(item, parts_.consumer)) + ": " + told.error().text);
  }
}

}  // namespace dispytch::listen
