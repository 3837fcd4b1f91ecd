#include "trouble.hpp"

#include <utility>

namespace dispytch::kafka {
namespace {

using Kind = Diagnosis::Kind;

bool several_brokers(const std::string& cluster) { return cluster.find(',') != std::string::npos; }

}  // namespace

bool Trouble::note(const Approach& approach, const FailedConnection& failed, Clock::time_point now) {
  at_ = now;
  Diagnosis diagnosis = diagnose(approach, failed);
  const bool known = diagnosis.kind != Kind::unknown;
  if (!known && (lasting_ || kind_ == Kind::certificate)) return false;  // what an address that isn't the broker's adds
  // That all brokers are down says less than what came before.
  if (!known && !is_none() && failed.code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return kind_ != Kind::unknown;
  text_ = std::move(diagnosis.text);
  broker_code_ = failed.code;
  kind_ = diagnosis.kind;
  lasting_ = kind_ == Kind::refused || (kind_ == Kind::certificate && !several_brokers(approach.cluster));
  if (kind_ == Kind::suspected) ++suspicions_;
  if (known && !since_) since_ = now;
  return known;
}

void Trouble::clear() { *this = Trouble{}; }

plugin::Error Trouble::before_login(Clock::time_point now) const {
  if (is_none()) return {.code = DISPYTCH_OK};
  const bool likely = kind_ == Kind::certificate || (kind_ == Kind::suspected && suspicions_ > 1);
  const bool enough = lasting_ || (likely && now - *since_ >= kPatience);
  return {.code = enough ? DISPYTCH_EAUTH : DISPYTCH_EUNAVAILABLE, .text = text_, .retriable = !enough, .broker_code = broker_code_};
}

}  // namespace dispytch::kafka
