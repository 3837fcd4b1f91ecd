#include "connection.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "command.hpp"
#include "errors.hpp"

namespace dispytch::redis {
namespace {

using plugin::Error;
using std::chrono::milliseconds;

constexpr milliseconds kFirstAttemptPause{50};
constexpr milliseconds kLongestAttemptPause{2'000};
constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kCompactAt = 1 << 20;

// The value behind `name:` in what INFO answers.
std::string_view info_value(std::string_view info, std::string_view name) {
  const std::size_t at = info.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = info.substr(at + name.size());
  return rest.substr(0, rest.find_first_of("\r\n"));
}

}  // namespace

Connection::Connection(Settings settings)
    : settings_{std::move(settings)}, backoff_{kFirstAttemptPause, kLongestAttemptPause}, buffer_(kReadBytes, '\0') {}

Error Connection::lost(std::string_view why) const {
  std::string text =
      "the connection to Redis at " + settings_.options->address.text + (state_ == State::connecting ? " can't be made: " : " broke: ");
  text += why;
  return {.code = DISPYTCH_EUNAVAILABLE, .text = std::move(text), .retriable = true};
}

void Connection::step(Time now) {
  if (state_ == State::down && now >= next_attempt_) open(now);
  if (state_ == State::down || state_ == State::closed || now < answer_by_) return;
  const bool connecting = state_ == State::connecting;
  const milliseconds waited = connecting ? settings_.options->connect_timeout : settings_.options->response_timeout;
  break_off(lost("the server did not answer within " + std::to_string(waited.count()) + " ms" +
                 (connecting ? " (`connect_timeout`)" : " (`response_timeout`)")));
}

Connection::Time Connection::next_step() const noexcept {
  if (state_ == State::closed) return Time::max();
  return state_ == State::down ? next_attempt_ : answer_by_;
}

short Connection::wanted_events() const noexcept {
  if (state_ == State::connecting) return POLLOUT;
  return static_cast<short>(POLLIN | (unwritten() > 0 ? POLLOUT : 0));
}

void Connection::open(Time now) {
  socket_ = std::make_unique<Socket>();
  reader_.reset(redisReaderCreate());
  reader_->maxbuf = 0;  // keeps its memory between large answers
  state_ = State::connecting;
  answer_by_ = now + settings_.options->connect_timeout;
  switch (socket_->open(settings_.options->address)) {
    case Socket::Progress::done: greet(); break;
    case Socket::Progress::pending: break;
    case Socket::Progress::failed: break_off(lost(socket_->why())); break;
  }
}

void Connection::on_ready(short events, Time now) {
  if (state_ == State::connecting) {
    switch (socket_->connect()) {
      case Socket::Progress::done: greet(); break;
      case Socket::Progress::pending: break;
      case Socket::Progress::failed: break_off(lost(socket_->why())); break;
    }
    return;
  }
  if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) read(now);
  if (state_ == State::greeting || state_ == State::up) write();
}

void Connection::enqueue(std::string_view command, OnReply on_reply) {
  if (waiting_.empty()) answer_by_ = Clock::now() + settings_.options->response_timeout + settings_.longest_block;
  out_.append(command);
  waiting_.push_back(std::move(on_reply));
}

void Connection::send(std::string_view command, OnReply on_reply) { enqueue(command, std::move(on_reply)); }

void Connection::write() {
  while (unwritten() > 0) {
    std::size_t count = 0;
    switch (socket_->write(std::string_view{out_}.substr(written_), count)) {
      case Socket::Progress::done: written_ += count; break;
      case Socket::Progress::pending:
        if (written_ >= kCompactAt) {
          out_.erase(0, written_);
          written_ = 0;
        }
        return;
      case Socket::Progress::failed: return break_off(lost(socket_->why()));
    }
  }
  out_.clear();
  written_ = 0;
}

void Connection::read(Time now) {
  for (;;) {
    std::size_t count = 0;
    switch (socket_->read(std::span<char>{buffer_}, count)) {
      case Socket::Progress::done: break;
      case Socket::Progress::pending: return;
      case Socket::Progress::failed: return break_off(lost(socket_->why()));
    }
    redisReaderFeed(reader_.get(), buffer_.data(), count);
    for (;;) {
      void* raw = nullptr;
      if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK)
        return break_off(lost(std::string{"it answers what is no Redis protocol: "} + reader_->errstr));
      if (raw == nullptr) break;
      Reply reply{static_cast<redisReply*>(raw)};
      if (waiting_.empty()) {
        // A server that refuses a client says so before anything was asked.
        return break_off(is_error(*reply) ? error_of(text(*reply), "connecting to Redis", settings_.options->address.text)
                                          : lost("it answers what nobody asked"));
      }
      const OnReply on_reply = std::move(waiting_.front());
      waiting_.pop_front();
      on_reply(std::move(reply));
      if (state_ != State::greeting && state_ != State::up) return;  // broken off meanwhile
    }
    answer_by_ = waiting_.empty() ? Time::max() : now + settings_.options->response_timeout + settings_.longest_block;
    if (count < buffer_.size()) return;
  }
}

void Connection::expect_ok(Reply reply, const char* doing) {
  if (!reply || !is_error(*reply)) return;
  break_off(error_of(text(*reply), doing, settings_.options->address.text));
}

// All in one round trip. PING answers only when the server takes commands: not while it reads its data.
void Connection::greet() {
  state_ = State::greeting;
  client_id_ = 0;
  run_id_.clear();
  const Options& options = *settings_.options;
  const auto ok = [this](const char* doing) { return [this, doing](Reply reply) { expect_ok(std::move(reply), doing); }; };
  if (!options.password.empty()) {
    if (options.username.empty()) {
      enqueue(command({"AUTH", options.password}), ok("logging in to Redis"));
    } else {
      enqueue(command({"AUTH", options.username, options.password}), ok("logging in to Redis"));
    }
  }
  if (options.database != 0) enqueue(command({"SELECT", std::to_string(options.database)}), ok("choosing `database`"));
  // These three may be forbidden, which costs no more than what they are for.
  enqueue(command({"CLIENT", "SETNAME", settings_.client_name}), [](Reply) {});
  enqueue(command({"CLIENT", "ID"}), [this](Reply reply) {
    if (reply) client_id_ = integer(*reply);
  });
  enqueue(command({"INFO", "server"}), [this](Reply reply) { on_server(std::move(reply)); });
  write();
}

void Connection::on_server(Reply info) {
  if (!info) return;
  if (!is_error(*info)) run_id_ = info_value(text(*info), "run_id:");
  late_bytes_ = false;
  if (earlier_id_) {
    if (*earlier_id_ == 0 || run_id_.empty() || earlier_run_id_.empty()) {
      late_bytes_ = true;
    } else if (run_id_ == earlier_run_id_) {
      enqueue(command({"CLIENT", "KILL", "ID", std::to_string(*earlier_id_)}), [this](Reply reply) {
        if (!reply) return;
        late_bytes_ = is_error(*reply);
        if (!late_bytes_) earlier_id_.reset();
      });
    } else {
      earlier_id_.reset();  // that process has ended, and all that it had not read with it
    }
  }
  enqueue(command({"PING"}), [this](Reply reply) {
    if (!reply) return;
    if (is_error(*reply)) return break_off(error_of(text(*reply), "asking Redis", settings_.options->address.text));
    go_up();
  });
  write();
}

void Connection::go_up() {
  state_ = State::up;
  backoff_.reset();
  if (settings_.on_up) settings_.on_up();
}

void Connection::break_off(Error why) {
  if (state_ == State::down || state_ == State::closed) return;
  if (state_ == State::up) {
    earlier_id_ = client_id_;
    earlier_run_id_ = run_id_;
  }
  state_ = State::down;
  socket_.reset();
  out_.clear();
  written_ = 0;
  answer_by_ = Time::max();
  next_attempt_ = Clock::now() + backoff_.next();
  const std::deque<OnReply> unanswered = std::exchange(waiting_, {});
  for (const OnReply& on_reply : unanswered) on_reply(nullptr);
  if (settings_.on_down) settings_.on_down(why);
}

void Connection::flush() {
  if (unwritten() > 0 && (state_ == State::greeting || state_ == State::up)) write();
}

void Connection::close() {
  state_ = State::closed;
  socket_.reset();
  waiting_.clear();
  answer_by_ = Time::max();
}

}  // namespace dispytch::redis
