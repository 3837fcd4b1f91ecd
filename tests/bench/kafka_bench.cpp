// What dispytch costs over a real Kafka: consuming and emitting against raw librdkafka doing the same work in the same process.
//
//   kafka_bench [--json FILE] [--pairs N] [--messages N]      the broker: DISPYTCH_TEST_KAFKA, or ./dev kafka start
//
// Consume: poll, find the type, decode the same struct, acknowledge. Emit: the same bytes, one delivery report for each message.
// What is compared is the CPU time of the whole process for a message, librdkafka's own threads included; the wall time is shown beside it,
// and on a machine that runs the broker too says more of the broker than of its clients.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <librdkafka/rdkafka.h>
#include <simdjson.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <dispytch/dispytch.hpp>

#include "base/log.hpp"
#include "bench/paired.hpp"
#include "bench/program.hpp"
#include "codec/json_codec.hpp"
#include "codec/uuid.hpp"
#include "support/kafka_topics.hpp"

namespace {

using namespace std::chrono_literals;
namespace bench = dispytch::bench;

struct Aircraft {
  std::string tail_number = {};
};
DISPYTCH_STRUCT(Aircraft, tail_number)

struct FlightDeparted {
  static constexpr auto topic = "bench-flights";
  static constexpr auto type = "flight_departed";
  static constexpr auto partition_by = "aircraft.tail_number";

  Aircraft aircraft = {};
  std::string carrier = {};
  int flight = 0;
  std::string origin = {}, destination = {};
  int delay_minutes = 0;
  std::optional<int> distance_miles = {};
};
DISPYTCH_EVENT(FlightDeparted, aircraft, carrier, flight, origin, destination, delay_minutes, distance_miles)

FlightDeparted make_event(std::size_t i) {
  const int n = static_cast<int>(i * 7919 % 8000);
  return {.aircraft = {"N" + std::to_string(10'000 + n) + "U"},
          .carrier = n % 3 == 0 ? "UA" : "B6",
          .flight = n,
          .origin = n % 2 == 0 ? "EWR" : "LGA",
          .destination = "IAH",
          .delay_minutes = n % 90 - 10,
          .distance_miles = 1400 + n % 100};
}

// One run: process CPU and wall time for a message, in nanoseconds.
struct Cost {
  double cpu = 0;
  double wall = 0;
};

class Meter {
 public:
  void start() {
    cpu_ = now(CLOCK_PROCESS_CPUTIME_ID);
    wall_ = now(CLOCK_MONOTONIC);
  }
  // Leaves the time to join a group out of the wall time. Its CPU time stays in: a client fetches messages before it hands out the first.
  void first_message() { wall_ = now(CLOCK_MONOTONIC); }
  Cost stop(std::size_t messages) const {
    const auto each = static_cast<double>(messages);
    return {(now(CLOCK_PROCESS_CPUTIME_ID) - cpu_) / each, (now(CLOCK_MONOTONIC) - wall_) / each};
  }

 private:
  static double now(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
  }
  double cpu_ = 0;
  double wall_ = 0;
};

std::string fresh_group() {
  static int number = 0;
  return "bench-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
}

// ---- raw librdkafka ----

struct Client {
  explicit Client(rd_kafka_t* made) : raw{made} {}
  ~Client() { rd_kafka_destroy(raw); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  rd_kafka_t* raw;
};

std::unique_ptr<Client> make_client(rd_kafka_type_t kind, const std::map<std::string, std::string>& settings,
                                    void (*reported)(rd_kafka_t*, const rd_kafka_message_t*, void*) = nullptr, void* opaque = nullptr) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char reason[512];
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason, sizeof reason) != RD_KAFKA_CONF_OK) throw std::runtime_error{reason};
  }
  if (reported != nullptr) rd_kafka_conf_set_dr_msg_cb(conf, reported);
  rd_kafka_conf_set_opaque(conf, opaque);
  rd_kafka_t* client = rd_kafka_new(kind, conf, reason, sizeof reason);
  if (client == nullptr) throw std::runtime_error{reason};
  return std::make_unique<Client>(client);
}

// simdjson on demand, written out by hand as an application would: the type first, then the body's fields.
class ByHand {
 public:
  bool decode(const rd_kafka_message_t& message, FlightDeparted& event) {
    if (buffer_.size() < message.len + simdjson::SIMDJSON_PADDING) buffer_.resize(2 * (message.len + simdjson::SIMDJSON_PADDING));
    std::memcpy(buffer_.data(), message.payload, message.len);
    buffer_[message.len] = ' ';  // a `}` left there by an earlier payload would cost simdjson a check that no application pays by intent
    simdjson::ondemand::document document;
    if (parser_.iterate(buffer_.data(), message.len, buffer_.size()).get(document) != simdjson::SUCCESS) return false;
    simdjson::ondemand::object envelope;
    if (document.get_object().get(envelope) != simdjson::SUCCESS) return false;
    std::string_view type;
    if (envelope["type"].get_string().get(type) != simdjson::SUCCESS || type != FlightDeparted::type) return false;
    simdjson::ondemand::object body;
    if (envelope["body"].get_object().get(body) != simdjson::SUCCESS) return false;
    std::string_view text;
    std::int64_t number = 0;
    if (body["aircraft"]["tail_number"].get_string().get(text) != simdjson::SUCCESS) return false;
    event.aircraft.tail_number = text;
    if (body["carrier"].get_string().get(text) != simdjson::SUCCESS) return false;
    event.carrier = text;
    if (body["flight"].get_int64().get(number) != simdjson::SUCCESS) return false;
    event.flight = static_cast<int>(number);
    if (body["origin"].get_string().get(text) != simdjson::SUCCESS) return false;
    event.origin = text;
    if (body["destination"].get_string().get(text) != simdjson::SUCCESS) return false;
    event.destination = text;
    if (body["delay_minutes"].get_int64().get(number) != simdjson::SUCCESS) return false;
    event.delay_minutes = static_cast<int>(number);
    simdjson::ondemand::value distance;
    if (body["distance_miles"].get(distance) == simdjson::SUCCESS && !distance.is_null()) {
      if (distance.get_int64().get(number) != simdjson::SUCCESS) return false;
      event.distance_miles = static_cast<int>(number);
    }
    return true;
  }

 private:
  simdjson::ondemand::parser parser_;
  std::vector<char> buffer_;
};

Cost consume_raw(const std::string& brokers, const std::string& topic, std::size_t messages, std::int64_t& checksum) {
  Meter meter;
  meter.start();
  const auto client = make_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers},
                                                      {"group.id", fresh_group()},
                                                      {"auto.offset.reset", "earliest"},
                                                      {"enable.auto.offset.store", "false"},
                                                      {"queued.min.messages", "1000000"},
                                                      {"queued.max.messages.kbytes", "262144"}});
  rd_kafka_poll_set_consumer(client->raw);
  rd_kafka_topic_partition_list_t* topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, topic.c_str(), RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(client->raw, topics);
  rd_kafka_topic_partition_list_destroy(topics);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(client->raw);

  ByHand by_hand;
  Cost cost;
  std::size_t seen = 0;
  std::vector<rd_kafka_message_t*> batch(1024);
  while (seen < messages) {
    const ssize_t count = rd_kafka_consume_batch_queue(queue, 1, batch.data(), batch.size());
    for (ssize_t i = 0; i < count; ++i) {
      const rd_kafka_message_t& message = *batch[static_cast<std::size_t>(i)];
      if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      if (seen == 0) meter.first_message();
      FlightDeparted event;
      if (!by_hand.decode(message, event)) throw std::runtime_error{"simdjson refused a message"};
      checksum += event.flight;
      if (++seen == messages) break;
    }
    for (ssize_t i = 0; i < count; ++i) {
      const rd_kafka_message_t& message = *batch[static_cast<std::size_t>(i)];
      if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR &&
          (i + 1 == count || batch[static_cast<std::size_t>(i) + 1]->partition != message.partition)) {
        rd_kafka_offset_store(message.rkt, message.partition, message.offset);
      }
    }
    if (seen == messages) cost = meter.stop(messages);
    for (ssize_t i = 0; i < count; ++i) rd_kafka_message_destroy(batch[static_cast<std::size_t>(i)]);
  }
  rd_kafka_queue_destroy(queue);
  rd_kafka_consumer_close(client->raw);
  return cost;
}

Cost emit_raw(rd_kafka_t* client, std::atomic<std::size_t>& reported, const std::string& topic, std::size_t messages) {
  reported = 0;
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  const auto& type = dispytch::detail::event_type<FlightDeparted>();
  const dispytch::WireForm form;
  std::string payload;
  std::string key;
  Meter meter;
  meter.start();
  for (std::size_t i = 0; i < messages; ++i) {
    const FlightDeparted event = make_event(i);
    payload.clear();
    key.clear();
    const std::int64_t now =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    const dispytch::codec::Uuid id = dispytch::codec::make_uuid(now);
    if (!dispytch::codec::encode(type, &event, {.id = id.view(), .type = FlightDeparted::type, .timestamp_ms = now}, form, payload)) {
      throw std::runtime_error{"encode failed"};
    }
    dispytch::codec::write_key(type, &event, key);
    while (rd_kafka_produce(handle, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, payload.data(), payload.size(), key.data(), key.size(),
                            nullptr) != 0) {
      std::this_thread::sleep_for(1ms);  // the local queue is full
    }
  }
  rd_kafka_flush(client, 60'000);
  while (reported.load() < messages) std::this_thread::sleep_for(1ms);
  const Cost cost = meter.stop(messages);
  rd_kafka_topic_destroy(handle);
  return cost;
}

// ---- dispytch ----

Cost consume_dispytch(const dispytch::Backend& kafka, const std::string& topic, std::size_t messages, std::int64_t& checksum) {
  Meter meter;
  meter.start();
  Cost cost;
  std::size_t seen = 0;
  std::stop_source stop;
  dispytch::HandlerGroup group{{.topic = topic}};
  group.on<FlightDeparted>([&](const FlightDeparted& event) {
    if (seen == 0) meter.first_message();
    checksum += event.flight;
    if (++seen == messages) {
      cost = meter.stop(messages);
      stop.request_stop();
    }
  });
  dispytch::EventListener listener{kafka.consumer({.topics = {topic}, .group = fresh_group()})};
  listener.include(group);
  listener.run(stop.get_token());
  return cost;
}

Cost emit_dispytch(dispytch::EventEmitter& emitter, const std::string& topic, std::size_t messages) {
  std::size_t confirmed = 0;  // by the pump alone
  const dispytch::EmitOptions options{.topic = topic};
  Meter meter;
  meter.start();
  for (std::size_t i = 0; i < messages; ++i) {
    emitter.emit(
        make_event(i), [&confirmed](const dispytch::Result<dispytch::Receipt>& result) { confirmed += result ? 1 : 0; }, options);
  }
  emitter.flush(60s).value();
  const Cost cost = meter.stop(messages);
  if (confirmed != messages) throw std::runtime_error{"not every message was confirmed"};
  return cost;
}

// ---- the whole ----

struct Options {
  std::size_t pairs = 31;
  std::size_t messages = 100'000;
};

int run(const Options& options, const bench::Program& program) {
  const std::string brokers = dispytch::testing::kafka_address();
  const std::string consumed = "bench-consume-" + std::to_string(::getpid());
  const std::string emitted = "bench-emit-" + std::to_string(::getpid());
  dispytch::testing::KafkaTopics topics{brokers};
  topics.create(consumed, 4);
  topics.create(emitted, 4);

  const auto kafka = dispytch::Backend::load("kafka", {{"bootstrap.servers", brokers}});
  dispytch::EventEmitter emitter{kafka.producer()};
  for (std::size_t sent = 0; sent < options.messages; sent += 50'000) {
    emit_dispytch(emitter, consumed, std::min<std::size_t>(50'000, options.messages - sent));
  }

  std::atomic<std::size_t> reported{0};
  const auto raw_producer = make_client(
      RD_KAFKA_PRODUCER,
      {{"bootstrap.servers", brokers}, {"enable.idempotence", "true"}, {"acks", "all"}, {"partitioner", "murmur2_random"}},
      [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
          static_cast<std::atomic<std::size_t>*>(opaque)->fetch_add(1, std::memory_order_relaxed);
      },
      &reported);
  std::jthread pump{[&](const std::stop_token& stop) {
    while (!stop.stop_requested()) rd_kafka_poll(raw_producer->raw, 50);
  }};

  std::int64_t checksum = 0;
  std::map<std::string, std::vector<double>> walls;
  const auto sample = [&](const std::string& name, auto measure) -> bench::Sample {
    return [&walls, name, measure] {
      const Cost cost = measure();
      walls[name].push_back(cost.wall);
      return cost.cpu;
    };
  };
  const std::size_t at_once = std::min<std::size_t>(options.messages, 50'000);  // below the client's own limit of 100,000 in its queue
  const auto raw_consume = sample("consume raw", [&] { return consume_raw(brokers, consumed, options.messages, checksum); });
  const auto our_consume = sample("consume dispytch", [&] { return consume_dispytch(kafka, consumed, options.messages, checksum); });
  const auto raw_emit = sample("emit raw", [&] { return emit_raw(raw_producer->raw, reported, emitted, at_once); });
  const auto our_emit = sample("emit dispytch", [&] { return emit_dispytch(emitter, emitted, at_once); });

  const bench::PairedOptions paired{.pairs = options.pairs};
  std::vector<bench::Paired> results{
      bench::compare("control: consume, raw against itself", raw_consume, raw_consume, paired),
      bench::compare("consume: raw, dispytch", raw_consume, our_consume, paired),
      bench::compare("control: emit, raw against itself", raw_emit, raw_emit, paired),
      bench::compare("emit: raw, dispytch", raw_emit, our_emit, paired),
  };
  topics.remove(consumed);
  topics.remove(emitted);

  auto rates = nlohmann::json::object();
  for (auto& [name, times] : walls) rates[name] = static_cast<std::int64_t>(1e9 / bench::median(times));
  program.save({{"bench", "kafka"}, {"messages", options.messages}, {"cpu", bench::to_json(results)}, {"messages_per_second", rates}});
  std::printf("CPU time of the process for a message; %zu messages a run, %zu pairs, checksum %lld\n", options.messages, options.pairs,
              static_cast<long long>(checksum));
  std::printf("%-38s %9s %9s %7s  %s\n", "", "a [ns]", "b [ns]", "b/a", "95 % interval");
  for (const auto& r : results) std::printf("%-38s %9.1f %9.1f %7.3f  %.3f to %.3f\n", r.name.c_str(), r.a, r.b, r.ratio, r.low, r.high);
  std::printf("messages a second (median of the wall times): %s\n", rates.dump().c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  bench::Program program{"What consuming and emitting cost beside librdkafka by hand, over a real Kafka"};
  program.number("--pairs", options.pairs, 1, "Measurements of each of two").number("--messages", options.messages, 1, "Messages a run");
  return program.main(argc, argv, [&] {
    dispytch::log::configure(dispytch::log::Level::warning, dispytch::log::Format::text);  // the table shall be seen
    return run(options, program);
  });
}
