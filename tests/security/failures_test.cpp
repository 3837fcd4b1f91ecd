// What is wrong with a login or a certificate is said in one sentence that names the option to change, at once, by every command and by an
// application, and without any part of the password.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "security/security_fixture.hpp"

namespace dispytch::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

struct Mistake {
  std::string name;
  std::string listener;  // where it connects
  KafkaOptions changes;  // to a login that works; an empty value leaves the option out; librdkafka: old, the system's in any case
  std::string sentence;  // with {broker} for the listener's address
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

const KafkaOptions kNoLogin{{"sasl.mechanism", ""}, {"sasl.username", ""}, {"sasl.password", ""}};

KafkaOptions without_login(KafkaOptions changes) {
  changes.insert(kNoLogin.begin(), kNoLogin.end());
  return changes;
}

std::vector<Mistake> mistakes() {
  return {
      {"WrongPassword", "secure", {}, "{broker} refuses the login of user `alice` by PLAIN: check `sasl.username` and `sasl.password`"},
      {"WrongPasswordByScram",
       "secure",
       {{"sasl.mechanism", "SCRAM-SHA-512"}},
       "{broker} refuses the login of user `alice` by SCRAM-SHA-512: check `sasl.username` and `sasl.password`"},
      {"UnknownUser",
       "secure",
       {{"sasl.username", "mallory"}},
       "{broker} refuses the login of user `mallory` by PLAIN: check `sasl.username` and `sasl.password`"},
      {"UnknownUserByScram",
       "secure",
       {{"sasl.username", "mallory"}, {"sasl.mechanism", "SCRAM-SHA-512"}},
       "{broker} refuses the login of user `mallory` by SCRAM-SHA-512: check `sasl.username` and `sasl.password`"},
      {"ScramByAnOldLibrary",
       "secure",
       {{"sasl.mechanism", "SCRAM-SHA-512"}, {"librdkafka", "old"}},
       "{broker} refuses the login of user `alice` by SCRAM-SHA-512: check `sasl.username` and `sasl.password`; Kafka 4 takes no SCRAM "
       "from "
       "this librdkafka, but from 2.6.1 on"},
      {"MechanismThatIsNotOffered",
       "secure",
       {{"sasl.mechanism", "SCRAM-SHA-256"}},
       "{broker} takes no login by SCRAM-SHA-256, only by PLAIN,SCRAM-SHA-512: change `sasl.mechanism`"},
      {"UnknownAuthority",
       "secure",
       {{"ssl.ca.location", "{stranger}"}},
       "the certificate of {broker} is signed by an authority that is not trusted here: name a file with that authority's certificate in "
       "`ssl.ca.location`"},
      {"ExpiredCertificate", "expired", without_login({{"security.protocol", "ssl"}}),
       "the certificate of {broker} has expired: give the broker a new one; only `enable.ssl.certificate.verification: false` takes it, "
       "and "
       "any other"},
      {"OtherHost", "elsewhere", without_login({{"security.protocol", "ssl"}}),
       "the certificate of {broker} is for another host: use a name that it has in `bootstrap.servers` and the broker's "
       "advertised.listeners; `ssl.endpoint.identification.algorithm: none` takes any"},
      {"PlainTextToATlsPort", "secure", without_login({{"security.protocol", "plaintext"}}),
       "{broker} speaks TLS, and this client does not: set `security.protocol` to `ssl`, or `sasl_ssl` where it wants a login"},
      {"PlainTextLoginToATlsPort",
       "secure",
       {{"security.protocol", "sasl_plaintext"}},
       "{broker} speaks TLS, and this client does not: set `security.protocol` to `sasl_ssl`"},
      {"TlsToAPlainTextPort", "bootstrap", without_login({{"security.protocol", "ssl"}}),
       "{broker} speaks no TLS, and this client does: set `security.protocol` to `plaintext`, or another port in `bootstrap.servers`"},
      {"TlsLoginToAPlainTextPort",
       "bootstrap",
       {},
       "{broker} speaks no TLS, and this client does: set `security.protocol` to `sasl_plaintext`, or another port in `bootstrap.servers`"},
      {"NoLoginWhereOneIsWanted", "secure", without_login({{"security.protocol", "ssl"}}),
       "{broker} closes the connection, as one that wants a login does: set `security.protocol` to `sasl_ssl`, with `sasl.mechanism`, "
       "`sasl.username` and `sasl.password`"},
      {"LoginWhereNoneIsWanted",
       "bootstrap",
       {{"security.protocol", "sasl_plaintext"}},
       "{broker} wants no login: set `security.protocol` to `plaintext`"},
  };
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  if (const std::size_t at = text.find(what); at != std::string::npos) text.replace(at, what.size(), by);
  return text;
}

class Failures : public SecurityTest, public ::testing::WithParamInterface<Mistake> {
 protected:
  std::string broker() const { return GetParam().listener == "bootstrap" ? kafka_address() : line_of(GetParam().listener); }
  std::string sentence() const { return replaced(GetParam().sentence, "{broker}", broker()); }
  // It has the right one in it, so that no part of that may be shown either.
  std::string wrong_password() const { return "not-" + password(); }

  ProcessOptions environment() const {
    const KafkaOptions& changes = GetParam().changes;
    const auto mechanism = changes.find("sasl.mechanism");
    const bool scram = mechanism != changes.end() && mechanism->second == "SCRAM-SHA-512" && !changes.contains("librdkafka");
    return SecurityTest::environment(wrong_password(), scram ? mechanism->second : "PLAIN");
  }

  std::string config() const {
    KafkaOptions options = login();
    options["bootstrap.servers"] = broker();
    for (const auto& [name, value] : GetParam().changes) {
      options[name] = replaced(value, "{stranger}", GetParam().name == "UnknownAuthority" ? left("stranger.crt").string() : "");
      if (value.empty() || name == "librdkafka") options.erase(name);
    }
    return config_of(options);
  }

  void expect_no_part_of_the_password(const Finished& finished) const {
    constexpr std::size_t kPart = 5;
    const std::string secret = password();
    for (std::size_t at = 0; at + kPart <= secret.size(); ++at) {
      ASSERT_THAT(finished.output + finished.errors, Not(HasSubstr(secret.substr(at, kPart))));
    }
  }
};

TEST_P(Failures, AreSaidByEmitForTheLineThatWaits) {
  const Finished finished = run(command({"emit", "--config", config(), "out", "counted", "--topic", topic_}), "{\"n\":1}\n", environment());
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.output, "0 confirmed, 1 failed\n");
  EXPECT_EQ(finished.errors, "stopped at line 1: " + sentence() + "\nresume with --from-line 1\n");
  expect_no_part_of_the_password(finished);
}

TEST_P(Failures, AreSaidByTail) {
  const Finished finished = run(command({"tail", "--config", config(), "in"}), {}, environment());
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.errors, "dispytch: " + sentence() + "\n");
  expect_no_part_of_the_password(finished);
}

TEST_P(Failures, AreSaidByDlqList) {
  const Finished finished = run(command({"dlq", "list", "--config", config(), "in"}), {}, environment());
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.errors, "dispytch: " + sentence() + "\n");
  expect_no_part_of_the_password(finished);
}

// It asks from outside of any group.
TEST_P(Failures, AreSaidByDlqPurge) {
  const Finished finished = run(command({"dlq", "purge", "--config", config(), "in", "--all", "--yes"}), {}, environment());
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.errors, "dispytch: " + sentence() + "\n");
  expect_no_part_of_the_password(finished);
}

TEST_P(Failures, AreSaidByAnApplicationThatStarts) {
  const Finished finished = run({DISPYTCH_TEST_SERVICE, "--config", config(), "--topic", topic_}, {}, environment());
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.errors, EndsWith(sentence() + "\n"));
  expect_no_part_of_the_password(finished);
}

INSTANTIATE_TEST_SUITE_P(Of, Failures, ::testing::ValuesIn(mistakes()), [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace dispytch::testing
