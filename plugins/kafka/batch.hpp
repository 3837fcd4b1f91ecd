// Messages on their way to the host: librdkafka's own, and the border's view of each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>
#include <dispytch/plugin/message.hpp>
#include <dispytch/plugin/mutex.hpp>

#include "handles.hpp"

namespace dispytch::kafka {

/// What is the same for all messages of a source.
struct Origin {
  dispytch_bytes topic = {};  ///< librdkafka's own bytes, which live as long as the message
  std::uint64_t token_base = 0;
  std::int32_t partition = 0;
  std::uint32_t source = 0;
};

/// A batch. Its memory is used again and again; filled by the polling thread, then read by any.
class Batch {
 public:
  Batch() = default;
  ~Batch() { clear(); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  std::size_t size() const noexcept { return raw_.size(); }
  void add(MessageHandle message, const Origin& origin);
  std::span<const dispytch_message> messages() const noexcept { return {views_.data(), raw_.size()}; }
  /// Gives every message back to librdkafka.
  void clear() noexcept;

  /// The headers of a message of this batch, or of a copy of one, valid until clear(); nullopt where it is no message of this batch.
  /// Any thread.
  std::optional<std::span<const dispytch_header>> headers(const dispytch_message& message);

 private:
  std::optional<std::size_t> index_of(const dispytch_message& message) noexcept DISPYTCH_REQUIRES(mutex_);

  std::vector<rd_kafka_message_t*> raw_;
  std::vector<dispytch_message> views_;  // at least as many; what is the same in all of them is written once

  plugin::Mutex mutex_;  // of librdkafka's own lazy reading of a message's headers, too
  std::unordered_map<std::size_t, std::vector<dispytch_header>> headers_ DISPYTCH_GUARDED_BY(mutex_);  // by index
  std::size_t hint_ DISPYTCH_GUARDED_BY(mutex_) = 0;  // copies are asked about in order, mostly
};

/// The batches of a consumer. Any thread.
class BatchPool {
 public:
  /// Owns a batch until the host has released it.
  class Lease {
   public:
    Lease(BatchPool& pool, Batch& batch) noexcept : pool_{&pool}, batch_{&batch} {}
    Lease(Lease&& other) noexcept : pool_{other.pool_}, batch_{std::exchange(other.batch_, nullptr)} {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (batch_ != nullptr) pool_->give_back(*batch_);
    }
    Batch& operator*() const noexcept { return *batch_; }
    Batch* operator->() const noexcept { return batch_; }

   private:
    BatchPool* pool_;
    Batch* batch_;
  };

  Lease take();
  /// From here on other threads may ask for its headers.
  void publish(Batch& batch);
  /// The headers of a message of a published batch; none where it belongs to no such batch.
  std::span<const dispytch_header> headers(const dispytch_message& message);

 private:
  struct Leased {
    std::unique_ptr<Batch> batch;
    bool published = false;
  };
  void give_back(Batch& batch) noexcept;
  std::vector<Leased>::iterator find(const Batch& batch) noexcept DISPYTCH_REQUIRES(mutex_);

  plugin::Mutex mutex_;
  std::vector<std::unique_ptr<Batch>> free_ DISPYTCH_GUARDED_BY(mutex_);
  std::vector<Leased> leased_ DISPYTCH_GUARDED_BY(mutex_);
};

}  // namespace dispytch::kafka
