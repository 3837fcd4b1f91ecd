// The JSON texts that open a backend, a producer and a consumer.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace dispytch::border {

/// {"config": ...}: what opens a backend.
std::string config_document(const nlohmann::json& config);

/// What opens a producer. `delivery_timeout`: how long the client goes on trying to deliver a message.
std::string producer_document(const nlohmann::json& config, std::chrono::milliseconds delivery_timeout);

/// What dispytch_declare looks at: what opens the backend, its producers and its consumers. Each element is an object as the functions here
/// make it, parsed, with a `name`; a producer's has `topics` as well.
std::string declare_document(const nlohmann::json& config, nlohmann::json producers, nlohmann::json consumers);

/// What opens a consumer. The keys of the text are frozen in abi.h.
struct ConsumerDocument {
  struct Topic {
    std::string name = {};     ///< exactly one of name and pattern is given
    std::string pattern = {};  ///< in the backend's own syntax
    nlohmann::json config = nlohmann::json::object();
  };
  std::vector<Topic> topics = {};
  std::string group = {};             ///< empty: none
  std::string start = "earliest";     ///< earliest, latest or stored
  std::uint32_t max_unsettled = 0;    ///< 0: not said
  std::chrono::milliseconds drain{};  ///< 0: not said
  bool ephemeral = false;             ///< only where Adapter::takes_option() says so
  std::string instance = {};          ///< the same; empty: none
  nlohmann::json config = nlohmann::json::object();
};
std::string consumer_document(const ConsumerDocument& document);

}  // namespace dispytch::border
