// What the operator may say about a memory broker; schema.json describes the same for people and for the host.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include <dispytch/plugin/backend.hpp>

#include "topic.hpp"

namespace dispytch::memory {

struct Options {
  std::string broker = {};  ///< shared by all backends of the process that give this name; empty: this backend's own
  std::map<std::string, TopicOptions> topics = {};
  TopicOptions others = {};  ///< of topics that are created at their first use
  bool auto_create = true;
  std::chrono::milliseconds rebalance_timeout{60'000};
};

/// Throws plugin::Exception (DISPYTCH_ECONFIG) for what the schema can't rule out.
Options read_options(const plugin::Config& config);

}  // namespace dispytch::memory
