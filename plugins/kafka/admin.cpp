#include "admin.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <utility>

#include "errors.hpp"

namespace dispytch::kafka {
namespace {

using plugin::Error;
using plugin::Exception;
using std::chrono::milliseconds;

constexpr milliseconds kLongest{60'000};   // librdkafka's requests want a bound
constexpr milliseconds kAskingSlice{250};  // of a wait for the cluster, before it is asked again what may be wrong

std::string place(const std::string& topic, std::int32_t partition) {
  return "topic `" + topic + "`, partition " + std::to_string(partition);
}

Exception missing(const std::string& what, const std::string& cluster) {
  return Exception{Error{.code = DISPYTCH_ENOTFOUND,
                         .text = "there is no " + what + " at " + cluster,
                         .broker_code = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART}};
}

}  // namespace

Admin::Admin(Cluster& shared, milliseconds timeout, std::string group)
    : Client{shared, Options{}}, deadline_{Clock::now() + std::min(timeout, kLongest)}, group_{std::move(group)} {
  // It subscribes to nothing, so it joins no group. A consumer, since only those know of positions.
  ConfHandle conf = configure(RD_KAFKA_CONSUMER, {},
                              {{"group.id", group_.empty() ? "dispytch-admin" : group_},
                               {"enable.auto.commit", "false"},
                               {"allow.auto.create.topics", "false"},
                               {"statistics.interval.ms", "0"}});
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  start(RD_KAFKA_CONSUMER, std::move(conf));
}

int Admin::left() const { return std::max(1, static_cast<int>(std::chrono::ceil<milliseconds>(deadline_ - Clock::now()).count())); }

AdminOptionsHandle Admin::admin_options(rd_kafka_admin_op_t operation) {
  AdminOptionsHandle options{rd_kafka_AdminOptions_new(raw(), operation)};
  std::array<char, 256> reason{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), left(), reason.data(), reason.size());
  if (operation == RD_KAFKA_ADMIN_OP_DELETERECORDS) {
    rd_kafka_AdminOptions_set_operation_timeout(options.get(), left(), reason.data(), reason.size());
  }
  return options;
}

EventHandle Admin::answer(rd_kafka_queue_t* queue, const std::string& doing) {
  EventHandle event{rd_kafka_queue_poll(queue, left() + 1000)};  // its own timeout comes first
  if (event == nullptr) throw Exception{error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, doing + " at " + cluster())};
  if (const rd_kafka_resp_err_t code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    Error error = error_of(code, doing + " at " + cluster());
    if (const char* words = rd_kafka_event_error_string(event.get())) error.text = doing + " at " + cluster() + ": " + words;
    throw Exception{std::move(error)};
  }
  return event;
}

void Admin::on_error(rd_kafka_t*, int code, const char* reason, void* opaque) {
  auto& self = *static_cast<Admin*>(static_cast<Client*>(opaque));
  const auto number = static_cast<rd_kafka_resp_err_t>(code);
  const bool known = self.trouble_.note(self.approach(), self.failed(number, reason), Clock::now());
  if (known || number == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return;  // told by the one who waits
  self.log(plugin::Level::warning, "asking " + self.cluster() + ": " + reason);
}

void Admin::reach() { metadata_of(nullptr, {}); }

// The first question of all, and so the one that finds out that the client isn't let in.
MetadataHandle Admin::metadata_of(rd_kafka_topic_t* topic, const std::string& name) {
  for (;;) {
    const rd_kafka_metadata_t* answer = nullptr;
    const int slice = std::min(left(), static_cast<int>(kAskingSlice.count()));
    const rd_kafka_resp_err_t code = rd_kafka_metadata(raw(), 0, topic, &answer, slice);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return MetadataHandle{answer};
    rd_kafka_poll(raw(), 0);  // calls on_error()
    Error why = trouble_.before_login(Clock::now());
    why.text = hide_secrets(std::move(why.text));
    if (why.code == DISPYTCH_EAUTH) throw Exception{std::move(why)};
    if (Clock::now() < deadline_) continue;
    Error error = error_of(code, "asking " + cluster() + (name.empty() ? "" : " for topic `" + name + "`"));
    if (!why.text.empty()) error.text += "; " + why.text;
    throw Exception{std::move(error)};
  }
}

std::vector<std::int32_t> Admin::partitions_of(const std::string& topic) {
  const TopicHandle local{rd_kafka_topic_new(raw(), topic.c_str(), nullptr)};
  if (local == nullptr) throw missing("topic `" + topic + "`", cluster());
  const MetadataHandle metadata = metadata_of(local.get(), topic);
  std::vector<std::int32_t> partitions;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic& found = metadata->topics[i];
    if (topic != found.topic) continue;
    if (found.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || found.err == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) {
      throw missing("topic `" + topic + "`", cluster());
    }
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR && found.err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) {
      throw Exception{error_of(found.err, "topic `" + topic + "` at " + cluster())};
    }
    for (int p = 0; p < found.partition_cnt; ++p) partitions.push_back(found.partitions[p].id);
  }
  if (partitions.empty()) throw missing("topic `" + topic + "`", cluster());
  std::sort(partitions.begin(), partitions.end());
  return partitions;
}

std::vector<plugin::Range> Admin::ranges(const std::string& topic) {
  std::vector<plugin::Range> all;
  for (const std::int32_t partition : partitions_of(topic)) {
    plugin::Range& range = all.emplace_back(plugin::Range{.partition = partition});
    const rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(raw(), topic.c_str(), partition, &range.low, &range.high, left());
    // It was there a moment ago: somebody deletes it, or not every broker knows yet that it is gone.
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) throw missing("topic `" + topic + "`", cluster());
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw Exception{error_of(code, place(topic, partition) + " at " + cluster())};
  }
  if (!group_.empty()) add_positions(topic, all);
  return all;
}

// Not by librdkafka's ListConsumerGroupOffsets: 2.0 gives up while a coordinator is being elected.
void Admin::add_positions(const std::string& topic, std::vector<plugin::Range>& ranges) {
  const PartitionsHandle wanted{rd_kafka_topic_partition_list_new(static_cast<int>(ranges.size()))};
  for (const plugin::Range& range : ranges) rd_kafka_topic_partition_list_add(wanted.get(), topic.c_str(), range.partition);
  if (const rd_kafka_resp_err_t code = rd_kafka_committed(raw(), wanted.get(), left()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw Exception{error_of(code, "asking for the positions of group `" + group_ + "` at " + cluster())};
  }
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const rd_kafka_topic_partition_t& found = wanted->elems[i];
    if (found.err == RD_KAFKA_RESP_ERR_NO_ERROR && found.offset >= 0) ranges[i].stored = found.offset;
  }
}

void Admin::delete_up_to(std::span<const plugin::Source> sources) {
  const PartitionsHandle wanted{rd_kafka_topic_partition_list_new(static_cast<int>(sources.size()))};
  std::map<std::string, std::vector<plugin::Range>> known;
  for (const plugin::Source& source : sources) {
    const std::int32_t number = source.partition.value_or(0);
    // Asked first: librdkafka would look for the leader of what isn't there until the timeout, and the broker refuses without a number.
    auto [ranges, is_new] = known.try_emplace(source.topic);
    if (is_new) ranges->second = this->ranges(source.topic);
    const auto range =
        std::find_if(ranges->second.begin(), ranges->second.end(), [&](const plugin::Range& each) { return each.partition == number; });
    if (range == ranges->second.end()) throw missing(place(source.topic, number), cluster());
    if (!source.offset || *source.offset < 0 || *source.offset > range->high) {
      throw Exception{DISPYTCH_EINVAL, place(source.topic, number) + ": expected an offset from 0 to " + std::to_string(range->high) +
                                           ", found " + (source.offset ? std::to_string(*source.offset) : "none")};
    }
    if (*source.offset <= range->low) continue;  // nothing to do
    rd_kafka_topic_partition_list_add(wanted.get(), source.topic.c_str(), number)->offset = *source.offset;
  }
  if (wanted->cnt == 0) return;
  const DeleteRecordsHandle request{rd_kafka_DeleteRecords_new(wanted.get())};
  const QueueHandle queue{rd_kafka_queue_new(raw())};
  rd_kafka_DeleteRecords_t* requests[] = {request.get()};
  rd_kafka_DeleteRecords(raw(), requests, 1, admin_options(RD_KAFKA_ADMIN_OP_DELETERECORDS).get(), queue.get());
  const EventHandle event = answer(queue.get(), "deleting messages");
  const rd_kafka_topic_partition_list_t* done = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.get()));
  for (int i = 0; i < done->cnt; ++i) {
    const rd_kafka_topic_partition_t& partition = done->elems[i];
    if (partition.err == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    throw Exception{error_of(partition.err, "deleting messages of " + place(partition.topic, partition.partition) + " at " + cluster())};
  }
}

}  // namespace dispytch::kafka
