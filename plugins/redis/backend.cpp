#include "backend.hpp"

#include <string>
#include <utility>

#include "admin.hpp"

namespace dispytch::redis {

using std::chrono::milliseconds;

Backend::Backend(plugin::Host host, const plugin::Config& config) : server_{host, config} {
  // What stands in the backend's config for its emitters and listeners is judged now, too.
  static_cast<void>(ProducerOptions{config, config});
  static_cast<void>(ConsumerOptions{config, config});
}

plugin::Result<std::unique_ptr<Producer>> Backend::producer(const plugin::Config& options, plugin::Opening opening) {
  return std::make_unique<Producer>(server_, options, opening.notify);
}

plugin::Result<std::unique_ptr<Consumer>> Backend::consumer(const plugin::Config& options, plugin::Opening opening) {
  return std::make_unique<Consumer>(server_, options, opening);
}

plugin::Result<std::vector<plugin::Range>> Backend::ranges(std::string_view topic, std::string_view group, milliseconds timeout) {
  return Admin{server_, timeout}.ranges(std::string{topic}, std::string{group});
}

plugin::Status Backend::delete_up_to(std::span<const plugin::Source> sources, milliseconds timeout) {
  Admin{server_, timeout}.delete_up_to(sources);
  return {};
}

plugin::Result<std::vector<plugin::Group>> Backend::list_groups(milliseconds timeout) { return Admin{server_, timeout}.groups(); }

plugin::Result<std::vector<plugin::GroupMember>> Backend::members_of(std::string_view group, milliseconds timeout) {
  return Admin{server_, timeout}.members(std::string{group});
}

plugin::Result<std::vector<plugin::GroupPosition>> Backend::positions_of(std::string_view group, std::optional<std::string_view> topic,
                                                                         milliseconds timeout) {
  return Admin{server_, timeout}.positions(std::string{group}, topic);
}

plugin::Result<std::vector<plugin::GroupPosition>> Backend::move_group(std::string_view group, std::span<const plugin::GroupMove> moves,
                                                                       bool dry_run, milliseconds timeout) {
  return Admin{server_, timeout}.move(std::string{group}, moves, dry_run);
}

plugin::Status Backend::forget_group(std::string_view group, milliseconds timeout) {
  Admin{server_, timeout}.forget(std::string{group});
  return {};
}

plugin::Result<std::vector<plugin::Backlog>> Backend::backlog_of(std::string_view group, std::optional<std::string_view> topic,
                                                                 milliseconds timeout) {
  return Admin{server_, timeout}.backlog(std::string{group}, topic);
}

plugin::Result<std::vector<plugin::Finding>> Backend::declare(const plugin::Config& document, bool make, milliseconds timeout) {
  return Admin{server_, timeout}.declare(document, make);
}

plugin::Result<std::unique_ptr<Browser>> Backend::browse(const plugin::Look& look, milliseconds timeout) {
  return std::make_unique<Browser>(server_, look, timeout);
}

}  // namespace dispytch::redis
