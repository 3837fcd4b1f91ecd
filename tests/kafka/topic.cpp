// `./dev kafka topic`: creates a topic. Usage: kafka-topic BOOTSTRAP NAME PARTITIONS
#include <cstdio>
#include <exception>
#include <string>

#include "support/kafka_topics.hpp"

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::fputs("usage: kafka-topic BOOTSTRAP NAME PARTITIONS\n", stderr);
    return 2;
  }
  dispytch::testing::KafkaTopics{argv[1]}.create(argv[2], std::stoi(argv[3]));
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
