// The memory backend as a plugin.
#include <memory>
#include <utility>

#include <dispytch/plugin/backend.hpp>

#include "admin.hpp"
#include "broker.hpp"
#include "browser.hpp"
#include "consumer.hpp"
#include "producer.hpp"
#include "schema.hpp"

namespace dispytch::memory {
namespace {

class Backend {
 public:
  Backend(plugin::Host host, const plugin::Config& config) : host_{host}, broker_{Broker::open(read_options(config))} {}

  plugin::Result<std::unique_ptr<Producer>> producer(const plugin::Config&, plugin::Opening opening) {
    return std::make_unique<Producer>(broker_, host_, opening.notify);
  }
  plugin::Result<std::unique_ptr<Consumer>> consumer(const plugin::Config& options, plugin::Opening opening) {
    return std::make_unique<Consumer>(broker_, host_, opening.notify, plugin::read_subscription(options));
  }
  plugin::Result<std::vector<plugin::Range>> ranges(std::string_view topic, std::string_view group, std::chrono::milliseconds) {
    return memory::ranges(*broker_, topic, group);
  }
  plugin::Status delete_up_to(std::span<const plugin::Source> sources, std::chrono::milliseconds) {
    memory::delete_up_to(*broker_, sources);
    return {};
  }
  plugin::Result<std::vector<plugin::Group>> list_groups(std::chrono::milliseconds) { return memory::list_groups(*broker_); }
  plugin::Result<std::vector<plugin::GroupMember>> members_of(std::string_view group, std::chrono::milliseconds) {
    return memory::members_of(*broker_, group);
  }
  plugin::Result<std::vector<plugin::GroupPosition>> positions_of(std::string_view group, std::optional<std::string_view> topic,
                                                                  std::chrono::milliseconds) {
    return memory::positions_of(*broker_, group, topic);
  }
  plugin::Result<std::vector<plugin::GroupPosition>> move_group(std::string_view group, std::span<const plugin::GroupMove> moves,
                                                                bool dry_run, std::chrono::milliseconds) {
    return memory::move_group(*broker_, group, moves, dry_run);
  }
  plugin::Status forget_group(std::string_view group, std::chrono::milliseconds) {
    memory::forget_group(*broker_, group);
    return {};
  }
  plugin::Result<std::vector<plugin::Backlog>> backlog_of(std::string_view group, std::optional<std::string_view> topic,
                                                          std::chrono::milliseconds) {
    return memory::backlog_of(*broker_, group, topic);
  }
  plugin::Result<std::vector<plugin::Finding>> declare(const plugin::Config& document, bool make, std::chrono::milliseconds) {
    return memory::declare(*broker_, document, make);
  }
  plugin::Result<std::unique_ptr<Browser>> browse(const plugin::Look& look, std::chrono::milliseconds) {
    return std::make_unique<Browser>(broker_, look);
  }

 private:
  const plugin::Host host_;
  const std::shared_ptr<Broker> broker_;
};

}  // namespace
}  // namespace dispytch::memory

using namespace dispytch::plugin;  // the names of the capabilities
DISPYTCH_PLUGIN(dispytch::memory::Backend, .id = "memory", .version = "1.0.0", .license = "Apache-2.0",
                .capabilities = {headers, keys, partitions, order_by_key, order_by_source, groups, ack_each, ack_up_to, count_attempts,
                                 requeue, delay, patterns, ephemeral, null_headers, carry_attempts},
                .config_schema = dispytch::memory::kSchema)
