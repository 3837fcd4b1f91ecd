// The kafka backend: opens producers and consumers of one cluster.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
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
  /// What an emitter's own options take away, or give back.
  plugin::Capabilities producer_capabilities(const plugin::Config& options) const;

  // As plugin/extensions.hpp wants them.
  plugin::Result<std::vector<plugin::Group>> list_groups(std::chrono::milliseconds timeout);
  plugin::Result<std::vector<plugin::GroupMember>> members_of(std::string_view group, std::chrono::milliseconds timeout);
  plugin::Result<std::vector<plugin::GroupPosition>> positions_of(std::string_view group, std::optional<std::string_view> topic,
                                                                  std::chrono::milliseconds timeout);
  plugin::Result<std::vector<plugin::GroupPosition>> move_group(std::string_view group, std::span<const plugin::GroupMove> moves,
                                                                bool dry_run, std::chrono::milliseconds timeout);
  plugin::Status forget_group(std::string_view group, std::chrono::milliseconds timeout);
  plugin::Result<std::vector<plugin::Backlog>> backlog_of(std::string_view group, std::optional<std::string_view> topic,
                                                          std::chrono::milliseconds timeout);
  plugin::Result<std::vector<plugin::Finding>> declare(const plugin::Config& document, bool make, std::chrono::milliseconds timeout);

 private:
  Cluster cluster_;
};

/// The most that a backend can do, with any config. produce, consume, pause and seek are added by what its classes have.
inline constexpr plugin::Capabilities kCapabilities{
    plugin::headers,   plugin::keys,      plugin::partitions,  plugin::order_by_key,       plugin::order_by_source,
    plugin::groups,    plugin::ack_up_to, plugin::persist,     plugin::idempotent_produce, plugin::patterns,
    plugin::ephemeral, plugin::instance,  plugin::null_headers};

}  // namespace dispytch::kafka
