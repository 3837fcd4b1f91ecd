// Everything that librdkafka hands out and wants back, as owners.
#pragma once

#include <memory>

#include <librdkafka/rdkafka.h>

namespace dispytch::kafka {

template <auto destroy>
struct Destroy {
  void operator()(auto* object) const noexcept { destroy(object); }
};

template <class T, auto destroy>
using Handle = std::unique_ptr<T, Destroy<destroy>>;

// A client is given up without the farewells of rd_kafka_destroy(): those may wait for a broker without bound. Producers and consumers say
// theirs in close(). Every other handle of a client must be gone before it.
inline void destroy_client(rd_kafka_t* client) noexcept { rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); }

using ClientHandle = Handle<rd_kafka_t, destroy_client>;
using AlterOffsetsHandle = Handle<rd_kafka_AlterConsumerGroupOffsets_t, rd_kafka_AlterConsumerGroupOffsets_destroy>;
using AdminOptionsHandle = Handle<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using ConfHandle = Handle<rd_kafka_conf_t, rd_kafka_conf_destroy>;
using DeleteGroupHandle = Handle<rd_kafka_DeleteGroup_t, rd_kafka_DeleteGroup_destroy>;
using DeleteRecordsHandle = Handle<rd_kafka_DeleteRecords_t, rd_kafka_DeleteRecords_destroy>;
using ErrorHandle = Handle<rd_kafka_error_t, rd_kafka_error_destroy>;
using EventHandle = Handle<rd_kafka_event_t, rd_kafka_event_destroy>;
using HeadersHandle = Handle<rd_kafka_headers_t, rd_kafka_headers_destroy>;
using MessageHandle = Handle<rd_kafka_message_t, rd_kafka_message_destroy>;
using MetadataHandle = Handle<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;
using NewTopicHandle = Handle<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using PartitionsHandle = Handle<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;
using QueueHandle = Handle<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using TopicHandle = Handle<rd_kafka_topic_t, rd_kafka_topic_destroy>;

/// A queue that says when something comes into it while it was empty. The callback runs on librdkafka's threads and under its locks: it
/// may only signal. None runs after the destructor.
class WatchedQueue {
 public:
  using Callback = void (*)(rd_kafka_t*, void* opaque);

  WatchedQueue(rd_kafka_queue_t* owned, Callback callback, void* opaque) noexcept : queue_{owned} {
    if (queue_) rd_kafka_queue_cb_event_enable(queue_.get(), callback, opaque);
  }
  ~WatchedQueue() {
    if (queue_) rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
  }
  WatchedQueue(const WatchedQueue&) = delete;
  WatchedQueue& operator=(const WatchedQueue&) = delete;

  rd_kafka_queue_t* get() const noexcept { return queue_.get(); }

 private:
  QueueHandle queue_;
};

}  // namespace dispytch::kafka
