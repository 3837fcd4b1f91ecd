#include "listen/batch_store.hpp"

#include "base/log.hpp"
#include "listen/describe.hpp"

namespace dispytch::listen {

using inflight::Item;
using inflight::SharedBatch;

namespace {

// Of older batches only the messages that run are left where they lie. So many are the 16,384 messages of the default bounds twice over,
// where polls bring what they may.
constexpr std::size_t kBatchesKept = 32;

}  // namespace

SharedBatch& BatchStore::hold(border::Batch batch) {
  if (free_.empty()) free_.push_back(all_.emplace_back(std::make_unique<SharedBatch>()).get());
  SharedBatch& shared = *free_.back();
  free_.pop_back();
  shared.batch = std::move(batch);
  shared.users = 1;
  shared.serial = ++serial_;
  return shared;
}

void BatchStore::give_back(SharedBatch& shared) noexcept {
  shared.batch.release();
  shared.serial = 0;
  shared.items.clear();
  free_.push_back(&shared);
}

void BatchStore::copy_out(Item& item) {
  if (item.batch == nullptr) return;
  if (!item.own(consumer_->api(), consumer_->raw())) {
    const Failure place = describe(item, *consumer_);
    log::error(log_source_, "the headers of a message of topic `" + place.topic + "`, " + place.position +
                                " can't be read; it waits, and would be dead-lettered, without them");
  }
  release(item);
}

void BatchStore::copy_out_from(Item& item) {
  copy_out(item);
  for (Item* behind = item.next; behind != nullptr; behind = behind->next) {
    if (behind->state == Item::State::queued) copy_out(*behind);
  }
}

// Few messages of a batch may be left, behind a handler that takes its time, while others come and go: each such batch would pin a whole
// response of the broker.
void BatchStore::keep(SharedBatch& batch) {
  if (batch.serial != 0) kept_.push_back({&batch, batch.serial});
  while (!kept_.empty() && (kept_.front().over() || kept_.size() > kBatchesKept)) {
    const Kept oldest = kept_.front();
    for (std::size_t i = 0; !oldest.over() && i < oldest.batch->items.size(); ++i) {  // until the last that needs it is copied
      Item& item = *oldest.batch->items[i];
      if (item.batch == oldest.batch && item.state == Item::State::queued) copy_out(item);
    }
    kept_.pop_front();
  }
}

}  // namespace dispytch::listen
