// Payloads that can't be decoded: each goes the way that on_undecodable says, its neighbours and the other partitions go on.
#include "faults/fault_test.hpp"

#include <functional>

namespace dispytch::faults {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::size_t kTenMegabytes = 10'000'000;

std::string event(const std::string& body) { return R"({"id":"e","type":"order","body":)" + body + R"(,"timestamp":1})"; }
std::string nested(std::size_t depth) {  // in a field that is of no interest, the body being the first
  return event(R"({"key":"a","number":1,"what":"","more":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}");
}

class PoisonPayload : public FaultTest {
 protected:
  PoisonPayload() : FaultTest{2, {{"max.message.bytes", "20000000"}}} {}

  /// Into partition 0, a good order behind each; and good ones into partition 1.
  void put_poison() {
    put({{.key = "a", .number = 0}});
    int number = 0;
    for (const std::string& payload : poison) {
      put_bytes(payload, 0, "poison");
      put({{.key = "a", .number = ++number}});
    }
    put({{.key = "b", .number = 0}, {.key = "b", .number = 1}}, 1);
  }
  Finished handle_all(const std::string& policy, const std::string& until) {
    const auto running = service({.listener = policy, .emitter = "timeout: 20s, config: { message.max.bytes: 20000000B }"});
    running->await_output(until);
    running->await_output("end b 1");
    return stop(*running);
  }

  const std::vector<std::string> poison = {
      R"({"id":"e","type":"order","body":{"key":"a","num)",                                     // truncated
      nested(65),                                                                               // one too deep
      event("{\"key\":\"a\xc3\x28\",\"number\":1,\"what\":\"\"}"),                              // no UTF-8
      event(R"({"key":"a","number":")" + std::string(kTenMegabytes, '1') + R"(","what":""})"),  // 10 MB of the wrong kind
      std::string(kTenMegabytes, '['),                                                          // 10 MB of nonsense
      "",
  };
};

TEST_F(PoisonPayload, GoesToTheDeadLettersByteForByte) {
  topics.create(topic + ".dlq", 1, -1, {{"max.message.bytes", "20000000"}});
  put_poison();
  const Finished finished = handle_all("dead_letter: { emitter: out }", "end a 6");
  EXPECT_EQ(finished.exit_code, 0) << finished.errors.substr(0, 5000);
  EXPECT_THAT(lines_of(finished.output, "end a "), ElementsAre("0", "1", "2", "3", "4", "5", "6"));
  EXPECT_TRUE(payloads(topic + ".dlq") == poison) << "the dead letters are not the payloads";  // 20 MB are nothing to print
  EXPECT_EQ(committed(0), 13);
  EXPECT_EQ(committed(1), 2);
  EXPECT_THAT(finished.errors, AllOf(HasSubstr("expected at most 64 objects and arrays in one another"), HasSubstr("UTF-8")));
  EXPECT_LT(finished.errors.size(), 20'000U) << "the log doesn't repeat the poison";
}

TEST_F(PoisonPayload, MayBeDropped) {
  put_poison();
  const Finished finished = handle_all("on_undecodable: drop", "end a 6");
  EXPECT_EQ(finished.exit_code, 0) << finished.errors.substr(0, 5000);
  EXPECT_THAT(lines_of(finished.output, "end a "), ElementsAre("0", "1", "2", "3", "4", "5", "6"));
  EXPECT_THAT(finished.errors, HasSubstr("6 dropped"));
  EXPECT_EQ(committed(0), 13);
}

TEST_F(PoisonPayload, ByDefaultIsHeldAndStopsItsPartitionAlone) {
  put_poison();
  const Finished finished = handle_all("on_undecodable: hold", "end a 0");
  EXPECT_EQ(finished.exit_code, 0) << finished.errors.substr(0, 5000);
  EXPECT_THAT(lines_of(finished.output, "end "), ::testing::UnorderedElementsAre("a 0", "b 0", "b 1"));
  EXPECT_THAT(finished.errors, AllOf(HasSubstr("It is held"), HasSubstr("partition 0, offset 1")));
  EXPECT_EQ(committed(0), 1);
  EXPECT_EQ(committed(1), 2);
}

TEST_F(PoisonPayload, ThatIsOnlyLargeOrDeepIsHandled) {
  put_bytes(nested(64));
  put({{.key = "a", .number = 2, .what = std::string(kTenMegabytes, 'x')}, {.key = "a", .number = 3}});
  put({{.key = "b", .number = 1}}, 1);
  const Finished finished = handle_all("on_undecodable: stop", "end a 3");
  EXPECT_EQ(finished.exit_code, 0) << finished.errors.substr(0, 5000);
  EXPECT_THAT(lines_of(finished.output, "end a "), ElementsAre("1", "2", "3"));
}

}  // namespace
}  // namespace dispytch::faults
