#include "diagnosis.hpp"

#include <utility>

namespace dispytch::kafka {
namespace {

using Kind = Diagnosis::Kind;

// X509_V_ERR_* of OpenSSL's x509_vfy.h, whose numbers are part of its interface.
enum CertificateError : int {
  kNotYetValid = 9,
  kHasExpired = 10,
  kSelfSigned = 18,
  kSelfSignedInChain = 19,
  kIssuerNotFound = 20,
  kSignatureNotVerified = 21,
  kHostMismatch = 62,
  kAddressMismatch = 64
};

constexpr int kRightScram = 0x020601ff;  // librdkafka 2.6.1

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool uses_tls(const Approach& approach) { return approach.protocol.ends_with("ssl"); }
bool logs_in(const Approach& approach) { return approach.protocol.starts_with("sasl"); }

// What stands behind `marker`; empty where the marker isn't there.
std::string_view behind(std::string_view text, std::string_view marker) {
  const std::size_t at = text.find(marker);
  return at == std::string_view::npos ? std::string_view{} : text.substr(at + marker.size());
}

// Without the broker in front, and how long it took behind: "(after 3ms in state CONNECT)".
std::string_view reason_of(std::string_view text) {
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    if (const std::size_t colon = text.find(": ", scheme); colon != std::string_view::npos) text.remove_prefix(colon + 2);
  }
  if (const std::size_t after = text.rfind(" (after "); after != std::string_view::npos) text = text.substr(0, after);
  return text;
}

Diagnosis bad_certificate(const std::string& broker, int error) {
  std::string text = "the certificate of " + broker + " ";
  switch (error) {
    case kHasExpired:
      text += "has expired: give the broker a new one; only `enable.ssl.certificate.verification: false` takes it, and any other";
      break;
    case kNotYetValid:
      text += "is not valid yet: set the clocks right; only `enable.ssl.certificate.verification: false` takes it, and any other";
      break;
    case kHostMismatch:
    case kAddressMismatch:
      text +=
          "is for another host: use a name that it has in `bootstrap.servers` and the broker's advertised.listeners; "
          "`ssl.endpoint.identification.algorithm: none` takes any";
      break;
    case kSelfSigned:
    case kSelfSignedInChain:
    case kIssuerNotFound:
    case kSignatureNotVerified:
      text += "is signed by an authority that is not trusted here: name a file with that authority's certificate in `ssl.ca.location`";
      break;
    default: text += "can't be verified (OpenSSL's error " + std::to_string(error) + "): check `ssl.ca.location`"; break;
  }
  return {.kind = Kind::certificate, .text = std::move(text)};
}

Diagnosis refused_login(const Approach& approach, const std::string& broker, std::string_view reason) {
  std::string text = broker;
  constexpr std::string_view kOffered = "broker's supported mechanisms: ";
  if (has(reason, kOffered) && behind(reason, kOffered).empty()) {
    text += " wants no login: set `security.protocol` to `" + std::string{uses_tls(approach) ? "ssl" : "plaintext"} + "`";
  } else if (has(reason, kOffered)) {
    text += " takes no login by " + approach.mechanism + ", only by " + std::string{behind(reason, kOffered)} + ": change `sasl.mechanism`";
  } else if (approach.mechanism == "OAUTHBEARER") {
    text += " refuses the login by OAUTHBEARER (" + std::string{reason} + "): check the options that begin with `sasl.oauthbearer.`";
  } else if (approach.mechanism == "GSSAPI") {
    text += " refuses the login by GSSAPI (" + std::string{reason} +
            "): check `sasl.kerberos.principal`, `sasl.kerberos.keytab` and `sasl.kerberos.service.name`";
  } else {
    text += " refuses the login" + (approach.user.empty() ? "" : " of user `" + approach.user + "`") + " by " + approach.mechanism +
            ": check `sasl.username` and `sasl.password`";
    // It repeats its nonce in the last message of the login, which Kafka takes for a wrong password from version 4 on.
    if (approach.mechanism.starts_with("SCRAM") && approach.version < kRightScram) {
      text += "; Kafka 4 takes no SCRAM from this librdkafka, but from 2.6.1 on";
    }
  }
  return {.kind = Kind::refused, .text = std::move(text)};
}

Diagnosis wants_client_certificate(const std::string& broker) {
  return {.kind = Kind::refused,
          .text = broker + " wants another certificate of this client: check `ssl.certificate.location` and `ssl.key.location`"};
}

std::string with_tls(const Approach& approach) { return logs_in(approach) ? "`sasl_ssl`" : "`ssl`, or `sasl_ssl` where it wants a login"; }

}  // namespace

std::string_view broker_of(std::string_view text) {
  std::string_view rest = behind(text, "://");
  const std::size_t end = rest.find_first_of("/ ");
  if (end == std::string_view::npos) return {};
  rest = rest.substr(0, end);
  if (rest.ends_with(':')) rest.remove_suffix(1);
  return rest;
}

Diagnosis diagnose(const Approach& approach, const FailedConnection& failed) {
  const std::string_view found = broker_of(failed.text);
  const std::string broker{found.empty() ? std::string_view{approach.cluster} : found};
  const std::string_view reason = reason_of(failed.text);

  if (uses_tls(approach) && has(reason, "certificate verify failed")) return bad_certificate(broker, failed.certificate_error);
  // A broker that expects no TLS closes the connection at its first record, as does one that is being restarted.
  const bool cut_short = has(failed.text, "in state SSL_HANDSHAKE") && has(reason, "unexpected eof");
  if (uses_tls(approach) && (cut_short || has(reason, "connecting to a PLAINTEXT broker") || has(reason, "wrong version number"))) {
    return {.kind = Kind::suspected,
            .text = broker + " speaks no TLS, and this client does: set `security.protocol` to `" +
                    (logs_in(approach) ? "sasl_plaintext" : "plaintext") + "`, or another port in `bootstrap.servers`"};
  }
  if (uses_tls(approach) && (has(reason, "certificate required") || has(reason, "alert bad certificate") ||
                             has(reason, "alert unknown ca") || has(reason, "alert certificate") ||
                             has(reason, "alert unsupported certificate") || has(reason, "client SSL authentication might be required"))) {
    return wants_client_certificate(broker);
  }
  // What a broker answers in TLS is taken for the size of an answer: a record's type and version are its first bytes.
  if (!uses_tls(approach) && (has(reason, "Invalid response size 35") || has(reason, "connecting to a SSL listener"))) {
    return {.kind = Kind::suspected,
            .text = broker + " speaks TLS, and this client does not: set `security.protocol` to " + with_tls(approach)};
  }
  // The same end seen by who writes, of the connection by which a client finds the brokers: one that works is called by the broker's
  // number.
  const bool cut_at_first = has(failed.text, "/bootstrap: ") && has(failed.text, "in state UP") &&
                            (has(reason, "Broken pipe") || has(reason, "Connection reset"));
  if (!logs_in(approach) && (cut_at_first || has(reason, "broker might require SASL"))) {
    return {.kind = Kind::suspected,
            .text = broker + " closes the connection, as one that wants a login does: set `security.protocol` to `" +
                    (uses_tls(approach) ? "sasl_ssl" : "sasl_plaintext") + "`, with `sasl.mechanism`, `sasl.username` and `sasl.password`"};
  }
  switch (failed.code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE: return refused_login(approach, broker, reason);
    default: return {.text = failed.text};
  }
}

}  // namespace dispytch::kafka
