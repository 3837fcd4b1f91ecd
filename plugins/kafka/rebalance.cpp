#include "rebalance.hpp"

#include <span>
#include <utility>

#include "errors.hpp"
#include "tokens.hpp"

namespace dispytch::kafka {
namespace {

std::span<rd_kafka_topic_partition_t> elements(const rd_kafka_topic_partition_list_t& list) {
  return {list.elems, static_cast<std::size_t>(list.cnt)};
}

constexpr std::chrono::milliseconds kLastCommit{5'000};  // before partitions are given up, where the host has not synced

PartitionsHandle copy(const rd_kafka_topic_partition_list_t& list) { return PartitionsHandle{rd_kafka_topic_partition_list_copy(&list)}; }

void require(rd_kafka_error_t* raw, const char* what) {
  if (const ErrorHandle error{raw}) throw plugin::Exception{error_of(rd_kafka_error_code(error.get()), what)};
}
void require(rd_kafka_resp_err_t code, const char* what) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw plugin::Exception{error_of(code, what)};
}

}  // namespace

void Rebalance::asked(rd_kafka_resp_err_t what, const rd_kafka_topic_partition_list_t& partitions) {
  const char* protocol = rd_kafka_rebalance_protocol(client_);
  const bool incremental = protocol != nullptr && std::string_view{protocol} == "COOPERATIVE";
  if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    joined_ = true;
    begin_assign(partitions, incremental);
  } else if (rd_kafka_assignment_lost(client_) != 0) {
    lose(partitions, incremental);
  } else {
    pending_ = Pending{.kind = Kind::give_up, .incremental = incremental, .partitions = copy(partitions)};
    if (partitions.cnt > 0 && !closing_) {
      acknowledged_ = false;
      awaited_ = event_token(++last_event_);
      events_.push_back({.kind = DISPYTCH_REVOKING, .sources = described(partitions), .token = awaited_});
    } else {
      finish();
    }
  }
}

void Rebalance::begin_assign(const rd_kafka_topic_partition_list_t& partitions, bool incremental) {
  pending_ = Pending{.kind = Kind::assign, .incremental = incremental, .partitions = copy(partitions)};
  if (partitions.cnt == 0 || closing_) {
    finish();
    return;
  }
  for (const rd_kafka_topic_partition_t& partition : elements(partitions)) {
    intake_.add(sources_.add(client_, partition.topic, partition.partition, wake_up_));
  }
  acknowledged_ = false;
  awaited_ = event_token(++last_event_);
  events_.push_back({.kind = DISPYTCH_ASSIGNED, .sources = described(partitions), .token = awaited_});
}

// The group has given them to others already: there is nothing to agree to, and nothing to commit.
void Rebalance::lose(const rd_kafka_topic_partition_list_t& partitions, bool incremental) {
  std::vector<plugin::Source> sources = described(partitions);
  pending_ = Pending{.kind = Kind::give_up, .incremental = incremental, .partitions = copy(partitions)};
  finish();
  if (sources.empty() || closing_) return;
  events_.push_back({.kind = DISPYTCH_LOST,
                     .sources = std::move(sources),
                     .why = {.code = DISPYTCH_EFENCED,
                             .text = "the group took this member for dead and gave its partitions to others; `max.poll.interval.ms` and "
                                     "`session.timeout.ms` say after which silence"}});
}

bool Rebalance::acknowledge(std::uint64_t token) {
  if (awaited_ != token) return false;
  acknowledged_ = true;
  wake_up_.set();
  return true;
}

void Rebalance::step() {
  if (!pending_) return;
  if (acknowledged_) {
    if (pending_->kind == Kind::give_up) commits_.sync(Commits::Clock::now() + kLastCommit);
    finish();
  } else if (rd_kafka_assignment_lost(client_) != 0) {
    expelled();
  }
}

void Rebalance::expelled() {
  if (!pending_ || pending_->kind != Kind::give_up) return;
  std::erase_if(events_, [&](const Event& event) { return event.token == awaited_; });
  const PartitionsHandle partitions = std::move(pending_->partitions);
  lose(*partitions, pending_->incremental);
}

void Rebalance::close() {
  closing_ = true;
  events_.clear();
  if (pending_) finish();
}

void Rebalance::finish() {
  Pending done = std::move(*pending_);
  pending_.reset();
  awaited_ = 0;
  if (done.kind == Kind::assign) {
    assign(done.partitions.get(), done.incremental);
  } else {
    forget(*done.partitions);
    give_up(done.partitions.get(), done.incremental);
  }
  if (done.incremental) restore_positions();
}

// Before librdkafka hears of it: what is settled from here on is too late, and another assignment of the partition is another source.
void Rebalance::forget(const rd_kafka_topic_partition_list_t& partitions) {
  for (const rd_kafka_topic_partition_t& partition : elements(partitions)) {
    if (Source* source = sources_.find(partition.topic, partition.partition)) {
      intake_.remove(*source);
      sources_.remove(*source);
    }
  }
}

void Rebalance::assign(rd_kafka_topic_partition_list_t* partitions, bool incremental) {
  for (rd_kafka_topic_partition_t& partition : elements(*partitions)) {
    Source* source = sources_.find(partition.topic, partition.partition);
    if (source == nullptr) continue;
    if (source->start) partition.offset = *source->start;
    source->started = true;
  }
  if (incremental) {
    require(rd_kafka_incremental_assign(client_, partitions), "librdkafka didn't take the partitions that the group assigned");
  } else {
    require(rd_kafka_assign(client_, partitions), "librdkafka didn't take the partitions that the group assigned");
  }
}

void Rebalance::give_up(const rd_kafka_topic_partition_list_t* partitions, bool incremental) {
  if (incremental) {
    require(rd_kafka_incremental_unassign(client_, partitions), "librdkafka didn't give up the partitions that the group took");
  } else {
    require(rd_kafka_assign(client_, nullptr), "librdkafka didn't give up the partitions that the group took");
  }
}

// For the time of a rebalance librdkafka pauses what a member keeps, and throws away what it has prefetched of it. Version 2.0 may then go
// on behind messages that it never handed out; told where, it doesn't.
void Rebalance::restore_positions() {
  for (const Source* source : sources_.all()) {
    if (source->started && source->next) rd_kafka_seek(source->topic_handle.get(), source->partition, *source->next, 0);
  }
}

std::vector<plugin::Source> Rebalance::described(const rd_kafka_topic_partition_list_t& partitions) const {
  std::vector<plugin::Source> all;
  for (const rd_kafka_topic_partition_t& partition : elements(partitions)) {
    const Source* source = sources_.find(partition.topic, partition.partition);
    if (source == nullptr) continue;
    all.push_back({.topic = partition.topic, .source = source->id, .partition = partition.partition});
  }
  return all;
}

}  // namespace dispytch::kafka
