// What processes emit: events, and the letters of messages that they gave up.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "sim/broker.hpp"
#include "sim/trace.hpp"

namespace dispytch::sim {
namespace {

const std::string* header_of(const Seat::Sent& sent, std::string_view wanted) {
  const auto found = std::ranges::find(sent.headers, wanted, &std::pair<std::string, std::string>::first);
  return found == sent.headers.end() ? nullptr : &found->second;
}

}  // namespace

void Broker::answer_one(Seat& seat, bool well) {
  if (seat.sent.empty()) return;
  const Seat::Sent sent = std::move(seat.sent.front());
  seat.sent.pop_front();
  plugin::Report report{};
  report.token = sent.token;
  if (const Record* const record = well ? too_large(sent) : nullptr) {
    SIM_TRACE("the dead letter of " << name(*record) << " is too large");
    report.code = DISPYTCH_ETOOBIG;
    if (seat.alive) seat.reports.push_back(report);
    return;
  }
  const bool answer_is_lost = !well && too_large(sent) == nullptr && dice_.percent(30);  // stored, but nobody knows
  if (well || answer_is_lost) stored(sent);
  if (!well) {
    report.code = DISPYTCH_EUNAVAILABLE;
    report.flags = DISPYTCH_ERROR_RETRIABLE | DISPYTCH_ERROR_MAYBE_SENT;
  }
  SIM_TRACE("emitted to " << sent.topic << ", key \"" << sent.key << "\": "
                          << (well             ? "stored"
                              : answer_is_lost ? "stored, the answer is lost"
                                               : "refused"));
  if (seat.alive) seat.reports.push_back(report);
}

// The message of a dead letter; null: it names none.
Record* Broker::buried_by(const Seat::Sent& sent) {
  const std::string* const partition = header_of(sent, "dispytch-partition");
  const std::string* const offset = header_of(sent, "dispytch-offset");
  if (partition == nullptr || offset == nullptr) return nullptr;
  for (Record& record : logs_.at(std::stoul(*partition))) {
    if (record.offset == std::stoll(*offset)) return &record;
  }
  return nullptr;
}

// The message of a dead letter that says more than there is room for; null: it is no such letter.
const Record* Broker::too_large(const Seat::Sent& sent) {
  if (sent.topic == "made") return nullptr;
  const Record* const record = buried_by(sent);
  if (record == nullptr) return nullptr;
  const unsigned lacks = header_of(sent, "dispytch-attempts") == nullptr ? 2 : header_of(sent, "dispytch-exception") == nullptr ? 1 : 0;
  return lacks < record->letter_lacks ? record : nullptr;
}

void Broker::stored(const Seat::Sent& sent) {
  if (sent.topic == "made") {
    records_.at(std::stoul(sent.key))->emitted = true;
    return;
  }
  Record* const record = buried_by(sent);
  if (record == nullptr) {
    wrong(&Verdict::lost, "a dead letter names no message that anybody wrote");
    return;
  }
  if (sent.payload != record->payload || sent.key != record->key)
    wrong(&Verdict::lost, "the dead letter of " + name(*record) + " has other bytes");
  const std::string* const reason = header_of(sent, "dispytch-reason");
  if (reason != nullptr && *reason == "crashed" && record->most_begun < settings_.delivery.crashes_until_failed) {
    wrong(&Verdict::lost, name(*record) + " was given up for what ends the process, of which the broker was told " +
                              std::to_string(record->most_begun) + " times that it was about to be handled");
  }
  record->buried = true;
}

}  // namespace dispytch::sim
