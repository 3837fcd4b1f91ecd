// The redis backend: opens producers and consumers of one server.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "browser.hpp"
#include "consumer.hpp"
#include "producer.hpp"
#include "server.hpp"

namespace dispytch::redis {

class Backend {
 public:
  /// Throws plugin::Exception where an option is wrong. Connects to nothing.
  Backend(plugin::Host host, const plugin::Config& config);

  plugin::Result<std::unique_ptr<Producer>> producer(const plugin::Config& options, plugin::Opening opening);
  plugin::Result<std::unique_ptr<Consumer>> consumer(const plugin::Config& options, plugin::Opening opening);

  // As plugin/backend.hpp and plugin/extensions.hpp want them.
  plugin::Result<std::vector<plugin::Range>> ranges(std::string_view topic, std::string_view group, std::chrono::milliseconds timeout);
  plugin::Status delete_up_to(std::span<const plugin::Source> sources, std::chrono::milliseconds timeout);
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
  plugin::Result<std::unique_ptr<Browser>> browse(const plugin::Look& look, std::chrono::milliseconds timeout);

 private:
  Server server_;
};

/// The most that a backend can do. produce, consume, pause and begin are added by what its classes have.
inline constexpr plugin::Capabilities kCapabilities{plugin::headers,       plugin::keys,      plugin::groups,   plugin::ack_each,
                                                    plugin::requeue,       plugin::reject,    plugin::delay,    plugin::count_attempts,
                                                    plugin::persist,       plugin::ephemeral, plugin::instance, plugin::null_headers,
                                                    plugin::carry_attempts};

}  // namespace dispytch::redis
