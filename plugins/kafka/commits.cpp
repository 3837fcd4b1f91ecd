#include "commits.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

#include "errors.hpp"

namespace dispytch::kafka {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPause{50};  // between a commit that was refused and the next, while somebody waits
bool is_of_one_partition(rd_kafka_resp_err_t code) noexcept {
  return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
         code == RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE || code == RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE;
}

void on_answer(rd_kafka_t*, void* wake_up) { static_cast<Signal*>(wake_up)->set(); }

}  // namespace

Commits::Commits(rd_kafka_t* client, Sources& sources, milliseconds interval, Signal& wake_up, std::function<void(std::string)> warn)
    : client_{client},
      sources_{sources},
      interval_{interval},
      warn_{std::move(warn)},
      answers_{rd_kafka_queue_new(client), on_answer, &wake_up},
      begun_{Clock::now()} {}

void Commits::serve() {
  const plugin::Lock lock{mutex_};
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
  if (under_way_ != nullptr && !answered(milliseconds{0}, false, code)) return;
  const Clock::time_point now = Clock::now();
  const bool urgent = sources_.storing() && now - urgent_ >= kUrgentPause;
  if (urgent) urgent_ = now;
  if (alone_ || urgent || now - begun_ >= interval_) begin();
}

rd_kafka_resp_err_t Commits::sync(Clock::time_point deadline) {
  const auto left = [&] { return std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(deadline - Clock::now())); };
  const plugin::Lock lock{mutex_};
  for (;;) {
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (under_way_ == nullptr) code = begin();
    if (under_way_ == nullptr && code == RD_KAFKA_RESP_ERR_NO_ERROR) return code;  // there is nothing to commit, or it was refused
    if (under_way_ != nullptr && !answered(left(), true, code)) return RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;  // what was settled since goes now
    if (!is_retriable(code)) return code;
    if (left() == milliseconds{0}) return RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_queue_poll(answers_.get(), static_cast<int>(std::min(left(), kPause).count()));  // nothing comes
  }
}

rd_kafka_resp_err_t Commits::begin() {
  begun_ = Clock::now();
  PartitionsHandle positions = sources_.uncommitted();
  if (alone_) keep_one(*positions);
  if (positions->cnt == 0) return RD_KAFKA_RESP_ERR_NO_ERROR;
  const rd_kafka_resp_err_t code = rd_kafka_commit_queue(client_, positions.get(), answers_.get(), nullptr, nullptr);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) under_way_ = std::move(positions);
  return code;
}

// The first that was not tried in this round; none: the round is over.
void Commits::keep_one(rd_kafka_topic_partition_list_t& positions) {
  for (int i = positions.cnt - 1; i >= 0; --i) {
    const rd_kafka_topic_partition_t& each = positions.elems[i];
    if (tried_.contains({each.topic, each.partition})) rd_kafka_topic_partition_list_del_by_idx(&positions, i);
  }
  while (positions.cnt > 1) rd_kafka_topic_partition_list_del_by_idx(&positions, positions.cnt - 1);
  if (positions.cnt == 1) {
    tried_.insert({positions.elems[0].topic, positions.elems[0].partition});
  } else {
    alone_ = false;
    tried_.clear();
  }
}

// False: there is no answer yet. `code`: the worst that a partition was refused with; in the `last` commit those that are gone don't count.
bool Commits::answered(milliseconds timeout, bool last, rd_kafka_resp_err_t& code) {
  const EventHandle answer{rd_kafka_queue_poll(answers_.get(), static_cast<int>(timeout.count()))};
  if (answer == nullptr) return false;
  const PartitionsHandle sent = std::move(under_way_);
  const rd_kafka_resp_err_t all = rd_kafka_event_error(answer.get());
  const rd_kafka_topic_partition_list_t* list = rd_kafka_event_topic_partition_list(answer.get());
  const std::span positions =
      list == nullptr ? std::span<rd_kafka_topic_partition_t>{} : std::span{list->elems, static_cast<std::size_t>(list->cnt)};
  // Where the coordinator has answered at all, each partition has its own code; `all` is then that of some of them.
  const bool each = std::ranges::any_of(positions, [](const auto& position) { return position.err != RD_KAFKA_RESP_ERR_NO_ERROR; });
  if (positions.empty()) code = all;
  if (positions.size() > 1 && all != RD_KAFKA_RESP_ERR_NO_ERROR && is_of_one_partition(all)) {
    alone_ = true;
    tried_.clear();
    return true;
  }
  for (const rd_kafka_topic_partition_t& position : positions) {
    const rd_kafka_resp_err_t own = each ? position.err : all;
    take(position, own, last);
    const bool gone = own == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (own != RD_KAFKA_RESP_ERR_NO_ERROR && !(last && gone) && (code == RD_KAFKA_RESP_ERR_NO_ERROR || is_retriable(code))) code = own;
  }
  return true;
}

void Commits::take(const rd_kafka_topic_partition_t& position, rd_kafka_resp_err_t code, bool last) {
  const std::pair<std::string, std::int32_t> key{position.topic, position.partition};
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    refused_.erase(key);
    sources_.committed(position);
    return;
  }
  const bool abandoned = last && code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  if (abandoned) sources_.abandon(position);
  if (std::exchange(refused_[key], code) == code && !abandoned) return;  // said already
  warn_("committing position " + std::to_string(position.offset) + " of topic `" + position.topic + "`, partition " +
        std::to_string(position.partition) + ": " + rd_kafka_err2str(code) + (abandoned ? "; it is given up" : "; it is tried again"));
}

}  // namespace dispytch::kafka
