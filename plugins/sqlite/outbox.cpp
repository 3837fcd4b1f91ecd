#include "outbox.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace dispytch::sqlite {

bool Outbox::put(Outgoing&& message) {
  const plugin::Lock lock{mutex_};
  const std::size_t size = message.record.size();
  if (waiting_.size() >= limits_.messages || (!waiting_.empty() && bytes_ + size > limits_.bytes)) {
    full_ = true;
    return false;
  }
  bytes_ += size;
  ++accepted_;
  waiting_.push_back(std::move(message));
  return true;
}

bool Outbox::empty() const {
  const plugin::Lock lock{mutex_};
  return waiting_.empty();
}

std::vector<Outgoing*> Outbox::take(std::size_t messages, std::size_t bytes) {
  const plugin::Lock lock{mutex_};
  std::vector<Outgoing*> taken;
  std::size_t size = 0;
  for (Outgoing& message : waiting_) {  // a deque: what is at its front stays where it is while others are put behind
    size += message.record.size();
    if (taken.size() == messages || (!taken.empty() && size > bytes)) break;
    message.offset.reset();
    message.refused.reset();
    taken.push_back(&message);
  }
  in_hand_ = taken.size();
  return taken;
}

void Outbox::done() {
  {
    const plugin::Lock lock{mutex_};
    for (; in_hand_ > 0; --in_hand_) {
      Outgoing& message = waiting_.front();
      report(message, message.refused ? &*message.refused : nullptr);
      pop();
    }
    full_ = false;
  }
  progress_.notify_all();
  notify_();
}

void Outbox::failed(const plugin::Error& why, std::chrono::nanoseconds expired) {
  bool some = false;
  {
    const plugin::Lock lock{mutex_};
    in_hand_ = 0;
    for (; !waiting_.empty() && waiting_.front().accepted < expired; some = true) {
      report(waiting_.front(), &why);
      pop();
    }
    if (some) full_ = false;
  }
  if (!some) return;
  progress_.notify_all();
  notify_();
}

void Outbox::report(Outgoing& message, const plugin::Error* why) {
  Reported& reported = reports_.emplace_back();
  reported.report.token = message.token;
  if (why != nullptr) {
    reported.report.code = why->code;
    reported.report.flags = why->flags();
    reported.report.broker_code = why->broker_code;
    reported.text = why->text;
  } else {
    reported.report.partition = static_cast<std::int32_t>(message.partition);
    reported.report.offset = message.offset.value_or(0);
    reported.report.flags = DISPYTCH_REPORT_PARTITION | plugin::flag(message.offset.has_value(), DISPYTCH_REPORT_OFFSET);
  }
  ++reported_;
}

void Outbox::pop() {
  bytes_ -= waiting_.front().record.size();
  waiting_.pop_front();
}

std::size_t Outbox::reports(plugin::Strided<plugin::Report> out) {
  const plugin::Lock lock{mutex_};
  texts_.clear();
  const std::size_t count = std::min(out.size(), reports_.size());
  for (std::size_t i = 0; i < count; ++i) {
    Reported& reported = reports_.front();
    if (!reported.text.empty()) reported.report.text = plugin::bytes(texts_.emplace_back(std::move(reported.text)));
    out.set(i, reported.report);
    reports_.pop_front();
  }
  return count;
}

bool Outbox::wait_until_reported(std::chrono::steady_clock::time_point deadline) {
  const plugin::Lock lock{mutex_};
  const std::uint64_t until = accepted_;
  while (reported_ < until) {
    if (!progress_.wait_until(mutex_, deadline)) return reported_ >= until;
  }
  return true;
}

}  // namespace dispytch::sqlite
