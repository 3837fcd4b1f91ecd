// The batches that the plugin lent, who still looks into them, and copying messages out of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "border/consumer_handle.hpp"
#include "inflight/item.hpp"

namespace dispytch::listen {

/// Owns every borrowed batch until its last user has released it. A message that waits must not pin the batch that it came in, and with it
/// a whole response of the broker: it is copied out. The owner of the listener's state.
class BatchStore {
 public:
  BatchStore(border::ConsumerHandle& consumer, std::string log_source) : consumer_{&consumer}, log_source_{std::move(log_source)} {}

  /// Takes a batch over. The caller is its first user, and releases it when all its messages have arrived.
  inflight::SharedBatch& hold(border::Batch batch);
  /// Makes the message a user of the batch that it came in.
  static void attach(inflight::Item& item, inflight::SharedBatch& batch, const dispytch_message& raw) noexcept {
    item.raw = &raw;
    item.batch = &batch;
    ++batch.users;
  }
  /// Ends one use of the batch. The last gives it back to the plugin.
  void release(inflight::SharedBatch& batch) noexcept {
    if (--batch.users == 0) give_back(batch);
  }
  /// Ends the message's use of its batch, where it has one.
  void release(inflight::Item& item) noexcept {
    if (inflight::SharedBatch* const batch = std::exchange(item.batch, nullptr)) release(*batch);
  }
  /// Copies the message, and ends its use of its batch. Does nothing where that was done before. Headers that can't be read are an error
  /// of the log.
  void copy_out(inflight::Item& item);
  /// Copies out a message and those behind it in its lane that have not begun.
  void copy_out_from(inflight::Item& item);

  // Where messages stay in their batches while others come and go, which is so where workers handle them.
  /// Remembers a message that arrived in its batch, unless it was copied out already.
  static void track(inflight::Item& item) {
    if (item.batch != nullptr) item.batch->items.push_back(&item);
  }
  /// Remembers the batch, all of whose messages were tracked. Messages of the oldest batches that have not begun are copied out.
  void keep(inflight::SharedBatch& batch);

 private:
  struct Kept {
    inflight::SharedBatch* batch;
    std::uint64_t serial;
    bool over() const noexcept { return batch->serial != serial; }
  };
  void give_back(inflight::SharedBatch& batch) noexcept;

  border::ConsumerHandle* consumer_;
  std::string log_source_;
  std::vector<std::unique_ptr<inflight::SharedBatch>> all_;
  std::vector<inflight::SharedBatch*> free_;
  std::uint64_t serial_ = 0;
  std::deque<Kept> kept_;  // by their arrival; those that are over stay until they are the first
};

}  // namespace dispytch::listen
