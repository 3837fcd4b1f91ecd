#include "client.hpp"

#include <array>
#include <cstdlib>

namespace dispytch::kafka {
namespace {

using plugin::Level;

// librdkafka's levels are syslog's.
Level level_of(int syslog_level) noexcept {
  if (syslog_level <= 3) return Level::error;
  if (syslog_level == 4) return Level::warning;
  return syslog_level <= 6 ? Level::info : Level::debug;
}

const char* least_level(const plugin::Host& host) noexcept {
  if (host.logs(Level::debug)) return "7";
  if (host.logs(Level::info)) return "6";
  return host.logs(Level::warning) ? "4" : "3";
}

// Some of the properties that are set here came with later versions of librdkafka: without them it does without.
void set(rd_kafka_conf_t* conf, const char* name, const std::string& value) { rd_kafka_conf_set(conf, name, value.c_str(), nullptr, 0); }

}  // namespace

ConfHandle Client::configure(rd_kafka_type_t type, Settings defaults, Settings decided) {
  ConfHandle conf{rd_kafka_conf_new()};
  const std::string application{cluster_.host.application()};
  set(conf.get(), "client.id", application.empty() ? "dispytch" : application);
  set(conf.get(), "client.software.name", "dispytch");
  set(conf.get(), "log_level", least_level(cluster_.host));
  set(conf.get(), "statistics.interval.ms", "10000");
  for (const auto& [name, value] : defaults) set(conf.get(), name, value);
  cluster_.options.apply(conf.get(), type);
  own_.apply(conf.get(), type);
  for (const auto& [name, value] : decided) set(conf.get(), name, value);
  rd_kafka_conf_set_opaque(conf.get(), static_cast<Client*>(this));
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  return conf;
}

std::string Client::text(const rd_kafka_conf_t* conf, const char* name) {
  std::array<char, 512> value{};
  std::size_t size = value.size();
  rd_kafka_conf_get(conf, name, value.data(), &size);
  return value.data();
}

std::int64_t Client::integer(const rd_kafka_conf_t* conf, const char* name) { return std::strtoll(text(conf, name).c_str(), nullptr, 10); }

void Client::start(rd_kafka_type_t type, ConfHandle conf) {
  std::array<char, 512> reason{};
  const plugin::SignalsBlocked blocked;  // for good in librdkafka's threads
  client_.reset(rd_kafka_new(type, conf.get(), reason.data(), reason.size()));
  if (client_ == nullptr) throw plugin::Exception{contradiction(reason.data())};
  static_cast<void>(conf.release());  // the client's by now
}

void Client::leave_behind() noexcept {
  // Its log callback would find this object gone, and there is no other way to take it away from a client that runs.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  rd_kafka_set_logger(client_.get(), nullptr);
#pragma GCC diagnostic pop
  static_cast<void>(client_.release());
}

// librdkafka names the property that it can't go on with; the operator may have written it here, or for the whole backend.
plugin::Error Client::contradiction(const std::string& reason) const {
  const Option* named = nullptr;
  for (const Option& option : own_.all()) {
    if (reason.find(option.name) != std::string::npos && (named == nullptr || option.name.size() > named->name.size())) named = &option;
  }
  const bool about_timeout = named == nullptr && reason.find("message.timeout.ms") != std::string::npos;
  const std::string pointer = named != nullptr ? named->pointer : about_timeout ? "/timeout_ms" : "/config";
  return {.code = DISPYTCH_ECONFIG, .text = pointer + ": " + hide_secrets(reason)};
}

void Client::on_log(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  // One line for each property that another kind of client would need; the backend's options are for both kinds.
  if (std::string_view{facility} == "CONFWARN") level = 7;
  static_cast<const Client*>(rd_kafka_opaque(client))->log(level_of(level), std::string{"librdkafka "} + facility + ": " + text);
}

}  // namespace dispytch::kafka
