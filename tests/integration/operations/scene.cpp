#include "integration/operations/scene.hpp"

#include <array>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>
#include <unistd.h>

namespace dispytch::testing {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<rd_kafka_t, DestroyedBy<rd_kafka_destroy>> make_producer(const std::string& transactional_id) {
  std::array<char, 512> reason{};
  rd_kafka_conf_t* settings = rd_kafka_conf_new();
  rd_kafka_conf_set(settings, "log_level", "0", nullptr, 0);
  rd_kafka_conf_set(settings, "bootstrap.servers", kafka_address().c_str(), nullptr, 0);
  if (!transactional_id.empty()) rd_kafka_conf_set(settings, "transactional.id", transactional_id.c_str(), nullptr, 0);
  std::unique_ptr<rd_kafka_t, DestroyedBy<rd_kafka_destroy>> client{
      rd_kafka_new(RD_KAFKA_PRODUCER, settings, reason.data(), reason.size())};
  if (!client) throw std::runtime_error{reason.data()};
  return client;
}

void require(rd_kafka_error_t* error, const char* what) {
  if (error == nullptr) return;
  const std::string text = std::string{what} + ": " + rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
  throw std::runtime_error{text};
}

}  // namespace

int Operations::made_ = 0;

Operations::Operations()
    : name_{"operations-" + std::to_string(::getpid()) + "-" + std::to_string(++made_)}, producer_{make_producer({})} {}

Operations::~Operations() {
  for (const std::string& created : created_) topics_.remove(created);
}

std::string Operations::create(const std::string& suffix, int partitions,
                               const std::vector<std::pair<std::string, std::string>>& settings) {
  topics_.create(topic(suffix), partitions, -1, settings);
  created_.push_back(topic(suffix));
  return topic(suffix);
}

void Operations::emit(const std::string& topic, const std::string& payload, std::int32_t partition) {
  const std::unique_ptr<rd_kafka_topic_t, DestroyedBy<rd_kafka_topic_destroy>> handle{
      rd_kafka_topic_new(producer_.get(), topic.c_str(), nullptr)};
  std::string copy = payload;
  if (rd_kafka_produce(handle.get(), partition, RD_KAFKA_MSG_F_COPY, copy.data(), copy.size(), nullptr, 0, nullptr) != 0) {
    throw std::runtime_error{topic + " takes no message: " + rd_kafka_err2str(rd_kafka_last_error())};
  }
  if (rd_kafka_flush(producer_.get(), 20'000) != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error{topic + " confirms no message"};
}

void Operations::begin_transaction() {
  if (!std::exchange(transacts_, true)) {
    producer_ = make_producer(name_);
    require(rd_kafka_init_transactions(producer_.get(), 30'000), "preparing transactions");
  }
  require(rd_kafka_begin_transaction(producer_.get()), "beginning a transaction");
}

void Operations::end_transaction(bool commit) {
  require(commit ? rd_kafka_commit_transaction(producer_.get(), 30'000) : rd_kafka_abort_transaction(producer_.get(), 30'000),
          "ending a transaction");
}

Operations::Service Operations::serve(const std::vector<Listener>& listeners, const std::string& of_backend,
                                      std::vector<std::string> arguments) {
  static int services = 0;
  const std::uint16_t port = Poco::Net::ServerSocket{Poco::Net::SocketAddress{"127.0.0.1", 0}}.address().port();
  const std::string file = folder_ / ("service-" + std::to_string(++services) + ".yaml");
  std::ofstream config{file};
  config << "version: 1\n"
         << "plugins: { paths: [\"" DISPYTCH_PLUGINS "\"] }\n"
         << "http: { address: \"127.0.0.1:" << port << "\" }\n"
         << "control: { socket: \"" << (folder_ / ("socket-" + std::to_string(services))).string() << "\" }\n"
         << "backends:\n  bus:\n    plugin: kafka\n    config:\n      bootstrap.servers: \"" << kafka_address() << "\"\n"
         << "      session.timeout.ms: 6s\n      heartbeat.interval.ms: 500\n"
         << of_backend << "emitters: { out: { backend: bus, timeout: 10s } }\nlisteners:\n";
  for (const Listener& listener : listeners) {
    config << "  " << listener.name << ": { backend: bus, group: " << name_ << "-" << listener.group << ", " << listener.more << " }\n";
  }
  config.close();
  std::vector<std::string> command{OPERATIONS_SERVICE};
  if (listeners.size() > 1) command.emplace_back("--both");
  command.insert(command.end(), {"--config", file});
  command.insert(command.end(), arguments.begin(), arguments.end());
  return {std::make_unique<Process>(command, ProcessOptions{.environment = {{"DISPYTCH_TEST_GO", folder_ / "go"}}}), port};
}

Page Operations::get(const Service& service, const std::string& path) {
  try {
    Poco::Net::HTTPClientSession session{"127.0.0.1", service.port};
    session.setTimeout(Poco::Timespan{20, 0});
    Poco::Net::HTTPRequest request{"GET", path};
    session.sendRequest(request);
    Poco::Net::HTTPResponse response;
    Page page;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), page.text);
    page.status = static_cast<int>(response.getStatus());
    return page;
  } catch (const Poco::Exception&) {
    return {};
  }
}

std::string Operations::await(const Service& service, const std::string& path, const std::string& text) {
  for (const auto end = std::chrono::steady_clock::now() + 30s;; std::this_thread::sleep_for(50ms)) {
    std::string page = get(service, path).text;
    if (page.find(text) != std::string::npos || std::chrono::steady_clock::now() >= end) return page;
  }
}

bool Operations::await_ready(const Service& service) {
  for (const auto end = std::chrono::steady_clock::now() + 60s; std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(50ms)) {
    if (get(service, "/ready").status == 200) return true;
  }
  return false;
}

std::string Operations::lag(const std::string& listener, const std::string& topic, int messages, int partition) const {
  return "dispytch_lag_messages{listener=\"" + listener + "\",topic=\"" + topic + "\",partition=\"" + std::to_string(partition) + "\"} " +
         std::to_string(messages);
}

void Operations::go() const { std::ofstream{folder_ / "go"}; }

}  // namespace dispytch::testing
