#include "listen/inline_dispatcher.hpp"

namespace dispytch::listen {

using inflight::Item;
using lane::BatchBuilder;
using lane::Lane;

bool InlineDispatcher::dispatch() {
  if (busy_) return false;
  const bool any =
      !parts_.halt.is_over() && !parts_.suspects.block() && (parts_.in_flight.lanes().any_ready() || parts_.batching.due() != nullptr);
  if (any) {
    if (keeper_) keeper_->work_begins();
    run_ready();
    if (keeper_) keeper_->work_ends();
  }
  parts_.batching.copy_out_waiting();
  return any;
}

void InlineDispatcher::batch_begins() {
  if (keeper_) keeper_->work_begins();
}

void InlineDispatcher::arrived(Item&) { run_ready(); }

void InlineDispatcher::batch_ends(inflight::SharedBatch&) {
  if (keeper_) keeper_->work_ends();
}

void InlineDispatcher::run_ready() {
  while (!busy_ && !parts_.halt.begins_nothing()) {
    parts_.batching.gather_ready();
    if (parts_.suspects.block()) return;
    if (BatchBuilder* const due = parts_.batching.due(); due != nullptr && !parts_.halt.is_over()) run(*due);
    if (parts_.halt.begins_nothing() || parts_.suspects.block()) return;
    Lane* const lane = parts_.in_flight.lanes().next_ready();
    if (lane == nullptr) return;
    run(*lane);
  }
}

void InlineDispatcher::run(Lane& lane) {
  Item& item = *lane.first;
  const Suspects::Begin begin = item.suspect ? parts_.suspects.begin(item) : Suspects::Begin::runs;
  if (begin == Suspects::Begin::runs) {
    parts_.in_flight.lanes().begin(item);
    watched([&] { parts_.runner.run(item, decoder_); });
  }
  if (begin != Suspects::Begin::waits) parts_.outcomes.returned(item);
  parts_.in_flight.advance(lane);
}

void InlineDispatcher::run(BatchBuilder& builder) {
  builder.take(batch_);
  bool ended = false;
  watched([&] {
    ended = parts_.runner.run_batch(batch_, builder.handler(), decoder_, [this, inbox = parts_.inbox](std::shared_ptr<AwaitedBatch> batch) {
      inbox->post([this, batch = std::move(batch)] { answered(*batch); });
    });
  });
  if (ended) parts_.outcomes.batch_returned(batch_);
}

void InlineDispatcher::answered(AwaitedBatch& batch) {
  parts_.runner.conclude(batch);
  parts_.outcomes.batch_returned(batch.items);
}

// Meanwhile the keeper's thread may own the listener's state, with `busy_` set.
template <class Call>
void InlineDispatcher::watched(Call call) {
  busy_ = true;
  if (keeper_) keeper_->enter_handler();
  call();
  if (keeper_) keeper_->leave_handler();
  busy_ = false;
}

}  // namespace dispytch::listen
