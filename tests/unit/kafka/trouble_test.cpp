// What is said of a connection that failed, and when a client that has never been let in is to wait no longer. No broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "diagnosis.hpp"
#include "trouble.hpp"

namespace dispytch::kafka {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Kind = Diagnosis::Kind;

Approach approach(const std::string& protocol, const std::string& mechanism = "PLAIN", const std::string& cluster = "kafka:9092") {
  return {.cluster = cluster, .protocol = protocol, .mechanism = mechanism, .user = "alice"};
}

const FailedConnection kRefusedLogin{
    .code = RD_KAFKA_RESP_ERR__AUTHENTICATION,
    .text =
        "sasl_ssl://kafka:9092/bootstrap: SASL authentication error: Authentication failed: Invalid username or password (after 105ms in "
        "state AUTH_REQ)"};
const FailedConnection kNobodyThere{
    .code = RD_KAFKA_RESP_ERR__TRANSPORT,
    .text = "kafka:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)"};
const FailedConnection kClosed{
    .code = RD_KAFKA_RESP_ERR__TRANSPORT,
    .text =
        "kafka:9092/bootstrap: Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol configuration "
        "(connecting to a SSL listener?) or broker version is < 0.10 (see api.version.request) (after 3ms in state APIVERSION_QUERY)"};
const FailedConnection kAllDown{.code = RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, .text = "1/1 brokers are down"};

FailedConnection bad_certificate(int error) {
  return {.code = RD_KAFKA_RESP_ERR__SSL,
          .text =
              "ssl://kafka:9092/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker "
              "certificate could not be verified (after 4ms in state SSL_HANDSHAKE)",
          .certificate_error = error};
}

TEST(Diagnosis, SuspectsThatALoginIsWantedWhereTheFirstWordsAreCutShort) {
  const auto cut = [](const std::string& broker) {
    return FailedConnection{
        .code = RD_KAFKA_RESP_ERR__TRANSPORT,
        .text = "ssl://kafka:9092/" + broker + ": Send failed: SSL transport error: Broken pipe (after 1ms in state UP)"};
  };
  EXPECT_EQ(diagnose(approach("ssl"), cut("bootstrap")).kind, Kind::suspected);
  EXPECT_THAT(diagnose(approach("ssl"), cut("bootstrap")).text,
              HasSubstr("as one that wants a login does: set `security.protocol` to `sasl_ssl`"));
  EXPECT_EQ(diagnose(approach("ssl"), cut("1")).kind, Kind::unknown) << "a broker that was there and is being restarted";
  EXPECT_EQ(diagnose(approach("sasl_ssl"), cut("bootstrap")).kind, Kind::unknown);
}

TEST(Diagnosis, NamesTheOptionsOfEachMechanism) {
  const auto text = [](const char* mechanism) { return diagnose(approach("sasl_ssl", mechanism), kRefusedLogin).text; };
  EXPECT_EQ(text("PLAIN"), "kafka:9092 refuses the login of user `alice` by PLAIN: check `sasl.username` and `sasl.password`");
  EXPECT_EQ(text("OAUTHBEARER"),
            "kafka:9092 refuses the login by OAUTHBEARER (SASL authentication error: Authentication failed: Invalid username or password): "
            "check the options that begin with `sasl.oauthbearer.`");
  EXPECT_THAT(text("GSSAPI"), HasSubstr("check `sasl.kerberos.principal`, `sasl.kerberos.keytab` and `sasl.kerberos.service.name`"));
}

TEST(Diagnosis, TellsWhatIsWrongWithACertificate) {
  const auto text = [](int error) { return diagnose(approach("ssl"), bad_certificate(error)).text; };
  EXPECT_THAT(text(10), HasSubstr("the certificate of kafka:9092 has expired"));
  EXPECT_THAT(text(9), HasSubstr("is not valid yet"));
  EXPECT_THAT(text(62), HasSubstr("is for another host"));
  EXPECT_THAT(text(64), HasSubstr("is for another host"));
  for (const int error : {18, 19, 20, 21}) EXPECT_THAT(text(error), HasSubstr("`ssl.ca.location`"));
  EXPECT_THAT(text(23), HasSubstr("can't be verified (OpenSSL's error 23)"));
}

TEST(Diagnosis, TellsThatTheBrokerWantsACertificateOfTheClient) {
  const Diagnosis diagnosis = diagnose(
      approach("ssl"),
      {.code = RD_KAFKA_RESP_ERR__SSL,
       .text = "ssl://kafka:9092/bootstrap: error:0A00045C:SSL routines::tlsv13 alert certificate required: SSL alert number 116"});
  EXPECT_EQ(diagnosis.text, "kafka:9092 wants another certificate of this client: check `ssl.certificate.location` and `ssl.key.location`");
}

TEST(Diagnosis, TakesAnEndWithinTheHandshakeForAPortWithoutTls) {
  const FailedConnection cut_short{
      .code = RD_KAFKA_RESP_ERR__SSL,
      .text =
          "ssl://kafka:9092/bootstrap: SSL handshake failed: error:0A000126:SSL routines::unexpected eof while reading (after 2ms in "
          "state SSL_HANDSHAKE)"};
  EXPECT_EQ(diagnose(approach("ssl"), cut_short).kind, Kind::suspected);
  FailedConnection later = cut_short;
  later.text = "ssl://kafka:9092/1: error:0A000126:SSL routines::unexpected eof while reading (after 9002ms in state UP)";
  EXPECT_EQ(diagnose(approach("ssl"), later).kind, Kind::unknown) << "a connection that had been made";
}

TEST(Diagnosis, LeavesWhatItDoesNotKnowAsItIs) {
  const Diagnosis diagnosis = diagnose(approach("plaintext"), kNobodyThere);
  EXPECT_EQ(diagnosis.kind, Kind::unknown);
  EXPECT_EQ(diagnosis.text, kNobodyThere.text);
  EXPECT_EQ(broker_of("sasl_ssl://kafka-1:9093/1: gone"), "kafka-1:9093");
  EXPECT_EQ(broker_of("GroupCoordinator: kafka-1:9093: gone"), "");
}

TEST(Diagnosis, TellsOfALibrdkafkaWhoseScramKafka4DoesNotTake) {
  Approach by_scram = approach("sasl_ssl", "SCRAM-SHA-512");
  by_scram.version = 0x020002ff;
  EXPECT_THAT(diagnose(by_scram, kRefusedLogin).text,
              AllOf(HasSubstr("check `sasl.username` and `sasl.password`; "), HasSubstr("from 2.6.1 on")));
  by_scram.version = 0x020601ff;
  EXPECT_THAT(diagnose(by_scram, kRefusedLogin).text, Not(HasSubstr("2.6.1")));
  by_scram.version = 0x020002ff;
  by_scram.mechanism = "PLAIN";
  EXPECT_THAT(diagnose(by_scram, kRefusedLogin).text, Not(HasSubstr("2.6.1")));
}

// Across the border an error has 239 bytes: the option must be within.
TEST(Diagnosis, FitsIntoAnErrorOfTheBorder) {
  const Approach far = approach("sasl_ssl", "SCRAM-SHA-512", "b-1.orders.kafka.eu-central-1.example.com:9096");
  const std::string text = "sasl_ssl://" + far.cluster + "/bootstrap: SSL handshake failed: certificate verify failed: x";
  for (const int error : {9, 10, 18, 23, 62}) {
    const Diagnosis found = diagnose(far, {.code = RD_KAFKA_RESP_ERR__SSL, .text = text, .certificate_error = error});
    EXPECT_LE(found.text.rfind('`'), 238U) << found.text;
  }
}

class Waiting : public ::testing::Test {
 protected:
  dispytch_status note(const FailedConnection& failed, std::chrono::milliseconds at, const std::string& cluster = "kafka:9092") {
    trouble.note(approach("plaintext", "PLAIN", cluster), failed, Trouble::Clock::time_point{at});
    return trouble.before_login(Trouble::Clock::time_point{at}).code;
  }
  dispytch_status at(std::chrono::milliseconds time) const { return trouble.before_login(Trouble::Clock::time_point{time}).code; }

  Trouble trouble;
};

TEST_F(Waiting, EndsAtOnceWhereTheLoginIsRefused) {
  EXPECT_EQ(at(0ms), DISPYTCH_OK) << "nothing is known";
  EXPECT_EQ(note(kRefusedLogin, 1ms), DISPYTCH_EAUTH);
  EXPECT_EQ(note(kAllDown, 2ms), DISPYTCH_EAUTH);
  EXPECT_EQ(note(kNobodyThere, 3ms), DISPYTCH_EAUTH) << "another address of the same name";
  EXPECT_THAT(trouble.text(), HasSubstr("refuses the login"));
}

TEST_F(Waiting, GoesOnForABrokerThatIsDown) {
  EXPECT_EQ(note(kNobodyThere, 0ms), DISPYTCH_EUNAVAILABLE);
  EXPECT_EQ(note(kAllDown, 1ms), DISPYTCH_EUNAVAILABLE);
  EXPECT_EQ(at(60s), DISPYTCH_EUNAVAILABLE);
  EXPECT_EQ(trouble.text(), kNobodyThere.text) << "that all are down says less";
}

TEST_F(Waiting, EndsForTheSignsOfAWrongProtocolOnceTheyLast) {
  EXPECT_EQ(note(kClosed, 0ms), DISPYTCH_EUNAVAILABLE);
  EXPECT_EQ(at(10s), DISPYTCH_EUNAVAILABLE) << "once may be an accident";
  EXPECT_EQ(note(kClosed, 100ms), DISPYTCH_EUNAVAILABLE);
  EXPECT_EQ(at(Trouble::kPatience - 1ms), DISPYTCH_EUNAVAILABLE);
  EXPECT_EQ(at(Trouble::kPatience), DISPYTCH_EAUTH) << "librdkafka doesn't repeat itself meanwhile";
}

TEST_F(Waiting, GoesOnForABrokerThatIsRestarted) {
  note(kClosed, 0ms);
  note(kClosed, 100ms);
  EXPECT_EQ(note(kNobodyThere, 200ms), DISPYTCH_EUNAVAILABLE);
  EXPECT_EQ(at(10s), DISPYTCH_EUNAVAILABLE);
}

TEST_F(Waiting, GivesOtherBrokersTimeToShowABetterCertificate) {
  const auto noted = [&](const std::string& cluster, std::chrono::milliseconds time) {
    trouble.note(approach("ssl", "PLAIN", cluster), bad_certificate(10), Trouble::Clock::time_point{time});
    return at(time);
  };
  EXPECT_EQ(noted("kafka:9092", 0ms), DISPYTCH_EAUTH) << "there is no other";
  trouble.clear();
  EXPECT_EQ(noted("kafka:9092,kafka:9093", 0ms), DISPYTCH_EUNAVAILABLE);
  EXPECT_EQ(at(Trouble::kPatience), DISPYTCH_EAUTH);
}

}  // namespace
}  // namespace dispytch::kafka
