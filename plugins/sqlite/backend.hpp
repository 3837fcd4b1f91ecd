// The sqlite backend: opens emitters and listeners of one file.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "broker.hpp"
#include "consumer.hpp"
#include "producer.hpp"

namespace dispytch::sqlite {

class Backend {
 public:
  /// Throws plugin::Exception where an option is wrong, or the file can't be used.
  Backend(plugin::Host host, const plugin::Config& config);

  plugin::Result<std::unique_ptr<Producer>> producer(const plugin::Config& options, plugin::Opening opening);
  plugin::Result<std::unique_ptr<Consumer>> consumer(const plugin::Config& options, plugin::Opening opening);
  plugin::Result<std::vector<plugin::Range>> ranges(std::string_view topic, std::string_view group, std::chrono::milliseconds timeout);
  plugin::Status delete_up_to(std::span<const plugin::Source> sources, std::chrono::milliseconds timeout);

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
  Broker broker_;
};

/// What it can do. produce, consume, pause and seek are added by what its classes have.
inline constexpr plugin::Capabilities kCapabilities{
    plugin::headers,  plugin::keys,      plugin::partitions, plugin::order_by_key, plugin::order_by_source,
    plugin::groups,   plugin::ack_up_to, plugin::persist,    plugin::delay,        plugin::idempotent_produce,
    plugin::patterns, plugin::ephemeral, plugin::instance,   plugin::null_headers};

}  // namespace dispytch::sqlite
