// Services over the real Kafka, with their probes, metrics and topics.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include "support/kafka_access.hpp"
#include "support/kafka_topics.hpp"
#include "support/process.hpp"
#include "support/temporary_folder.hpp"

namespace dispytch::testing {

struct Page {
  int status = 0;  ///< 0: nobody answered
  std::string text = {};
};

class Operations : public ::testing::Test {
 protected:
  struct Service {
    std::unique_ptr<Process> process;
    std::uint16_t port;
  };
  struct Listener {
    std::string name = "in";
    std::string group = "group";
    std::string more = {};  ///< keys of the config file, such as "topics: [a]"
  };

  Operations();
  ~Operations() override;

  /// A topic of the test's own.
  std::string topic(const std::string& suffix = {}) const { return name_ + suffix; }
  std::string create(const std::string& suffix, int partitions, const std::vector<std::pair<std::string, std::string>>& settings = {});
  /// Stores a message, which is confirmed when this returns. In an open transaction where there is one.
  void emit(const std::string& topic, const std::string& payload, std::int32_t partition = 0);
  /// From here on what is emitted is of a transaction, until it is committed or aborted.
  void begin_transaction();
  void end_transaction(bool commit);

  Service serve(const std::vector<Listener>& listeners, const std::string& of_backend = {}, std::vector<std::string> arguments = {});
  static Page get(const Service& service, const std::string& path);
  /// The metrics, once they have that line; else as they are after 30 s.
  static std::string await_metric(const Service& service, const std::string& line) { return await(service, "/metrics", line + "\n"); }
  static std::string await(const Service& service, const std::string& path, const std::string& text);
  static bool await_ready(const Service& service);
  std::string lag(const std::string& listener, const std::string& topic, int messages, int partition = 0) const;
  /// Lets handlers go on that wait.
  void go() const;

  TemporaryFolder folder_;

 private:
  static int made_;
  const std::string name_;
  std::vector<std::string> created_;
  KafkaTopics topics_{kafka_address()};
  std::unique_ptr<rd_kafka_t, DestroyedBy<rd_kafka_destroy>> producer_;
  bool transacts_ = false;
};

}  // namespace dispytch::testing
