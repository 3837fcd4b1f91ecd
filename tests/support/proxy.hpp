// Stands between clients and brokers and does to their bytes what a network may do.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dispytch::network {

/// A port on loopback and the address behind it.
struct Route {
  std::uint16_t listen = 0;  ///< 0: any
  std::uint16_t target = 0;
  std::string host = "127.0.0.1";  ///< where the target is
};

/// How a connection ends.
enum class Cut : std::uint8_t {
  reset,      ///< as a firewall or a router that lost its table does it
  half_close  ///< the client reads the end of the stream, and nobody listens to what it still writes
};

enum class Direction : std::uint8_t { requests, answers };  ///< from the client, from the broker

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
  /// Cuts the connections there are. Returns how many.
  std::size_t cut(std::optional<std::size_t> route = {}, Cut how = Cut::reset);
  /// Cuts the first connection on which so many bytes more have passed in that direction; these still pass, the next one doesn't, be it
  /// between two frames or within one. Holds for one connection; a second call replaces the first.
  void cut_after(std::uint64_t bytes, Direction direction, Cut how = Cut::reset, std::optional<std::size_t> route = {});
  /// Whether a cut that was asked for by cut_after is still to come.
  bool cut_is_due();

  /// While the weather holds: resets the client's end of each connection and keeps the requests that are held, for release_stranded.
  /// Returns the bytes that are kept.
  std::uint64_t strand();
  /// Lets the requests that strand() kept reach the broker, late, and then ends those connections. Returns when all is written.
  void release_stranded();

  /// From now on nothing passes on the connections there are, and neither side is told: what a router does that forgot them. Those to come
  /// work. Returns how many.
  std::size_t mute(std::optional<std::size_t> route = {});

  /// Connections that were begun since the start, those that were refused too.
  std::uint64_t attempts();
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

}  // namespace dispytch::network
