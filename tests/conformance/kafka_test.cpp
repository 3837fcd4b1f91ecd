// The kafka plugin against a real Kafka.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "support/kafka_topics.hpp"

namespace {

TEST(KafkaPlugin, BreaksNoRule) {
  const std::string address = dispytch::testing::kafka_address();
  setenv("DISPYTCH_TEST_KAFKA", address.c_str(), 1);
  dispytch::testing::KafkaTopics topics{address};
  const std::string topic = "conformance-" + std::to_string(getpid());
  topics.create(topic, 3);
  const std::string command = std::string{DISPYTCH_CONFORMANCE_PROGRAM} + " " + DISPYTCH_KAFKA_PLUGIN + " --config " +
                              DISPYTCH_CONFORMANCE_FOLDER + "/kafka.yaml --topic " + topic;
  const int status = std::system(command.c_str());
  topics.remove(topic);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
