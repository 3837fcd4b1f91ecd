// The kafka backend: opens producers and consumers of one cluster.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "client.hpp"
#include "consumer.hpp"
#include "producer.hpp"

namespace dispytch::kafka {

class Backend {
 public:
  /// Throws Exception where an option is wrong, or some contradict each other. Connects to nothing.
  Backend(plugin::Host host, const plugin::Config& config);

  plugin::Result<std::unique_ptr<Producer>> producer(const plugin::Config& options, plugin::Opening opening);
  plugin::Result<std::unique_ptr<Consumer>> consumer(const plugin::Config& options, plugin::Opening opening);
  plugin::Capabilities capabilities() const;
  plugin::Result<std::vector<plugin::Range>> ranges(std::string_view topic, std::string_view group, std::chrono::milliseconds timeout);
  plugin::Status delete_up_to(std::span<const plugin::Source> sources, std::chrono::milliseconds timeout);

 private:
  Cluster cluster_;
};

/// The most that a backend can do, with any config. produce, consume, pause and seek are added by what its classes have.
inline constexpr plugin::Capabilities kCapabilities{
    plugin::headers, plugin::keys,      plugin::partitions, plugin::order_by_key,       plugin::order_by_source,
    plugin::groups,  plugin::ack_up_to, plugin::persist,    plugin::idempotent_produce, plugin::patterns};

}  // namespace dispytch::kafka
