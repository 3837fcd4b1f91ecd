#include "browser.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "errors.hpp"

namespace dispytch::redis {
namespace {

using plugin::Exception;

constexpr std::size_t kMostAtOnce = 256;

struct Delivery {
  std::shared_ptr<const redisReply> owner = {};
  std::vector<plugin::InboundMessage> messages = {};
  std::vector<dispytch_header> headers = {};
  std::vector<std::size_t> first_header = {};
};

}  // namespace

Browser::Browser(const Server& server, const plugin::Look& look, std::chrono::milliseconds timeout)
    : server_{server}, topic_{look.topic}, session_{server.options, server.client_name("looking"), timeout} {
  if (look.partition.value_or(0) != 0) {
    throw Exception{DISPYTCH_ENOTFOUND, "stream `" + topic_ + "` has no partition " + std::to_string(*look.partition)};
  }
  const Reply info = session_.ask({"XINFO", "STREAM", topic_});
  if (is_error(*info)) {
    if (refusal_of(text(*info)) == Refusal::no_key)
      throw Exception{DISPYTCH_ENOTFOUND, "there is no stream `" + topic_ + "` at " + server.name()};
    throw Exception{error_of(text(*info), "looking at stream `" + topic_ + "`", server.name())};
  }
  last_ = EntryId::parse(text(member(*info, "last-generated-id"))).value_or(EntryId{});
  if (look.time_ms) next_ = {static_cast<std::uint64_t>(std::max<std::int64_t>(*look.time_ms, 0)), 0};
  if (look.offset) next_ = EntryId::at(*look.offset);
  if (look.id) {
    const auto id = EntryId::parse(*look.id);
    if (!id) throw Exception{DISPYTCH_EINVAL, "expected an entry's id, such as 1700000000000-0, found `" + *look.id + "`"};
    next_ = *id;
  }
}

plugin::Status Browser::read(plugin::Limits limits, std::chrono::milliseconds timeout, plugin::BatchOut& out) {
  if (next_ > last_) return {};
  if (limits.max_messages == 0) return plugin::Status::timeout();
  session_.renew(timeout);
  const std::size_t most = std::min<std::size_t>(limits.max_messages, kMostAtOnce);
  auto delivery = std::make_unique<Delivery>();
  delivery->owner.reset(
      session_.require({"XRANGE", topic_, next_.text(), last_.text(), "COUNT", std::to_string(most)}, "looking at stream `" + topic_ + "`")
          .release(),
      FreeReply{});
  const auto entries = elements(*delivery->owner);
  bool all = entries.size() < most;
  for (const redisReply* entry : entries) {
    const EntryId id = EntryId::parse(text(element(*entry, 0))).value_or(EntryId{});
    plugin::InboundMessage& message = delivery->messages.emplace_back();
    delivery->first_header.push_back(delivery->headers.size());
    message.topic = plugin::bytes(topic_);
    message.id = plugin::bytes(text(element(*entry, 0)));
    message.n_headers = static_cast<std::uint32_t>(server_.layout.read(element(*entry, 1), id, message, delivery->headers).headers);
    message.flags |= plugin::flag(message.n_headers > 0, DISPYTCH_MSG_HEADERS);
    if (const auto offset = id.offset()) {
      message.offset = *offset;
      message.flags |= DISPYTCH_MSG_OFFSET;
    }
    const std::uint64_t bytes = message.key.len + message.payload.len;
    if (bytes > limits.max_bytes && delivery->messages.size() > 1) {
      delivery->messages.pop_back();
      delivery->first_header.pop_back();
      all = false;
      break;
    }
    limits.max_bytes -= std::min(bytes, limits.max_bytes);
    next_ = id.next();
  }
  if (all) next_ = last_.next();
  if (delivery->messages.empty()) return {};
  for (std::size_t i = 0; i < delivery->messages.size(); ++i) {
    if (delivery->messages[i].n_headers > 0) delivery->messages[i].headers = delivery->headers.data() + delivery->first_header[i];
  }
  const std::span<const plugin::InboundMessage> messages = delivery->messages;
  out.messages(messages, std::move(delivery));
  return {};
}

}  // namespace dispytch::redis
