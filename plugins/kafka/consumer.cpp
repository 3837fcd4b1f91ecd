#include "consumer.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "deadline.hpp"
#include "errors.hpp"
#include "subscription.hpp"
#include "tokens.hpp"

namespace dispytch::kafka {
namespace {

using plugin::Error;
using plugin::Exception;
using plugin::Level;
using plugin::Status;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// A poll that waits longer than this looks after the group in between: the group takes a member that doesn't poll for dead.
constexpr milliseconds kServeInterval{500};
constexpr milliseconds kLookInterval{1000};
constexpr milliseconds kLookTimeout{250};
constexpr milliseconds kLeastLook{100};  // also in a poll that is shorter: an answer may take that long
// Each third look waits longer: a broker answers in order, and before the answer stands a fetch that waits for messages, for half a second.
constexpr milliseconds kLongLook{750};
constexpr unsigned kLongLookEach = 3;
constexpr milliseconds kQueryTimeout{1000};   // for a leader to say where a log begins and ends, once it comes to that
constexpr milliseconds kEndPatience{10'000};  // what was known of a log's end before that says nothing of now
constexpr int kEndsUnjoined = 0x02030000;     // the first version that survives it

Start start_of(const plugin::Config& options) {
  const auto start = options.get("start", "earliest");
  if (start == "earliest" || start == "latest") return start == "latest" ? Start::latest : Start::earliest;
  if (start == "stored") return Start::stored;
  throw Exception{options.at("start").error("expected earliest, latest or stored")};
}

std::string require_group(const plugin::Config& options) {
  auto group = options.get("group", "");
  if (group.empty()) throw Exception{options.at("group").error("missing; Kafka keeps positions for consumer groups: name one")};
  return group;
}

}  // namespace

Settings Consumer::defaults() {
  // librdkafka 2.0 stops fetching for up to 1 s whenever its queue was full: a queue that takes longer than that to empty keeps the
  // messages coming. From 2.2 on it can be told to look again sooner.
  return {{"queued.min.messages", "1000000"},
          {"queued.max.messages.kbytes", "262144"},
          {"fetch.queue.backoff.ms", "10"},
          // New partitions, and new topics of a pattern, are noticed so soon.
          {"topic.metadata.refresh.interval.ms", "5000"}};
}

Settings Consumer::decided(const std::string& group) {
  return {{"group.id", group},
          {"auto.offset.reset", "error"},    // positions.hpp says why
          {"enable.partition.eof", "true"},  // for lag: where a reader can get no more
          {"enable.auto.commit", "false"},   // commits.hpp says why
          {"enable.auto.offset.store", "false"},
          {"allow.auto.create.topics", "false"}};
}

Consumer::Consumer(Cluster& shared, const plugin::Config& options, plugin::Opening opening)
    : Client{shared, Options{options.at("config"), Owner::consumer}},
      group_name_{options.get("group", "")},
      ephemeral_{options.get("ephemeral", false)},
      signal_{opening.notify},
      sources_{!ephemeral_} {
  const Subscription subscription{options.at("topics")};
  const std::string& group = group_name_;
  const Start start_where = start_of(options);
  ConfHandle conf = configure(RD_KAFKA_CONSUMER, defaults(), decided(group));
  fragile_ =
      rd_kafka_version() < kEndsUnjoined && text(conf.get(), "partition.assignment.strategy").find("cooperative") != std::string::npos;
  rebalance_timeout_ = milliseconds{integer(conf.get(), "max.poll.interval.ms")};
  if (const std::string hidden = subscription.hidden(); !hidden.empty()) {
    const std::string own = text(conf.get(), "topic.blacklist");
    rd_kafka_conf_set(conf.get(), "topic.blacklist", (own.empty() ? hidden : own + "," + hidden).c_str(), nullptr, 0);
  }
  if (const auto instance = options.get("instance", ""); !instance.empty()) {
    rd_kafka_conf_set(conf.get(), "group.instance.id", instance.c_str(), nullptr, 0);
  }
  const std::string hidden_topics = text(conf.get(), "topic.blacklist");
  rd_kafka_conf_set_rebalance_cb(conf.get(), on_rebalance);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  rd_kafka_conf_set_stats_cb(conf.get(), on_statistics);
  const milliseconds query = milliseconds{integer(conf.get(), "fetch.wait.max.ms")} + kQueryTimeout;
  const milliseconds commit_interval{integer(conf.get(), "auto.commit.interval.ms")};
  start(RD_KAFKA_CONSUMER, std::move(conf));
  // Only now, so that without topics and group it can be found out whether librdkafka takes the options.
  subscription.require_some(options.at("topics"));
  require_group(options);
  rd_kafka_poll_set_consumer(raw());
  group_ = std::make_unique<WatchedQueue>(rd_kafka_queue_get_consumer(raw()), on_arrival, &signal_);
  intake_ = std::make_unique<Intake>(raw(), sources_, signal_);
  const auto warn = [this](std::string text) { log(Level::warning, cluster() + ": " + std::move(text)); };
  commits_ = std::make_unique<Commits>(raw(), sources_, commit_interval, signal_, warn);
  KnownAtOpening known = known_at_opening(subscription, group, opening);
  const bool finds_any = subscription.finds_any(known.there, hidden_topics);
  ends_ = std::make_unique<LogEnds>(raw(), sources_, query - kQueryTimeout / 2);
  positions_ = std::make_unique<Positions>(
      Positions::Settings{.client = raw(),
                          .group = group,
                          .start = start_where,
                          .query = query,
                          .opening = std::move(known),
                          .stored_before = [this](const std::string& topic) { return sources_.has_stored(topic); },
                          .meanwhile = [this] { ends_->renew(); },
                          .warn = warn},
      signal_);
  rebalance_ = std::make_unique<Rebalance>(Rebalance::Parts{
      .client = raw(),
      .sources = sources_,
      .intake = *intake_,
      .commits = *commits_,
      .positions = *positions_,
      .events = events_,
      .wake_up = signal_,
      .tells_of_nothing = shared.host.abi_minor() >= 1,
      .tell = [this](std::string text, std::int64_t gone, std::int64_t again) { tell_of_position(std::move(text), gone, again); }});
  events_.clear();  // it was waited for; nobody asks any more whether it was down meanwhile
  down_ = false;
  opening_ = false;
  if (const auto drain = options.get<milliseconds>("drain_ms")) warn_about(*drain);
  subscribed_ = static_cast<std::size_t>(subscription.list()->cnt);
  if (const rd_kafka_resp_err_t code = rd_kafka_subscribe(raw(), subscription.list().get())) {
    throw Exception{error_of(code, "subscribing at " + cluster())};
  }
  // No rebalance tells of that: librdkafka waits for a topic before it joins the group.
  if (!finds_any) events_.push_back({.kind = DISPYTCH_ASSIGNED});
}

// Waits for the cluster, as an opening may.
KnownAtOpening Consumer::known_at_opening(const Subscription& subscription, const std::string& group, plugin::Opening opening) {
  const Clock::time_point deadline = Clock::now() + opening.timeout;
  KnownAtOpening known{.named = {subscription.names().begin(), subscription.names().end()}};
  known.there = subscription.require_topics(raw(), cluster(), opening.timeout, [this] {
    serve_group();
    Error why = trouble_.before_login(Clock::now());
    why.text = hide_secrets(std::move(why.text));
    return why;
  });
  if (!subscription.has_patterns()) return known;
  const auto warn = [this](std::string text) { log(Level::warning, cluster() + ": " + std::move(text)); };
  const auto positions = stored_positions(raw(), group, nullptr, std::stop_token{}, deadline, warn);
  if (!positions) {
    throw Exception{Error{.code = DISPYTCH_EUNAVAILABLE,
                          .text = cluster() + " didn't say within " + std::to_string(opening.timeout.count()) +
                                  " ms which positions group `" + group + "` has",
                          .retriable = true}};
  }
  known.group_had_positions = !positions->empty();
  return known;
}

void Consumer::tell_of_position(std::string text, std::int64_t gone, std::int64_t again) {
  log(Level::warning, cluster() + ", " + std::move(text));
  metrics().deleted_unread.record(static_cast<double>(gone));
  metrics().read_again.record(static_cast<double>(again));
}

void Consumer::warn_about(milliseconds drain) const {
  if (drain <= rebalance_timeout_) return;
  log(Level::warning, "a drain may take " + std::to_string(drain.count()) + " ms, but the group waits " +
                          std::to_string(rebalance_timeout_.count()) +
                          " ms (`max.poll.interval.ms`) for a member in a rebalance: a handler that " + "runs " +
                          std::to_string((drain - rebalance_timeout_).count()) +
                          " ms longer than that loses its partition, and its message is delivered again; lower the one or raise the other");
}

// ---- poll ----

Status Consumer::poll(plugin::Limits limits, milliseconds timeout, plugin::BatchOut& out) {
  const Clock::time_point deadline = Clock::now() + timeout;
  for (;;) {
    serve_group();
    commits_->serve();
    if (pauses_waiting_.exchange(false)) apply_pauses();
    rebalance_->step();
    if (sources_.storing()) commits_->serve();  // nothing is delivered before it is stored where the group begins
    if (put_event(out)) return {};
    if (limits.max_messages > 0 && put_messages(limits, out)) return {};
    const Clock::time_point now = Clock::now();
    if (woken_.exchange(false) || now >= deadline) return Status::timeout();
    if (down_ && now - looked_ >= kLookInterval) {
      looked_ = now;
      look_whether_up(++looks_ % kLongLookEach == 0 ? kLongLook : std::clamp(until(deadline), kLeastLook, kLookTimeout));
    } else {
      signal_.wait_until(std::min(deadline, now + (sources_.storing() ? Commits::kUrgentPause : kServeInterval)));
    }
  }
}

void Consumer::wake() {
  woken_ = true;
  signal_.set();
}

bool Consumer::put_event(plugin::BatchOut& out) {
  if (events_.empty()) return false;
  Event event = std::move(events_.front());
  events_.pop_front();
  switch (event.kind) {
    case DISPYTCH_ASSIGNED:
      for (const plugin::Source& source : event.sources) unavailable_.erase(source.topic);
      if (!event.sources.empty()) unmatched_.clear();
      out.assigned(std::move(event.sources), event.token);
      break;
    case DISPYTCH_REVOKING: out.revoking(std::move(event.sources), event.token, rebalance_timeout_); break;
    case DISPYTCH_LOST: out.lost(std::move(event.sources), std::move(event.why)); break;
    case DISPYTCH_DOWN: out.down(std::move(event.why)); break;
    default: out.up();
  }
  return true;
}

bool Consumer::put_messages(const plugin::Limits& limits, plugin::BatchOut& out) {
  BatchPool::Lease batch = pool_.take();
  intake_->take(*batch, limits);
  for (const MessageHandle& failure : std::exchange(intake_->failures(), {})) handle_failure(*failure);
  if (batch->size() == 0) return false;
  sources_.delivered(intake_->delivered());
  pool_.publish(*batch);
  const std::span<const dispytch_message> messages = batch->messages();
  out.messages(messages, std::move(batch));
  return true;
}

// ---- the group ----

void Consumer::serve_group() {
  std::array<rd_kafka_message_t*, 16> failures{};
  ssize_t count = 0;
  do {
    count = rd_kafka_consume_batch_queue(group_->get(), 0, failures.data(), failures.size());
    std::vector<MessageHandle> owned;
    for (ssize_t i = 0; i < count; ++i) owned.emplace_back(failures[static_cast<std::size_t>(i)]);
    if (callback_failure_) std::rethrow_exception(std::exchange(callback_failure_, nullptr));
    for (const MessageHandle& failure : owned) handle_failure(*failure);
  } while (count == static_cast<ssize_t>(failures.size()));
}

void Consumer::handle_failure(const rd_kafka_message_t& failure) {
  std::string what = "consuming from " + cluster();
  if (failure.rkt != nullptr) {
    what += std::string{", topic `"} + rd_kafka_topic_name(failure.rkt) + "`";
    if (failure.partition >= 0) what += ", partition " + std::to_string(failure.partition);
  }
  Error error{.code = border_code(failure.err),
              .text = hide_secrets(what + ": " + rd_kafka_message_errstr(&failure)),
              .retriable = is_retriable(failure.err),
              .broker_code = failure.err};
  switch (failure.err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF: return;
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
      log(Level::warning, error.text);
      rebalance_->expelled();
      return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      if (failure.rkt == nullptr) return;
      if (Source* source = sources_.find(rd_kafka_topic_name(failure.rkt), failure.partition)) {
        rebalance_->out_of_range(*source, failure.offset);
      }
      return;
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID: error.fatal = true; throw Exception{std::move(error)};
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
    case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
    case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
    case RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED: throw Exception{std::move(error)};
    default:
      if (error.code == DISPYTCH_EAUTH) throw Exception{std::move(error)};
      tell_of_topic(failure, std::move(error.text));  // librdkafka goes on trying
  }
}

// librdkafka says with each look at the metadata that a topic is missing: the log has it once, and when it changes.
void Consumer::tell_of_topic(const rd_kafka_message_t& failure, std::string text) {
  const bool about_topic = failure.rkt != nullptr && border_code(failure.err) == DISPYTCH_ENOTFOUND;
  if (about_topic && *rd_kafka_topic_name(failure.rkt) == '^') {
    tell_of_pattern(rd_kafka_topic_name(failure.rkt));
    return;
  }
  if (about_topic) stranded_ = true;
  if (about_topic && std::exchange(unavailable_[rd_kafka_topic_name(failure.rkt)], failure.err) == failure.err) return;
  log(Level::warning, std::move(text));
}

// librdkafka joins no group as long as there is nothing to subscribe to: then there is nothing for this member, as where it had joined.
void Consumer::tell_of_pattern(const std::string& expression) {
  if (!unmatched_.insert(expression).second) return;
  log(Level::info, cluster() + " has no topic that matches `" + expression + "` yet");
  if (unmatched_.size() == subscribed_ && sources_.all().empty()) events_.push_back({.kind = DISPYTCH_ASSIGNED});
}

void Consumer::look_whether_up(milliseconds timeout) {
  const rd_kafka_metadata_t* answer = nullptr;
  if (rd_kafka_metadata(raw(), 0, nullptr, &answer, static_cast<int>(timeout.count())) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const MetadataHandle metadata{answer};
  down_ = false;
  trouble_.clear();
  events_.push_back({.kind = DISPYTCH_UP});
}

void Consumer::on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  auto& self = of(opaque);
  try {
    self.rebalance_->asked(what, *partitions);
  } catch (...) {
    self.callback_failure_ = std::current_exception();
  }
}

void Consumer::on_error(rd_kafka_t* client, int number, const char* reason, void* opaque) {
  auto& self = of(opaque);
  auto code = static_cast<rd_kafka_resp_err_t>(number);
  try {
    std::array<char, 512> fatal_reason{};
    const bool fatal = code == RD_KAFKA_RESP_ERR__FATAL;
    if (fatal) {
      code = rd_kafka_fatal_error(client, fatal_reason.data(), fatal_reason.size());
      reason = fatal_reason.data();
    }
    Error error{.code = border_code(code),
                .text = self.hide_secrets("consuming from " + self.cluster() + ": " + reason),
                .retriable = is_retriable(code),
                .fatal = fatal,
                .broker_code = code};
    if (fatal) throw Exception{error};
    if (code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) self.stranded_ = true;
    const bool known = self.trouble_.note(self.approach(), self.failed(code, reason), Clock::now());
    error.text = self.hide_secrets("consuming from " + self.cluster() + ": " + (known ? self.trouble_.text() : std::string{reason}));
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !(self.opening_ && known)) self.log(Level::warning, error.text);
    if ((code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || error.code == DISPYTCH_EAUTH) && !std::exchange(self.down_, true)) {
      self.events_.push_back({.kind = DISPYTCH_DOWN, .why = std::move(error)});
    }
  } catch (...) {
    self.callback_failure_ = std::current_exception();
  }
}

int Consumer::on_statistics(rd_kafka_t*, char* json, std::size_t size, void* opaque) {
  auto& self = of(opaque);
  try {
    self.statistics().record({json, size});
  } catch (...) {
    self.callback_failure_ = std::current_exception();
  }
  return 0;  // librdkafka frees the text
}

void Consumer::on_arrival(rd_kafka_t*, void* signal) { static_cast<Signal*>(signal)->set(); }

// ---- settling ----

Status Consumer::settle(plugin::Strided<const plugin::Settlement> settlements) {
  Error error{.code = DISPYTCH_OK};
  for (const plugin::Settlement& settlement : settlements) {
    if (is_event(settlement.token)) {
      if (rebalance_->acknowledge(settlement.token)) continue;
      error = {.code = DISPYTCH_EFENCED, .text = "the rebalance that was acknowledged is over"};
    } else if (settlement.action != DISPYTCH_ACK_UP_TO) {
      error = {.code = DISPYTCH_ENOTIMPL, .text = "Kafka acknowledges up to a message, and neither single ones nor back into the topic"};
    } else if (!sources_.settle(settlement.token)) {
      error = {.code = DISPYTCH_EFENCED, .text = "the message is settled already, or its partition belongs to this consumer no more"};
    }
  }
  if (error.code != DISPYTCH_OK) return error;
  return {};
}

Status Consumer::sync(milliseconds timeout) {
  const rd_kafka_resp_err_t code = commits_->sync(Clock::now() + timeout);
  if (code == RD_KAFKA_RESP_ERR__TIMED_OUT) return Status::timeout();
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(code, "committing positions at " + cluster());
  return {};
}

// ---- flow ----

Status Consumer::pause(std::span<const plugin::Source> sources, bool on) {
  {
    const plugin::Lock lock{pauses_mutex_};
    for (const plugin::Source& source : sources) pauses_.emplace_back(source.source, on);
  }
  pauses_waiting_ = true;
  signal_.set();
  return {};
}

void Consumer::apply_pauses() {
  const plugin::Lock lock{pauses_mutex_};
  for (const auto& [id, on] : std::exchange(pauses_, {})) {
    Source* source = sources_.find(id);
    if (source == nullptr) continue;  // gone meanwhile
    if (on) {
      intake_->withhold(*source);
    } else {
      intake_->let_go(*source);
    }
  }
}

Status Consumer::seek(std::span<const plugin::Source> sources, milliseconds timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  for (const plugin::Source& wanted : sources) {
    Source* source = sources_.find(wanted.source);
    if (source == nullptr) return Error{.code = DISPYTCH_EFENCED, .text = "the partition belongs to this consumer no more"};
    if (!wanted.offset || *wanted.offset < 0) return Error{.code = DISPYTCH_EINVAL, .text = "expected an offset to go to, 0 or more"};
    if (!source->started) {
      source->start = *wanted.offset;
      continue;
    }
    intake_->drop(*source);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    do {  // librdkafka refuses as long as it is finding out where to begin
      const int wait = std::max(1, for_librdkafka(until(deadline), milliseconds{50}));
      code = rd_kafka_seek(source->topic_handle.get(), source->partition, *wanted.offset, wait);
    } while (code != RD_KAFKA_RESP_ERR_NO_ERROR && Clock::now() < deadline);
    if (code == RD_KAFKA_RESP_ERR__TIMED_OUT) return Status::timeout();
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(code, "seeking in topic `" + source->topic + "` at " + cluster());
    source->next = *wanted.offset;
  }
  return {};
}

std::vector<plugin::Lag> Consumer::lag() { return sources_.lag(Clock::now(), kEndPatience); }

}  // namespace dispytch::kafka
