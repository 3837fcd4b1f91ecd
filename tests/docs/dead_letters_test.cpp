// The transcripts of docs/dead-letters.md, one after the other, against a real Kafka with the letters that the page speaks of.
#include <gtest/gtest.h>

#include "support/kafka_topics.hpp"
#include "support/process.hpp"

namespace dispytch::testing {
namespace {

class Letters {
 public:
  Letters() {
    topics_.create("orders", 1);
    topics_.create("orders.dlq", 1);
  }
  ~Letters() {
    topics_.remove("orders");
    topics_.remove("orders.dlq");
  }
  Letters(const Letters&) = delete;
  Letters& operator=(const Letters&) = delete;

  void put(const std::string& payload, const std::vector<std::string>& headers) const {
    std::vector<std::string> command{"kcat", "-q", "-b", kafka_address(), "-P", "-t", "orders.dlq", "-p", "0", "-k", "42"};
    for (const std::string& header : headers) command.insert(command.end(), {"-H", header});
    const Finished sent = run(command, payload);
    if (sent.exit_code != 0) throw std::runtime_error{sent.errors};
  }

 private:
  KafkaTopics topics_{kafka_address()};
};

std::vector<std::string> letter(const std::string& reason, const std::string& exception, const std::string& offset,
                                const std::string& last) {
  return {"dispytch-reason=" + reason, "dispytch-exception=" + exception, "dispytch-handler=bill",
          "dispytch-listener=billing", "dispytch-group=billing",          "dispytch-topic=orders",
          "dispytch-partition=0",      "dispytch-offset=" + offset,       "dispytch-first=1767323040000",
          "dispytch-last=" + last};
}

TEST(DeadLettersPage, ShowsWhatHappens) {
  const Letters letters;
  std::vector<std::string> first = letter("failed", "std::runtime_error: the database is gone", "1234", "1767323045000");
  first.insert(first.begin(), "trace=abc");
  first.emplace_back("dispytch-attempts=3");
  letters.put(R"({"id":"7","type":"order_placed","body":{"amount":3},"timestamp":1767323045000})", first);
  auto second = letter("undecodable", R"(order_placed: /body/amount: expected a number, found "many")", "1302", "1767323110000");
  second.emplace_back("dispytch-attempts=1");
  letters.put(R"({"id":"8","type":"order_placed","body":{"amount":"many"},"timestamp":1767323110000})", second);
  auto third = letter("failed", "std::runtime_error: the database is gone", "1377", "1767323175000");
  third.insert(third.end(), {"dispytch-attempts=3", "dispytch-replays=3"});
  letters.put(R"({"id":"9","type":"order_placed","body":{"amount":4},"timestamp":1767323175000})", third);
  letters.put("stray", {});

  const Finished replayed = run({"env", "-C", DISPYTCH_EXAMPLES, DISPYTCH_CONSOLE, "dead_letters.console"}, {},
                                {.environment = {{"KAFKA_BOOTSTRAP", kafka_address()}, {"PATH", DISPYTCH_PATH}}});
  EXPECT_EQ(replayed.exit_code, 0) << replayed.output << replayed.errors;
}

}  // namespace
}  // namespace dispytch::testing
