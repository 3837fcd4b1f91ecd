#include "cli/letter_reader.hpp"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <utility>

#include "app/wiring.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "border/error.hpp"
#include "cli/command.hpp"
#include "cli/open_config.hpp"
#include "cli/terminal.hpp"
#include "codec/uuid.hpp"
#include "config/load.hpp"
#include "text/bytes.hpp"

namespace dispytch::cli {
namespace {

constexpr std::string_view kGroupPrefix = "dispytch-dlq-";
constexpr std::uint64_t kBatchBytes = std::uint64_t{16} << 20;
constexpr std::chrono::milliseconds kPollTimeout{500};
constexpr std::chrono::seconds kAdminTimeout{15};
constexpr std::chrono::seconds kSyncTimeout{15};
// A log may end in something that is no message, such as a transaction's mark: so much silence is an end, too.
constexpr std::chrono::seconds kQuiet{10};
constexpr std::chrono::seconds kAwayPatience{30};
// A member that was killed keeps its partitions until its group misses it, with Kafka after 45 s by default.
constexpr std::chrono::seconds kAssignPatience{120};
constexpr std::chrono::seconds kAssignHint{5};

std::string text_of(const dispytch_bytes& bytes) { return std::string{text::view(bytes)}; }

}  // namespace

bool can_look_on(const std::shared_ptr<border::Adapter>& adapter) { return adapter->can(DISPYTCH_CAN_SEEK) && border::Admin::of(adapter); }

LetterReader::LetterReader(const config::Config& config, const LetterBox& box, std::shared_ptr<border::Adapter> adapter,
                           const ReaderOptions& options)
    : config_{config}, box_{box}, adapter_{std::move(adapter)}, options_{options}, group_{options.group} {
  if (group_.empty() && adapter_->can(DISPYTCH_CAN_GROUPS)) {
    group_ = std::string{kGroupPrefix} + std::string{codec::make_uuid(system_clock().unix_ms()).view()};
  }
  if ((options.again || options.only) && !adapter_->can(DISPYTCH_CAN_SEEK)) {
    throw UsageError{"the plugin `" + std::string{adapter_->library().id()} + "` can't move to another offset, which " +
                     (options.again ? "--again" : "showing one letter") + " needs"};
  }
  if (options_.group.empty() && !adapter_->can(DISPYTCH_CAN_SEEK)) open_browsers();
  if (browses()) return;
  if (auto admin = border::Admin::of(adapter_)) admin_.emplace(std::move(*admin));
  border::ConsumerDocument document = box.document(group_);
  const bool looks = options_.group.empty();
  document.ephemeral = looks && adapter_->takes_option(DISPYTCH_CAN_EPHEMERAL);
  auto consumer = adapter_->open_consumer(border::consumer_document(document), {}, app::kOpenTimeout);
  if (consumer && looks && !document.ephemeral) say_what_stays_behind(*adapter_, group_);
  if (!consumer) {
    const Error& error = consumer.error();
    if (error.code != ErrorCode::config) throw Exception{error};
    throw Exception{ErrorCode::config, to_string(config::plugin_problem(config, config::Section::listeners, box.listener().name, error))};
  }
  consumer_ = std::move(*consumer);
}

void LetterReader::open_browsers() {
  std::uint32_t disturbs = 0;
  for (const std::string& topic : box_.topics()) {
    auto browser = border::Browser::open(adapter_, {.topic = topic}, app::kOpenTimeout);
    if (!browser && browser.error().code == ErrorCode::not_implemented) return;  // then a consumer reads them
    if (!browser) throw Exception{browser.error()};
    disturbs |= (*browser)->disturbs();
    browsers_.push_back(std::move(*browser));
  }
  if (disturbs == 0) return;
  std::string text = "looking at the letters";
  if ((disturbs & DISPYTCH_BROWSE_COUNTS) != 0) text += ", each counts as delivered once more";
  if ((disturbs & DISPYTCH_BROWSE_REORDERS) != 0) text += ", their order may change";
  if ((disturbs & DISPYTCH_BROWSE_HIDES) != 0) text += ", nobody else gets them meanwhile";
  std::cerr << text << '\n';
}

std::span<const dispytch_message> LetterReader::browse(std::uint32_t at_most, const std::stop_token& stop) {
  const Clock::time_point since = Clock::now();
  while (!stop.stop_requested() && !browsers_.empty()) {
    const auto messages = browsers_.front()->read(at_most, kBatchBytes, kPollTimeout);
    if (!messages && messages.error().code == ErrorCode::timeout && Clock::now() - since < kAwayPatience) continue;
    if (!messages) throw Exception{messages.error()};
    if (!messages->empty()) return *messages;
    browsers_.erase(browsers_.begin());
  }
  return {};
}

std::optional<border::Batch> LetterReader::next(std::uint32_t at_most, const std::stop_token& stop) {
  const std::stop_callback wake{stop, [this] { consumer_->wake(); }};
  const Clock::time_point since = Clock::now();
  while (!stop.stop_requested() && !all_read() && !nothing_there_) {
    Result<border::Batch> batch = consumer_->poll(at_most, kBatchBytes, kPollTimeout);
    if (!batch) {
      const Error& error = batch.error();
      if (error.fatal || !(error.retriable || error.code == ErrorCode::unavailable)) throw Exception{error};
      down_ = error.text;
      require_patience(since);
      continue;
    }
    if (*batch && batch->kind() == DISPYTCH_MESSAGES) {
      down_.clear();
      note_progress(*batch);
      return std::move(*batch);
    }
    if (*batch) {
      handle(*batch);
      if (batch->kind() == DISPYTCH_ASSIGNED && sources_.empty()) assigned_nothing(stop);
      continue;
    }
    if (down_.empty() && assigned_once_ && Clock::now() - since >= kQuiet) {
      say_what_is_unread();
      return std::nullopt;
    }
    require_patience(since);
  }
  return std::nullopt;
}

// Whether there is still something to wait for.
void LetterReader::require_patience(Clock::time_point since) {
  const Clock::duration waited = Clock::now() - since;
  if (!down_.empty() && waited >= kAwayPatience) {
    throw Exception{ErrorCode::unavailable, "the broker can't be reached: " + down_};
  }
  if (assigned_once_ || !down_.empty()) return;
  if (waited >= kAssignHint && !std::exchange(said_that_it_waits_, true)) {
    std::cerr << "waiting for group `" << printable(group_)
              << "`: it assigns nothing yet; a replay that was killed keeps its place for a while\n";
  }
  if (waited >= kAssignPatience) {
    throw Exception{ErrorCode::timeout, "group `" + group_ + "` has assigned nothing for " + std::to_string(kAssignPatience.count()) +
                                            " s; does a replay of the same listener run elsewhere?"};
  }
}

// A member of a group that nobody else is in gets all that there is. In a group of several another member may have it, which a look in a
// group of its own tells.
void LetterReader::assigned_nothing(const std::stop_token& stop) {
  if (!options_.group.empty()) {
    LetterReader alone{config_, box_, adapter_, {}};
    static_cast<void>(alone.next(1, stop));
    nothing_there_ = alone.nothing_there_;
    return;
  }
  nothing_there_ = true;
  std::cerr << "no topic of dead letters is there yet: " << printable(box_.list_topics()) << '\n';
}

void LetterReader::say_what_is_unread() const {
  for (const auto& [number, source] : sources_) {
    if (source.read || !source.end) continue;
    log::warning("dlq", "topic `" + source.topic + "`, partition " + std::to_string(source.partition) + " ends at offset " +
                            std::to_string(*source.end) + ", and nothing more came of it for " + std::to_string(kQuiet.count()) +
                            " s: what is there is no message, or the broker is slow; the same command looks again");
  }
}

bool LetterReader::was_there(const dispytch_message& message) const {
  const auto source = sources_.find(message.source);
  return source == sources_.end() || !source->second.end || message.offset < *source->second.end;
}

bool LetterReader::all_read() const {
  return assigned_once_ && !sources_.empty() && std::ranges::all_of(sources_, [](const auto& source) { return source.second.read; });
}

void LetterReader::note_progress(const border::Batch& messages) {
  for (const dispytch_message& message : messages.messages()) {
    const auto source = sources_.find(message.source);
    if (source == sources_.end()) continue;
    next_[{source->second.topic, source->second.partition}] = message.offset + 1;
    if (source->second.end && message.offset + 1 >= *source->second.end) source->second.read = true;
  }
}

void LetterReader::handle(const border::Batch& event) {
  const dispytch_batch& raw = event.raw();
  if (raw.kind == DISPYTCH_DOWN) down_ = text_of(raw.text);
  if (raw.kind == DISPYTCH_UP) down_.clear();
  for (const dispytch_source& source : event.sources()) {
    if (raw.kind == DISPYTCH_ASSIGNED) assigned(source);
    if (raw.kind == DISPYTCH_REVOKING || raw.kind == DISPYTCH_LOST) sources_.erase(source.source);
  }
  if (raw.kind == DISPYTCH_LOST) {
    log::warning("dlq", "partitions were lost to another member of group `" + group_ + "`: " + text_of(raw.text));
    if (raw.n_sources == 0 && raw.n_tokens == 0) sources_.clear();
  }
  if (raw.event_token != 0) acknowledge(raw.event_token);
}

const std::vector<dispytch_range>* LetterReader::ranges_of(const std::string& topic) {
  if (!admin_) return nullptr;
  const auto [known, is_new] = ranges_.try_emplace(topic);
  if (is_new) known->second = admin_->ranges(topic, options_.as_group.empty() ? options_.group : options_.as_group, kAdminTimeout).value();
  return &known->second;
}

void LetterReader::assigned(const dispytch_source& raw) {
  assigned_once_ = true;
  Source source{.topic = text_of(raw.topic), .partition = (raw.flags & DISPYTCH_SOURCE_PARTITION) != 0 ? raw.partition : 0};
  if ((raw.flags & DISPYTCH_SOURCE_HIGH) != 0) source.end = raw.high;
  std::int64_t begin = (raw.flags & DISPYTCH_SOURCE_OFFSET) != 0 ? raw.offset : 0;
  std::int64_t oldest = 0;
  if (const std::vector<dispytch_range>* ranges = ranges_of(source.topic)) {
    const auto range = std::ranges::find(*ranges, source.partition, &dispytch_range::partition);
    if (range != ranges->end()) {
      source.end = range->high;
      oldest = range->low;
      begin = std::max(range->low, (range->flags & DISPYTCH_RANGE_STORED) != 0 ? range->stored : range->low);
    } else {
      source.end = 0;  // made since
    }
  }
  if (const auto known = next_.find({source.topic, source.partition}); known != next_.end()) {
    begin = known->second;  // it was away for a while
  } else if (options_.again) {
    begin = oldest;
    seek(raw, oldest);
  } else if (!options_.as_group.empty()) {
    seek(raw, begin);
  }
  if (options_.only) {
    const bool kept = !source.end || (options_.only->offset >= oldest && options_.only->offset < *source.end);
    const bool meant = source.topic == options_.only->topic && source.partition == options_.only->partition && kept;
    begin = options_.only->offset;
    source.end = meant ? std::optional{options_.only->offset + 1} : 0;
    if (meant) seek(raw, begin);
  }
  source.read = source.end && begin >= *source.end;
  sources_[raw.source] = std::move(source);
}

void LetterReader::seek(const dispytch_source& raw, std::int64_t offset) {
  dispytch_source target = raw;
  target.offset = offset;
  target.flags = DISPYTCH_SOURCE_OFFSET;
  const Result<void> moved = consumer_->seek({&target, 1}, kAdminTimeout);
  if (!moved) throw Exception{moved.error()};
}

void LetterReader::acknowledge(std::uint64_t token) {
  const dispytch_settlement settlement{token, DISPYTCH_ACK, 0};
  dispytch_error error = border::empty_error();
  const dispytch_status status = consumer_->settle({&settlement, 1}, error);
  if (status < 0 && status != DISPYTCH_EFENCED) {
    throw Exception{border::to_error(status, error, consumer_->adapter().library().id(), "acknowledging an event")};
  }
}

void LetterReader::settle(const std::vector<dispytch_message>& done) {
  if (done.empty()) return;
  std::vector<dispytch_settlement> settlements;
  if (consumer_->adapter().can(DISPYTCH_CAN_ACK_EACH)) {
    for (const dispytch_message& message : done) settlements.push_back({message.token, DISPYTCH_ACK, 0});
  } else {
    std::map<std::uint32_t, std::uint64_t> last;  // of each source
    for (const dispytch_message& message : done) last[message.source] = message.token;
    for (const auto& [source, token] : last) settlements.push_back({token, DISPYTCH_ACK_UP_TO, 0});
  }
  dispytch_error error = border::empty_error();
  const dispytch_status status = consumer_->settle(settlements, error);
  const std::string_view plugin = consumer_->adapter().library().id();
  if (status == DISPYTCH_EFENCED) {
    log::warning("dlq", "some letters belong to another member of group `" + group_ + "` by now, which will replay them again");
  } else if (status < 0) {
    throw Exception{border::to_error(status, error, plugin, "storing the progress")};
  }
  if (const Result<void> synced = consumer_->sync(kSyncTimeout); !synced) {
    Error why = synced.error();
    why.text = "the last " + std::to_string(done.size()) + " letters may be replayed again, since the progress of group `" + group_ +
               "` can't be stored: " + why.text;
    throw Exception{std::move(why)};
  }
}

}  // namespace dispytch::cli
