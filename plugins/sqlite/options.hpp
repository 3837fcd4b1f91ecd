// What the operator says of the file and its topics.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <dispytch/plugin/config.hpp>

namespace dispytch::sqlite {

/// What a topic keeps. Each that is said deletes by itself; the default keeps everything.
struct Retention {
  bool handled = false;                        ///< what every group has settled is deleted
  std::optional<std::int64_t> time_ms = {};    ///< what is older is deleted, settled or not
  std::optional<std::int64_t> max_bytes = {};  ///< the oldest above that size is deleted, settled or not

  bool keeps_all() const noexcept { return !handled && !time_ms && !max_bytes; }
  bool operator==(const Retention&) const = default;
};

struct TopicOptions {
  std::int32_t partitions = 4;
  Retention retention = {};
};

struct Options {
  std::string path = {};
  bool durable = true;  ///< a confirmed message survives a loss of power
  std::map<std::string, TopicOptions> topics = {};
  bool auto_create = true;
  TopicOptions others = {};  ///< of topics that are created at their first use
  std::optional<std::int64_t> max_size = {};
  std::chrono::milliseconds busy_timeout{5000};
  std::chrono::milliseconds commit_interval{20};
  std::chrono::milliseconds session_timeout{5000};
  std::chrono::milliseconds rebalance_timeout{60'000};
  std::size_t queue_messages = 100'000;
  std::size_t queue_bytes = std::size_t{64} << 20;
  std::size_t max_message_bytes = std::size_t{16} << 20;
  bool allow_network_file_system = false;
};

/// Throws plugin::Exception (DISPYTCH_ECONFIG).
Options read_options(const plugin::Config& config);

}  // namespace dispytch::sqlite
