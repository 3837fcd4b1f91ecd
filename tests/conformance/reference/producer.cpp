#include "reference/producer.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>

namespace dispytch::reference {
namespace {

std::string new_producer() {
  std::random_device random;
  return "producer-" + std::to_string(random()) + "-" + std::to_string(random());
}

Frame optional(std::optional<std::string_view> text) { return text ? Frame(std::string{*text}) : Frame(nullptr); }

}  // namespace

Producer::Producer(const Address& address, std::size_t queue, std::chrono::milliseconds timeout, plugin::Notify notify)
    : most_{queue},
      timeout_{timeout},
      notify_{notify},
      name_{new_producer()},
      link_{address,
            {.hello =
                 [this] {
                   const std::lock_guard lock{mutex_};
                   return Frame{{"producer", name_}, {"epoch", ++epoch_}};
                 },
             .greeted =
                 [this](const Frame&) {
                   const std::lock_guard lock{mutex_};
                   if (makes("resends_backwards")) std::reverse(pending_.begin(), pending_.end());
                   write_more();
                 },
             .lost =
                 [this](const std::string&) {
                   const std::lock_guard lock{mutex_};
                   for (Pending& pending : pending_) pending.under_way = false;
                   if (makes("forgets_reports")) std::erase_if(pending_, [](const Pending& pending) { return pending.written; });
                   changed_.notify_all();
                 },
             .turn =
                 [this] {
                   const std::lock_guard lock{mutex_};
                   expire();
                   write_more();
                 }}} {}

plugin::Accepted Producer::send(plugin::Strided<const plugin::MessageView> messages) {
  const std::lock_guard lock{mutex_};
  plugin::Accepted accepted;
  for (const plugin::MessageView& message : messages) {
    if (pending_.size() >= most_) {
      was_full_ = true;
      accepted.status = plugin::Status::again();
      break;
    }
    Frame headers = Frame::array();
    for (const plugin::Header& header : message.headers()) {
      headers.push_back({std::string{plugin::view(header.key)}, optional(plugin::optional_view(header.value))});
    }
    Frame content{{"key", optional(message.key())}, {"payload", optional(message.payload())}, {"headers", std::move(headers)}};
    if (message.timestamp_ms()) content["timestamp"] = *message.timestamp_ms();
    Pending& pending = pending_.emplace_back();
    pending.token = message.token();
    pending.sequence = ++last_sequence_;
    pending.request = {
        {"do", "produce"}, {"topic", std::string{message.topic()}}, {"message", std::move(content)}, {"sequence", pending.sequence}};
    if (makes("resends_as_new")) pending.request["sequence"] = -1;
    if (makes("confirms_what_is_not_stored")) pending.request["volatile"] = true;
    pending.deadline = Clock::now() + timeout_;
    ++accepted.count;
  }
  if (accepted.count > 0 && accepted.status.code() == DISPYTCH_OK) was_full_ = false;
  link_.wake();
  return accepted;
}

std::size_t Producer::reports(plugin::Strided<plugin::Report> out) {
  const std::lock_guard lock{mutex_};
  texts_.clear();
  const std::size_t count = std::min(out.size(), reports_.size());
  for (std::size_t i = 0; i < count; ++i) {
    texts_.push_back(std::move(reports_.front().text));
    plugin::Report report = reports_.front().report;
    if (!texts_.back().empty()) report.text = plugin::bytes(texts_.back());
    out.set(i, report);
    reports_.pop_front();
  }
  return count;
}

plugin::Status Producer::flush(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::system_clock::now() + timeout;
  std::unique_lock lock{mutex_};
  const std::int64_t last = last_sequence_;
  const auto done = [&] {
    return std::none_of(pending_.begin(), pending_.end(), [&](const Pending& one) { return one.sequence <= last; });
  };
  return changed_.wait_until(lock, deadline, done) ? plugin::Status{} : plugin::Status::timeout();
}

plugin::Status Producer::close(std::chrono::milliseconds timeout) {
  const plugin::Status flushed = flush(timeout);
  link_.stop();
  if (flushed.code() == DISPYTCH_TIMEOUT) {
    return plugin::Error{.code = DISPYTCH_EUNAVAILABLE,
                         .text = link_.address().text + " did not confirm all messages in time: " + link_.trouble().why};
  }
  return {};
}

void Producer::write_more() {
  constexpr std::size_t kUnderWay = 50;
  std::size_t under_way = 0;
  for (Pending& pending : pending_) {
    if (++under_way > kUnderWay) break;
    if (pending.under_way) continue;
    link_.request(pending.request, [this, sequence = pending.sequence](const Frame& answer) {
      const std::lock_guard lock{mutex_};
      answered(sequence, answer);
    });
    if (!link_.works()) break;
    pending.under_way = pending.written = true;
    if (makes("confirms_what_is_written")) return finish(pending.sequence, {{.token = pending.token}});
  }
}

void Producer::answered(std::int64_t sequence, const Frame& answer) {
  const auto found = std::find_if(pending_.begin(), pending_.end(), [&](const Pending& one) { return one.sequence == sequence; });
  if (found == pending_.end()) return;  // given up, and told so
  Reported reported;
  reported.report.token = found->token;
  if (answer.contains("error")) {
    reported.report.code = answer["error"] == "topic" ? DISPYTCH_ENOTFOUND : DISPYTCH_EUNAVAILABLE;
    reported.text = answer["text"];
  } else {
    reported.report.flags = DISPYTCH_REPORT_OFFSET;
    reported.report.offset = answer.at("offset");
  }
  finish(sequence, std::move(reported));
}

void Producer::finish(std::int64_t sequence, Reported reported) {
  std::erase_if(pending_, [&](const Pending& one) { return one.sequence == sequence; });
  if (makes("reports_twice") && epoch_ > 1) reports_.push_back(reported);
  reports_.push_back(std::move(reported));
  if (!was_full_ || !makes("forgets_that_there_is_room")) notify_();
  changed_.notify_all();
}

void Producer::expire() {
  if (makes("never_gives_up")) return;
  const Trouble trouble = link_.trouble();
  while (true) {
    const auto late = std::find_if(pending_.begin(), pending_.end(), [&](const Pending& one) {
      return Clock::now() > one.deadline || trouble.login || (makes("gives_up_at_once") && !trouble.why.empty());
    });
    if (late == pending_.end()) return;
    Reported reported;
    reported.report.token = late->token;
    reported.report.code = trouble.login ? DISPYTCH_EAUTH : DISPYTCH_EUNAVAILABLE;
    reported.report.flags = DISPYTCH_ERROR_RETRIABLE | plugin::flag(late->written && !makes("says_not_sent"), DISPYTCH_ERROR_MAYBE_SENT);
    reported.text =
        link_.address().text + " did not confirm the message in time: " + (trouble.why.empty() ? "it doesn't answer" : trouble.why);
    finish(late->sequence, std::move(reported));
  }
}

}  // namespace dispytch::reference
