#include "backend.hpp"

#include <cstdint>
#include <string>
#include <utility>

#include "admin.hpp"
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
  std::uint64_t bits = kCapabilities.bits();
  if (differs(cluster_.options.find("enable.idempotence"), "true")) bits &= ~plugin::idempotent_produce.bits();
  const Option* partitioner = cluster_.options.find("partitioner");
  if (partitioner != nullptr && partitioner->value == "random") bits &= ~plugin::order_by_key.bits();
  return plugin::Capabilities{bits};
}

}  // namespace dispytch::kafka
