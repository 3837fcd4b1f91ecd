#include "client.hpp"

#include <array>
#include <cstdint>
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

// Returns OpenSSL's words for an error: what stands behind `error:80000002:system library::`.
std::string_view in_words(std::string_view openssl) {
  for (int field = 0; field < 4; ++field) {
    const std::size_t colon = openssl.find(':');
    if (colon == std::string_view::npos) break;
    openssl.remove_prefix(colon + 1);
  }
  return openssl;
}

// Returns why librdkafka makes no client. `first`: what OpenSSL said first; empty: nothing but what stands in the reason.
std::string in_words(const std::string& reason, std::string_view first) {
  const std::size_t number = reason.find("error:");
  if (number == std::string::npos) return reason;
  return reason.substr(0, number) + std::string{in_words(first.empty() ? std::string_view{reason}.substr(number) : first)};
}

// Some of the properties that are set here came with later versions of librdkafka: without them it does without.
void set(rd_kafka_conf_t* conf, const char* name, const std::string& value) { rd_kafka_conf_set(conf, name, value.c_str(), nullptr, 0); }

}  // namespace

ConfHandle Client::configure(rd_kafka_type_t type, const Settings& defaults, const Settings& decided) {
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
  approach_ = {.cluster = cluster(),
               .protocol = text(conf.get(), "security.protocol"),
               .mechanism = text(conf.get(), "sasl.mechanisms"),
               .user = text(conf.get(), "sasl.username"),
               .version = rd_kafka_version()};
  if (text(conf.get(), "enable.ssl.certificate.verification") == "true") rd_kafka_conf_set_ssl_cert_verify_cb(conf.get(), on_certificate);
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
  starting_ = true;
  client_.reset(rd_kafka_new(type, conf.get(), reason.data(), reason.size()));
  starting_ = false;
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

FailedConnection Client::failed(rd_kafka_resp_err_t code, std::string_view text) const {
  FailedConnection failed{.code = code, .text = std::string{text}};
  const plugin::Lock lock{certificates_mutex_};
  if (const auto known = certificates_.find(broker_of(text)); known != certificates_.end()) failed.certificate_error = known->second;
  return failed;
}

// Takes what OpenSSL takes, and refuses what it refuses: librdkafka itself doesn't say what was wrong.
int Client::on_certificate(rd_kafka_t*, const char* broker, std::int32_t, int* error, int, const char*, std::size_t, char*, std::size_t,
                           void* opaque) {
  if (*error == 0) return 1;
  auto& self = *static_cast<Client*>(opaque);
  const plugin::Lock lock{self.certificates_mutex_};
  self.certificates_[broker] = *error;
  return 0;
}

// librdkafka names the property that it can't go on with, or what that property is about. The operator may have written it here, or for the
// whole backend: the pointer is the same.
plugin::Error Client::contradiction(const std::string& librdkafkas) const {
  const std::string reason = in_words(librdkafkas, said_);
  const Option* blamed = own_.to_blame_for(reason);
  if (blamed == nullptr) blamed = cluster_.options.to_blame_for(reason);
  const bool about_timeout = blamed == nullptr && reason.find("message.timeout.ms") != std::string::npos;
  const std::string pointer = blamed != nullptr ? blamed->pointer : about_timeout ? "/timeout_ms" : "/config";
  const bool escaped = blamed != nullptr && blamed->name.ends_with(".pem") && blamed->value.find("\\n") != std::string::npos;
  return {.code = DISPYTCH_ECONFIG,
          .text = pointer + ": " + hide_secrets(reason) +
                  (escaped ? "; its line breaks stand there as the two characters \\n: quote it with \", or name a file" : ""),
          .fatal = true};  // leaving an option out would only lead to another contradiction
}

// While a client is made librdkafka logs what OpenSSL said first, which is the cause, and returns what it said last.
bool Client::keep_what_is_said(std::string_view facility, std::string_view text) {
  constexpr std::string_view kThisThread = "[thrd:app]: ";
  if (facility != "SSL" || !text.starts_with(kThisThread) || !starting_) return false;
  if (said_.empty()) said_ = text.substr(kThisThread.size());
  return true;
}

void Client::on_log(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  // CONFWARN: a line for each property that another kind of client would need; the backend's options are for both kinds. The others come
  // as an error too, and are told from there, with the option to change.
  const std::string_view about{facility};
  if (static_cast<Client*>(rd_kafka_opaque(client))->keep_what_is_said(about, text)) return;
  // GETPID: a cluster that has just been started gives numbers to producers a little later; the client asks again by itself.
  if (about == "GETPID" && std::string_view{text}.ends_with("retrying")) level = 6;
  if (about == "CONFWARN" || about == "FAIL" || about == "SSLCERTVRFY") level = 7;
  static_cast<const Client*>(rd_kafka_opaque(client))->log(level_of(level), std::string{"librdkafka "} + facility + ": " + text);
}

}  // namespace dispytch::kafka
