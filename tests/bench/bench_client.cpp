// One work at a time, in a process of its own, so that it can be compared from outside: with another version, another client, another
// setting.
//
//   bench-client emit TOPIC N [--rate N]
//   bench-client consume TOPIC N [--batch N] [--concurrency N] [--ordering partition|key|key_local|none]
//
// The topic must be there. `--set NAME=VALUE` gives an option to the Kafka client. The last line of the output is JSON: n,
// seconds, msgs_per_s, cpu_us_per_msg, max_rss_mib and checksum. With --rate each event carries the moment at which it was due, and the
// line of `emit` has p50, p99 and p999 in microseconds from there to its confirmation; `consume` has them from there to the handler for
// such events.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <map>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <dispytch/dispytch.hpp>

#include "support/kafka_topics.hpp"

namespace {

using namespace std::chrono_literals;

struct Address {
  std::string street = {}, city = {}, country = {};
};
DISPYTCH_STRUCT(Address, street, city, country)

// About 315 bytes on the wire.
struct OrderPlaced {
  static constexpr auto topic = "bench-orders";
  static constexpr auto type = "order_placed";
  static constexpr auto partition_by = "customer";

  std::int64_t number = 0;
  std::string customer = {};
  Address address = {};
  std::int64_t cents = 0;
  bool gift = false;
  std::int64_t due_ns = 0;
};
DISPYTCH_EVENT(OrderPlaced, number, customer, address, cents, gift, due_ns)

OrderPlaced make_event(std::int64_t i) {
  const std::int64_t n = i * 7919 % 20'000;
  return {.number = i,
          .customer = "customer-" + std::to_string(n),
          .address = {.street = "Avenue of the Americas " + std::to_string(n % 900), .city = "New York", .country = "United States"},
          .cents = n * 13,
          .gift = n % 7 == 0};
}

std::int64_t now_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

struct Work {
  std::string topic = {};
  std::int64_t count = 0;
  std::uint32_t batch = 0;
  std::uint32_t concurrency = 1;
  dispytch::Ordering ordering = dispytch::Ordering::partition;
  std::int64_t rate = 0;
  std::vector<std::string> settings = {};
};

// What a run gave. Latencies may come from several threads.
class Outcome {
 public:
  void begin() { wall_ = now_ns(CLOCK_MONOTONIC); }
  void end() {
    wall_ = now_ns(CLOCK_MONOTONIC) - wall_;
    cpu_ = now_ns(CLOCK_PROCESS_CPUTIME_ID);
  }
  void print(const Work& work, std::int64_t checksum, std::vector<std::int64_t> latencies) const {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto count = static_cast<double>(work.count);
    const double seconds = static_cast<double>(wall_) / 1e9;
    nlohmann::ordered_json line{{"n", work.count},
                                {"seconds", seconds},
                                {"msgs_per_s", count / seconds},
                                {"cpu_us_per_msg", static_cast<double>(cpu_) / 1e3 / count},
                                {"max_rss_mib", static_cast<double>(usage.ru_maxrss) / 1024},
                                {"checksum", checksum}};
    if (!latencies.empty()) {
      std::ranges::sort(latencies);
      for (const auto& [name, part] : {std::pair{"p50", 0.5}, {"p99", 0.99}, {"p999", 0.999}}) {
        const auto at = static_cast<std::size_t>(part * static_cast<double>(latencies.size() - 1));
        line[name] = static_cast<double>(latencies[at]) / 1e3;
      }
    }
    std::printf("%s\n", line.dump().c_str());
  }

 private:
  std::int64_t wall_ = 0;
  std::int64_t cpu_ = 0;  // of the whole process, from its start: a client fetches before it hands out its first message
};

int consume(const Work& work, const dispytch::Backend& kafka) {
  Outcome outcome;
  std::atomic<std::int64_t> seen{0};
  std::atomic<std::int64_t> checksum{0};
  std::vector<std::int64_t> latencies;
  std::mutex latencies_mutex;
  std::stop_source stop;
  const auto handle = [&](const OrderPlaced& event) {
    if (event.due_ns != 0) {
      const std::lock_guard lock{latencies_mutex};
      latencies.push_back(now_ns(CLOCK_REALTIME) - event.due_ns);
    }
    checksum.fetch_add(event.cents, std::memory_order_relaxed);
    const std::int64_t number = seen.fetch_add(1, std::memory_order_relaxed);
    if (number == 0) outcome.begin();
    if (number + 1 == work.count) {
      outcome.end();
      stop.request_stop();
    }
  };
  dispytch::HandlerGroup group{{.topic = work.topic}};
  if (work.batch == 0) {
    group.on<OrderPlaced>([&](const OrderPlaced& event) { handle(event); });
  } else {
    group.on_batch<OrderPlaced>(
        [&](dispytch::Batch<OrderPlaced>& batch) {
          for (const auto& item : batch) handle(item.body);
        },
        {.max = work.batch, .wait = 5ms});
  }
  dispytch::EventListener listener{
      kafka.consumer(
          {.topics = {work.topic}, .group = "bench-" + std::to_string(::getpid()) + "-" + std::to_string(now_ns(CLOCK_REALTIME))}),
      {.delivery = {.ordering = work.ordering, .concurrency = work.concurrency}}};
  listener.include(group);
  listener.run(stop.get_token());
  outcome.print(work, checksum, std::move(latencies));
  return 0;
}

int emit(const Work& work, const dispytch::Backend& kafka) {
  dispytch::EventEmitter emitter{kafka.producer()};
  const dispytch::EmitOptions options{.topic = work.topic};
  std::int64_t confirmed = 0;  // by the emitter's thread alone, and read after the flush
  std::vector<std::int64_t> latencies;
  std::int64_t checksum = 0;
  Outcome outcome;
  outcome.begin();
  const std::int64_t start = now_ns(CLOCK_REALTIME);
  for (std::int64_t i = 0; i < work.count; ++i) {
    OrderPlaced event = make_event(i);
    checksum += event.cents;
    if (work.rate > 0) {
      event.due_ns = start + i * 1'000'000'000 / work.rate;
      // Sleeps: a pacer that spins would take the core that it measures.
      while (now_ns(CLOCK_REALTIME) < event.due_ns)
        std::this_thread::sleep_for(std::chrono::nanoseconds{event.due_ns - now_ns(CLOCK_REALTIME)});
    }
    const std::int64_t due = event.due_ns;
    emitter.emit(
        event,
        [&confirmed, &latencies, due](const dispytch::Result<dispytch::Receipt>& result) {
          confirmed += result ? 1 : 0;
          if (due != 0) latencies.push_back(now_ns(CLOCK_REALTIME) - due);
        },
        options);
  }
  emitter.flush(60s).value();
  outcome.end();
  if (confirmed != work.count) throw std::runtime_error{"not every message was confirmed"};
  outcome.print(work, checksum, std::move(latencies));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Work work;
  CLI::App app{"One work over a real Kafka, in a process of its own; the last line of the output is JSON"};
  app.require_subcommand(1);
  auto* consuming = app.add_subcommand("consume", "Handle N events of a topic, from its beginning");
  auto* emitting = app.add_subcommand("emit", "Emit N events to a topic");
  for (auto* command : {consuming, emitting}) {
    command->add_option("topic", work.topic, "Topic")->required();
    command->add_option("count", work.count, "Events")->required()->check(CLI::PositiveNumber);
    command->add_option("--set", work.settings, "NAME=VALUE of the Kafka client, as often as needed");
  }
  consuming->add_option("--batch", work.batch, "Handle them in batches of so many (0: one by one)");
  consuming->add_option("--concurrency", work.concurrency, "Handlers at a time")->check(CLI::PositiveNumber);
  const std::map<std::string, dispytch::Ordering> orderings{{"partition", dispytch::Ordering::partition},
                                                            {"key", dispytch::Ordering::key},
                                                            {"key_local", dispytch::Ordering::key_local},
                                                            {"none", dispytch::Ordering::none}};
  consuming->add_option("--ordering", work.ordering, "partition, key, key_local or none")->transform(CLI::CheckedTransformer(orderings));
  emitting->add_option("--rate", work.rate, "Events a second (0: as many as go)");
  try {
    app.parse(argc, argv);
    dispytch::Properties options{{"bootstrap.servers", dispytch::testing::kafka_address()}};
    for (const std::string& setting : work.settings) {
      const std::size_t equals = setting.find('=');
      if (equals == std::string::npos) throw std::runtime_error{"--set takes NAME=VALUE, not " + setting};
      options.set(setting.substr(0, equals), setting.substr(equals + 1));
    }
    const auto kafka = dispytch::Backend::load("kafka", options);
    return consuming->parsed() ? consume(work, kafka) : emit(work, kafka);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "%s\n", exception.what());
    return 1;
  }
}
