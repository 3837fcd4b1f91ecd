#include "opening.hpp"

#include <charconv>
#include <utility>

#include "command.hpp"
#include "errors.hpp"

namespace dispytch::redis {
namespace {

using plugin::Error;
using plugin::Exception;

Start read_start(const plugin::Config& options) {
  const std::string start = options.get("start", "earliest");
  if (start == "earliest") return Start::earliest;
  if (start == "latest") return Start::latest;
  if (start == "stored") return Start::stored;
  throw Exception{options.at("start").error("expected earliest, latest or stored")};
}

bool has_group(Session& session, const std::string& topic, const std::string& group) {
  const Reply groups = session.require({"XINFO", "GROUPS", topic}, "asking for the groups of stream `" + topic + "`");
  for (const redisReply* row : elements(*groups)) {
    if (text(member(*row, "name")) == group) return true;
  }
  return false;
}

}  // namespace

Subscription::Subscription(const plugin::Config& options)
    : group{options.get("group", "")},
      instance{options.get("instance", "")},
      start{read_start(options)},
      ephemeral{options.get("ephemeral", false) || group.empty()} {
  for (const plugin::Config& topic : options.at("topics").elements()) {
    if (topic.at("pattern")) throw Exception{topic.at("pattern").error("the redis backend reads streams by name; name them")};
    topics.push_back(topic.require<std::string>("name"));
  }
  if (topics.empty()) throw Exception{options.at("topics").error("expected at least one topic")};
}

void require_version(Session& session) {
  const Reply info = session.ask({"INFO", "server"});
  if (is_error(*info)) return;  // the user may not ask
  const std::string_view all = text(*info);
  constexpr std::string_view kName = "redis_version:";
  const std::size_t at = all.find(kName);
  if (at == std::string_view::npos) return;
  const std::string_view version = all.substr(at + kName.size(), all.find_first_of("\r\n", at) - at - kName.size());
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  constexpr int kLeast = 7;
  if (major >= kLeast) return;
  throw Exception{DISPYTCH_ENOTIMPL,
                  "Redis at " + session.server() + " has version " + std::string{version} + "; consumer groups need 7.0 or newer"};
}

EntryId prepare(Session& session, const Server& server, const Subscription& subscription, const std::string& topic) {
  const std::string doing = "opening stream `" + topic + "`";
  const Reply info = session.ask({"XINFO", "STREAM", topic});
  const bool missing = is_error(*info) && refusal_of(text(*info)) == Refusal::no_key;
  if (missing && !server.options.declare_missing) {
    throw Exception{DISPYTCH_ENOTFOUND, "there is no stream `" + topic + "` at " + session.server() +
                                            "; make it by `dispytch declare`, or set `declare: missing`"};
  }
  if (is_error(*info) && !missing) throw Exception{error_of(text(*info), doing, session.server())};
  if (subscription.ephemeral) {
    if (subscription.start != Start::latest || missing) return {};
    return EntryId::parse(text(member(*info, "last-generated-id"))).value_or(EntryId{});
  }
  if (subscription.start == Start::stored) {
    if (!missing && has_group(session, topic, subscription.group)) return {};
    throw Exception{DISPYTCH_ENOTFOUND, "group `" + subscription.group + "` has no position in stream `" + topic + "` at " +
                                            session.server() +
                                            ", and `start: stored` says that it has; let `start` be earliest or latest for the first time"};
  }
  const std::string start = subscription.start == Start::latest ? "$" : "0";
  std::string words;
  CommandWriter writer{words};
  writer.begin(server.options.declare_missing ? 6 : 5).word("XGROUP").word("CREATE").word(topic).word(subscription.group).word(start);
  if (server.options.declare_missing) writer.word("MKSTREAM");
  const Reply made = session.ask(words);
  if (is_error(*made) && refusal_of(text(*made)) != Refusal::group_exists) throw Exception{error_of(text(*made), doing, session.server())};
  return {};
}

}  // namespace dispytch::redis
