#include "rebalance.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <utility>

#include "errors.hpp"
#include "tokens.hpp"

namespace dispytch::kafka {
namespace {

std::span<rd_kafka_topic_partition_t> elements(const rd_kafka_topic_partition_list_t& list) {
  return {list.elems, static_cast<std::size_t>(list.cnt)};
}

constexpr std::chrono::milliseconds kAskAgain{500};      // where a partition begins, if it couldn't be found out
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
  if (pending_ && pending_->question != 0) positions_.forget(pending_->question);
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
    // It has joined, and there is nothing for it at present: news, unless it keeps what it has.
    if (!closing_ && tells_of_nothing_ && sources_.all().empty()) events_.push_back({.kind = DISPYTCH_ASSIGNED});
    return;
  }
  std::vector<Wanted> wanted;
  for (const rd_kafka_topic_partition_t& partition : elements(partitions)) {
    Source& source = sources_.add(client_, partition.topic, partition.partition, wake_up_);
    intake_.add(source);
    wanted.push_back({.topic = source.topic, .partition = source.partition, .source = source.id});
  }
  pending_->question = positions_.ask(std::move(wanted));
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
  if (!pending_) {
    step_restarts();
    return;
  }
  if (pending_->question != 0 && !pending_->found) pending_->found = positions_.answer(pending_->question);
  if (acknowledged_) {
    if (pending_->question != 0 && !pending_->found) return;
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
  std::vector<Source*> kept;
  if (done.kind == Kind::assign) {
    std::ranges::copy_if(sources_.all(), std::back_inserter(kept), [](const Source* source) { return source->started; });
    assign(done.partitions.get(), done.incremental, done.found.value_or(std::vector<Found>{}));
  } else {
    forget(*done.partitions);
    give_up(done.partitions.get(), done.incremental);
    kept = sources_.all();
  }
  if (done.incremental) restore(kept);
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

void Rebalance::assign(rd_kafka_topic_partition_list_t* partitions, bool incremental, const std::vector<Found>& found) {
  for (const Found& one : found) {
    if (Source* source = sources_.find(one.wanted.source)) place(*source, one);
  }
  const PartitionsHandle known{rd_kafka_topic_partition_list_new(partitions->cnt)};
  for (const rd_kafka_topic_partition_t& partition : elements(*partitions)) {
    Source* source = sources_.find(partition.topic, partition.partition);
    if (source == nullptr || !source->next) continue;
    rd_kafka_topic_partition_list_add(known.get(), partition.topic, partition.partition)->offset = *source->next;
    source->started = true;
  }
  if (incremental) {
    require(rd_kafka_incremental_assign(client_, known.get()), "librdkafka didn't take the partitions that the group assigned");
  } else {
    require(rd_kafka_assign(client_, known.get()), "librdkafka didn't take the partitions that the group assigned");
  }
}

// Notes where a source begins; it is left as it is, to be asked about again, where nobody could say.
void Rebalance::place(Source& source, const Found& found) {
  if (source.start) {
    source.next = std::exchange(source.start, std::nullopt);
    sources_.place(source, *source.next, text_of_beginning(found.beginning), false);
  } else if (found.missing) {
    throw plugin::Exception{DISPYTCH_ENOTFOUND, "topic `" + source.topic + "`, partition " + std::to_string(source.partition) +
                                                    ": the group has no position there, and `start: stored` says not to choose one"};
  } else if (found.offset) {
    source.next = *found.offset;
    sources_.place(source, *found.offset, text_of_beginning(found.beginning), found.to_store);
  } else {
    restarts_.push_back(found.wanted);
    restart_at_ = Clock::now() + kAskAgain;
  }
}

// ---- partitions that librdkafka has stopped, or could not begin ----

void Rebalance::out_of_range(Source& source, std::int64_t offset) {
  if (offset < 0) offset = source.next.value_or(0);
  restarts_.push_back({.topic = source.topic, .partition = source.partition, .source = source.id, .out_of_range = offset});
  wake_up_.set();
}

void Rebalance::step_restarts() {
  if (restart_question_ != 0) {
    if (const auto found = positions_.answer(restart_question_)) {
      restart_question_ = 0;
      restart(*found);
    }
  } else if (!restarts_.empty() && Clock::now() >= restart_at_) {
    restart_question_ = positions_.ask(std::exchange(restarts_, {}));
  }
}

// All partitions are assigned anew, at where each was, unless the protocol can do that for one: what librdkafka has stopped it doesn't
// let itself be told to seek.
void Rebalance::restart(const std::vector<Found>& found) {
  const char* protocol = rd_kafka_rebalance_protocol(client_);
  const bool incremental = protocol != nullptr && std::string_view{protocol} == "COOPERATIVE";
  const PartitionsHandle stopped{rd_kafka_topic_partition_list_new(1)};
  const PartitionsHandle begun{rd_kafka_topic_partition_list_new(1)};
  for (const Found& one : found) {
    Source* source = sources_.find(one.wanted.source);
    if (source == nullptr) continue;  // given up meanwhile
    if (!one.wanted.out_of_range) {
      place(*source, one);
    } else if (one.offset) {
      move_on(*source, one);
    } else {
      restarts_.push_back(one.wanted);
      restart_at_ = Clock::now() + kAskAgain;
      continue;
    }
    if (!source->next) continue;
    if (source->started) rd_kafka_topic_partition_list_add(stopped.get(), source->topic.c_str(), source->partition);
    rd_kafka_topic_partition_list_add(begun.get(), source->topic.c_str(), source->partition)->offset = *source->next;
    source->started = true;
    intake_.set_apart(*source);
  }
  if (begun->cnt == 0) return;
  if (incremental) {
    if (stopped->cnt > 0) require(rd_kafka_incremental_unassign(client_, stopped.get()), "librdkafka didn't stop partitions");
    require(rd_kafka_incremental_assign(client_, begun.get()), "librdkafka didn't begin partitions anew");
    return;
  }
  const PartitionsHandle all{rd_kafka_topic_partition_list_new(1)};
  for (Source* source : sources_.all()) {
    if (!source->started || !source->next) continue;
    rd_kafka_topic_partition_list_add(all.get(), source->topic.c_str(), source->partition)->offset = *source->next;
    intake_.set_apart(*source);
  }
  require(rd_kafka_assign(client_, all.get()), "librdkafka didn't begin partitions anew");
}

// Nothing is stored where the source was. Below what is kept: somebody deleted what it had still to read. Above: the log is another one by
// now, or has lost its end; nobody can tell which, so all that is kept comes, be it again.
void Rebalance::move_on(Source& source, const Found& found) {
  const std::int64_t was = *found.wanted.out_of_range;
  const std::int64_t now = *found.offset;
  const std::string place = "topic `" + source.topic + "`, partition " + std::to_string(source.partition);
  if (was < now) {
    tell_(place + ": offsets " + std::to_string(was) + " to " + std::to_string(now - 1) + " (" + std::to_string(now - was) +
              ") were deleted before they were read; it goes on at " + std::to_string(now) + ", the oldest that is kept",
          now - was, 0);
  } else if (was > found.high) {
    intake_.drop(source);
    sources_.rewind(source);
    tell_(place + ": the position is " + std::to_string(was) + ", but the log ends at " + std::to_string(found.high) +
              ": it was cut off, or the topic was made anew; it goes on at " + std::to_string(now) + ", the oldest that is kept, and " +
              std::to_string(found.high - now) + " messages may come again",
          0, found.high - now);
  } else {  // it is there again, or always was
    source.next = was;
    return;
  }
  source.next = now;
  sources_.place(source, now, text_of_beginning(found.beginning), true);
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
void Rebalance::restore(const std::vector<Source*>& kept) {
  for (const Source* source : kept) {
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
