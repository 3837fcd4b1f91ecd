// Whether lanes run side by side: handlers of 2 ms over few and many keys, with concurrency 100, over the memory broker and a real Kafka.
//
//   scaling_bench [--json FILE] [--pairs N]      the broker: DISPYTCH_TEST_KAFKA, or ./dev kafka start
//
// What is compared is the time from the first handler to the last, as a share of the ideal: all handlers one after another, divided by
// how many may run at a time, min(keys, 100). Beside it the same work by threads that do nothing but sleep, a thread for each lane: what
// the machine itself can do. Every handler checks the order of its key. Then what a default listener (one worker) loses between slow
// handlers.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>
#include <nlohmann/json.hpp>

#include <dispytch/dispytch.hpp>

#include "base/log.hpp"
#include "bench/paired.hpp"
#include "bench/program.hpp"
#include "support/kafka_topics.hpp"

namespace {

using namespace std::chrono_literals;
using Time = std::chrono::steady_clock::time_point;
namespace bench = dispytch::bench;

constexpr auto kWork = 2ms;
constexpr std::size_t kConcurrency = 100;

struct Step {
  static constexpr auto topic = "steps";
  static constexpr auto type = "step";
  static constexpr auto partition_by = "lane";

  int lane = 0;
  int number = 0;
};
DISPYTCH_EVENT(Step, lane, number)

// About a second of work: so many messages of each key.
struct Load {
  std::size_t keys;
  std::size_t each;
  std::size_t messages() const { return keys * each; }
  std::size_t lanes() const { return std::min(keys, kConcurrency); }
  double ideal_seconds() const {
    return std::chrono::duration<double>{kWork}.count() * static_cast<double>(messages()) / static_cast<double>(lanes());
  }
};
constexpr Load kLoads[] = {{1, 500}, {5, 500}, {20, 500}, {1000, 50}};

// Where the messages are, and how to get a consumer that reads them from the beginning.
struct Filled {
  std::string topic;
  std::function<dispytch::Consumer()> consumer;
};

void emit(const dispytch::Backend& backend, const std::string& topic, std::size_t keys, std::size_t each) {
  dispytch::EventEmitter emitter{backend.producer()};
  std::atomic<std::size_t> confirmed{0};
  for (std::size_t number = 0; number < each; ++number) {
    for (std::size_t key = 0; key < keys; ++key) {
      emitter.emit(Step{.lane = static_cast<int>(key), .number = static_cast<int>(number)},
                   [&confirmed](const dispytch::Result<dispytch::Receipt>& result) { confirmed += result ? 1 : 0; }, {.topic = topic});
    }
  }
  emitter.flush(60s).value();
  if (confirmed != keys * each) throw std::runtime_error{"not every message was confirmed"};
}

double seconds(Time from, Time to) { return std::chrono::duration<double>{to - from}.count(); }

// Time over ideal time of the same sleeps on threads of their own.
double by_hand(const Load& load) {
  const Time begin = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (std::size_t lane = 0; lane < load.lanes(); ++lane) {
      threads.emplace_back([&load] {
        for (std::size_t i = 0; i < load.messages() / load.lanes(); ++i) std::this_thread::sleep_for(kWork);
      });
    }
  }
  return seconds(begin, std::chrono::steady_clock::now()) / load.ideal_seconds();
}

// The same by a listener. Counts what came out of order.
double by_lanes(const Load& load, const Filled& filled, std::atomic<std::size_t>& violations) {
  std::stop_source stop;
  std::once_flag first;
  Time begin;
  Time end;
  std::atomic<std::size_t> handled{0};
  const auto next = std::make_unique<std::atomic<int>[]>(load.keys);
  dispytch::HandlerGroup group{{.topic = filled.topic}};
  group.on<Step>([&](const Step& step) {
    std::call_once(first, [&] { begin = std::chrono::steady_clock::now(); });
    std::atomic<int>& expected = next[static_cast<std::size_t>(step.lane)];
    if (expected.load(std::memory_order_relaxed) != step.number) ++violations;
    std::this_thread::sleep_for(kWork);
    expected.store(step.number + 1, std::memory_order_relaxed);  // at the end: two at a time would both have found the same
    if (++handled == load.messages()) {
      end = std::chrono::steady_clock::now();
      stop.request_stop();
    }
  });
  dispytch::EventListener listener{filled.consumer(), {.delivery = {.ordering = dispytch::Ordering::key, .concurrency = kConcurrency}}};
  listener.include(group);
  listener.run(stop.get_token());
  return seconds(begin, end) / load.ideal_seconds();
}

// The longest time between two handlers of a default listener whose handlers take 20 ms, in seconds.
double longest_pause(const Load& load, const Filled& filled) {
  std::stop_source stop;
  std::size_t handled = 0;
  Time before;
  double longest = 0;
  dispytch::HandlerGroup group{{.topic = filled.topic}};
  group.on<Step>([&](const Step&) {
    if (handled > 0) longest = std::max(longest, seconds(before, std::chrono::steady_clock::now()));
    std::this_thread::sleep_for(20ms);
    if (++handled == load.messages()) stop.request_stop();
    before = std::chrono::steady_clock::now();
  });
  dispytch::EventListener listener{filled.consumer()};
  listener.include(group);
  listener.run(stop.get_token());
  return longest;
}

struct Options {
  std::size_t pairs = 5;
};

class Brokers {
 public:
  Brokers()
      : address_{dispytch::testing::kafka_address()},
        topics_{address_},
        kafka_{dispytch::Backend::load("kafka", {{"bootstrap.servers", address_}})} {}
  ~Brokers() {
    for (const std::string& topic : made_) topics_.remove(topic);
  }
  Brokers(const Brokers&) = delete;
  Brokers& operator=(const Brokers&) = delete;

  // A consumer empties the memory broker, so that each gets one of its own.
  static Filled memory(const Load& load) {
    return {"steps", [load] {
              const auto backend = dispytch::Backend::load("memory", {{"default_partitions", std::int64_t{4}}});
              emit(backend, "steps", load.keys, load.each);
              return backend.consumer({.topics = {"steps"}, .group = "scaling"});
            }};
  }
  Filled kafka(const Load& load) {
    const std::string topic = "bench-scaling-" + std::to_string(::getpid()) + "-" + std::to_string(made_.size());
    topics_.create(topic, 4);
    made_.push_back(topic);
    emit(kafka_, topic, load.keys, load.each);
    return {topic, [this, topic] { return kafka_.consumer({.topics = {topic}, .group = topic + "-" + std::to_string(++groups_)}); }};
  }

 private:
  std::string address_;
  dispytch::testing::KafkaTopics topics_;
  dispytch::Backend kafka_;
  std::vector<std::string> made_;
  int groups_ = 0;
};

int run(const Options& options, const bench::Program& program) {
  Brokers brokers;
  std::atomic<std::size_t> violations{0};
  auto rows = nlohmann::json::array();
  auto pauses = nlohmann::json::object();
  std::printf("handlers of 2 ms, ordering by key, concurrency %zu; time over ideal time; %zu pairs\n", kConcurrency, options.pairs);
  std::printf("%-8s %6s %9s %10s %9s %9s  %s\n", "", "keys", "messages", "ideal [s]", "by hand", "dispytch", "dispytch over by hand");
  for (const std::string name : {"memory", "kafka"}) {
    for (const Load& load : kLoads) {
      const Filled filled = name == "memory" ? Brokers::memory(load) : brokers.kafka(load);
      const bench::Paired r = bench::compare(
          name, [&] { return by_hand(load); }, [&] { return by_lanes(load, filled, violations); }, {.pairs = options.pairs});
      rows.push_back({{"backend", name},
                      {"keys", load.keys},
                      {"messages", load.messages()},
                      {"ideal_s", load.ideal_seconds()},
                      {"by_hand", r.a},
                      {"dispytch", r.b},
                      {"ratio", r.ratio},
                      {"low", r.low},
                      {"high", r.high}});
      std::printf("%-8s %6zu %9zu %10.3f %9.3f %9.3f  %.3f (%.3f to %.3f)\n", name.c_str(), load.keys, load.messages(),
                  load.ideal_seconds(), r.a, r.b, r.ratio, r.low, r.high);
    }
    const Load slow{1, 100};
    pauses[name] = longest_pause(slow, name == "memory" ? Brokers::memory(slow) : brokers.kafka(slow));
  }
  std::printf("default listener, handlers of 20 ms: the longest pause between two: memory %.1f ms, kafka %.1f ms\n",
              pauses["memory"].get<double>() * 1e3, pauses["kafka"].get<double>() * 1e3);
  std::printf("out of order: %zu\n", violations.load());
  program.save({{"bench", "scaling"}, {"rows", rows}, {"longest_pause_s", pauses}, {"order_violations", violations.load()}});
  return violations == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  bench::Program program{"How near to the ideal slow handlers come, by the number of keys"};
  program.number("--pairs", options.pairs, 1, "Measurements of each");
  return program.main(argc, argv, [&] {
    dispytch::log::configure(dispytch::log::Level::warning, dispytch::log::Format::text);  // the table shall be seen
    return run(options, program);
  });
}
