// The listeners for TLS of the Kafka for tests, and what a client needs there.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>

#include "cli/cli_fixture.hpp"
#include "support/kafka_topics.hpp"

namespace dispytch::testing {

/// Options of the kafka plugin and their values.
using KafkaOptions = std::map<std::string, std::string>;

/// Commands that log in at the Kafka for tests. The password is in the environment variable ALICES_PASSWORD.
class SecurityTest : public CliTest {
 protected:
  SecurityTest() { topics_.create(topic_, 1); }
  ~SecurityTest() override { topics_.remove(topic_); }

  /// Returns where a file of `./dev kafka start` lies: addresses, certificates, the password. Throws std::runtime_error where it isn't
  /// there.
  static std::filesystem::path left(const std::string& name) {
    const char* given = std::getenv("DISPYTCH_TEST_KAFKA_SECURITY");
    const std::filesystem::path folder = given != nullptr && *given != '\0'
                                             ? std::filesystem::path{given}
                                             : std::filesystem::path{DISPYTCH_KAFKA_ADDRESS_FILE}.parent_path() / "security";
    if (std::filesystem::exists(folder / name)) return folder / name;
    throw std::runtime_error{"there is no " + (folder / name).string() +
                             ": this test needs the listeners for TLS of a Kafka that `./dev kafka start` started; another one's "
                             "folder may stand in DISPYTCH_TEST_KAFKA_SECURITY"};
  }
  static std::string line_of(const std::string& name) {
    std::ifstream file{left(name)};
    std::string line;
    std::getline(file, line);
    return line;
  }
  static std::string password() { return line_of("password"); }

  /// Returns the options that log in at the listener `secure`.
  static KafkaOptions login(const std::string& mechanism = "PLAIN") {
    return {{"bootstrap.servers", line_of("secure")},
            {"security.protocol", "sasl_ssl"},
            {"sasl.mechanism", mechanism},
            {"sasl.username", "alice"},
            {"sasl.password", "${ALICES_PASSWORD}"},
            {"ssl.ca.location", left("ca.crt")}};
  }

  /// Writes a config file with the emitter `out` and the listener `in` of the test's topic, whose dead letters have a topic of their own.
  std::string config_of(const KafkaOptions& options, const std::string& timeout = "60s") const {
    std::string text = "version: 1\nbackends:\n  bus:\n    plugin: kafka\n    config:\n";
    for (const auto& [name, value] : options) text += "      " + name + ": \"" + value + "\"\n";
    return write("secure.yaml", text + "emitters:\n  out: { backend: bus, timeout: " + timeout +
                                    " }\nlisteners:\n  in: { backend: bus, group: " + topic_ + ", topics: [" + topic_ +
                                    "], dead_letter: { emitter: out, topic: " + topic_ + ".dlq } }\n");
  }

  /// Returns the environment of a program that logs in with that password. `mechanism` SCRAM: with a librdkafka that can, where the
  /// system's can't.
  static ProcessOptions environment(const std::string& password, const std::string& mechanism = "PLAIN") {
    ProcessOptions options = with_plugins({.environment = {{"ALICES_PASSWORD", password}}});
    constexpr int kRightScram = 0x020601ff;
    if (mechanism == "PLAIN" || rd_kafka_version() >= kRightScram) return options;
    if (!std::filesystem::exists(DISPYTCH_TEST_LIBRDKAFKA)) {
      throw std::runtime_error{"there is no " DISPYTCH_TEST_LIBRDKAFKA
                               ": this test needs librdkafka 2.6.1 or newer, which `./dev test "
                               "security` fetches"};
    }
    options.environment.emplace_back("LD_LIBRARY_PATH", DISPYTCH_TEST_LIBRDKAFKA);
    return options;
  }

  KafkaTopics topics_{kafka_address()};
  std::string topic_ = folder().filename();
};

}  // namespace dispytch::testing
