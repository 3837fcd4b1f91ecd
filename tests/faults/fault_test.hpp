// A topic, a group and a folder of a test's own, orders in that topic, and services (obedient_service.cpp) as processes of their own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <dispytch/dispytch.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/cluster.hpp"
#include "faults/order.hpp"
#include "support/kafka_access.hpp"
#include "support/kafka_topics.hpp"
#include "support/process.hpp"

namespace dispytch::faults {

using testing::Finished;
using testing::Process;

/// What a service wrote, line by line.
std::vector<std::string> lines_of(const std::string& output);
/// Those that begin so, without that beginning.
std::vector<std::string> lines_of(const std::string& output, const std::string& beginning);

class FaultTest : public ::testing::Test {
 protected:
  explicit FaultTest(int partitions = 1, const std::vector<std::pair<std::string, std::string>>& topic_settings = {});
  ~FaultTest() override;

  /// At the three brokers, or at another address.
  Backend kafka(Properties more = {}, const std::string& at = {}) const;

  /// Puts them into a partition of the topic, one after another, and waits until they are stored.
  void put(std::initializer_list<Order> orders, std::int32_t partition = 0);
  void put(const std::vector<Order>& orders, std::int32_t partition = 0);
  /// The same for bytes.
  void put_bytes(const std::string& payload, std::int32_t partition = 0, const std::string& key = "k");
  /// All that is in a topic: payloads of partition 0, as they came.
  std::vector<std::string> payloads(const std::string& of_topic);

  /// Of the group of the topic's name.
  std::int64_t committed(std::int32_t partition = 0) const { return testing::committed(address, topic, topic, partition); }

  /// A config file whose listener `board` is in the group of the topic's name. `listener`: more keys of it, `root`: more of the file,
  /// `client`: more of librdkafka's properties.
  struct Config {
    std::string listener = {};
    std::string client = {};
    std::string emitter = {};  ///< of the emitter `out`; empty: there is none
    std::string at = {};       ///< another address
    std::string group = {};    ///< another group than that of the topic's name
  };
  /// Each time another file.
  std::string write_config(const Config& config) const;
  /// A service that is on its way to its group.
  std::unique_ptr<Process> service(const Config& config, std::vector<std::pair<std::string, std::string>> environment = {}) const;
  /// Lets every `wait` of this test's services go on.
  void go() const;
  /// Stops a service in order.
  static Finished stop(Process& service);

  const std::string address = Cluster{}.address();
  const std::string topic;
  const std::filesystem::path folder;
  testing::KafkaTopics topics{address};

 private:
  void store(const std::vector<OutgoingMessage>& messages);

  std::optional<EventEmitter> emitter_ = {};
};

}  // namespace dispytch::faults
