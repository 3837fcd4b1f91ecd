// The kafka backend: opens producers and consumers of one cluster.
#pragma once

#include <memory>

#include <dispytch/plugin/backend.hpp>

#include "client.hpp"
#include "consumer.hpp"
#include "producer.hpp"

namespace dispytch::kafka {

class Backend {
 public:
  /// Throws Exception where an option is wrong. Connects to nothing.
  Backend(plugin::Host host, const plugin::Config& config);

  plugin::Result<std::unique_ptr<Producer>> producer(const plugin::Config& options, plugin::Opening opening);
  plugin::Result<std::unique_ptr<Consumer>> consumer(const plugin::Config& options, plugin::Opening opening);
  plugin::Capabilities capabilities() const;

 private:
  Cluster cluster_;
};

/// The most that a backend can do, with any config. produce, consume, pause and seek are added by what its classes have.
inline constexpr plugin::Capabilities kCapabilities{
    plugin::headers, plugin::keys,      plugin::partitions, plugin::order_by_key,       plugin::order_by_source,
    plugin::groups,  plugin::ack_up_to, plugin::persist,    plugin::idempotent_produce, plugin::patterns};

}  // namespace dispytch::kafka
