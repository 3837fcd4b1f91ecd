// One connection to the server: it logs in, keeps commands and answers together, and comes back after a break.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <dispytch/plugin/backoff.hpp>
#include <dispytch/plugin/status.hpp>

#include "options.hpp"
#include "reply.hpp"
#include "socket.hpp"

namespace dispytch::redis {

/// Is driven by the one thread that owns it: poll() on descriptor(), then on_ready(), and step() at least at next_step(). No function
/// waits, but for the look-up of a name.
///
/// A new connection logs in, tells its name, and asks who the server is. Where the connection before it was to the same process, that one
/// is ended by CLIENT KILL first, so that bytes of it that the server had not read yet can't take effect after those of the new one.
class Connection {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  /// Gets the answer to a command; an empty one where the connection broke before it came.
  using OnReply = std::function<void(Reply)>;

  struct Settings {
    const Options* options = nullptr;                        ///< outlives the connection
    std::string client_name = {};                            ///< as CLIENT LIST shows it
    std::chrono::milliseconds longest_block{0};              ///< a command may take so long beyond `response_timeout`
    std::function<void()> on_up = {};                        ///< the server is ready for commands
    std::function<void(const plugin::Error&)> on_down = {};  ///< why the connection broke, or could not be made; each time
  };

  explicit Connection(Settings settings);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Opens the connection when its time has come, and breaks one off that doesn't answer.
  void step(Time now);
  Time next_step() const noexcept;
  /// -1: nothing to poll for.
  int descriptor() const noexcept { return socket_ ? socket_->descriptor() : -1; }
  short wanted_events() const noexcept;
  void on_ready(short events, Time now);

  bool is_up() const noexcept { return state_ == State::up; }
  /// Whether bytes of the connections before can still take effect: the one before could not be ended.
  bool may_have_late_bytes() const noexcept { return late_bytes_; }
  /// The server's number of this connection, for CLIENT UNBLOCK.
  std::int64_t client_id() const noexcept { return client_id_; }
  std::size_t unanswered() const noexcept { return waiting_.size(); }
  std::size_t unwritten() const noexcept { return out_.size() - written_; }

  /// Sends one command, as CommandWriter writes it, by the next flush(). Only while the connection is up.
  void send(std::string_view command, OnReply on_reply);
  /// Writes what the connection takes; the rest follows by on_ready().
  void flush();
  /// Breaks the connection off; it is made anew after a pause.
  void break_off(plugin::Error why);
  /// Breaks the connection off for good, without telling anybody.
  void close();

 private:
  enum class State { down, connecting, greeting, up, closed };

  void open(Time now);
  void greet();
  void on_server(Reply info);
  void go_up();
  void expect_ok(Reply reply, const char* doing);
  void read(Time now);
  void write();
  plugin::Error lost(std::string_view why) const;
  void enqueue(std::string_view command, OnReply on_reply);

  const Settings settings_;
  State state_ = State::down;
  std::unique_ptr<Socket> socket_ = {};
  struct FreeReader {
    void operator()(redisReader* reader) const noexcept { redisReaderFree(reader); }
  };
  std::unique_ptr<redisReader, FreeReader> reader_ = {};
  std::string out_ = {};  // to be written; the first written_ bytes are
  std::size_t written_ = 0;
  std::deque<OnReply> waiting_ = {};  // for the answers to what was sent, in order
  plugin::Backoff backoff_;
  Time next_attempt_ = {};
  Time answer_by_ = Time::max();  // or the server is taken for dead
  std::int64_t client_id_ = 0;
  std::string run_id_ = {};                      // of the server's process; empty: it doesn't say
  std::optional<std::int64_t> earlier_id_ = {};  // of the connection before, which may have bytes on their way; 0: unknown
  std::string earlier_run_id_ = {};
  bool late_bytes_ = false;
  std::string buffer_;  // for reading
};

}  // namespace dispytch::redis
