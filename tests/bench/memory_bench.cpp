// How much memory a listener takes while one key is stuck and everything else comes at full speed, over a real Kafka.
//
//   memory_bench [--json FILE] [--messages N]      the broker: DISPYTCH_TEST_KAFKA, or ./dev kafka start
//
// One partition, messages of 8 KiB, every hundredth of the stuck key, concurrency 8. What is shown is the process's resident memory at its
// highest above what it had before the listener began, without a stuck key and with one, beside the ceiling of docs/operations.md. The
// partition goes on until its span is full, so that the stuck key's messages lie scattered over everything that was fetched meanwhile.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include <malloc.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <dispytch/dispytch.hpp>

#include "base/log.hpp"
#include "bench/program.hpp"
#include "lane/lanes.hpp"
#include "support/kafka_topics.hpp"

namespace {

using namespace std::chrono_literals;
namespace bench = dispytch::bench;

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr std::size_t kPayload = 8 * 1024;
constexpr int kStuckEvery = 100;
constexpr std::uint32_t kConcurrency = 8;
constexpr std::int64_t kPrefetchKiB = 16 * 1024;

struct Reading {
  static constexpr auto topic = "readings";
  static constexpr auto type = "reading";
  static constexpr auto partition_by = "sensor";

  std::string sensor = {};
  std::string values = {};
};
DISPYTCH_EVENT(Reading, sensor, values)

std::uint64_t resident() {
  std::ifstream statm{"/proc/self/statm"};
  std::uint64_t pages = 0;
  std::uint64_t present = 0;
  statm >> pages >> present;
  return present * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// The highest since it was made, above what there was then. Looks every 2 ms.
class HighWater {
 public:
  HighWater()
      : base_{(::malloc_trim(0), resident())}, thread_{[this](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            highest_ = std::max(highest_.load(), resident());
            std::this_thread::sleep_for(2ms);
          }
        }} {}
  std::uint64_t above() const { return highest_ - std::min(base_, highest_.load()); }

 private:
  const std::uint64_t base_;
  std::atomic<std::uint64_t> highest_{0};
  std::jthread thread_;
};

// What docs/operations.md says: the bounds, what they leave out, and what the client prefetches.
std::uint64_t ceiling() {
  const dispytch::policy::Limits limits;
  const std::uint64_t each = sizeof(dispytch::lane::Item) + sizeof(dispytch::lane::Lane) + sizeof(dispytch::inflight::OwnedMessage) + 128;
  const std::uint64_t response = kMiB;  // max.partition.fetch.bytes
  return limits.bytes + limits.messages * each + limits.span * 9 + (32 + kConcurrency) * response +
         static_cast<std::uint64_t>(kPrefetchKiB) * 1024;
}

struct Outcome {
  std::size_t handled = 0;
  std::uint64_t above = 0;
};

// Handles `wanted` messages of other keys, with the stuck key's first message in its handler all the while.
Outcome listen(const dispytch::Backend& kafka, const std::string& topic, bool stuck, std::size_t wanted) {
  static int number = 0;
  const HighWater memory;
  std::stop_source stop;
  std::mutex mutex;
  std::condition_variable let_go;
  bool over = false;
  std::atomic<std::size_t> handled{0};
  dispytch::HandlerGroup group{{.topic = topic}};
  group.on<Reading>([&](const Reading& reading) {
    if (stuck && reading.sensor == "stuck") {
      std::unique_lock lock{mutex};
      let_go.wait(lock, [&] { return over; });
      return;
    }
    if (++handled != wanted) return;
    const std::lock_guard lock{mutex};
    over = true;
    stop.request_stop();
    let_go.notify_all();
  });
  dispytch::EventListener listener{
      kafka.consumer(
          {.topics = {topic}, .group = topic + "-" + std::to_string(++number), .config = {{"queued.max.messages.kbytes", kPrefetchKiB}}}),
      {.delivery = {.ordering = dispytch::Ordering::key, .concurrency = kConcurrency}}};
  listener.include(group);
  listener.run(stop.get_token());
  return {handled, memory.above()};
}

struct Options {
  std::size_t messages = 60'000;  // below the span of a partition, so that all of them come past the stuck one
};

int run(const Options& options, const bench::Program& program) {
  const std::string address = dispytch::testing::kafka_address();
  const std::string topic = "bench-memory-" + std::to_string(::getpid());
  dispytch::testing::KafkaTopics topics{address};
  topics.create(topic, 1);
  const auto kafka = dispytch::Backend::load("kafka", {{"bootstrap.servers", address}});
  std::size_t others = 0;
  {
    std::atomic<std::size_t> confirmed{0};
    dispytch::EventEmitter emitter{kafka.producer()};
    const std::string values(kPayload, 'x');
    for (std::size_t i = 0; i < options.messages; ++i) {
      const bool stuck = i % kStuckEvery == 0;
      others += stuck ? 0 : 1;
      emitter.emit(Reading{.sensor = stuck ? "stuck" : "s" + std::to_string(i % 1000), .values = values},
                   [&confirmed](const dispytch::Result<dispytch::Receipt>& result) { confirmed += result ? 1 : 0; }, {.topic = topic});
      if (i % 10'000 == 0) emitter.flush(60s).value();
    }
    emitter.flush(60s).value();
    if (confirmed != options.messages) throw std::runtime_error{"not every message was confirmed"};
  }
  const Outcome free = listen(kafka, topic, false, others);
  const Outcome stuck = listen(kafka, topic, true, others);
  topics.remove(topic);
  const auto mib = [](std::uint64_t bytes) { return static_cast<double>(bytes) / static_cast<double>(kMiB); };
  std::printf("%zu messages of 8 KiB, %.0f MiB in all; resident memory above that before, at its highest\n", options.messages,
              mib(options.messages * kPayload));
  std::printf("nothing stuck: %7.1f MiB, %zu messages of other keys handled\n", mib(free.above), free.handled);
  std::printf("one key stuck: %7.1f MiB, %zu messages of other keys handled, %zu of the stuck key in hand\n", mib(stuck.above),
              stuck.handled, options.messages - others);
  std::printf("ceiling:       %7.1f MiB\n", mib(ceiling()));
  program.save({{"bench", "memory"},
                {"messages", options.messages},
                {"payload_bytes", kPayload},
                {"free_bytes", free.above},
                {"stuck_bytes", stuck.above},
                {"ceiling_bytes", ceiling()}});
  return std::max(free.above, stuck.above) <= ceiling() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  bench::Program program{"What a listener holds while one key is stuck, beside the ceiling that the docs state"};
  program.number("--messages", options.messages, 1'000, "Messages, no more than the span of a partition: all pass the stuck one", 65'000);
  return program.main(argc, argv, [&] {
    dispytch::log::configure(dispytch::log::Level::warning, dispytch::log::Format::text);  // the figures shall be seen
    return run(options, program);
  });
}
