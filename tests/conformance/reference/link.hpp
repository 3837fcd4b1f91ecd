// A connection that is made again whenever it breaks, on a thread of its own: the lower half of the reference plugin's producers and
// consumers.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "reference/wire.hpp"

namespace dispytch::reference {

struct Address {
  std::string text = {};  // HOST:PORT
  std::string password = {};
  std::string mistake = {};
};

/// What keeps a link from working, for an error's text.
struct Trouble {
  bool login = false;    ///< trying again can't help
  std::string why = {};  ///< empty: none
};

/// Requests that are sent, each with what to do with its answer, which runs on the link's thread. Requests end with the connection: whoever
/// made them makes them again when `greeted` says that there is another. Any thread but for the callbacks.
class Link {
 public:
  using Answered = std::function<void(const Frame& answer)>;
  struct Events {
    std::function<Frame()> hello = {};                      ///< what to say first
    std::function<void(const Frame& answer)> greeted = {};  ///< a connection works; requests may be made from here
    std::function<void(const std::string& why)> lost = {};  ///< it broke, or could not be made; called for each attempt
    std::function<void()> turn = {};                        ///< at least every 20 ms
  };

  Link(Address address, Events events);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Ends its thread. No callback follows.
  void stop();
  /// Drops the connection; there will be another.
  void restart(const std::string& why);
  /// Sends it if there is a connection, else does nothing.
  void request(Frame frame, Answered answered);
  /// Lets turn() run soon.
  void wake();

  Trouble trouble() const;
  bool works() const;  ///< there is a connection, as far as is known
  const Address& address() const noexcept { return address_; }

 private:
  void run();
  bool connect();
  void serve();
  bool read();
  bool write();
  void disconnect(const std::string& why);
  void wait(std::chrono::milliseconds time);
  void set_trouble(Trouble trouble);

  const Address address_;
  const Events events_;
  std::atomic<bool> stopped_{false}, dropped_{false};
  int wakeup_ = -1;

  mutable std::mutex mutex_;  // guards what follows
  Trouble trouble_ = {};
  bool greeted_ = false;
  std::uint64_t last_id_ = 0;
  std::string output_ = {};
  std::map<std::uint64_t, Answered> answers_ = {};
  std::chrono::steady_clock::time_point heard_ = {};  // or since when something is asked

  // The thread's alone.
  int socket_ = -1;
  bool was_greeted_ = false;
  Decoder decoder_ = {};
  std::thread thread_ = {};
};

/// One request by a connection of its own. Throws std::runtime_error with why it failed.
Frame ask(const Address& address, Frame request, std::chrono::milliseconds timeout);

}  // namespace dispytch::reference
