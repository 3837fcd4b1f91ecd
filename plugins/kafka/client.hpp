// What producers and consumers have in common: one librdkafka client, its configuration, its log and its figures.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <librdkafka/rdkafka.h>
#include <dispytch/plugin/host.hpp>
#include <dispytch/plugin/status.hpp>

#include "handles.hpp"
#include "options.hpp"
#include "statistics.hpp"

namespace dispytch::kafka {

/// What the clients of one backend share. The backend's, and outlives them.
struct Cluster {
  plugin::Host host;
  Options options;
  std::string name;  ///< for people: the brokers that were given
  Metrics metrics;
};

class Client {
 public:
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

 protected:
  using Settings = std::initializer_list<std::pair<const char*, std::string>>;

  Client(Cluster& cluster, Options own) : cluster_{cluster}, own_{std::move(own)}, statistics_{cluster.metrics} {}
  ~Client() = default;  // ends the client and all of its threads: the handles that a derived class keeps are gone by then

  /// The configuration of a client: `defaults`, over them the backend's options, over them its own, over them `decided`. The callbacks'
  /// opaque is this Client.
  ConfHandle configure(rd_kafka_type_t type, Settings defaults, Settings decided);
  /// What a property is set to.
  static std::string text(const rd_kafka_conf_t* conf, const char* name);
  static std::int64_t integer(const rd_kafka_conf_t* conf, const char* name);
  /// Starts the client. Throws Exception with DISPYTCH_ECONFIG where its options contradict each other.
  void start(rd_kafka_type_t type, ConfHandle conf);

  /// Never ends it: it stays behind with its threads, without a voice.
  void leave_behind() noexcept;

  rd_kafka_t* raw() const noexcept { return client_.get(); }
  const std::string& cluster() const noexcept { return cluster_.name; }
  Statistics& statistics() noexcept { return statistics_; }
  const Metrics& metrics() const noexcept { return cluster_.metrics; }

  /// Any thread.
  void log(plugin::Level level, std::string text) const { cluster_.host.log(level, hide_secrets(std::move(text))); }
  std::string hide_secrets(std::string text) const { return own_.secrets().hide(cluster_.options.secrets().hide(std::move(text))); }

 private:
  static void on_log(const rd_kafka_t* client, int level, const char* facility, const char* text);
  plugin::Error contradiction(const std::string& reason) const;

  Cluster& cluster_;
  Options own_;
  Statistics statistics_;
  ClientHandle client_;
};

}  // namespace dispytch::kafka
