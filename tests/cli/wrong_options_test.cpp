// What a start refuses, `check` refuses: the same list of wrong options drives both, and they say the same of the same place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "cli/cli_fixture.hpp"

namespace dispytch::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

using Lines = std::vector<std::string>;

struct WrongOption {
  std::string name;
  std::string section;  // backends, emitters or listeners: whose options these are
  Lines options;        // `name: value`
  std::string blamed;   // of these the one that the error is about, or `backends.bus.config.NAME`
  Lines of_backend = {};
};
void PrintTo(const WrongOption& wrong, std::ostream* out) { *out << wrong.name; }

std::vector<WrongOption> wrong_options() {
  const std::string tls = "security.protocol: ssl";
  const std::string login = "security.protocol: sasl_plaintext";
  const std::string plain = "sasl.mechanism: PLAIN";
  return {
      {"NoSuchAuthorityFile", "backends", {tls, "ssl.ca.location: /nope"}, "ssl.ca.location"},
      {"NoSuchCertificate", "backends", {tls, "ssl.certificate.location: /nope"}, "ssl.certificate.location"},
      {"NoSuchKey", "backends", {tls, "ssl.key.location: /nope"}, "ssl.key.location"},
      {"NoSuchKeystore", "backends", {tls, "ssl.keystore.location: /nope", "ssl.keystore.password: hunter2"}, "ssl.keystore.location"},
      {"KeystoreWithoutPassword", "backends", {tls, "ssl.keystore.location: /nope"}, "ssl.keystore.location"},
      {"NoSuchRevocationList", "backends", {tls, "ssl.crl.location: /nope"}, "ssl.crl.location"},
      {"AuthorityOnOneLine",
       "backends",
       {tls, R"(ssl.ca.pem: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----')"},
       "ssl.ca.pem"},
      {"CertificateThatIsNone", "backends", {tls, "ssl.certificate.pem: nonsense"}, "ssl.certificate.pem"},
      {"KeyThatIsNone", "backends", {tls, "ssl.key.pem: nonsense"}, "ssl.key.pem"},
      {"NoSuchCipher", "backends", {tls, "ssl.cipher.suites: nonsense"}, "ssl.cipher.suites"},
      {"NoSuchCurve", "backends", {tls, "ssl.curves.list: nonsense"}, "ssl.curves.list"},
      {"NoSuchSignature", "backends", {tls, "ssl.sigalgs.list: nonsense"}, "ssl.sigalgs.list"},
      {"NoSuchMechanism", "backends", {login, "sasl.mechanism: FOO"}, "sasl.mechanism"},
      {"ScramWithoutUser", "backends", {login, "sasl.mechanism: SCRAM-SHA-512"}, "sasl.mechanism"},
      {"PlainWithoutPassword", "backends", {login, plain, "sasl.username: u"}, "sasl.username"},
      {"PlainWithoutUser", "backends", {login, plain, "sasl.password: hunter2"}, "sasl.password"},
      {"OauthWithoutClient",
       "backends",
       {login, "sasl.mechanism: OAUTHBEARER", "sasl.oauthbearer.method: oidc"},
       "sasl.oauthbearer.method"},
      {"NoSuchStrategy", "backends", {"partition.assignment.strategy: foo"}, "partition.assignment.strategy"},
      {"StrategiesThatDoNotMix",
       "backends",
       {"partition.assignment.strategy: \"range,cooperative-sticky\""},
       "partition.assignment.strategy"},
      {"SessionLongerThanPolls", "backends", {"session.timeout.ms: 400s"}, "session.timeout.ms"},
      {"PollsShorterThanTheSession", "backends", {"max.poll.interval.ms: 10s"}, "max.poll.interval.ms"},
      {"BackoffBeyondItsMost", "backends", {"reconnect.backoff.max.ms: 50"}, "reconnect.backoff.max.ms"},
      {"FetchesBelowAMessage", "backends", {"fetch.max.bytes: 1000"}, "fetch.max.bytes"},
      {"AnswersBelowAFetch", "backends", {"receive.message.max.bytes: 1000000"}, "receive.message.max.bytes"},
      {"AcksThatLoseMessages", "backends", {"acks: 1"}, "acks"},
      {"TooManyInFlight", "backends", {"max.in.flight: 10"}, "max.in.flight"},
      {"NoRetries", "backends", {"retries: 0"}, "retries"},
      {"NoPressure", "backends", {"queue.buffering.backpressure.threshold: 2"}, "queue.buffering.backpressure.threshold"},
      {"GaplessWithoutIdempotence",
       "backends",
       {"enable.idempotence: false", "enable.gapless.guarantee: true"},
       "enable.gapless.guarantee"},
      {"NoSuchDebugTopic", "backends", {"debug: foo"}, "debug"},
      {"NoSuchProperty", "backends", {"compresion.type: zstd"}, "compresion.type"},
      {"AcksOfOneEmitter", "emitters", {"acks: 1"}, "acks"},
      {"InFlightOfOneEmitter", "emitters", {"max.in.flight: 10"}, "max.in.flight"},
      {"LingersBeyondTheTimeout", "emitters", {"linger.ms: 70s"}, "linger.ms"},
      {"LingersBeyondTheTimeoutByTheBackend", "emitters", {}, "backends.bus.config.linger.ms", {"linger.ms: 70s"}},
      {"NoSuchCompression", "emitters", {"compression.type: squeeze"}, "compression.type"},
      {"LoginOfOneEmitter", "emitters", {login, "sasl.mechanism: FOO"}, "sasl.mechanism"},
      {"StrategyOfOneListener", "listeners", {"partition.assignment.strategy: foo"}, "partition.assignment.strategy"},
      {"SessionOfOneListener",
       "listeners",
       {"session.timeout.ms: 20s"},
       "session.timeout.ms",
       {"max.poll.interval.ms: 15s", "session.timeout.ms: 10s"}},
      {"AuthorityOfOneListener", "listeners", {tls, "ssl.ca.location: /nope"}, "ssl.ca.location"},
      {"FetchesOfOneListener", "listeners", {"fetch.max.bytes: 1000"}, "fetch.max.bytes"},
  };
}

std::string indented(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += "      " + line + "\n";
  return text;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

class WrongOptions : public CliTest, public ::testing::WithParamInterface<WrongOption> {
 protected:
  std::string config() const {
    const auto options_of = [](const std::string& section) {
      const WrongOption& wrong = GetParam();
      if (section == "backends") return indented(wrong.of_backend) + (wrong.section == section ? indented(wrong.options) : "");
      return wrong.section == section && !wrong.options.empty() ? "    config:\n" + indented(wrong.options) : "";
    };
    return write("wrong.yaml",
                 "version: 1\nbackends:\n  bus:\n    plugin: kafka\n    config:\n      bootstrap.servers: \"127.0.0.1:9\"\n" +
                     options_of("backends") + "emitters:\n  out:\n    backend: bus\n    timeout: 60s\n" + options_of("emitters") +
                     "listeners:\n  board:\n    backend: bus\n    group: g\n    topics: [flights]\n" + options_of("listeners"));
  }
};

TEST_P(WrongOptions, AreRefusedByCheckAsByAStart) {
  const WrongOption& wrong = GetParam();
  const std::string file = config();
  const Finished checked = dispytch({"check", file});
  const bool listens = wrong.section == "listeners";
  const Finished started =
      dispytch(listens ? Lines{"tail", "--config", file, "board"} : Lines{"emit", "--config", file, "out", "t", "--topic", "x"});
  const Finished served = run({DISPYTCH_TEST_SERVICE, "--config", file}, {}, with_plugins());
  EXPECT_EQ(checked.exit_code, 2);
  EXPECT_EQ(started.exit_code, 2) << started.errors;
  EXPECT_EQ(served.exit_code, 2) << served.errors;
  EXPECT_EQ(first_line(started.errors), first_line(checked.output));
  EXPECT_EQ(served.errors, checked.output);
  EXPECT_THAT(checked.output, HasSubstr("\n1 error\n")) << "it is one mistake";
  const std::string owner = wrong.section == "backends" ? "bus" : listens ? "board" : "out";
  const std::string path = wrong.blamed.starts_with("backends.") ? wrong.blamed : wrong.section + "." + owner + ".config." + wrong.blamed;
  EXPECT_THAT(checked.output, HasSubstr(": " + path + ": "));
  EXPECT_EQ(checked.output.find("hunter2"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Of, WrongOptions, ::testing::ValuesIn(wrong_options()), [](const auto& test) { return test.param.name; });

class OneMemberTwice : public CliTest {
 protected:
  Finished check(const std::string& of_backend, const std::string& first, const std::string& second) const {
    return dispytch(
        {"check",
         write("members.yaml", "version: 1\nbackends:\n  bus: { plugin: kafka, config: { bootstrap.servers: \"127.0.0.1:9\"" + of_backend +
                                   " } }\nlisteners:\n  one: { backend: bus, " + first + " }\n  two: { backend: bus, " + second + " }\n")});
  }
};

TEST_F(OneMemberTwice, OfAGroupIsRefusedAtTheSecond) {
  const Finished checked = check("", "group: g, instance: me", "group: g, instance: me");
  EXPECT_THAT(checked.output, StartsWith((folder() / "members.yaml").string() +
                                         ":6:44: listeners.two.instance: listener `one` has the same instance `me` in the same group; "
                                         "each member needs a name of its own\n1 error\n"));
}

TEST_F(OneMemberTwice, ByTheClientsOwnOptionIsRefusedWhereverItStands) {
  EXPECT_THAT(check(", group.instance.id: me", "group: g", "group: h").output, HasSubstr("use the listener's `instance`"));
  EXPECT_THAT(check("", "group: g, config: { group.instance.id: me }", "group: h").output, HasSubstr("use the listener's `instance`"));
}

TEST_F(OneMemberTwice, OfDifferentGroupsAreTwoMembers) {
  EXPECT_EQ(check("", "group: g, instance: me", "group: h, instance: me").exit_code, 0);
  EXPECT_EQ(check("", "group: g, instance: me", "group: g, instance: you").exit_code, 0);
}

}  // namespace
}  // namespace dispytch::testing
