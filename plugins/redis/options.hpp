// What the operator's config says.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <dispytch/plugin/config.hpp>

namespace dispytch::redis {

/// Where a server is: a host and a port, or the path of a socket on this machine.
struct Address {
  std::string host = {};
  std::uint16_t port = 0;
  std::string path = {};  ///< empty: host and port
  std::string text = {};  ///< as the operator wrote it, for a person
};

/// The names of an entry's fields.
struct FieldNames {
  std::string payload = "payload";
  std::string key = "key";
  std::string timestamp = "timestamp";
  std::string deliver_at = "deliver_at";
  std::string id = {};  ///< empty: the application's id of a message is not written
  std::string header_prefix = "h:";
  std::string null_header_prefix = "n:";
};

/// The options of a backend, validated. Immutable.
struct Options {
  Address address = {};
  std::string username = {}, password = {};
  std::int64_t database = 0;
  std::chrono::milliseconds connect_timeout{}, response_timeout{};
  bool declare_missing = false;
  FieldNames fields = {};
  std::optional<std::uint64_t> max_length = {};

  /// Throws Exception with DISPYTCH_ECONFIG, beginning with the option's JSON pointer.
  explicit Options(const plugin::Config& config);
};

/// The options of an emitter, which stand in its own `config` or in the backend's.
struct ProducerOptions {
  std::size_t max_messages = 0, max_bytes = 0, max_message_bytes = 0;
  ProducerOptions(const plugin::Config& own, const plugin::Config& backend);
};

/// The options of a listener, which stand in its own `config` or in the backend's.
struct ConsumerOptions {
  std::size_t prefetch = 0;
  std::chrono::milliseconds claim_after{};
  ConsumerOptions(const plugin::Config& own, const plugin::Config& backend);
};

}  // namespace dispytch::redis
