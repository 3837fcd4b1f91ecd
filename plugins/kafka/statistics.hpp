// librdkafka's statistics as metrics of the application.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include <dispytch/plugin/config.hpp>
#include <dispytch/plugin/host.hpp>

namespace dispytch::kafka {

/// A gauge to which several clients contribute: it shows their sum. Any thread.
class SharedGauge {
 public:
  explicit SharedGauge(plugin::Metric metric) noexcept : metric_{metric} {}
  void replace(std::int64_t before, std::int64_t after) noexcept {
    if (before != after) metric_.record(static_cast<double>(sum_.fetch_add(after - before) + after - before));
  }

 private:
  plugin::Metric metric_;
  std::atomic<std::int64_t> sum_ = 0;
};

/// The metrics of one backend, which all of its clients feed.
struct Metrics {
  explicit Metrics(const plugin::Host& host);
  plugin::Metric bytes_sent, bytes_received;  ///< of messages on the wire, compressed and with their framing
  plugin::Metric messages_sent, messages_received;
  plugin::Metric deleted_unread;  ///< messages that the broker deleted before they were read
  plugin::Metric read_again;      ///< messages that may come again, because a log was cut off or a topic made anew
  SharedGauge queued;             ///< messages that wait for their confirmation
};

/// What one client has contributed so far. One thread at a time.
class Statistics {
 public:
  explicit Statistics(Metrics& metrics) noexcept : metrics_{metrics} {}
  Statistics(const Statistics&) = delete;
  Statistics& operator=(const Statistics&) = delete;
  ~Statistics();

  /// What an idempotent producer numbers its messages under.
  struct Identity {
    std::int64_t id = -1, epoch = -1;
    bool operator==(const Identity&) const = default;
  };

  /// Takes one of librdkafka's statistics documents (its STATISTICS.md). Returns the producer's identity where it is another than in the
  /// one before: brokers know nothing under it of what was on its way.
  std::optional<Identity> record(std::string_view json);

 private:
  // librdkafka counts from its start; metrics want what was added since the last time.
  static void add(const plugin::Metric& metric, std::int64_t& before, std::int64_t now);
  std::optional<Identity> take_identity(const plugin::Config& eos);

  Metrics& metrics_;
  std::int64_t bytes_sent_ = 0, bytes_received_ = 0, messages_sent_ = 0, messages_received_ = 0;
  std::int64_t queued_ = 0;
  Identity identity_ = {};
};

}  // namespace dispytch::kafka
