#include "backend.hpp"

#include "admin.hpp"

namespace dispytch::sqlite {

using std::chrono::milliseconds;

Backend::Backend(plugin::Host host, const plugin::Config& config) : broker_{read_options(config), host} {}

plugin::Result<std::unique_ptr<Producer>> Backend::producer(const plugin::Config& options, plugin::Opening opening) {
  constexpr milliseconds kDefaultTimeout{30'000};
  return std::make_unique<Producer>(broker_, options.get("timeout_ms", kDefaultTimeout), opening.notify);
}

plugin::Result<std::unique_ptr<Consumer>> Backend::consumer(const plugin::Config& options, plugin::Opening opening) {
  return std::make_unique<Consumer>(broker_, plugin::read_subscription(options), opening.notify);
}

plugin::Result<std::vector<plugin::Range>> Backend::ranges(std::string_view topic, std::string_view group, milliseconds) {
  return sqlite::ranges(broker_, topic, group);
}

plugin::Status Backend::delete_up_to(std::span<const plugin::Source> sources, milliseconds) {
  sqlite::delete_up_to(broker_, sources);
  return {};
}

plugin::Result<std::vector<plugin::Group>> Backend::list_groups(milliseconds) { return sqlite::list_groups(broker_); }

plugin::Result<std::vector<plugin::GroupMember>> Backend::members_of(std::string_view group, milliseconds) {
  return sqlite::members_of(broker_, group);
}

plugin::Result<std::vector<plugin::GroupPosition>> Backend::positions_of(std::string_view group, std::optional<std::string_view> topic,
                                                                         milliseconds) {
  return sqlite::positions_of(broker_, group, topic);
}

plugin::Result<std::vector<plugin::GroupPosition>> Backend::move_group(std::string_view group, std::span<const plugin::GroupMove> moves,
                                                                       bool dry_run, milliseconds timeout) {
  return sqlite::move_group(broker_, group, moves, dry_run, timeout);
}

plugin::Status Backend::forget_group(std::string_view group, milliseconds timeout) {
  sqlite::forget_group(broker_, group, timeout);
  return {};
}

plugin::Result<std::vector<plugin::Backlog>> Backend::backlog_of(std::string_view group, std::optional<std::string_view> topic,
                                                                 milliseconds) {
  return sqlite::backlog_of(broker_, group, topic);
}

plugin::Result<std::vector<plugin::Finding>> Backend::declare(const plugin::Config& document, bool make, milliseconds) {
  return sqlite::declare(broker_, document, make);
}

}  // namespace dispytch::sqlite
