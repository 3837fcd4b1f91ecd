// A partition is given to another member while one of its messages waits for its next attempt: the next owner gets that message and those
// behind it, in their order.
#include <cstdint>

#include "faults/fault_test.hpp"

namespace dispytch::faults {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class RevokedDuringARetry : public FaultTest, public ::testing::WithParamInterface<const char*> {
 protected:
  RevokedDuringARetry() : FaultTest{2} {
    for (const std::int32_t partition : {0, 1}) {
      const std::string key(1, static_cast<char>('a' + partition));
      put({{.key = key, .number = 0, .what = "fail until go"}, {.key = key, .number = 1}, {.key = key, .number = 2}}, partition);
    }
  }
};

TEST_P(RevokedDuringARetry, IsHandledByTheNextOwnerInOrder) {
  const Config config{.listener = "retry: { backoff: { initial: 30s, max: 30s, jitter: 0 } }",
                      .client = std::string{"partition.assignment.strategy: "} + GetParam()};
  const auto first = service(config);
  first->await_output("begin a 0 1");
  first->await_output("begin b 0 1");
  go();
  const auto second = service(config);
  second->await_output(" 2\n");
  // One partition is the second's now, and done. The end of the first gives it the other one, whose message may be waiting there still.
  const Finished ended = stop(*first);
  EXPECT_EQ(ended.exit_code, 0) << ended.errors;
  EXPECT_THAT(ended.errors, HasSubstr("revoked: "));
  const std::vector<std::string> of_first = lines_of(ended.output, "end ");
  if (std::string{GetParam()} == "cooperative-sticky") {
    EXPECT_TRUE(of_first.empty()) << "what it kept was not disturbed";
  }
  if (of_first.empty()) {
    second->await_output("end a 2");
    second->await_output("end b 2");
  }
  const Finished finished = stop(*second);
  EXPECT_EQ(finished.exit_code, 0) << finished.errors;
  for (const char* key : {"a ", "b "}) {
    std::vector<std::string> of_key = lines_of(ended.output, std::string{"end "} + key);
    const std::vector<std::string> of_second = lines_of(finished.output, std::string{"end "} + key);
    of_key.insert(of_key.end(), of_second.begin(), of_second.end());
    EXPECT_THAT(of_key, ElementsAre("0", "1", "2")) << "each once, in order";
  }
  EXPECT_EQ(committed(0), 3);
  EXPECT_EQ(committed(1), 3);
}

INSTANTIATE_TEST_SUITE_P(Protocols, RevokedDuringARetry, ::testing::Values("range", "cooperative-sticky"),
                         [](const auto& test) { return test.param == std::string{"range"} ? "Eager" : "Cooperative"; });

}  // namespace
}  // namespace dispytch::faults
