// The kafka plugin against a real Kafka.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/kafka_topics.hpp"

namespace {

// Runs the kit with topics made for four jobs, directly and through the proxy that the kit is.
int run_kit(const std::string& more) {
  const std::string address = dispytch::testing::kafka_address();
  const std::filesystem::path ports = std::filesystem::path{DISPYTCH_KAFKA_ADDRESS_FILE}.parent_path() / "1" / "proxy";
  std::string proxy, upstream;
  std::ifstream{ports} >> proxy >> upstream;
  if (upstream.empty()) throw std::runtime_error{ports.string() + " names no ports; ./dev kafka start writes it"};
  setenv("DISPYTCH_TEST_KAFKA", address.c_str(), 1);
  setenv("DISPYTCH_TEST_KAFKA_PROXY", proxy.c_str(), 1);
  setenv("DISPYTCH_TEST_KAFKA_UPSTREAM", upstream.c_str(), 1);
  dispytch::testing::KafkaTopics topics{address};
  const std::string topic = "conformance-" + std::to_string(getpid());
  const std::string second = topic + "-second";
  std::vector<std::string> all{second};
  for (int job = 1; job <= 4; ++job) all.push_back(topic + "-" + std::to_string(job));
  for (const std::string& name : all) topics.create(name, 3);
  const std::string command = std::string{DISPYTCH_CONFORMANCE_PROGRAM} + " " + DISPYTCH_KAFKA_PLUGIN + " --config " +
                              DISPYTCH_CONFORMANCE_FOLDER + "/kafka.yaml --topic " + topic + "-{job} --jobs 4 --progress " + more;
  setenv("DISPYTCH_TEST_KAFKA_SECOND_TOPIC", second.c_str(), 1);
  const int status = std::system(command.c_str());
  for (const std::string& name : all) topics.remove(name);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#ifdef DISPYTCH_SLOW_RULES
TEST(KafkaPlugin, BreaksNoSlowRule) { EXPECT_EQ(run_kit("--only-slow"), 0); }
#else
TEST(KafkaPlugin, BreaksNoRule) { EXPECT_EQ(run_kit("--skip-slow"), 0); }
#endif

}  // namespace
