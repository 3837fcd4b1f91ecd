#include "faults/proxy.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <future>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace dispytch::faults {

namespace asio = boost::asio;
using asio::ip::tcp;
using Failure = boost::system::error_code;

struct Road;

// One connection of a client and that to its broker. Everything happens on the thread of the context.
class Link : public std::enable_shared_from_this<Link> {
 public:
  Link(Road& road, tcp::socket client, asio::io_context& context)
      : road_{road}, requests_{std::move(client), context}, answers_{tcp::socket{context}, context} {}

  void start(std::uint16_t target);
  // By a reset, as a firewall or a router that lost its table does it.
  void cut() {
    for (Direction* direction : {&requests_, &answers_}) {
      Failure ignored;
      direction->from.set_option(asio::socket_base::linger{true, 0}, ignored);
      direction->from.close(ignored);
      direction->timer.cancel();
    }
    held_ = {};
  }
  bool open() const { return requests_.from.is_open() && answers_.from.is_open(); }
  bool lacks_answers() const noexcept { return lacks_answers_; }
  void go_on() {
    for (Direction* direction : {&requests_, &answers_}) direction->timer.cancel();
    for (auto& step : std::exchange(held_, {})) step();
  }
  std::size_t waiting() const noexcept { return held_.size() + delayed_; }

 private:
  struct Direction {
    Direction(tcp::socket socket, asio::io_context& context) : from{std::move(socket)}, timer{context} {}
    tcp::socket from;
    asio::steady_timer timer;
    std::array<char, 65536> buffer{};
  };

  void read(Direction& from, Direction& to);
  void pass(Direction& from, Direction& to, std::size_t size);
  void write(Direction& from, Direction& to, std::size_t size);

  Road& road_;
  Direction requests_, answers_;                  // from the client, from the broker
  std::vector<std::function<void()>> held_ = {};  // what goes on when nothing is held any more
  std::size_t delayed_ = 0;
  bool lacks_answers_ = false;
};

struct Road {
  Road(asio::io_context& context, const Route& route)
      : acceptor{context, tcp::endpoint{asio::ip::address_v4::loopback(), route.listen}}, target{route.target} {}

  void accept(asio::io_context& context) {
    acceptor.async_accept([this, &context](Failure failure, tcp::socket client) {
      if (failure) return;
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
  std::size_t cut() {
    std::size_t count = 0;
    for (const auto& link : std::exchange(links, {})) {
      count += link->open();
      link->cut();
    }
    return count;
  }

  tcp::acceptor acceptor;
  std::uint16_t target;
  Weather weather = {};
  std::vector<std::shared_ptr<Link>> links = {};
  std::uint64_t dropped = 0;
};

void Link::start(std::uint16_t target) {
  answers_.from.async_connect(tcp::endpoint{asio::ip::address_v4::loopback(), target}, [this, self = shared_from_this()](Failure failure) {
    if (failure) return cut();  // nobody is there: the client is told so
    Failure ignored;
    answers_.from.set_option(tcp::no_delay{true}, ignored);
    read(requests_, answers_);
    read(answers_, requests_);
  });
}

void Link::read(Direction& from, Direction& to) {
  from.from.async_read_some(asio::buffer(from.buffer), [this, self = shared_from_this(), &from, &to](Failure failure, std::size_t size) {
    if (failure) return cut();  // one side's end is the other's: Kafka's clients know no half-closed connection
    pass(from, to, size);
  });
}

void Link::pass(Direction& from, Direction& to, std::size_t size) {
  if (!open()) return;
  if (road_.weather.hold) {
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

void Link::write(Direction& from, Direction& to, std::size_t size) {
  asio::async_write(to.from, asio::buffer(from.buffer.data(), size),
                    [this, self = shared_from_this(), &from, &to](Failure failure, std::size_t) {
                      if (failure) return cut();
                      read(from, to);
                    });
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

std::size_t Proxy::cut(std::optional<std::size_t> route) {
  std::size_t count = 0;
  work_->for_each(route, [&](Road& road) { count += road.cut(); });
  return count;
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

}  // namespace dispytch::faults
