#include "sim/plugin.hpp"

#include <cstdint>

#include <dispytch/plugin/backend.hpp>

#include "border/library.hpp"

namespace dispytch::sim {
namespace {

// The border opens backends by config alone: what is opened next, by this thread, is here.
thread_local Broker* next_broker = nullptr;
thread_local Seat* next_seat = nullptr;
thread_local std::uint64_t next_capabilities = 0;

class Producer {
 public:
  Producer(Broker&, Seat& seat) : seat_{seat} {}

  plugin::Accepted send(plugin::Strided<const plugin::MessageView> messages) {
    if (!seat_.alive) return {messages.size()};  // the process is gone: nothing of it reaches a broker
    if (seat_.queue_full) return {0, plugin::Status::again()};
    for (const plugin::MessageView& message : messages) {
      Seat::Sent sent{.topic = std::string{message.topic()},
                      .key = std::string{message.key().value_or("")},
                      .payload = std::string{message.payload().value_or("")},
                      .token = message.token()};
      for (const plugin::Header& header : message.headers())
        sent.headers.emplace_back(plugin::view(header.key), plugin::view(header.value));
      seat_.sent.push_back(std::move(sent));
    }
    return {messages.size()};
  }
  std::size_t reports(plugin::Strided<plugin::Report> out) {
    std::size_t count = 0;
    while (count < out.size() && !seat_.reports.empty()) {
      out.set(count++, seat_.reports.front());
      seat_.reports.pop_front();
    }
    return count;
  }
  plugin::Status flush(std::chrono::milliseconds) { return {}; }

 private:
  Seat& seat_;
};

class Consumer {
 public:
  Consumer(Broker& broker, Seat& seat) : broker_{broker}, seat_{seat} {}

  plugin::Status poll(plugin::Limits limits, std::chrono::milliseconds, plugin::BatchOut& out) { return broker_.poll(seat_, limits, out); }
  void wake() {}
  plugin::Status settle(plugin::Strided<const plugin::Settlement> settlements) {
    plugin::Status status;
    for (const plugin::Settlement settlement : settlements) {
      if (plugin::Status one = broker_.settle(seat_, settlement); !one.ok()) status = std::move(one);
    }
    return status;
  }
  plugin::Status sync(std::chrono::milliseconds) { return broker_.sync(seat_); }
  plugin::Status begin(std::span<const std::uint64_t> tokens, bool on, std::chrono::milliseconds) {
    for (const std::uint64_t token : tokens) {
      if (plugin::Status one = broker_.begin(seat_, token, on); !one.ok()) return one;
    }
    return {};
  }
  plugin::Status pause(std::span<const plugin::Source> sources, bool on) {
    for (const plugin::Source& source : sources) broker_.pause(seat_, source.source, on);
    return {};
  }
  plugin::Status close(std::chrono::milliseconds) {
    broker_.close(seat_);
    return {};
  }

 private:
  Broker& broker_;
  Seat& seat_;
};

class Backend {
 public:
  Backend(plugin::Host, plugin::Config) : broker_{*next_broker}, seat_{*next_seat}, capabilities_{next_capabilities} {}
  plugin::Capabilities capabilities() const { return plugin::Capabilities{capabilities_ | DISPYTCH_CAN_PRODUCE | DISPYTCH_CAN_CONSUME}; }
  plugin::Capabilities consumer_capabilities(const plugin::Config&) const { return capabilities(); }  // it may remember nothing
  plugin::Result<std::unique_ptr<Producer>> producer(plugin::Config) { return std::make_unique<Producer>(broker_, seat_); }
  plugin::Result<std::unique_ptr<Consumer>> consumer(plugin::Config) { return std::make_unique<Consumer>(broker_, seat_); }

 private:
  Broker& broker_;
  Seat& seat_;
  std::uint64_t capabilities_;
};

constexpr const char* kSchema = R"({"$defs": {"backend": {}, "producer": {}, "consumer": {}, "topic": {}}})";

}  // namespace
}  // namespace dispytch::sim

extern "C" const dispytch_plugin* simulated_plugin(std::uint32_t host_abi_minor) noexcept;

DISPYTCH_PLUGIN(dispytch::sim::Backend, .id = "simulated", .version = "1.0",
                .capabilities = {dispytch::plugin::ack_each, dispytch::plugin::ack_up_to, dispytch::plugin::headers, dispytch::plugin::keys,
                                 dispytch::plugin::groups, dispytch::plugin::partitions, dispytch::plugin::requeue, dispytch::plugin::delay,
                                 dispytch::plugin::count_attempts, dispytch::plugin::carry_attempts},
                .config_schema = dispytch::sim::kSchema)

namespace dispytch::sim {

std::shared_ptr<border::Adapter> open_backend(Broker& broker, Seat& seat, const Clock& clock, std::uint64_t capabilities) {
  static const border::Library& library = border::adopt(*simulated_plugin(DISPYTCH_ABI_MINOR));
  next_broker = &broker;
  next_seat = &seat;
  next_capabilities = capabilities;
  return border::Adapter::open(library, R"({"config":{}})", {.clock = &clock, .quiet = true}, std::chrono::seconds{1}).value();
}

}  // namespace dispytch::sim
