#include "positions.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include <dispytch/plugin/host.hpp>
#include <dispytch/plugin/status.hpp>

#include "errors.hpp"

namespace dispytch::kafka {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kPatience{100};     // how soon a wait sees that it is to stop
constexpr milliseconds kAgain{200};        // between a question that failed and the next
constexpr milliseconds kRequest{5'000};    // what the group's coordinator may take for an answer
constexpr int kWarnAfter = 10;             // questions that failed
constexpr milliseconds kMeanwhile{2'000};  // between two looks at where the logs end

using GroupOffsetsHandle = Handle<rd_kafka_ListConsumerGroupOffsets_t, rd_kafka_ListConsumerGroupOffsets_destroy>;

// Ends early when it is to stop.
void pause_for(milliseconds time, const std::stop_token& stop) {
  for (const auto end = Clock::now() + time; !stop.stop_requested() && Clock::now() < end;) {
    std::this_thread::sleep_for(std::min(time, milliseconds{20}));
  }
}

struct Answer {
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
  std::string text = {};
  StoredPositions positions = {};
};

Answer read(rd_kafka_event_t* event) {
  Answer answer{.code = rd_kafka_event_error(event)};
  if (answer.code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* text = rd_kafka_event_error_string(event);
    answer.text = text == nullptr ? rd_kafka_err2str(answer.code) : text;
    return answer;
  }
  std::size_t count = 0;
  const rd_kafka_group_result_t** groups =
      rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
  if (count == 0) return answer;
  if (const rd_kafka_error_t* error = rd_kafka_group_result_error(groups[0])) {
    answer.code = rd_kafka_error_code(error);
    answer.text = rd_kafka_error_string(error);
    return answer;
  }
  const rd_kafka_topic_partition_list_t* list = rd_kafka_group_result_partitions(groups[0]);
  if (list == nullptr) return answer;
  for (const rd_kafka_topic_partition_t& each : std::span{list->elems, static_cast<std::size_t>(list->cnt)}) {
    if (each.err != RD_KAFKA_RESP_ERR_NO_ERROR) {  // a transaction that is to move it isn't over, for one
      answer.code = each.err;
      answer.text =
          std::string{"topic `"} + each.topic + "`, partition " + std::to_string(each.partition) + ": " + rd_kafka_err2str(each.err);
      return answer;
    }
    if (each.offset < 0) continue;
    const std::string_view metadata{static_cast<const char*>(each.metadata), each.metadata == nullptr ? 0 : each.metadata_size};
    answer.positions[each.topic][each.partition] = {.offset = each.offset, .beginning = beginning_of(metadata)};
  }
  return answer;
}

Answer ask_coordinator(rd_kafka_t* client, const std::string& group, const rd_kafka_topic_partition_list_t* partitions,
                       const std::stop_token& stop, Clock::time_point deadline) {
  const GroupOffsetsHandle request{rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), partitions)};
  const AdminOptionsHandle options{rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS)};
  std::array<char, 256> reason{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(kRequest.count()), reason.data(), reason.size());
  if (rd_kafka_error_t* refused = rd_kafka_AdminOptions_set_require_stable_offsets(options.get(), 1)) rd_kafka_error_destroy(refused);
  const QueueHandle queue{rd_kafka_queue_new(client)};
  rd_kafka_ListConsumerGroupOffsets_t* requests[] = {request.get()};
  rd_kafka_ListConsumerGroupOffsets(client, requests, 1, options.get(), queue.get());
  while (!stop.stop_requested() && Clock::now() < deadline) {
    if (const EventHandle event{rd_kafka_queue_poll(queue.get(), static_cast<int>(kPatience.count()))}) return read(event.get());
  }
  return {};
}

}  // namespace

std::optional<StoredPositions> stored_positions(rd_kafka_t* client, const std::string& group,
                                                const rd_kafka_topic_partition_list_t* partitions, const std::stop_token& stop,
                                                Clock::time_point deadline, const std::function<void(std::string)>& warn) {
  for (int failed = 0; !stop.stop_requested() && Clock::now() < deadline;) {
    Answer answer = ask_coordinator(client, group, partitions, stop, deadline);
    if (answer.code == RD_KAFKA_RESP_ERR_NO_ERROR) return std::move(answer.positions);
    // A coordinator that is being elected, or loads its log, says all kinds of things; that it won't tell us is for good.
    if (border_code(answer.code) == DISPYTCH_EAUTH) {
      throw plugin::Exception{error_of(answer.code, "asking for the positions of group `" + group + "`")};
    }
    if (++failed == kWarnAfter) warn("asking for the positions of group `" + group + "`: " + answer.text + "; it is asked again");
    pause_for(kAgain, stop);
  }
  return std::nullopt;
}

Positions::Positions(Settings settings, Signal& wake_up) : settings_{std::move(settings)}, wake_up_{wake_up} {
  const plugin::SignalsBlocked blocked;  // for good in the thread
  thread_ = std::jthread{[this](const std::stop_token& stop) { work(stop); }};
}

Positions::~Positions() = default;  // the thread ends first: it was declared last

std::uint64_t Positions::ask(std::vector<Wanted> wanted) {
  std::uint64_t number = 0;
  {
    const plugin::Lock lock{mutex_};
    number = ++asked_;
    questions_.push_back({number, std::move(wanted)});
  }
  changed_.notify_one();
  return number;
}

std::optional<std::vector<Found>> Positions::answer(std::uint64_t question) {
  const plugin::Lock lock{mutex_};
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  auto node = answers_.extract(question);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

void Positions::forget(std::uint64_t question) {
  const plugin::Lock lock{mutex_};
  if (working_on_ == question) working_on_ = 0;
  std::erase_if(questions_, [&](const Question& each) { return each.number == question; });
  answers_.erase(question);
}

void Positions::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Question question;
    bool any = false;
    {
      const plugin::Lock lock{mutex_};
      const auto until = Clock::now() + kMeanwhile;
      while (questions_.empty() && !stop.stop_requested() && Clock::now() < until) {  // one wait at a time, which a request to stop ends
        changed_.wait_until(mutex_, stop, until, [waited = false]() mutable { return std::exchange(waited, true); });
      }
      if (stop.stop_requested()) return;
      any = !questions_.empty();
    }
    if (!any) {
      if (settings_.meanwhile) settings_.meanwhile();
      continue;
    }
    {
      const plugin::Lock lock{mutex_};
      if (questions_.empty()) continue;  // forgotten meanwhile
      question = std::move(questions_.front());
      questions_.pop_front();
      working_on_ = question.number;
    }
    std::vector<Found> found;
    try {
      found = find(std::move(question.wanted), stop);
    } catch (...) {
      const plugin::Lock lock{mutex_};
      failure_ = std::current_exception();
    }
    {
      const plugin::Lock lock{mutex_};
      if (std::exchange(working_on_, 0) == 0 || stop.stop_requested()) continue;
      answers_.emplace(question.number, std::move(found));
    }
    wake_up_.set();
  }
}

std::vector<Found> Positions::find(std::vector<Wanted> wanted, const std::stop_token& stop) {
  std::map<std::string, std::int32_t> highest;  // partitions there are, at least
  for (const Wanted& each : wanted) highest[each.topic] = std::max(highest[each.topic], each.partition + 1);
  const PartitionsHandle asked{rd_kafka_topic_partition_list_new(static_cast<int>(wanted.size()))};
  for (const auto& [topic, partitions] : highest) {  // all of each topic: the others' positions tell what is new
    const auto there = settings_.opening.there.find(topic);
    const std::int32_t count = std::max(partitions, there == settings_.opening.there.end() ? 0 : there->second);
    for (std::int32_t p = 0; p < count; ++p) rd_kafka_topic_partition_list_add(asked.get(), topic.c_str(), p);
  }
  const auto positions = stored_positions(settings_.client, settings_.group, asked.get(), stop, Clock::time_point::max(), settings_.warn);
  std::vector<Found> found;
  std::vector<std::size_t> from_low, from_high;
  if (!positions) return found;
  for (Wanted& each : wanted) {
    const std::size_t index = found.size();
    Found& one = found.emplace_back();
    one.beginning = beginning(each.topic, *positions, settings_.opening, settings_.stored_before(each.topic), highest[each.topic]);
    const auto topic = positions->find(each.topic);
    const auto* stored = topic == positions->end() || !topic->second.contains(each.partition) ? nullptr : &topic->second.at(each.partition);
    if (each.out_of_range) {
      from_low.push_back(index);
      from_high.push_back(index);
      one.to_store = true;
    } else if (stored != nullptr) {
      one.offset = stored->offset;
    } else if (settings_.start == Start::stored) {
      one.missing = true;
    } else {
      one.to_store = true;
      const bool old = each.partition < one.beginning;
      (old && settings_.start == Start::latest ? from_high : from_low).push_back(index);
    }
    one.wanted = std::move(each);
  }
  query(found, from_high, true);
  query(found, from_low, false);
  for (Found& one : found) {  // both must be known
    if (one.wanted.out_of_range && one.offset && one.high < 0) one.offset.reset();
  }
  return found;
}

// A position "out of range" becomes the oldest that is kept; the end is asked first, so that it isn't below.
void Positions::query(std::vector<Found>& found, const std::vector<std::size_t>& which, bool end) {
  if (which.empty()) return;
  const PartitionsHandle list{rd_kafka_topic_partition_list_new(static_cast<int>(which.size()))};
  for (const std::size_t index : which) {
    const Wanted& wanted = found[index].wanted;
    rd_kafka_topic_partition_list_add(list.get(), wanted.topic.c_str(), wanted.partition)->offset =
        end ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING;  // which the protocol takes as times
  }
  const rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(settings_.client, list.get(), static_cast<int>(settings_.query.count()));
  for (const std::size_t index : which) {
    Found& one = found[index];
    const rd_kafka_topic_partition_t* answer =
        rd_kafka_topic_partition_list_find(list.get(), one.wanted.topic.c_str(), one.wanted.partition);
    const bool known = code == RD_KAFKA_RESP_ERR_NO_ERROR && answer->err == RD_KAFKA_RESP_ERR_NO_ERROR && answer->offset >= 0;
    const std::int64_t offset = known ? answer->offset : -1;
    (end ? one.high : one.low) = offset;
    if (end && one.wanted.out_of_range) continue;
    if (known) one.offset = offset;
  }
}

}  // namespace dispytch::kafka
