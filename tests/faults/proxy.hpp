// Stands between clients and brokers and does to their bytes what a network may do.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace dispytch::faults {

/// A port on loopback and the one behind it.
struct Route {
  std::uint16_t listen = 0;  ///< 0: any
  std::uint16_t target = 0;
};

/// What happens to the bytes of a route, of connections that are there and of those to come.
struct Weather {
  bool hold = false;                  ///< nothing passes, either way; what was sent meanwhile passes afterwards
  bool drop_answers = false;          ///< what the broker says is thrown away, while requests reach it
  bool refuse = false;                ///< connections end as soon as they are made, and none stays
  std::chrono::milliseconds delay{};  ///< of each piece, either way; what is delayed when the weather changes, passes then
};

/// A TCP proxy. It runs on a thread of its own; each function returns when that thread has done what was asked, and may be called by any
/// thread. `route`: the place in the list it was made with; nullopt: all.
class Proxy {
 public:
  /// Throws boost::system::system_error where a port is taken.
  explicit Proxy(const std::vector<Route>& routes);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  /// The port where a route listens.
  std::uint16_t port(std::size_t route) const;

  /// Where answers were dropped and no more are to be, the connections that lack some are cut: what follows could not be understood.
  void set(const Weather& weather, std::optional<std::size_t> route = {});
  /// Resets the connections there are. Returns how many.
  std::size_t cut(std::optional<std::size_t> route = {});

  /// Connections there are.
  std::size_t connections(std::optional<std::size_t> route = {});
  /// Pieces that are held or delayed at present.
  std::size_t waiting(std::optional<std::size_t> route = {});
  /// Bytes of answers thrown away since the start.
  std::uint64_t dropped();

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

}  // namespace dispytch::faults
