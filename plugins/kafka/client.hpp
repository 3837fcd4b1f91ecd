// What producers and consumers have in common: one librdkafka client, its configuration, its log and its figures.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>
#include <dispytch/plugin/host.hpp>
#include <dispytch/plugin/mutex.hpp>
#include <dispytch/plugin/status.hpp>

#include "diagnosis.hpp"
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

/// Properties and their values, as librdkafka takes them.
using Settings = std::vector<std::pair<const char*, std::string>>;

class Client {
 public:
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

 protected:
  Client(Cluster& cluster, Options own) : cluster_{cluster}, own_{std::move(own)}, statistics_{cluster.metrics} {}
  ~Client() = default;  // ends the client and all of its threads: the handles that a derived class keeps are gone by then

  /// The configuration of a client: `defaults`, over them the backend's options, over them its own, over them `decided`. The callbacks'
  /// opaque is this Client.
  ConfHandle configure(rd_kafka_type_t type, const Settings& defaults, const Settings& decided);
  /// What a property is set to.
  static std::string text(const rd_kafka_conf_t* conf, const char* name);
  static std::int64_t integer(const rd_kafka_conf_t* conf, const char* name);
  /// Starts the client. Throws Exception with DISPYTCH_ECONFIG, at the option that is to blame, where librdkafka takes each option but not
  /// all together.
  void start(rd_kafka_type_t type, ConfHandle conf);

  /// Returns whether a broker has let the client in so far. Never blocks.
  bool has_logged_in() const noexcept { return rd_kafka_controllerid(raw(), 0) >= 0; }
  /// Return how the client is to reach its brokers, and of a connection that failed all that is known of it.
  const Approach& approach() const noexcept { return approach_; }
  FailedConnection failed(rd_kafka_resp_err_t code, std::string_view text) const;

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
  static int on_certificate(rd_kafka_t* client, const char* broker, std::int32_t number, int* error, int depth, const char* certificate,
                            std::size_t size, char* reason, std::size_t reason_size, void* opaque);
  plugin::Error contradiction(const std::string& reason) const;
  bool keep_what_is_said(std::string_view facility, std::string_view text);

  Cluster& cluster_;
  Options own_;
  Statistics statistics_;
  Approach approach_;
  bool starting_ = false;  // rd_kafka_new() is at work
  std::string said_ = {};  // by OpenSSL meanwhile
  mutable plugin::Mutex certificates_mutex_;
  // What was wrong with each broker's certificate, by host:port.
  std::map<std::string, int, std::less<>> certificates_ DISPYTCH_GUARDED_BY(certificates_mutex_);
  ClientHandle client_;
};

}  // namespace dispytch::kafka
