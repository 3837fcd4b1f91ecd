#include "reference/link.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <utility>

#include <dispytch/plugin/host.hpp>

namespace dispytch::reference {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kTurn{20};
constexpr milliseconds kConnect{500};  // for a connection and the broker's greeting
constexpr milliseconds kSilence{800};  // without an answer, though one is due
constexpr milliseconds kPause{30};     // between two attempts

}  // namespace

Link::Link(Address address, Events events) : address_{std::move(address)}, events_{std::move(events)} {
  wakeup_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  const plugin::SignalsBlocked blocked;
  thread_ = std::thread{[this] { run(); }};
}

Link::~Link() {
  stop();
  close(wakeup_);
}

void Link::stop() {
  stopped_ = true;
  wake();
  if (thread_.joinable()) thread_.join();
}

void Link::restart(const std::string& why) {
  set_trouble({false, why});
  dropped_ = true;
  wake();
}

void Link::request(Frame frame, Answered answered) {
  {
    const std::lock_guard lock{mutex_};
    if (!greeted_) return;
    if (answers_.empty()) heard_ = Clock::now();
    frame["id"] = ++last_id_;
    output_ += encode(frame);
    answers_.emplace(last_id_, std::move(answered));
  }
  wake();
}

void Link::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wakeup_, &one, sizeof one);  // full: it is woken already
}

Trouble Link::trouble() const {
  const std::lock_guard lock{mutex_};
  return trouble_;
}

bool Link::works() const {
  const std::lock_guard lock{mutex_};
  return greeted_;
}

void Link::set_trouble(Trouble trouble) {
  const std::lock_guard lock{mutex_};
  trouble_ = std::move(trouble);
}

void Link::run() {
  while (!stopped_) {
    if (connect()) serve();
    if (stopped_) break;
    events_.lost(trouble().why);
    if (address_.mistake == "never_reconnects" && was_greeted_) {
      while (!stopped_) wait(kTurn);
      break;
    }
    if (trouble().login && address_.mistake != "tries_a_refused_login_again") {
      while (!stopped_) wait(kTurn);
      break;
    }
    wait(kPause);
  }
  disconnect("it is closed");
}

void Link::wait(milliseconds time) {
  pollfd woken{wakeup_, POLLIN, 0};
  if (poll(&woken, 1, static_cast<int>(time.count())) > 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(wakeup_, &count, sizeof count);
  }
  if (!stopped_) events_.turn();
}

bool Link::connect() {
  dropped_ = false;
  const std::string& text = address_.text;
  const std::size_t colon = text.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoul(text.substr(colon + 1))));
  inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr);
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto fail = [&](const std::string& why) {
    disconnect(why);
    return false;
  };
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS)
    return fail(std::strerror(errno));
  pollfd ready{socket_, POLLOUT, 0};
  if (poll(&ready, 1, static_cast<int>(kConnect.count())) == 0) return fail("no connection in time");
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return fail(std::strerror(error));

  Frame hello = events_.hello();
  hello["id"] = 0;
  hello["do"] = "hello";
  hello["password"] = address_.password;
  const std::string bytes = encode(hello);
  if (send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) return fail("nothing can be written");
  const auto deadline = Clock::now() + (address_.mistake == "trusts_a_silent_broker" ? std::chrono::hours{1} : kConnect);
  while (!stopped_) {
    pollfd readable{socket_, POLLIN, 0};
    if (Clock::now() > deadline) return fail("the broker accepted the connection and doesn't answer");
    if (poll(&readable, 1, static_cast<int>(kTurn.count())) == 0) {
      events_.turn();
      continue;
    }
    char buffer[65536];
    const ssize_t count = recv(socket_, buffer, sizeof buffer, 0);
    if (count <= 0) return fail(count == 0 ? "the broker ended the connection" : std::strerror(errno));
    decoder_.add(buffer, static_cast<std::size_t>(count));
    const std::optional<Frame> answer = decoder_.next();
    if (!answer) continue;
    if (answer->contains("error")) {
      disconnect((*answer)["text"].get<std::string>());
      if ((*answer)["error"] == "login") set_trouble({true, (*answer)["text"]});
      return false;
    }
    {
      const std::lock_guard lock{mutex_};
      greeted_ = true;
      trouble_ = {};
    }
    was_greeted_ = true;
    events_.greeted(*answer);
    return true;
  }
  return fail("it is closed");
}

void Link::serve() {
  while (!stopped_) {
    bool writing = false, waiting = false;
    Clock::time_point heard;
    {
      const std::lock_guard lock{mutex_};
      writing = !output_.empty();
      waiting = !answers_.empty();
      heard = heard_;
    }
    pollfd ready[2] = {{socket_, static_cast<short>(writing ? POLLIN | POLLOUT : POLLIN), 0}, {wakeup_, POLLIN, 0}};
    poll(ready, 2, static_cast<int>(kTurn.count()));
    if (ready[1].revents != 0) {
      std::uint64_t count = 0;
      [[maybe_unused]] const ssize_t got = ::read(wakeup_, &count, sizeof count);
    }
    if (dropped_) return disconnect(trouble().why);
    if (ready[0].revents != 0 && !read()) return;
    if (writing && !write()) return;
    const bool patient = address_.mistake == "trusts_a_silent_broker" || address_.mistake == "sends_no_heartbeat";
    if (waiting && !patient && Clock::now() - heard > kSilence) return disconnect("the broker doesn't answer");
    events_.turn();
  }
}

bool Link::read() {
  char buffer[65536];
  const ssize_t count = recv(socket_, buffer, sizeof buffer, 0);
  if (count < 0 && errno == EAGAIN) return true;
  if (count == 0 && address_.mistake == "overlooks_a_half_close") {
    std::this_thread::sleep_for(kTurn);
    const std::lock_guard lock{mutex_};
    heard_ = Clock::now();
    return true;
  }
  if (count <= 0) {
    disconnect(count == 0 ? "the broker ended the connection" : std::strerror(errno));
    return false;
  }
  decoder_.add(buffer, static_cast<std::size_t>(count));
  while (const std::optional<Frame> answer = decoder_.next()) {
    Answered answered;
    {
      const std::lock_guard lock{mutex_};
      heard_ = Clock::now();
      const auto found = answers_.find(answer->at("id"));
      if (found == answers_.end()) continue;
      answered = std::move(found->second);
      answers_.erase(found);
    }
    answered(*answer);
  }
  return true;
}

bool Link::write() {
  std::string why;
  {
    const std::lock_guard lock{mutex_};
    const ssize_t count = send(socket_, output_.data(), output_.size(), MSG_NOSIGNAL);
    if (count > 0) output_.erase(0, static_cast<std::size_t>(count));
    if (count >= 0 || errno == EAGAIN) return true;
    why = std::strerror(errno);
  }
  disconnect(why);
  return false;
}

void Link::disconnect(const std::string& why) {
  if (socket_ >= 0) close(std::exchange(socket_, -1));
  // A connection that broke within a frame leaves half of it, which has nothing to do with what the next one says.
  if (address_.mistake != "forgets_what_came_half") decoder_ = {};
  const std::lock_guard lock{mutex_};
  greeted_ = false;
  if (!trouble_.login) trouble_ = {false, why};
  output_.clear();
  answers_.clear();
}

Frame ask(const Address& address, Frame request, std::chrono::milliseconds timeout) {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Frame> answer;
  Link* self = nullptr;
  std::optional<Link> link;
  Link::Events events;
  events.hello = [] { return Frame::object(); };
  events.greeted = [&](const Frame&) {
    const std::lock_guard lock{mutex};
    if (self == nullptr) return;
    self->request(request, [&](const Frame& frame) {
      const std::lock_guard inner{mutex};
      answer = frame;
      changed.notify_all();
    });
  };
  events.lost = [](const std::string&) {};
  events.turn = [] {};
  {
    const std::lock_guard lock{mutex};
    link.emplace(address, events);
    self = &*link;
  }
  std::unique_lock lock{mutex};
  const bool came = changed.wait_until(lock, std::chrono::system_clock::now() + timeout, [&] { return answer.has_value(); });
  lock.unlock();
  const std::string why = link->trouble().why;
  link->stop();
  if (!came) throw std::runtime_error{address.text + " can't be asked: " + (why.empty() ? "no answer came in time" : why)};
  return *answer;
}

}  // namespace dispytch::reference
