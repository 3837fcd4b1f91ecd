#include "session.hpp"

#include <poll.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "command.hpp"
#include "errors.hpp"

namespace dispytch::redis {
namespace {

using plugin::Error;
using plugin::Exception;
using std::chrono::milliseconds;
using Clock = Connection::Clock;

// A refusal that no later attempt mends.
bool is_final(const Error& error) { return !error.retriable; }

}  // namespace

Session::Session(const Options& options, std::string client_name, milliseconds timeout)
    : options_{options},
      deadline_{Clock::now() + std::min(timeout, milliseconds{std::chrono::hours{24}})},
      connection_{{.options = &options, .client_name = std::move(client_name), .on_down = [this](const Error& why) { why_down_ = why; }}} {
  while (!connection_.is_up()) {
    if (why_down_.code != DISPYTCH_OK && is_final(why_down_)) throw Exception{why_down_};
    if (Clock::now() >= deadline_) {
      if (why_down_.code != DISPYTCH_OK) throw Exception{why_down_};
      throw Exception{Error{.code = DISPYTCH_EUNAVAILABLE, .text = "Redis at " + server() + " did not answer in time", .retriable = true}};
    }
    drive();
  }
}

void Session::renew(milliseconds timeout) { deadline_ = Clock::now() + std::min(timeout, milliseconds{std::chrono::hours{24}}); }

milliseconds Session::left() const { return std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(deadline_ - Clock::now())); }

void Session::drive() {
  connection_.step(Clock::now());
  connection_.flush();
  pollfd polled{.fd = connection_.descriptor(), .events = connection_.wanted_events(), .revents = 0};
  const auto until = std::min(deadline_, connection_.next_step());
  const auto wait = std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(until - Clock::now()));
  const int ready = ::poll(&polled, polled.fd < 0 ? 0 : 1, static_cast<int>(wait.count()));
  if (ready > 0) connection_.on_ready(polled.revents, Clock::now());
}

Reply Session::ask(std::string_view command) {
  if (!connection_.is_up()) throw Exception{why_down_};
  Reply answer;
  bool answered = false;
  connection_.send(command, [&](Reply reply) {
    answer = std::move(reply);
    answered = true;
  });
  while (!answered) {
    if (Clock::now() >= deadline_) {
      connection_.close();
      throw Exception{Error{.code = DISPYTCH_EUNAVAILABLE, .text = "Redis at " + server() + " did not answer in time", .retriable = true}};
    }
    drive();
  }
  if (answer == nullptr) throw Exception{why_down_};
  return answer;
}

Reply Session::ask(std::initializer_list<std::string_view> words) { return ask(command(words)); }

Reply Session::require(std::string_view command, std::string_view doing) {
  Reply reply = ask(command);
  if (is_error(*reply)) throw Exception{error_of(text(*reply), doing, server())};
  return reply;
}

Reply Session::require(std::initializer_list<std::string_view> words, std::string_view doing) { return require(command(words), doing); }

}  // namespace dispytch::redis
