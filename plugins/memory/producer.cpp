#include "producer.hpp"

#include <string>
#include <utility>

namespace dispytch::memory {
namespace {

constexpr std::size_t kMaxReports = 1 << 16;  // a host that pulls none is held here

plugin::Exception refused(dispytch_status code, std::string text) { return plugin::Exception{code, std::move(text)}; }

}  // namespace

Producer::Producer(std::shared_ptr<Broker> broker, plugin::Host host, plugin::Notify notify)
    : broker_{std::move(broker)}, host_{host}, clock_{host.clock()}, notify_{notify} {}

Producer::~Producer() {
  const plugin::Lock lock{broker_->mutex};
  for (const auto& [name, topic] : broker_->topics()) topic->forget(*this);
}

plugin::Accepted Producer::send(plugin::Strided<const plugin::MessageView> messages) noexcept {
  const plugin::Lock lock{broker_->mutex};
  const bool had_reports = next_report_ < reports_.size();
  plugin::Accepted accepted;
  now_ms_.reset();
  try {
    while (accepted.count < messages.size() && send_one(messages[accepted.count].raw()) == Sent::taken) ++accepted.count;
  } catch (const plugin::Exception& exception) {
    accepted.status = exception.error();
  } catch (const std::exception&) {
    accepted.status = plugin::Error{.code = DISPYTCH_ETOOBIG, .text = "no memory left for the message", .retriable = true};
  }
  if (accepted.count > 0 && !had_reports) notify_();
  return accepted;
}

Producer::Sent Producer::send_one(const dispytch_message& message) {
  if (message.token == 0) throw refused(DISPYTCH_EINVAL, "the message has no token; its report could not be told from others");
  Topic& topic = topic_of(message);
  const std::size_t size = size_of(message);
  if (size > topic.options().max_bytes) {
    throw refused(DISPYTCH_ETOOBIG, "the message has " + std::to_string(size) + " bytes, topic `" + topic.name() + "` holds at most " +
                                        std::to_string(topic.options().max_bytes) + "; raise its max_bytes");
  }
  if (!topic.has_room(size)) {
    if (topic.unread() && topic.warn_once()) {
      host_.log(plugin::Level::warning,
                "topic `" + topic.name() +
                    "` is full and no consumer group reads it: emitters wait. Add a listener, or raise max_bytes and max_messages");
    }
    topic.wait_for_room(*this);
    return Sent::full;
  }
  if (reports_.size() - next_report_ >= kMaxReports) {
    waits_for_reports_ = true;
    return Sent::full;
  }
  Partition* partition = nullptr;
  if ((message.flags & DISPYTCH_MSG_PARTITION) == 0) {
    partition = &topic.place(message);
  } else if (message.partition >= 0 && message.partition < topic.options().partitions) {
    partition = topic.partitions()[static_cast<std::size_t>(message.partition)].get();
  } else {
    throw refused(DISPYTCH_EINVAL, "topic `" + topic.name() + "` has the partitions 0 to " +
                                       std::to_string(topic.options().partitions - 1) + ", the message names " +
                                       std::to_string(message.partition));
  }
  if (!now_ms_) now_ms_ = clock_.unix_ms();
  plugin::Report& report = reports_.emplace_back();
  try {
    report.offset = topic.append(*partition, message, size, *now_ms_);
  } catch (...) {
    reports_.pop_back();
    throw;
  }
  report.token = message.token;
  report.partition = partition->index();
  report.flags = DISPYTCH_REPORT_PARTITION | DISPYTCH_REPORT_OFFSET;
  return Sent::taken;
}

Topic& Producer::topic_of(const dispytch_message& message) {
  const std::string_view name = plugin::view(message.topic);
  if (last_topic_ == nullptr || last_topic_->name() != name) last_topic_ = &broker_->topic(name);
  return *last_topic_;
}

std::size_t Producer::reports(plugin::Strided<plugin::Report> out) {
  const plugin::Lock lock{broker_->mutex};
  std::size_t count = 0;
  for (; count < out.size() && next_report_ < reports_.size(); ++count) out.set(count, reports_[next_report_++]);
  if (next_report_ == reports_.size()) {
    reports_.clear();
    next_report_ = 0;
  }
  if (count > 0 && std::exchange(waits_for_reports_, false)) notify_();
  return count;
}

plugin::Status Producer::flush(std::chrono::milliseconds) { return {}; }

}  // namespace dispytch::memory
