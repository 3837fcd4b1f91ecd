#include "backend.hpp"

#include <cstdint>
#include <string>
#include <utility>

#include "admin.hpp"
#include "group_admin.hpp"
#include "trial.hpp"

namespace dispytch::kafka {
namespace {

std::string brokers(const Options& options, const plugin::Config& config) {
  for (const char* name : {"bootstrap.servers", "metadata.broker.list"}) {
    if (const Option* option = options.find(name); option != nullptr && !option->value.empty()) return option->value;
  }
  if (options.find("test.mock.num.brokers") != nullptr) return "the mock cluster";
  throw plugin::Exception{
      config.error("`bootstrap.servers` is missing: expected some brokers of the cluster, host:port, separated by commas")};
}

bool differs(const Option* option, std::string_view value) { return option != nullptr && option->value != value; }

plugin::Capabilities without(const Option* idempotence, const Option* partitioner) {
  std::uint64_t bits = kCapabilities.bits();
  if (differs(idempotence, "true")) bits &= ~plugin::idempotent_produce.bits();
  if (partitioner != nullptr && partitioner->value == "random") bits &= ~plugin::order_by_key.bits();
  return plugin::Capabilities{bits};
}

}  // namespace

Backend::Backend(plugin::Host host, const plugin::Config& config)
    : cluster_{.host = host, .options = Options{config, Owner::backend}, .name = {}, .metrics = Metrics{host}} {
  cluster_.name = brokers(cluster_.options, config);
  try_out(cluster_);
}

plugin::Result<std::unique_ptr<Producer>> Backend::producer(const plugin::Config& options, plugin::Opening opening) {
  return std::make_unique<Producer>(cluster_, options, opening.notify);
}

plugin::Result<std::unique_ptr<Consumer>> Backend::consumer(const plugin::Config& options, plugin::Opening opening) {
  return std::make_unique<Consumer>(cluster_, options, opening);
}

plugin::Result<std::vector<plugin::Range>> Backend::ranges(std::string_view topic, std::string_view group,
                                                           std::chrono::milliseconds timeout) {
  return Admin{cluster_, timeout, std::string{group}}.ranges(std::string{topic});
}

plugin::Status Backend::delete_up_to(std::span<const plugin::Source> sources, std::chrono::milliseconds timeout) {
  Admin{cluster_, timeout}.delete_up_to(sources);
  return {};
}

plugin::Capabilities Backend::capabilities() const {
  return without(cluster_.options.find("enable.idempotence"), cluster_.options.find("partitioner"));
}

plugin::Capabilities Backend::producer_capabilities(const plugin::Config& options) const {
  const Options own{options.at("config"), Owner::producer};
  const auto option = [&](const char* name) {
    const Option* said = own.find(name);
    return said != nullptr ? said : cluster_.options.find(name);
  };
  return without(option("enable.idempotence"), option("partitioner"));
}

plugin::Result<std::vector<plugin::Group>> Backend::list_groups(std::chrono::milliseconds timeout) {
  return GroupAdmin{cluster_, timeout}.list();
}

plugin::Result<std::vector<plugin::GroupMember>> Backend::members_of(std::string_view group, std::chrono::milliseconds timeout) {
  return GroupAdmin{cluster_, timeout, std::string{group}}.members();
}

plugin::Result<std::vector<plugin::GroupPosition>> Backend::positions_of(std::string_view group, std::optional<std::string_view> topic,
                                                                         std::chrono::milliseconds timeout) {
  return GroupAdmin{cluster_, timeout, std::string{group}}.positions(topic);
}

plugin::Result<std::vector<plugin::GroupPosition>> Backend::move_group(std::string_view group, std::span<const plugin::GroupMove> moves,
                                                                       bool dry_run, std::chrono::milliseconds timeout) {
  return GroupAdmin{cluster_, timeout, std::string{group}}.move(moves, dry_run);
}

plugin::Status Backend::forget_group(std::string_view group, std::chrono::milliseconds timeout) {
  GroupAdmin{cluster_, timeout, std::string{group}}.forget();
  return {};
}

plugin::Result<std::vector<plugin::Backlog>> Backend::backlog_of(std::string_view group, std::optional<std::string_view> topic,
                                                                 std::chrono::milliseconds timeout) {
  return GroupAdmin{cluster_, timeout, std::string{group}}.backlog(topic);
}

plugin::Result<std::vector<plugin::Finding>> Backend::declare(const plugin::Config& document, bool make,
                                                              std::chrono::milliseconds timeout) {
  return GroupAdmin{cluster_, timeout}.declare(document, make);
}

}  // namespace dispytch::kafka
