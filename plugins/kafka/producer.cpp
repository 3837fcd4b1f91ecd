#include "producer.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include "errors.hpp"

namespace dispytch::kafka {
namespace {

using plugin::Error;
using plugin::Level;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// While flush waits it takes events, too: their places in the queue may be what is waited for.
constexpr milliseconds kFlushSlice{10};

void* opaque_of(std::uint64_t token) noexcept { return reinterpret_cast<void*>(token); }
std::uint64_t token_of(const rd_kafka_message_t& message) noexcept { return reinterpret_cast<std::uint64_t>(message._private); }

void* data_of(dispytch_bytes bytes) noexcept { return const_cast<std::uint8_t*>(bytes.data); }  // librdkafka copies and doesn't write

Error before_1970(std::int64_t timestamp_ms) {
  return {.code = DISPYTCH_EINVAL,
          .text = "a message has the timestamp " + std::to_string(timestamp_ms) +
                  " ms, but Kafka keeps none before 1970: leave it out, or say one from 0 on"};
}

void on_event(rd_kafka_t*, void* notify) { (*static_cast<const plugin::Notify*>(notify))(); }

}  // namespace

Settings Producer::defaults() {
  return {
      {"enable.idempotence", "true"}, {"acks", "all"}, {"partitioner", "murmur2_random"}, {"topic.metadata.propagation.max.ms", "2000"}};
}

Settings Producer::decided() {
  return {{"allow.auto.create.topics", "false"}};  // documented as a consumer's; a producer heeds it, and its default is true
}

Producer::Producer(Cluster& cluster, const plugin::Config& options, plugin::Notify notify)
    : Client{cluster, Options{options.at("config"), Owner::producer}}, notify_{notify} {
  ConfHandle conf = configure(RD_KAFKA_PRODUCER, defaults(), decided());
  if (const auto timeout = options.get<std::int32_t>("timeout_ms")) {
    // 0 would be "for ever" for librdkafka.
    rd_kafka_conf_set(conf.get(), "message.timeout.ms", std::to_string(std::max(1, *timeout)).c_str(), nullptr, 0);
  }
  timeout_ms_ = integer(conf.get(), "message.timeout.ms");
  batch_bytes_ = static_cast<std::size_t>(integer(conf.get(), "batch.size"));
  queue_bytes_ = static_cast<std::size_t>(integer(conf.get(), "queue.buffering.max.kbytes")) * 1024;
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);
  start(RD_KAFKA_PRODUCER, std::move(conf));
  events_.emplace(rd_kafka_queue_get_main(raw()), on_event, const_cast<plugin::Notify*>(&notify_));
}

plugin::Status Producer::close(milliseconds) {
  rd_kafka_purge(raw(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);  // the host flushes first what it wants to keep
  return {};
}

plugin::Accepted Producer::send(plugin::Strided<const plugin::MessageView> messages) {
  if (hopeless_.load(std::memory_order_relaxed)) [[unlikely]] {
    const plugin::Lock lock{mutex_};
    if (hopeless_) return {0, refused_};
  }
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const plugin::MessageView view = messages[i];
    const dispytch_message& message = view.raw();
    rd_kafka_topic_t* topic = topics_.find(raw(), view.topic());
    if ((message.flags & DISPYTCH_MSG_TIMESTAMP) != 0 && message.timestamp_ms < 0) return {i, before_1970(message.timestamp_ms)};
    const rd_kafka_resp_err_t code = topic == nullptr ? RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION : produce(topic, message);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) [[likely]]
      continue;
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) return {i, refusal(code, message)};
    if (message.key.len + message.payload.len > queue_bytes_) return {i, refusal(code, message)};
    full_ = true;
    // The last report may have been served before full_ was set: then there is room, and nobody left to say so.
    if (rd_kafka_outq_len(raw()) == 0 && full_.exchange(false)) notify_();
    return {i, plugin::Status::again()};
  }
  return {messages.size(), {}};
}

rd_kafka_resp_err_t Producer::produce(rd_kafka_topic_t* topic, const dispytch_message& message) {
  if (message.n_headers > 0 || (message.flags & DISPYTCH_MSG_TIMESTAMP) != 0) return produce_in_full(topic, message);
  const std::int32_t partition = (message.flags & DISPYTCH_MSG_PARTITION) != 0 ? message.partition : RD_KAFKA_PARTITION_UA;
  const int refused = rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, data_of(message.payload), message.payload.len,
                                       message.key.data, message.key.len, opaque_of(message.token));
  return refused == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_last_error();
}

rd_kafka_resp_err_t Producer::produce_in_full(rd_kafka_topic_t* topic, const dispytch_message& message) {
  HeadersHandle headers;
  if (message.n_headers > 0) {
    headers.reset(rd_kafka_headers_new(message.n_headers));
    for (std::uint32_t i = 0; i < message.n_headers; ++i) {
      const dispytch_header& header = message.headers[i];
      rd_kafka_header_add(headers.get(), reinterpret_cast<const char*>(header.key.data), static_cast<ssize_t>(header.key.len),
                          header.value.data, static_cast<ssize_t>(header.value.len));
    }
  }
  std::array<rd_kafka_vu_t, 8> parts{};
  std::size_t count = 0;
  const auto part = [&](rd_kafka_vtype_t type) -> decltype(rd_kafka_vu_t::u)& {
    parts[count].vtype = type;
    return parts[count++].u;
  };
  part(RD_KAFKA_VTYPE_RKT).rkt = topic;
  part(RD_KAFKA_VTYPE_MSGFLAGS).i = RD_KAFKA_MSG_F_COPY;
  part(RD_KAFKA_VTYPE_OPAQUE).ptr = opaque_of(message.token);
  part(RD_KAFKA_VTYPE_VALUE).mem = {data_of(message.payload), message.payload.len};
  part(RD_KAFKA_VTYPE_KEY).mem = {data_of(message.key), message.key.len};
  part(RD_KAFKA_VTYPE_PARTITION).i32 = (message.flags & DISPYTCH_MSG_PARTITION) != 0 ? message.partition : RD_KAFKA_PARTITION_UA;
  // For librdkafka 0 means now: the first millisecond of 1970 goes as the second.
  if ((message.flags & DISPYTCH_MSG_TIMESTAMP) != 0) {
    part(RD_KAFKA_VTYPE_TIMESTAMP).i64 = std::max<std::int64_t>(message.timestamp_ms, 1);
  }
  if (headers) part(RD_KAFKA_VTYPE_HEADERS).headers = headers.get();
  const ErrorHandle error{rd_kafka_produceva(raw(), parts.data(), count)};
  if (error) return rd_kafka_error_code(error.get());
  static_cast<void>(headers.release());  // the message's by now
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

Error Producer::refusal(rd_kafka_resp_err_t code, const dispytch_message& message) const {
  const std::string topic{plugin::view(message.topic)};
  const std::size_t size = message.key.len + message.payload.len;
  switch (code) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return {.code = DISPYTCH_ENOTFOUND, .text = "there is no topic `" + topic + "` at " + cluster(), .broker_code = code};
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return {.code = DISPYTCH_ENOTFOUND,
              .text = "topic `" + topic + "` at " + cluster() + " has no partition " + std::to_string(message.partition),
              .broker_code = code};
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return {.code = DISPYTCH_ETOOBIG,
              .text = "a message of " + std::to_string(size) + " bytes for topic `" + topic + "` is larger than `message.max.bytes` allows",
              .broker_code = code};
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return {.code = DISPYTCH_ETOOBIG,
              .text = "a message of " + std::to_string(size) + " bytes for topic `" + topic +
                      "` is larger than the whole queue, `queue.buffering.max.kbytes`",
              .broker_code = code};
    case RD_KAFKA_RESP_ERR__FATAL: {
      std::array<char, 512> reason{};
      rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(raw(), reason.data(), reason.size());
      Error error = error_of(fatal, "the producer for " + cluster() + " can't go on");
      error.text += std::string{" ("} + reason.data() + ")";
      error.fatal = true;
      return error;
    }
    default: return error_of(code, "topic `" + topic + "` at " + cluster() + " takes no message");
  }
}

std::size_t Producer::reports(plugin::Strided<plugin::Report> out) {
  const plugin::Lock lock{mutex_};
  texts_.clear();
  if (!trouble_.is_none()) [[unlikely]]
    give_up_where_hopeless();
  std::size_t count = 0;
  while (count < out.size()) {
    if (ready_.empty()) {
      take_events();
      if (ready_.empty()) break;
    }
    Ready& first = ready_.front();
    if (first.event == nullptr) {
      first.news.text = plugin::bytes(texts_.emplace_back(std::move(first.text)));
      out.set(count++, first.news);
      finish_first();
    } else if (const rd_kafka_message_t* message = rd_kafka_event_message_next(first.event.get())) {
      out.set(count++, report_of(*message));
    } else {
      finish_first();
    }
  }
  return count;
}

// An event's messages keep their places in librdkafka's queue until here.
void Producer::finish_first() {
  ready_messages_ -= ready_.front().messages;
  ready_.pop_front();
  if (full_.load(std::memory_order_relaxed) && full_.exchange(false)) notify_();
}

plugin::Report Producer::report_of(const rd_kafka_message_t& message) {
  plugin::Report report{};
  report.token = token_of(message);
  if (message.partition >= 0) {
    report.partition = message.partition;
    report.flags |= DISPYTCH_REPORT_PARTITION;
  }
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) [[likely]] {
    logged_in_ = true;
    if (!trouble_.is_none()) [[unlikely]]
      trouble_.clear();
    if (message.offset >= 0) {
      report.offset = message.offset;
      report.flags |= DISPYTCH_REPORT_OFFSET;
    }
    return report;
  }
  if (message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE && refused_.code == DISPYTCH_EAUTH) {
    report.code = refused_.code;
    report.broker_code = refused_.broker_code;
    report.text = plugin::bytes(texts_.emplace_back(refused_.text));
    return report;
  }
  report.code = border_code(message.err);
  report.broker_code = message.err;
  report.flags |= plugin::flag(is_retriable(message.err), DISPYTCH_ERROR_RETRIABLE) |
                  plugin::flag(rd_kafka_message_status(&message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED, DISPYTCH_ERROR_MAYBE_SENT);
  std::string text = why_not_stored(message);
  std::array<char, 512> fatal{};
  if (rd_kafka_fatal_error(raw(), fatal.data(), fatal.size()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    report.flags |= DISPYTCH_ERROR_FATAL;
    text += std::string{"; the producer can't go on: "} + fatal.data();
  }
  report.text = plugin::bytes(texts_.emplace_back(hide_secrets(std::move(text))));
  return report;
}

// What happened before there was this message is told of it only as long as librdkafka wouldn't repeat it.
std::string Producer::what_is_known(const rd_kafka_message_t& message) {
  const auto accepted = Clock::now() - std::chrono::microseconds{std::max<std::int64_t>(rd_kafka_message_latency(&message), 0)};
  if (!trouble_.is_none() && trouble_.at() >= accepted - Trouble::kUnsaid) return "; " + trouble_.text();
  if (logged_in_ || has_logged_in()) return "";
  return "; none of its brokers has said anything so far";
}

std::string Producer::why_not_stored(const rd_kafka_message_t& message) {
  const std::string topic = std::string{"topic `"} + rd_kafka_topic_name(message.rkt) + "` at " + cluster();
  const std::size_t size = message.key_len + message.len;
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: return "there is no " + topic;
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION: return topic + " has no partition " + std::to_string(message.partition);
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
      return topic + " confirmed no message within " + std::to_string(timeout_ms_) + " ms" + what_is_known(message);
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      if (size >= batch_bytes_) {  // alone in its batch
        return topic + " takes no message of " + std::to_string(size) + " bytes; its `max.message.bytes` decides";
      }
      return topic + " took no batch that had a message of " + std::to_string(size) +
             " bytes in it: its `max.message.bytes` holds for batches too; raise it, or lower the emitter's `batch.size` (" +
             std::to_string(batch_bytes_) + ") below it";
    default:
      return topic + " took no message: " + rd_kafka_err2str(message.err);  // rd_kafka_message_errstr() may take the payload for a text
  }
}

void Producer::take_events() {
  while (EventHandle event{rd_kafka_queue_poll(events_->get(), 0)}) {
    switch (rd_kafka_event_type(event.get())) {
      case RD_KAFKA_EVENT_DR:
        ready_.push_back({.event = nullptr, .messages = rd_kafka_event_message_count(event.get())});
        ready_.back().event = std::move(event);
        ready_messages_ += ready_.back().messages;
        break;
      case RD_KAFKA_EVENT_ERROR: take_error(event.get()); break;
      case RD_KAFKA_EVENT_STATS: take_statistics(event.get()); break;
      default: break;
    }
  }
}

// librdkafka numbers its messages anew once it can't tell any more what a broker has: after one timed out, or (before its change #4972)
// after a broker refused the successors of one that failed. Whatever was on its way then, to any partition, is sent again under the new
// number.
void Producer::take_statistics(rd_kafka_event_t* event) {
  if (const auto renewed = statistics().record(rd_kafka_event_stats(event))) {
    log(Level::warning, "producing to " + cluster() + ": messages are numbered anew (producer " + std::to_string(renewed->id) + ", epoch " +
                            std::to_string(renewed->epoch) + "); what was on its way to the brokers meanwhile may be stored twice");
  }
}

// What concerns the producer as a whole is news for the host; trouble with one broker is for the log, librdkafka goes on. A refusal before
// the first login is told by the messages that wait for it, where there are some.
void Producer::take_error(rd_kafka_event_t* event) {
  const rd_kafka_resp_err_t code = rd_kafka_event_error(event);
  const bool fatal = rd_kafka_event_error_is_fatal(event) != 0;
  const bool nothing_new = code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !trouble_.is_none();
  const bool known = trouble_.note(approach(), failed(code, rd_kafka_event_error_string(event)), Clock::now());
  give_up_where_hopeless();
  const bool told_otherwise = known && !logged_in_ && static_cast<std::size_t>(rd_kafka_outq_len(raw())) > ready_messages_;
  if (!fatal && (nothing_new || told_otherwise)) return;
  std::string text = hide_secrets("producing to " + cluster() + ": " +
                                  (fatal || !known ? std::string{rd_kafka_event_error_string(event)} : trouble_.text()));
  if (!fatal && code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && border_code(code) != DISPYTCH_EAUTH) {
    log(Level::warning, std::move(text));
    return;
  }
  plugin::Report news{};
  news.code = border_code(code);
  news.broker_code = code;
  news.flags = plugin::flag(fatal, DISPYTCH_ERROR_FATAL) | plugin::flag(!fatal, DISPYTCH_ERROR_RETRIABLE);
  ready_.push_back({.event = nullptr, .messages = 0, .news = news, .text = std::move(text)});
}

// Ends the wait of what was accepted where the client has never been let in and won't be with this configuration. It goes on trying all the
// same: once it is let in, messages are accepted again.
void Producer::give_up_where_hopeless() {
  if (logged_in_) return;
  logged_in_ = has_logged_in();
  plugin::Error cause = logged_in_ ? plugin::Error{.code = DISPYTCH_OK} : trouble_.before_login(Clock::now());
  hopeless_ = cause.code == DISPYTCH_EAUTH;
  if (!hopeless_) return;
  cause.text = hide_secrets(std::move(cause.text));
  refused_ = std::move(cause);
  rd_kafka_purge(raw(), RD_KAFKA_PURGE_F_QUEUE);  // none is on its way to a broker yet
}

plugin::Status Producer::flush(milliseconds timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  for (;;) {
    const auto left = std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(deadline - Clock::now()));
    // Ends the lingering of what is queued, and returns early when all is reported.
    rd_kafka_flush(raw(), static_cast<int>(std::min(left, kFlushSlice).count()));
    bool gained = false;
    bool done = false;
    {
      const plugin::Lock lock{mutex_};
      const std::size_t before = ready_.size();
      take_events();
      gained = ready_.size() > before;
      done = static_cast<std::size_t>(rd_kafka_outq_len(raw())) <= ready_messages_;
    }
    if (gained) notify_();
    if (done) return {};
    if (left <= milliseconds{0}) return plugin::Status::timeout();
  }
}

}  // namespace dispytch::kafka
