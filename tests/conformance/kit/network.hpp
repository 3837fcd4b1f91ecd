// The ways to the broker, and breaking them.
#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "kit/options.hpp"
#include "support/proxy.hpp"

namespace dispytch::conformance {

/// Throws std::runtime_error where `network` can't work: nothing in the backend's options names the port of a `listen`.
void check_network(const Options& options);

/// The backend's options for rules that break nothing: they name the broker itself in place of the kit's `listen` sides.
nlohmann::json direct_config(const Options& options);

/// Proxies for all ways. It runs a thread.
class Network {
 public:
  explicit Network(const Options& options);

  /// The backend's options, with the addresses where the kit listens.
  const nlohmann::json& config() const noexcept { return config_; }
  network::Proxy& proxy() noexcept { return proxy_; }
  /// The first address, as the options name it: for errors that must name it.
  std::string address() const;

 private:
  network::Proxy proxy_;
  nlohmann::json config_;
};

}  // namespace dispytch::conformance
