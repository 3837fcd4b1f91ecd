#include "errors.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace dispytch::redis {
namespace {

struct Code {
  std::string_view word;
  Refusal refusal;
};
constexpr std::array kCodes{
    Code{"LOADING", Refusal::loading},
    Code{"READONLY", Refusal::read_only},
    Code{"MASTERDOWN", Refusal::master_down},
    Code{"MOVED", Refusal::moved},
    Code{"ASK", Refusal::moved},
    Code{"CLUSTERDOWN", Refusal::moved},
    Code{"CROSSSLOT", Refusal::cross_slot},
    Code{"NOAUTH", Refusal::no_login},
    Code{"WRONGPASS", Refusal::wrong_login},
    Code{"NOPERM", Refusal::no_permission},
    Code{"OOM", Refusal::out_of_memory},
    Code{"MISCONF", Refusal::cannot_persist},
    Code{"NOREPLICAS", Refusal::cannot_persist},
    Code{"NOGROUP", Refusal::no_group},
    Code{"WRONGTYPE", Refusal::wrong_type},
    Code{"BUSYGROUP", Refusal::group_exists},
    Code{"BUSY", Refusal::busy},
    Code{"UNBLOCKED", Refusal::unblocked},
};
// Errors of the general kind, told by their words.
constexpr std::array kWords{
    Code{"no such key", Refusal::no_key},
    Code{"requires the key to exist", Refusal::no_key},
    Code{"invalid password", Refusal::wrong_login},
    Code{"without any password configured", Refusal::wrong_login},
    Code{"can't run this command or subcommand", Refusal::no_permission},
    Code{"can't access at least one of the keys", Refusal::no_permission},
    Code{"max number of clients", Refusal::busy},
    Code{"no longer exists", Refusal::unblocked},
};

bool begins_with_code(std::string_view text, std::string_view code) noexcept {
  return text.starts_with(code) && (text.size() == code.size() || text[code.size()] == ' ');
}

struct Words {
  dispytch_status code;
  std::string_view what;    // is wrong
  std::string_view change;  // what to do about it
};
Words words_of(Refusal refusal) noexcept {
  switch (refusal) {
    case Refusal::loading:
      return {DISPYTCH_EUNAVAILABLE, "the server is still reading its data", "it is tried again until the server is ready"};
    case Refusal::read_only: return {DISPYTCH_EUNAVAILABLE, "the server is a replica and takes no writes", "let `address` name the master"};
    case Refusal::master_down:
      return {DISPYTCH_EUNAVAILABLE, "the server is a replica that has lost its master", "let `address` name the master"};
    case Refusal::moved:
      return {DISPYTCH_EUNAVAILABLE, "the server is a node of a cluster, and the key is on another one",
              "clusters are not followed yet: use a server that holds all keys"};
    case Refusal::cross_slot:
      return {DISPYTCH_EINVAL, "the server is a node of a cluster, and the keys are on several nodes",
              "clusters are not followed yet: use a server that holds all keys"};
    case Refusal::no_login:
      return {DISPYTCH_EAUTH, "the server wants a login", "set `password`, and `username` where it isn't the default user"};
    case Refusal::wrong_login:
      return {DISPYTCH_EAUTH, "the server refuses the login", "check `username` and `password`, and whether the user is enabled"};
    case Refusal::no_permission:
      return {DISPYTCH_EAUTH, "the user may not do that", "give it the permissions that the README of the plugin lists (ACL SETUSER)"};
    case Refusal::out_of_memory:
      return {DISPYTCH_EUNAVAILABLE, "the server has no memory left for it", "raise its `maxmemory`, or trim streams; it is tried again"};
    case Refusal::cannot_persist:
      return {DISPYTCH_EUNAVAILABLE, "the server takes no writes, since it can't keep them",
              "look at its disk and its replicas; it is tried again"};
    case Refusal::no_group: return {DISPYTCH_ENOTFOUND, "the stream or its consumer group is gone", "see who deletes it"};
    case Refusal::no_key:
      return {DISPYTCH_ENOTFOUND, "there is no such stream", "make it by `dispytch declare`, or set `declare: missing`"};
    case Refusal::wrong_type:
      return {DISPYTCH_EINVAL, "the key holds something else than a stream", "name another topic, or rename that key"};
    case Refusal::group_exists: return {DISPYTCH_EINVAL, "the consumer group is there already", "name another group"};
    case Refusal::busy: return {DISPYTCH_EUNAVAILABLE, "the server is too busy for it", "it is tried again"};
    case Refusal::unblocked: return {DISPYTCH_EUNAVAILABLE, "the server ended the wait", "it is tried again"};
    case Refusal::other: break;
  }
  return {DISPYTCH_EINTERNAL, "the server refuses it", ""};
}

}  // namespace

Refusal refusal_of(std::string_view error) noexcept {
  for (const Code& code : kCodes) {
    if (begins_with_code(error, code.word)) return code.refusal;
  }
  // Before version 7 an error in a script stands behind the script's own words.
  if (error.starts_with("ERR Error running script")) {
    for (std::size_t at = error.find(": "); at != std::string_view::npos; at = error.find(": ", at + 2)) {
      for (const Code& code : kCodes) {
        if (begins_with_code(error.substr(at + 2), code.word)) return code.refusal;
      }
    }
  }
  for (const Code& words : kWords) {
    if (error.find(words.word) != std::string_view::npos) return words.refusal;
  }
  return Refusal::other;
}

bool is_passing(Refusal refusal) noexcept { return words_of(refusal).code == DISPYTCH_EUNAVAILABLE; }

plugin::Error error_of(std::string_view error, std::string_view doing, std::string_view server) {
  const Refusal refusal = refusal_of(error);
  const Words words = words_of(refusal);
  std::string text{doing};
  text.append(" at ").append(server).append(": ").append(words.what);
  if (!words.change.empty()) text.append("; ").append(words.change);
  constexpr std::size_t kLongest = 100;  // of the server's own words, so that ours are never cut
  text.append(" (").append(error.substr(0, kLongest)).append(error.size() > kLongest ? "...)" : ")");
  return {.code = words.code, .text = std::move(text), .retriable = is_passing(refusal)};
}

}  // namespace dispytch::redis
