// What the plugin border costs: the same loop in this program and behind the border of a plugin that is loaded, for each hot call.
//
//   border_bench [--json FILE] [--pairs N]
//
// The loops do next to nothing (they add up tokens), so the difference is the border: the call through the table, the element copied by
// its stride, and for poll the batch that is handed over and released.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <array>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bench/paired.hpp"
#include "bench/program.hpp"
#include "border/adapter.hpp"
#include "border/consumer_handle.hpp"
#include "border/error.hpp"
#include "border/library.hpp"
#include "border/producer_handle.hpp"

namespace {

namespace bench = dispytch::bench;
namespace border = dispytch::border;

constexpr std::size_t kMessages = 1 << 20;  // of one sample: some milliseconds, far above the clock's grain
constexpr std::chrono::milliseconds kTimeout{1000};
constexpr const char* kNoConfig = R"({"config":{}})";

std::uint64_t sum = 0;

// What a plugin's loops are without a border between: a call that isn't inlined, and the structs by reference.
[[gnu::noinline]] std::size_t direct_send(std::span<const dispytch_message> messages) {
  for (const dispytch_message& message : messages) sum += message.token + message.payload.len;
  return messages.size();
}
[[gnu::noinline]] std::size_t direct_reports(std::span<dispytch_report> out) {
  for (dispytch_report& report : out) {
    report = {};
    report.token = ++sum;
  }
  return out.size();
}
[[gnu::noinline]] std::span<const dispytch_message> direct_poll(std::span<dispytch_message> messages) {
  for (dispytch_message& message : messages) message.token = ++sum;
  return messages;
}
[[gnu::noinline]] void direct_settle(std::span<const dispytch_settlement> settlements) {
  for (const dispytch_settlement& settlement : settlements) sum += settlement.token;
}

// Nanoseconds for a message, where one call of `body` handles `batch` of them.
template <class F>
double nanoseconds(std::size_t batch, F&& body) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < kMessages / batch; ++i) body();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  return took.count() / static_cast<double>(kMessages);
}

class Bench {
 public:
  explicit Bench(bench::PairedOptions options) : options_{options} {
    const border::Library& library = *border::load(DISPYTCH_BORDER_PLUGIN).value();
    const auto adapter = border::Adapter::open(library, kNoConfig, {}, kTimeout).value();
    producer_ = adapter->open_producer(kNoConfig, {}, kTimeout).value();
    consumer_ = adapter->open_consumer(kNoConfig, {}, kTimeout).value();
    for (dispytch_message& message : messages_) message.payload = {reinterpret_cast<const std::uint8_t*>("some payload"), 12};
    for (dispytch_settlement& settlement : settlements_) settlement = {.token = 1, .action = DISPYTCH_ACK, .delay_ms = 0};
  }

  bench::Paired control() {
    const std::span<const dispytch_message> messages{messages_.data(), 256};
    const bench::Sample direct = [=] { return nanoseconds(256, [=] { direct_send(messages); }); };
    return bench::compare("control: send by 256 against itself", direct, direct, options_);
  }
  bench::Paired send(std::size_t batch) {
    const std::span<const dispytch_message> messages{messages_.data(), batch};
    return bench::compare(
        "send by " + std::to_string(batch), [=] { return nanoseconds(batch, [=] { direct_send(messages); }); },
        [this, batch, messages] {
          return nanoseconds(batch, [this, messages] {
            dispytch_error error = border::empty_error();
            std::uint32_t accepted = 0;
            if (producer_->send(messages, accepted, error) != DISPYTCH_OK) std::abort();
          });
        },
        options_);
  }
  bench::Paired reports() {
    return bench::compare(
        "reports by 256", [this] { return nanoseconds(256, [this] { direct_reports(reports_); }); },
        [this] {
          return nanoseconds(256, [this] {
            std::uint32_t count = 0;
            if (producer_->reports(reports_, count) != DISPYTCH_OK) std::abort();
          });
        },
        options_);
  }
  bench::Paired poll(std::size_t batch) {
    const std::span<dispytch_message> messages{messages_.data(), batch};
    return bench::compare(
        "poll and release by " + std::to_string(batch),
        [=] {
          return nanoseconds(batch, [=] {
            for (const dispytch_message& message : direct_poll(messages)) sum += message.token + message.payload.len;
          });
        },
        [this, batch] {
          return nanoseconds(batch, [this, batch] {
            const border::Batch polled = consumer_->poll(static_cast<std::uint32_t>(batch), UINT64_MAX, kTimeout).value();
            for (const dispytch_message& message : polled.messages()) sum += message.token + message.payload.len;
          });
        },
        options_);
  }
  bench::Paired settle() {
    return bench::compare(
        "settle by 256", [this] { return nanoseconds(256, [this] { direct_settle(settlements_); }); },
        [this] {
          return nanoseconds(256, [this] {
            dispytch_error error = border::empty_error();
            if (consumer_->settle(settlements_, error) != DISPYTCH_OK) std::abort();
          });
        },
        options_);
  }

 private:
  bench::PairedOptions options_;
  std::unique_ptr<border::ProducerHandle> producer_;
  std::unique_ptr<border::ConsumerHandle> consumer_;
  std::array<dispytch_message, 1024> messages_{};
  std::array<dispytch_report, 256> reports_{};
  std::array<dispytch_settlement, 256> settlements_{};
};

int run(const bench::PairedOptions& options, const bench::Program& program) {
  Bench bench{options};
  const std::vector<bench::Paired> results{bench.control(), bench.send(1),  bench.send(64),   bench.send(256),
                                           bench.reports(), bench.poll(64), bench.poll(1024), bench.settle()};
  program.save({{"bench", "border"}, {"results", bench::to_json(results, "direct", "border")}});
  std::printf("%zu pairs, nanoseconds for a message, checksum %llu\n", options.pairs, static_cast<unsigned long long>(sum));
  std::printf("%-38s %9s %9s %9s\n", "", "direct", "border", "added");
  for (const bench::Paired& r : results) std::printf("%-38s %9.2f %9.2f %9.2f\n", r.name.c_str(), r.a, r.b, r.b - r.a);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  bench::PairedOptions options;
  bench::Program program{"What the plugin border costs beside direct calls"};
  program.number("--pairs", options.pairs, 1, "Measurements of each of two");
  return program.main(argc, argv, [&] { return run(options, program); });
}
