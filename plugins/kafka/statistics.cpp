#include "statistics.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace dispytch::kafka {
Metrics::Metrics(const plugin::Host& host)
    : bytes_sent{host.counter("bytes_sent", "bytes")},
      bytes_received{host.counter("bytes_received", "bytes")},
      messages_sent{host.counter("messages_sent", "messages")},
      messages_received{host.counter("messages_received", "messages")},
      deleted_unread{host.counter("messages_deleted_unread", "messages")},
      read_again{host.counter("messages_read_again", "messages")},
      queued{host.gauge("messages_queued", "messages")} {}

Statistics::~Statistics() { metrics_.queued.replace(queued_, 0); }

void Statistics::add(const plugin::Metric& metric, std::int64_t& before, std::int64_t now) {
  if (now > before) metric.record(static_cast<double>(now - std::exchange(before, now)));
}

std::optional<Statistics::Identity> Statistics::record(std::string_view json) {
  const plugin::Config document{json};
  add(metrics_.bytes_sent, bytes_sent_, document.get<std::int64_t>("txmsg_bytes", 0));
  add(metrics_.bytes_received, bytes_received_, document.get<std::int64_t>("rxmsg_bytes", 0));
  add(metrics_.messages_sent, messages_sent_, document.get<std::int64_t>("txmsgs", 0));
  add(metrics_.messages_received, messages_received_, document.get<std::int64_t>("rxmsgs", 0));
  const auto queued = document.get<std::int64_t>("msg_cnt", 0);
  metrics_.queued.replace(std::exchange(queued_, queued), queued);
  return take_identity(document.at("eos"));
}

// A producer without one is about to get one: its first, whose epoch is 0, or the next.
std::optional<Statistics::Identity> Statistics::take_identity(const plugin::Config& eos) {
  const Identity now{.id = eos.get<std::int64_t>("producer_id", -1), .epoch = eos.get<std::int64_t>("producer_epoch", -1)};
  if (now.id < 0 || now == identity_) return std::nullopt;
  const Identity before = std::exchange(identity_, now);
  return before.id >= 0 || now.epoch > 0 ? std::optional{now} : std::nullopt;
}

}  // namespace dispytch::kafka
