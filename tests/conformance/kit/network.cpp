#include "kit/network.hpp"

#include <cctype>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

namespace dispytch::conformance {
namespace {

std::uint16_t port_of(const std::string& address) { return static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1))); }
std::string host_of(const std::string& address) { return address.substr(0, address.rfind(':')); }

// Writes `by` for each place of the text that names the port of `listen`, with loopback before it. Returns how many there were.
std::size_t replace(std::string& text, const std::string& listen, const std::string& by) {
  const std::string port = ":" + std::to_string(port_of(listen));
  std::size_t count = 0;
  for (const std::string& host : {std::string{"127.0.0.1"}, std::string{"localhost"}}) {
    const std::string what = host + port;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
      const std::size_t end = at + what.size();
      if (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) continue;
      text.replace(at, what.size(), by);
      ++count;
    }
  }
  return count;
}

// The same in all texts of a JSON value, and for whole numbers that are the port.
std::size_t replace(nlohmann::json& value, const std::string& listen, const std::string& by) {
  if (value.is_string()) return replace(value.get_ref<std::string&>(), listen, by);
  if (value.is_number_integer() && value == port_of(listen)) {
    value = port_of(by);
    return 1;
  }
  std::size_t count = 0;
  if (value.is_structured()) {
    for (nlohmann::json& one : value) count += replace(one, listen, by);
  }
  return count;
}

std::vector<network::Route> routes(const Options& options) {
  std::vector<network::Route> all;
  for (const Way& way : options.network) {
    all.push_back({.listen = way.direct.empty() ? std::uint16_t{0} : port_of(way.listen),
                   .target = port_of(way.upstream),
                   .host = host_of(way.upstream)});
  }
  return all;
}

}  // namespace

void check_network(const Options& options) {
  for (const Way& way : options.network) {
    nlohmann::json config = options.config;
    if (replace(config, way.listen, way.listen) > 0) continue;
    throw std::runtime_error{"`network` listens at " + way.listen +
                             ", and nothing in `config` names that address: the plugin would not use it. Write " + way.listen +
                             " where the options name the broker"};
  }
}

nlohmann::json direct_config(const Options& options) {
  nlohmann::json config = options.config;
  for (const Way& way : options.network) replace(config, way.listen, way.direct.empty() ? way.upstream : way.direct);
  return config;
}

Network::Network(const Options& options) : proxy_{routes(options)}, config_(options.config) {
  for (std::size_t i = 0; i < options.network.size(); ++i) {
    replace(config_, options.network[i].listen, "127.0.0.1:" + std::to_string(proxy_.port(i)));
  }
}

std::string Network::address() const { return "127.0.0.1:" + std::to_string(proxy_.port(0)); }

}  // namespace dispytch::conformance
