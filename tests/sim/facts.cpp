#include "sim/facts.hpp"

namespace dispytch::sim {

bool finished(const Record& record, const Settings& settings) {
  if (record.buried || record.skipped || record.may_be_dropped) return true;
  switch (record.task.kind) {
    case Task::Kind::together: return record.handled && (record.emitted || !settings.together_emits);
    case Task::Kind::plain:
    case Task::Kind::later: return record.handled;
    case Task::Kind::pair: return record.handled && record.handled_by_second;
    case Task::Kind::emitting: return record.handled && record.emitted;
    case Task::Kind::spoilt:
    case Task::Kind::poison: return settings.delivery.policy.on_undecodable == OnFailure::drop;
    case Task::Kind::tombstone: return settings.delivery.on_tombstone == OnTombstone::settle;
    case Task::Kind::unknown: return settings.delivery.on_unhandled == policy::OnUnhandled::settle;
  }
  return false;
}

bool same_lane(const Record& left, const Record& right, Ordering ordering) {
  if (left.partition != right.partition) return false;
  switch (ordering) {
    case Ordering::partition: return true;
    case Ordering::none: return false;
    default: return !left.key.empty() && left.key == right.key;
  }
}

std::string name(const Record& record) {
  constexpr const char* kKinds[] = {"plain", "pair", "emitting", "later", "poison", "unknown", "together", "spoilt", "tombstone"};
  return "message " + std::to_string(record.number) + " (" + kKinds[static_cast<int>(record.task.kind)] + ", partition " +
         std::to_string(record.partition) + ", offset " + std::to_string(record.offset) + ", key \"" + record.key + "\")";
}

std::string payload_of(int number, Task::Kind kind) {
  const std::string text = std::to_string(number);
  const auto envelope = [&](const char* type) {
    return R"({"id":"e","type":")" + std::string{type} + R"(","body":{"number":)" + text + R"(},"timestamp":1753000000000})";
  };
  switch (kind) {
    case Task::Kind::plain: return envelope("plain");
    case Task::Kind::pair: return envelope("pair");
    case Task::Kind::emitting: return envelope("emitting");
    case Task::Kind::later: return envelope("later");
    case Task::Kind::together: return envelope("together");
    case Task::Kind::spoilt: return R"({"id":"e","type":"together","body":{"number":"none"},"timestamp":1753000000000})";
    case Task::Kind::poison: return R"({"id":"e","type":"plain","body":{"number":"none"},"timestamp":17530000000)";
    case Task::Kind::unknown: return envelope("unknown");
    case Task::Kind::tombstone: break;
  }
  return {};
}

}  // namespace dispytch::sim
