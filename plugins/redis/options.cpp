#include "options.hpp"

#include <sys/un.h>

#include <charconv>
#include <cstdint>
#include <string_view>

namespace dispytch::redis {
namespace {

using plugin::Config;
using plugin::Exception;
using std::chrono::milliseconds;

constexpr std::uint16_t kDefaultPort = 6379;

// `host`, `host:port`, `[::1]:port`, or `unix:/path`.
Address read_address(const Config& config) {
  Address address{.text = config.get("address", "localhost:6379")};
  const std::string_view text = address.text;
  const auto wrong = [&](const char* expected) {
    return Exception{config.at("address").error("expected " + std::string{expected} + ", found \"" + address.text + "\"")};
  };
  if (text.starts_with("unix:")) {
    address.path = text.substr(5);
    if (address.path.empty() || address.path.size() >= sizeof(sockaddr_un::sun_path))
      throw wrong("the path of a socket of at most 107 bytes behind `unix:`");
    return address;
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) throw wrong("a `]` behind the address");
    address.host = text.substr(1, end - 1);
    if (end + 1 < text.size()) {
      if (text[end + 1] != ':') throw wrong("[address]:port");
      port = text.substr(end + 2);
      if (port.empty()) throw wrong("[address]:port");
    }
  } else {
    const std::size_t colon = text.rfind(':');
    address.host = text.substr(0, colon);
    if (colon != std::string_view::npos) {
      port = text.substr(colon + 1);
      if (port.empty()) throw wrong("host:port");
    }
    if (address.host.find(':') != std::string::npos) throw wrong("host:port, with an IPv6 address in brackets");
  }
  if (address.host.empty()) throw wrong("host:port");
  address.port = kDefaultPort;
  if (!port.empty()) {
    const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (problem != std::errc{} || end != port.data() + port.size() || address.port == 0)
      throw wrong("a port from 1 to 65535 behind the host");
  }
  return address;
}

FieldNames read_fields(const Config& config) {
  FieldNames names;
  names.payload = config.get("payload", names.payload);
  names.key = config.get("key", names.key);
  names.timestamp = config.get("timestamp", names.timestamp);
  names.deliver_at = config.get("deliver_at", names.deliver_at);
  names.id = config.get("id", names.id);
  names.header_prefix = config.get("header_prefix", names.header_prefix);
  names.null_header_prefix = config.get("null_header_prefix", names.null_header_prefix);
  const std::string* const all[] = {&names.payload, &names.key, &names.timestamp, &names.deliver_at, &names.id};
  for (const std::string* one : all) {
    for (const std::string* other : all) {
      if (one != other && !one->empty() && *one == *other) throw Exception{config.error("two fields have the name `" + *one + "`")};
    }
  }
  if (!names.header_prefix.empty() && names.header_prefix == names.null_header_prefix) {
    throw Exception{config.at("null_header_prefix").error("expected another one than `header_prefix`")};
  }
  return names;
}

Config option(const Config& own, const Config& backend, const char* name) {
  const Config said = own.at(name);
  return said ? said : backend.at(name);
}
template <class T>
T read(const Config& own, const Config& backend, const char* name, T otherwise) {
  const Config said = option(own, backend, name);
  return said ? said.as<T>() : otherwise;
}

}  // namespace

Options::Options(const Config& config)
    : address{read_address(config)},
      username{config.get("username", "")},
      password{config.get("password", "")},
      database{config.get<std::int64_t>("database", 0)},
      connect_timeout{config.get("connect_timeout", milliseconds{5'000})},
      response_timeout{config.get("response_timeout", milliseconds{10'000})},
      declare_missing{config.get("declare", "check") == "missing"},
      fields{read_fields(config.at("fields"))},
      max_length{config.get<std::uint64_t>("max_length")} {
  if (!username.empty() && password.empty()) {
    throw Exception{config.at("username").error("`password` is missing: a user of Redis logs in with both")};
  }
}

ProducerOptions::ProducerOptions(const Config& own, const Config& backend)
    : max_messages{read<std::size_t>(own, backend, "queue_max_messages", 100'000)},
      max_bytes{read<std::size_t>(own, backend, "queue_max_bytes", std::size_t{64} << 20)},
      max_message_bytes{read<std::size_t>(own, backend, "max_message_bytes", std::size_t{16} << 20)} {
  if (max_message_bytes > max_bytes) {
    const Config said =
        option(own, backend, "max_message_bytes") ? option(own, backend, "max_message_bytes") : option(own, backend, "queue_max_bytes");
    throw Exception{said.error("expected `max_message_bytes` (" + std::to_string(max_message_bytes) + ") not above `queue_max_bytes` (" +
                               std::to_string(max_bytes) + "): such a message would never fit")};
  }
}

ConsumerOptions::ConsumerOptions(const Config& own, const Config& backend)
    : prefetch{read<std::size_t>(own, backend, "prefetch", 512)},
      claim_after{read<milliseconds>(own, backend, "claim_after", milliseconds{15'000})} {}

}  // namespace dispytch::redis
