// Writes messages to streams and pulls what became of each.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <dispytch/plugin/backend.hpp>
#include <dispytch/plugin/mutex.hpp>
#include <dispytch/plugin/send_window.hpp>

#include "connection.hpp"
#include "server.hpp"
#include "worker.hpp"

namespace dispytch::redis {

/// Any thread offers messages; one thread of its own sends them, in order, and sends them again over a new connection until their time is
/// over. Confirmed is what the server has answered with an id.
class Producer {
 public:
  /// `options`: {"config": {...}, "timeout_ms": how long a message is tried}. Connects in the background.
  Producer(const Server& server, const plugin::Config& options, plugin::Notify notify);
  ~Producer();

  plugin::Accepted send(plugin::Strided<const plugin::MessageView> messages);
  std::size_t reports(plugin::Strided<plugin::Report> out);
  plugin::Status flush(std::chrono::milliseconds timeout);
  plugin::Status close(std::chrono::milliseconds timeout);

 private:
  using Window = plugin::SendWindow<std::string>;  // of the commands
  struct Outcome {
    std::uint64_t token = 0;
    dispytch_status code = DISPYTCH_OK;
    std::uint32_t flags = 0;
    std::optional<std::int64_t> offset = {};
    std::string text = {};
  };

  Connection::Time step(Connection::Time now);
  void on_up();
  void on_down(const plugin::Error& why);
  void on_reply(Window::Position position, const Reply& reply);
  void tell_ended(const plugin::Error& why) DISPYTCH_REQUIRES(mutex_);
  void tell() DISPYTCH_REQUIRES(mutex_);
  std::uint32_t lane_of(std::string_view topic) DISPYTCH_REQUIRES(mutex_);
  const std::string& topic_of(Window::Position position) DISPYTCH_REQUIRES(mutex_);
  plugin::Error timed_out() const DISPYTCH_REQUIRES(mutex_);

  const Server& server_;
  const ProducerOptions options_;
  const plugin::Notify notify_;
  const std::chrono::milliseconds timeout_;

  plugin::Mutex mutex_;
  plugin::Condition changed_;  // reports, for flush
  Window window_ DISPYTCH_GUARDED_BY(mutex_);
  std::vector<Window::Ended> ended_ DISPYTCH_GUARDED_BY(mutex_) = {};  // being told of
  std::map<std::string, std::uint32_t, std::less<>> lanes_ DISPYTCH_GUARDED_BY(mutex_) = {};
  std::deque<Outcome> outcomes_ DISPYTCH_GUARDED_BY(mutex_) = {};           // to be reported
  std::deque<std::string> texts_ DISPYTCH_GUARDED_BY(mutex_) = {};          // of the reports handed out last
  bool has_news_ DISPYTCH_GUARDED_BY(mutex_) = false;                       // the host is to be notified
  bool was_up_ DISPYTCH_GUARDED_BY(mutex_) = false;                         // a login has succeeded once
  bool asleep_ DISPYTCH_GUARDED_BY(mutex_) = false;                         // the thread waits, and is to be woken for a message
  std::optional<plugin::Error> hopeless_ DISPYTCH_GUARDED_BY(mutex_) = {};  // why nothing is accepted: no login has succeeded yet
  std::string refused_ DISPYTCH_GUARDED_BY(mutex_) = {};                    // why the server takes nothing at present
  Outage outage_ DISPYTCH_GUARDED_BY(mutex_);
  plugin::Backoff pause_ DISPYTCH_GUARDED_BY(mutex_);  // after a refusal
  Connection::Time resume_at_ DISPYTCH_GUARDED_BY(mutex_) = {};

  Connection connection_;  // the worker's
  Worker worker_;
};

}  // namespace dispytch::redis
