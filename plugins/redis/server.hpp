// What all objects of one backend share.
#pragma once

#include <string>
#include <string_view>

#include <dispytch/plugin/host.hpp>

#include "layout.hpp"
#include "options.hpp"

namespace dispytch::redis {

/// The figures that an operator can watch.
struct Metrics {
  plugin::Metric reconnects, resends, redeliveries, takeovers, fenced_settles, trimmed, groups_remade;

  explicit Metrics(const plugin::Host& host)
      : reconnects{host.counter("reconnects", "connections")},
        resends{host.counter("resends", "messages")},
        redeliveries{host.counter("redeliveries", "messages")},
        takeovers{host.counter("takeovers", "messages")},
        fenced_settles{host.counter("fenced_settles", "messages")},
        trimmed{host.counter("messages_trimmed_unhandled", "messages")},
        groups_remade{host.counter("groups_remade", "groups")} {}
};

/// A server as its backend's config describes it. Outlives the backend's objects. Any thread.
struct Server {
  plugin::Host host;
  plugin::Config config;  ///< of the backend
  Options options;
  Layout layout;
  Metrics metrics;

  Server(plugin::Host its_host, const plugin::Config& its_config)
      : host{its_host}, config{its_config}, options{its_config}, layout{options.fields}, metrics{its_host} {}

  const std::string& name() const noexcept { return options.address.text; }
  /// Returns the name by which CLIENT LIST shows a connection. It has no spaces, which Redis refuses there.
  std::string client_name(std::string_view purpose) const {
    std::string name{host.application().empty() ? "dispytch" : host.application()};
    name.append(":").append(purpose);
    for (char& c : name) {
      if (c <= ' ' || c > '~') c = '-';
    }
    return name;
  }
};

/// Tells the log of breaks and returns of a connection, once each. One thread.
class Outage {
 public:
  Outage(const Server& server, const char* doing) noexcept : server_{server}, doing_{doing} {}

  /// Returns whether it is news.
  bool begins(const plugin::Error& why) {
    const bool news = !down_ || why.text != text_;
    if (news) server_.host.log(down_ ? plugin::Level::info : plugin::Level::warning, std::string{doing_} + ": " + why.text);
    down_ = true;
    text_ = why.text;
    return news;
  }
  /// Returns whether there was one.
  bool ends() {
    if (!down_) return false;
    down_ = false;
    server_.metrics.reconnects.record(1);
    server_.host.log(plugin::Level::info, std::string{doing_} + ": Redis at " + server_.name() + " answers again");
    return true;
  }
  bool is_down() const noexcept { return down_; }
  const std::string& text() const noexcept { return text_; }  ///< why, at present or the last time

 private:
  const Server& server_;
  const char* const doing_;
  bool down_ = false;
  std::string text_ = {};
};

}  // namespace dispytch::redis
