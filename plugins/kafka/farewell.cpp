// How a consumer ends: what is settled is stored, the group is left, and a client that can't be ended in time stays behind.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <string>

#include "consumer.hpp"
#include "deadline.hpp"
#include "errors.hpp"

namespace dispytch::kafka {
namespace {

using plugin::Level;
using plugin::Status;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kFarewellSlice{50};
constexpr milliseconds kUnjoinedPatience{1000};  // for a group that this member never joined to answer that it leaves
constexpr milliseconds kLeastDeletion{500};      // of a group that leaves nothing behind, also where the time is over

}  // namespace

// The group has neither members nor positions by now, and would go with the coordinator's next cleaning, some minutes later.
void Consumer::delete_group(milliseconds timeout) {
  const DeleteGroupHandle group{rd_kafka_DeleteGroup_new(group_name_.c_str())};
  const AdminOptionsHandle options{rd_kafka_AdminOptions_new(raw(), RD_KAFKA_ADMIN_OP_DELETEGROUPS)};
  std::array<char, 256> reason{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), for_librdkafka(timeout, timeout), reason.data(), reason.size());
  const QueueHandle queue{rd_kafka_queue_new(raw())};
  rd_kafka_DeleteGroup_t* groups[] = {group.get()};
  rd_kafka_DeleteGroups(raw(), groups, 1, options.get(), queue.get());
  const EventHandle answer{rd_kafka_queue_poll(queue.get(), for_librdkafka(timeout, timeout))};
  rd_kafka_resp_err_t code = answer ? rd_kafka_event_error(answer.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (answer && code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    std::size_t count = 0;
    const rd_kafka_group_result_t** results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(answer.get()), &count);
    if (count > 0 && rd_kafka_group_result_error(results[0]) != nullptr)
      code = rd_kafka_error_code(rd_kafka_group_result_error(results[0]));
  }
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) return;
  log(Level::info,
      "group `" + group_name_ + "`, which holds nothing, stays at " + cluster() + " for some minutes: " + rd_kafka_err2str(code));
}

Status Consumer::close(milliseconds timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  commits_->sync(Clock::now() + timeout / 2);  // nothing, where the host has seen to that
  rebalance_->close();
  // librdkafka before 2.3 aborts the process when a cooperative consumer is ended that has begun to join its group and not finished.
  while (fragile_ && !rebalance_->has_joined() && until(deadline) > timeout / 2) {
    serve_group();
    signal_.wait_until(Clock::now() + kFarewellSlice);
  }
  const QueueHandle farewells{rd_kafka_queue_new(raw())};
  if (const ErrorHandle error{rd_kafka_consumer_close_queue(raw(), farewells.get())}) {
    return error_of(rd_kafka_error_code(error.get()), "leaving the group at " + cluster());
  }
  // Gives up the partitions and tells the group. Where there is nothing of that to do it need not take long: a
  // group that waits for a member which died answers nobody until it has given that one up.
  const Clock::time_point patience = rebalance_->has_joined() ? deadline : std::min(deadline, Clock::now() + kUnjoinedPatience);
  while (rd_kafka_consumer_closed(raw()) == 0) {
    const milliseconds left = until(patience);
    if (left <= milliseconds{0}) break;
    rd_kafka_message_t* failure = nullptr;
    if (rd_kafka_consume_batch_queue(farewells.get(), for_librdkafka(left, kFarewellSlice), &failure, 1) == 1) {
      rd_kafka_message_destroy(failure);
    }
  }
  const bool closed = rd_kafka_consumer_closed(raw()) != 0;
  if (closed && ephemeral_) delete_group(std::max(kLeastDeletion, until(deadline)));
  if (fragile_ && !rebalance_->has_joined()) {
    log(Level::warning, "a cooperative consumer of " + cluster() + " that never joined its group stays behind until the process ends: " +
                            "ending it would abort the process with librdkafka " + rd_kafka_version_str());
    leave_behind();
  } else if (stranded_) {
    // Of a topic that was deleted under it librdkafka 2.0 keeps a partition at its broker's thread, whose end it then awaits for ever.
    log(Level::info, "a consumer of " + cluster() + " whose topic was deleted stays behind until the process ends");
    leave_behind();
  } else if (!closed) {
    // Ending it would wait for the coordinator's answer, or for the time-out of what it was asked, which may be a minute.
    log(Level::info, "a consumer of " + cluster() + " stays behind until the process ends: its group doesn't answer");
    leave_behind();
  }
  if (closed || !rebalance_->has_joined()) return {};
  return plugin::Error{.code = DISPYTCH_EUNAVAILABLE,
                       .text = "the group at " + cluster() + " didn't answer within " + std::to_string(timeout.count()) +
                               " ms that it was left; it gives the partitions to others after `session.timeout.ms`"};
}

}  // namespace dispytch::kafka
