#include "support/proxy.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace dispytch::network {

namespace asio = boost::asio;
using asio::ip::tcp;
using Failure = boost::system::error_code;

struct Road;

// One connection of a client and that to its broker. Everything happens on the thread of the context.
class Link : public std::enable_shared_from_this<Link> {
 public:
  Link(Road& road, tcp::socket client, asio::io_context& context)
      : road_{road}, requests_{std::move(client), context}, answers_{tcp::socket{context}, context} {}

  void start(const tcp::endpoint& target);
  void cut(Cut how = Cut::reset) {
    for (Stream* stream : {&requests_, &answers_}) {
      stream->timer.cancel();
      if (how == Cut::half_close && stream == &requests_) continue;
      reset(stream->from);
    }
    held_ = {};
    if (how == Cut::reset) return;
    Failure ignored;
    requests_.from.shutdown(tcp::socket::shutdown_send, ignored);
    deaf_ = true;
    if (!reading_requests_) read(requests_, answers_);
  }
  void mute() {
    muted_ = true;
    go_on();
  }
  // Resets the client's end. What the client had sent and is held stays here, for write_late().
  std::uint64_t strand() {
    stranded_ = true;
    held_ = {};
    reset(requests_.from);
    requests_.timer.cancel();
    if (!reading_answers_) read(answers_, requests_);
    return held_requests_;
  }
  void write_late(std::function<void()> written) {
    const auto end = [this, self = shared_from_this(), written](Failure, std::size_t) {
      Failure ignored;
      answers_.from.shutdown(tcp::socket::shutdown_send, ignored);  // what it says is read until it closes
      written();
    };
    asio::async_write(answers_.from, asio::buffer(requests_.buffer.data(), held_requests_), end);
  }
  bool open() const { return requests_.from.is_open() && answers_.from.is_open() && !deaf_ && !stranded_; }
  bool lacks_answers() const noexcept { return lacks_answers_; }
  void go_on() {
    for (Stream* stream : {&requests_, &answers_}) stream->timer.cancel();
    for (auto& step : std::exchange(held_, {})) step();
  }
  std::size_t waiting() const noexcept { return held_.size() + delayed_; }

 private:
  struct Stream {
    Stream(tcp::socket socket, asio::io_context& context) : from{std::move(socket)}, timer{context} {}
    tcp::socket from;
    asio::steady_timer timer;
    std::array<char, 65536> buffer{};
  };

  static void reset(tcp::socket& socket) {
    Failure ignored;
    socket.set_option(asio::socket_base::linger{true, 0}, ignored);
    socket.close(ignored);
  }
  void read(Stream& from, Stream& to);
  void pass(Stream& from, Stream& to, std::size_t size);
  void write(Stream& from, Stream& to, std::size_t size);
  void cut_in_order(Cut how, Stream& to);

  Road& road_;
  Stream requests_, answers_;                     // from the client, from the broker
  std::vector<std::function<void()>> held_ = {};  // what goes on when nothing is held any more
  std::size_t delayed_ = 0;
  bool lacks_answers_ = false;
  bool deaf_ = false;      // half closed: what the client writes is thrown away
  bool muted_ = false;     // what comes is thrown away
  bool stranded_ = false;  // the client is gone, and its last requests are still here
  bool reading_requests_ = false, reading_answers_ = false;
  std::size_t held_requests_ = 0;  // bytes of requests_.buffer that are held
};

// A cut that is to come.
struct DueCut {
  std::uint64_t bytes;  // that still pass
  Direction direction;
  Cut how;
};

struct Road {
  Road(asio::io_context& context, const Route& route)
      : acceptor{context, tcp::endpoint{asio::ip::address_v4::loopback(), route.listen}},
        target{*tcp::resolver{context}.resolve(tcp::v4(), route.host, std::to_string(route.target)).begin()} {}

  void accept(asio::io_context& context) {
    acceptor.async_accept([this, &context](Failure failure, tcp::socket client) {
      if (failure) return;
      ++attempts;
      if (weather.refuse) {
        Failure ignored;
        client.set_option(asio::socket_base::linger{true, 0}, ignored);
        client.close(ignored);
      } else {
        Failure ignored;
        client.set_option(tcp::no_delay{true}, ignored);
        std::erase_if(links, [](const auto& link) { return !link->open(); });
        links.push_back(std::make_shared<Link>(*this, std::move(client), context));
        links.back()->start(target);
      }
      accept(context);
    });
  }
  std::size_t cut(Cut how = Cut::reset) {
    std::size_t count = 0;
    for (const auto& link : std::exchange(links, {})) {
      count += link->open();
      link->cut(how);
      if (how == Cut::half_close) links.push_back(link);  // it is still there, until the client goes
    }
    return count;
  }

  tcp::acceptor acceptor;
  tcp::endpoint target;
  Weather weather = {};
  std::optional<DueCut> due = {};
  std::vector<std::shared_ptr<Link>> stranded = {};
  std::vector<std::shared_ptr<Link>> links = {};
  std::uint64_t dropped = 0;
  std::uint64_t attempts = 0;
};

void Link::start(const tcp::endpoint& target) {
  answers_.from.async_connect(target, [this, self = shared_from_this()](Failure failure) {
    if (failure) return cut();  // nobody is there: the client is told so
    Failure ignored;
    answers_.from.set_option(tcp::no_delay{true}, ignored);
    read(requests_, answers_);
    read(answers_, requests_);
  });
}

void Link::read(Stream& from, Stream& to) {
  bool& reading = &from == &requests_ ? reading_requests_ : reading_answers_;
  reading = true;
  from.from.async_read_some(asio::buffer(from.buffer),
                            [this, self = shared_from_this(), &from, &to, &reading](Failure failure, std::size_t size) {
                              reading = false;
                              if (stranded_) {
                                if (&from == &requests_) return;
                                if (failure) return reset(answers_.from);
                                return read(from, to);
                              }
                              if (deaf_) {
                                if (&from == &answers_) return;
                                if (failure) return reset(requests_.from);
                                return read(from, to);
                              }
                              if (failure) return cut();  // one side's end is the other's: Kafka's clients know no half-closed connection
                              pass(from, to, size);
                            });
}

void Link::pass(Stream& from, Stream& to, std::size_t size) {
  if (!open()) return;
  if (muted_) {
    read(from, to);
  } else if (road_.weather.hold) {
    if (&from == &requests_) held_requests_ = size;
    held_.push_back([this, self = shared_from_this(), &from, &to, size] { pass(from, to, size); });
  } else if (&from == &answers_ && road_.weather.drop_answers) {
    lacks_answers_ = true;
    road_.dropped += size;
    read(from, to);
  } else if (road_.weather.delay.count() > 0) {
    from.timer.expires_after(road_.weather.delay);
    ++delayed_;
    from.timer.async_wait([this, self = shared_from_this(), &from, &to, size](Failure) {
      --delayed_;
      if (open()) write(from, to, size);
    });
  } else {
    write(from, to, size);
  }
}

void Link::write(Stream& from, Stream& to, std::size_t size) {
  if (&from == &requests_) held_requests_ = 0;
  std::optional<Cut> end;
  if (road_.due && (road_.due->direction == Direction::requests) == (&from == &requests_)) {
    if (size > road_.due->bytes) {
      size = static_cast<std::size_t>(road_.due->bytes);
      end = road_.due->how;
      road_.due.reset();
    } else {
      road_.due->bytes -= size;
    }
  }
  asio::async_write(to.from, asio::buffer(from.buffer.data(), size),
                    [this, self = shared_from_this(), &from, &to, end](Failure failure, std::size_t) {
                      if (end) return cut_in_order(*end, to);
                      if (deaf_ || stranded_) return;  // cut while this was written
                      if (failure) return cut();
                      read(from, to);
                    });
}

// A reset would overtake the bytes that were to pass before it: the side that got them reads an end, the other one a reset.
void Link::cut_in_order(Cut how, Stream& to) {
  if (!open()) return;
  if (&to == &answers_) {
    Failure ignored;
    answers_.from.shutdown(tcp::socket::shutdown_send, ignored);
    stranded_ = true;
    if (how == Cut::reset) reset(requests_.from);
    if (how == Cut::half_close) requests_.from.shutdown(tcp::socket::shutdown_send, ignored);
    if (!reading_answers_) read(answers_, requests_);
  } else {
    reset(answers_.from);
    Failure ignored;
    requests_.from.shutdown(tcp::socket::shutdown_send, ignored);
    deaf_ = true;
    if (!reading_requests_) read(requests_, answers_);
  }
}

struct Proxy::Work {
  explicit Work(const std::vector<Route>& routes) {
    for (const Route& route : routes) {
      roads.push_back(std::make_unique<Road>(context, route));
      roads.back()->accept(context);
    }
    thread = std::jthread{[this] { context.run(); }};
  }
  ~Work() {
    run([this] {
      for (const auto& road : roads) {
        road->acceptor.close();
        road->cut();
      }
      context.stop();  // half-closed connections may wait for ever
    });
    thread.join();
  }

  void run(std::function<void()> function) {
    std::promise<void> done;
    asio::post(context, [&] {
      function();
      done.set_value();
    });
    done.get_future().get();
  }
  void for_each(std::optional<std::size_t> route, const std::function<void(Road&)>& function) {
    run([&] {
      for (std::size_t i = 0; i < roads.size(); ++i) {
        if (!route || *route == i) function(*roads[i]);
      }
    });
  }

  asio::io_context context{1};
  std::vector<std::unique_ptr<Road>> roads = {};
  std::jthread thread = {};
};

Proxy::Proxy(const std::vector<Route>& routes) : work_{std::make_unique<Work>(routes)} {}
Proxy::~Proxy() = default;

std::uint16_t Proxy::port(std::size_t route) const { return work_->roads.at(route)->acceptor.local_endpoint().port(); }

void Proxy::set(const Weather& weather, std::optional<std::size_t> route) {
  work_->for_each(route, [&](Road& road) {
    road.weather = weather;
    if (weather.refuse) road.cut();
    for (const auto& link : std::vector{road.links}) {
      if (link->lacks_answers() && !weather.drop_answers) link->cut();
      if (!weather.hold) link->go_on();
    }
  });
}

std::size_t Proxy::cut(std::optional<std::size_t> route, Cut how) {
  std::size_t count = 0;
  work_->for_each(route, [&](Road& road) { count += road.cut(how); });
  return count;
}

void Proxy::cut_after(std::uint64_t bytes, Direction direction, Cut how, std::optional<std::size_t> route) {
  work_->for_each(route, [&](Road& road) { road.due = DueCut{bytes, direction, how}; });
}

bool Proxy::cut_is_due() {
  bool due = false;
  work_->for_each({}, [&](const Road& road) { due = due || road.due.has_value(); });
  return due;
}

std::size_t Proxy::mute(std::optional<std::size_t> route) {
  std::size_t count = 0;
  work_->for_each(route, [&](Road& road) {
    for (const auto& link : std::vector{road.links}) {
      if (!link->open()) continue;
      link->mute();
      ++count;
    }
  });
  return count;
}

std::uint64_t Proxy::attempts() {
  std::uint64_t count = 0;
  work_->for_each({}, [&](const Road& road) { count += road.attempts; });
  return count;
}

std::uint64_t Proxy::strand() {
  std::uint64_t bytes = 0;
  work_->for_each({}, [&](Road& road) {
    for (const auto& link : std::exchange(road.links, {})) {
      if (!link->open()) continue;
      bytes += link->strand();
      road.stranded.push_back(link);
    }
  });
  return bytes;
}

void Proxy::release_stranded() {
  std::vector<std::future<void>> written;
  work_->for_each({}, [&](Road& road) {
    for (const auto& link : std::exchange(road.stranded, {})) {
      const auto done = std::make_shared<std::promise<void>>();
      written.push_back(done->get_future());
      link->write_late([done] { done->set_value(); });
    }
  });
  for (std::future<void>& one : written) one.get();
}

std::size_t Proxy::connections(std::optional<std::size_t> route) {
  std::size_t count = 0;
  work_->for_each(route, [&](const Road& road) { count += static_cast<std::size_t>(std::ranges::count_if(road.links, &Link::open)); });
  return count;
}

std::size_t Proxy::waiting(std::optional<std::size_t> route) {
  std::size_t count = 0;
  work_->for_each(route, [&](const Road& road) {
    for (const auto& link : road.links) count += link->waiting();
  });
  return count;
}

std::uint64_t Proxy::dropped() {
  std::uint64_t count = 0;
  work_->for_each({}, [&](const Road& road) { count += road.dropped; });
  return count;
}

}  // namespace dispytch::network
