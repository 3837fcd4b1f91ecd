#include "commits.hpp"

#include <algorithm>
#include <utility>

#include "errors.hpp"

namespace dispytch::kafka {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPause{50};  // between a commit that was refused and the next, while somebody waits

}  // namespace

Commits::Commits(rd_kafka_t* client, Sources& sources, milliseconds interval)
    : client_{client}, sources_{sources}, interval_{interval}, answers_{rd_kafka_queue_new(client)}, begun_{Clock::now()} {}

rd_kafka_resp_err_t Commits::serve() {
  const plugin::Lock lock{mutex_};
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
  if (under_way_ != nullptr && !answered(milliseconds{0}, code)) return RD_KAFKA_RESP_ERR_NO_ERROR;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR || Clock::now() - begun_ < interval_) return code;
  return begin();
}

rd_kafka_resp_err_t Commits::sync(Clock::time_point deadline) {
  const auto left = [&] { return std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(deadline - Clock::now())); };
  const plugin::Lock lock{mutex_};
  for (;;) {
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (under_way_ == nullptr) code = begin();
    if (under_way_ == nullptr && code == RD_KAFKA_RESP_ERR_NO_ERROR) return code;  // there is nothing to commit
    if (under_way_ != nullptr && !answered(left(), code)) return RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;  // what was settled since goes now
    if (!is_retriable(code)) return code;
    if (left() == milliseconds{0}) return RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_queue_poll(answers_.get(), static_cast<int>(std::min(left(), kPause).count()));  // nothing comes
  }
}

rd_kafka_resp_err_t Commits::begin() {
  begun_ = Clock::now();
  PartitionsHandle positions = sources_.unsynced();
  if (positions->cnt == 0) return RD_KAFKA_RESP_ERR_NO_ERROR;
  const rd_kafka_resp_err_t code = rd_kafka_commit_queue(client_, positions.get(), answers_.get(), nullptr, nullptr);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) under_way_ = std::move(positions);
  return code;
}

bool Commits::answered(milliseconds timeout, rd_kafka_resp_err_t& code) {
  const EventHandle answer{rd_kafka_queue_poll(answers_.get(), static_cast<int>(timeout.count()))};
  if (answer == nullptr) return false;
  const PartitionsHandle positions = std::move(under_way_);
  code = rd_kafka_event_error(answer.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) sources_.synced(*positions);
  return true;
}

}  // namespace dispytch::kafka
