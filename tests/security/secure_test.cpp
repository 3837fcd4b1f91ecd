// Over SASL_SSL with each mechanism: what is emitted arrives, at the command line and in an application.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "security/security_fixture.hpp"

namespace dispytch::testing {
namespace {

using ::testing::HasSubstr;

class Secure : public SecurityTest, public ::testing::WithParamInterface<std::string> {};

TEST_P(Secure, CommandsEmitFollowAndListDeadLetters) {
  const std::string config = config_of(login(GetParam()));
  topics_.create(topic_ + ".dlq", 1);
  const Finished emitted = run(command({"emit", "--config", config, "out", "counted", "--topic", topic_}), "{\"n\":1}\n{\"n\":2}\n",
                               environment(password(), GetParam()));
  EXPECT_EQ(emitted.output, "2 confirmed, 0 failed\n") << emitted.errors;
  const Finished tailed =
      run(command({"tail", "--config", config, "in", "--from", "earliest", "--count", "2", "--format", "{type} {body.n}"}), {},
          environment(password(), GetParam()));
  EXPECT_EQ(tailed.output, "counted 1\ncounted 2\n") << tailed.errors;
  const Finished listed = run(command({"dlq", "list", "--config", config, "in"}), {}, environment(password(), GetParam()));
  EXPECT_EQ(listed.output, "0 letters\n") << listed.errors;
  topics_.remove(topic_ + ".dlq");
}

TEST_P(Secure, AnApplicationEmitsAndListens) {
  const Finished finished = run({DISPYTCH_TEST_SERVICE, "--config", config_of(login(GetParam())), "--topic", topic_, "--until-idle", "1s"},
                                {}, environment(password(), GetParam()));
  EXPECT_EQ(finished.exit_code, 0) << finished.errors;
  EXPECT_EQ(finished.output, "handled 1\nhandled 2\nhandled 3\n");
}

INSTANTIATE_TEST_SUITE_P(By, Secure, ::testing::Values("PLAIN", "SCRAM-SHA-512"),
                         [](const auto& test) { return test.param == "PLAIN" ? "Plain" : "ScramSha512"; });

class Rotation : public SecurityTest {
 protected:
  // Takes a second or two.
  static void set_password(const std::string& password) {
    const std::string home = left("password").parent_path().parent_path();
    const Finished finished =
        run({DISPYTCH_TEST_CLUSTER_SCRIPT, "user", "bob", password}, {}, {.environment = {{"DISPYTCH_KAFKA_HOME", home}}});
    ASSERT_EQ(finished.exit_code, 0) << finished.errors;
  }
  void await_stored(int count) const {
    const Finished read = run({"kcat", "-q", "-b", kafka_address(), "-C", "-t", topic_, "-o", "beginning", "-c", std::to_string(count)});
    ASSERT_EQ(read.exit_code, 0) << read.errors;
  }
};

// A refusal after the first login is a broker that is down: what was accepted is tried until its time-out, and says why it wasn't stored.
TEST_F(Rotation, OfAPasswordThatIsRefusedLaterIsWaitedForAndSaid) {
  set_password("the-first");
  KafkaOptions options = login("SCRAM-SHA-512");
  options["sasl.username"] = "bob";
  options["connections.max.idle.ms"] = "500";  // so that it has to log in again
  options["reconnect.backoff.max.ms"] = "500";
  Process process{command({"emit", "--config", config_of(options, "3s"), "out", "counted", "--topic", topic_, "--json"}),
                  environment("the-first", "SCRAM-SHA-512")};
  process.write("{\"n\":1}\n");
  await_stored(1);
  set_password("the-second");  // takes a second or two, in which its connections are closed
  process.write("{\"n\":2}\n");
  const Finished finished = process.finish();
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.output, HasSubstr("\"confirmed\":1,\"failed\":1,\"resume_from_line\":2"));
  EXPECT_THAT(finished.output, HasSubstr("\"error\":\"line 2: topic `" + topic_ + "` at " + line_of("secure") +
                                         " confirmed no message within 3000 ms; " + line_of("secure") +
                                         " refuses the login of user `bob` by SCRAM-SHA-512: check `sasl.username` and `sasl.password`"));
}

TEST_F(Rotation, OfAPasswordThatIsTakenAgainInTimeLosesNothing) {
  set_password("the-first");
  KafkaOptions options = login("SCRAM-SHA-512");
  options["sasl.username"] = "bob";
  options["connections.max.idle.ms"] = "500";
  options["reconnect.backoff.max.ms"] = "500";
  Process process{command({"emit", "--config", config_of(options), "out", "counted", "--topic", topic_}),
                  environment("the-first", "SCRAM-SHA-512")};
  process.write("{\"n\":1}\n");
  await_stored(1);
  set_password("the-second");
  process.write("{\"n\":2}\n");
  process.await_errors("refuses the login of user `bob`");
  set_password("the-first");
  EXPECT_EQ(process.finish().output, "2 confirmed, 0 failed\n");
}

}  // namespace
}  // namespace dispytch::testing
