// From what librdkafka says of a connection that failed to a sentence that names the option to change.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <librdkafka/rdkafka.h>

namespace dispytch::kafka {

/// How a client is to reach its brokers, in librdkafka's own words.
struct Approach {
  std::string cluster = {};    ///< for people: the brokers that were given
  std::string protocol = {};   ///< `security.protocol`: plaintext, ssl, sasl_plaintext or sasl_ssl
  std::string mechanism = {};  ///< `sasl.mechanism`
  std::string user = {};       ///< `sasl.username`; empty: none
  int version = 0;             ///< of librdkafka, as rd_kafka_version() has it
};

/// A connection that failed.
struct FailedConnection {
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string text = {};      ///< librdkafka's own
  int certificate_error = 0;  ///< what OpenSSL found wrong with the broker's certificate, its X509_V_ERR_*; 0: nothing
};

struct Diagnosis {
  enum class Kind : std::uint8_t {
    refused,      ///< the broker refuses this client, or the client this broker: trying again won't help
    certificate,  ///< the same, for this broker's certificate; that of another broker may be good
    suspected,    ///< the signs of a wrong `security.protocol`, which a broker that is being restarted may show as well
    unknown       ///< anything else, such as a broker that is down
  };
  Kind kind = Kind::unknown;
  std::string text = {};  ///< a sentence; of an unknown cause librdkafka's own words
};

/// Says why a connection failed, and which option to change.
Diagnosis diagnose(const Approach& approach, const FailedConnection& failed);

/// Returns the broker's `host:port` as librdkafka puts it before its words: `sasl_ssl://kafka-1:9092/bootstrap: ...`. Empty where it is
/// not there.
std::string_view broker_of(std::string_view text);

}  // namespace dispytch::kafka
