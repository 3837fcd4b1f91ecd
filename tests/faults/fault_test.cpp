#include "faults/fault_test.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <sstream>

namespace dispytch::faults {
namespace {

std::string unique_name() {
  static int made = 0;
  return "faults-" + std::to_string(::getpid()) + "-" + std::to_string(++made);
}

}  // namespace

std::vector<std::string> lines_of(const std::string& output) { return lines_of(output, ""); }

std::vector<std::string> lines_of(const std::string& output, const std::string& beginning) {
  std::vector<std::string> lines;
  std::istringstream in{output};
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(beginning)) lines.push_back(line.substr(beginning.size()));
  }
  return lines;
}

FaultTest::FaultTest(int partitions, const std::vector<std::pair<std::string, std::string>>& topic_settings)
    : topic{unique_name()}, folder{std::filesystem::path{::testing::TempDir()} / topic} {
  std::filesystem::create_directories(folder);
  topics.create(topic, partitions, -1, topic_settings);
}

FaultTest::~FaultTest() { std::filesystem::remove_all(folder); }

Backend FaultTest::kafka(Properties more, const std::string& at) const {
  return Backend::load("kafka", std::move(more.set("bootstrap.servers", at.empty() ? address : at)), {.plugin_paths = {DISPYTCH_PLUGINS}});
}

void FaultTest::put(std::initializer_list<Order> orders, std::int32_t partition) { put(std::vector<Order>{orders}, partition); }

void FaultTest::put(const std::vector<Order>& orders, std::int32_t partition) {
  std::vector<OutgoingMessage> messages;
  for (const Order& order : orders) {
    messages.push_back({.topic = topic,
                        .key = order.key,
                        .payload = R"({"id":"e","type":"order","body":{"key":")" + order.key + R"(","number":)" +
                                   std::to_string(order.number) + R"(,"what":")" + order.what + R"("},"timestamp":1})",
                        .partition = partition});
  }
  store(messages);
}

void FaultTest::put_bytes(const std::string& payload, std::int32_t partition, const std::string& key) {
  store({{.topic = topic, .key = key, .payload = payload, .partition = partition}});
}

void FaultTest::store(const std::vector<OutgoingMessage>& messages) {
  if (!emitter_) emitter_.emplace(kafka({{"message.max.bytes", 20'000'000}}).producer());
  std::size_t stored = 0;
  for (const OutgoingMessage& message : messages) emitter_->emit(message, [&](const Result<Receipt>& result) { stored += result ? 1 : 0; });
  emitter_->flush(std::chrono::seconds{30}).value();
  if (stored != messages.size()) throw std::runtime_error{"topic " + topic + " didn't take what the test is about"};
}

std::vector<std::string> FaultTest::payloads(const std::string& of_topic) {
  const auto client = testing::kafka_client(RD_KAFKA_CONSUMER, address);
  std::int64_t low = 0, high = 0;
  rd_kafka_query_watermark_offsets(client.get(), of_topic.c_str(), 0, &low, &high, 20'000);
  const std::unique_ptr<rd_kafka_topic_partition_list_t, testing::DestroyedBy<rd_kafka_topic_partition_list_destroy>> list{
      rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(list.get(), of_topic.c_str(), 0)->offset = low;
  rd_kafka_assign(client.get(), list.get());
  std::vector<std::string> payloads;
  for (std::int64_t offset = low; offset < high;) {
    const std::unique_ptr<rd_kafka_message_t, testing::DestroyedBy<rd_kafka_message_destroy>> message{
        rd_kafka_consumer_poll(client.get(), 20'000)};
    if (message == nullptr) throw std::runtime_error{"topic " + of_topic + " isn't delivered"};
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    offset = message->offset + 1;
    payloads.emplace_back(static_cast<const char*>(message->payload), message->len);
  }
  return payloads;
}

std::string FaultTest::write_config(const Config& config) const {
  static int written = 0;
  const std::string path = folder / ("service-" + std::to_string(++written) + ".yaml");
  std::ofstream{path} << "version: 1\n"
                         "backends:\n"
                         "  bus:\n"
                         "    plugin: kafka\n"
                         "    config: { bootstrap.servers: \""
                      << (config.at.empty() ? address : config.at) << "\", session.timeout.ms: 6s, heartbeat.interval.ms: 300ms"
                      << (config.client.empty() ? "" : ", " + config.client) << " }\n"
                      << (config.emitter.empty() ? "" : "emitters:\n  out: { backend: bus, " + config.emitter + " }\n")
                      << "listeners:\n"
                         "  board: { backend: bus, group: "
                      << (config.group.empty() ? topic : config.group) << ", topics: [" << topic << "]"
                      << (config.listener.empty() ? "" : ", " + config.listener) << " }\n";
  return path;
}

std::unique_ptr<Process> FaultTest::service(const Config& config, std::vector<std::pair<std::string, std::string>> environment) const {
  environment.insert(environment.end(),
                     {{"DISPYTCH_PLUGIN_PATH", DISPYTCH_PLUGINS}, {"DISPYTCH_TEST_TOPIC", topic}, {"DISPYTCH_TEST_GO", folder / "go"}});
  return std::make_unique<Process>(std::vector<std::string>{OBEDIENT_SERVICE, "--config", write_config(config)},
                                   testing::ProcessOptions{.environment = environment});
}

void FaultTest::go() const { std::ofstream{folder / "go"}; }

Finished FaultTest::stop(Process& service) {
  service.signal(SIGTERM);
  return service.finish();
}

}  // namespace dispytch::faults
