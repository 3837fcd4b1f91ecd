// The real Kafka that tests use, and its topics: the kafka plugin itself never creates one.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "support/destroyed_by.hpp"

namespace dispytch::testing {

#ifdef DISPYTCH_KAFKA_ADDRESS_FILE
/// Where the Kafka for tests listens: DISPYTCH_TEST_KAFKA, else what `./dev kafka start` left in build/kafka/bootstrap. Throws
/// std::runtime_error where there is neither: a test without its broker has failed.
inline std::string kafka_address() {
  if (const char* given = std::getenv("DISPYTCH_TEST_KAFKA"); given != nullptr && *given != '\0') return given;
  std::string address;
  if (std::ifstream file{DISPYTCH_KAFKA_ADDRESS_FILE}; !std::getline(file, address)) {
    throw std::runtime_error{
        "this test needs a Kafka, and none runs: `./dev test` starts one, or `./dev kafka start`, or set DISPYTCH_TEST_KAFKA"};
  }
  return address;
}
#endif

/// Creates and deletes topics of one cluster. One thread; each call blocks until the broker that was asked shows the change too (the
/// controller answers as soon as it has decided, and brokers hear of it later), or throws std::runtime_error with the cluster's own
/// reason after 40 s at the latest.
class KafkaTopics {
 public:
  explicit KafkaTopics(const std::string& bootstrap_servers) {
    std::array<char, 512> reason{};
    rd_kafka_conf_t* settings = rd_kafka_conf_new();
    rd_kafka_conf_set(settings, "log_level", "0", nullptr, 0);
    if (rd_kafka_conf_set(settings, "bootstrap.servers", bootstrap_servers.c_str(), reason.data(), reason.size()) == RD_KAFKA_CONF_OK) {
      client_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, settings, reason.data(), reason.size()));
    }
    if (!client_) {
      rd_kafka_conf_destroy(settings);
      throw std::runtime_error{reason.data()};
    }
    const rd_kafka_metadata_t* metadata = nullptr;
    if (const rd_kafka_resp_err_t error = rd_kafka_metadata(client_.get(), 0, nullptr, &metadata, 5'000);
        error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw std::runtime_error{"no Kafka answers at " + bootstrap_servers + " (" + rd_kafka_err2str(error) +
                               "); start one: ./dev kafka start"};
    }
    rd_kafka_metadata_destroy(metadata);
    queue_.reset(rd_kafka_queue_new(client_.get()));
  }

  /// replicas -1: the cluster's default. `settings`: of the topic itself, such as {"max.message.bytes", "1000"}.
  void create(const std::string& name, int partitions, int replicas = -1,
              const std::vector<std::pair<std::string, std::string>>& settings = {}) {
    std::array<char, 512> reason{};
    std::unique_ptr<rd_kafka_NewTopic_t, DestroyedBy<rd_kafka_NewTopic_destroy>> topic{
        rd_kafka_NewTopic_new(name.c_str(), partitions, replicas, reason.data(), reason.size())};
    if (!topic) throw std::runtime_error{"topic " + name + ": " + reason.data()};
    for (const auto& [key, value] : settings) rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str());
    rd_kafka_NewTopic_t* topics[] = {topic.get()};
    rd_kafka_CreateTopics(client_.get(), topics, 1, options(RD_KAFKA_ADMIN_OP_CREATETOPICS).get(), queue_.get());
    std::unique_ptr<rd_kafka_event_t, DestroyedBy<rd_kafka_event_destroy>> event{rd_kafka_queue_poll(queue_.get(), -1)};
    size_t count = 0;
    require(name, event.get(), rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count));
    await(name, true);
  }

  /// `partitions`: how many there are to be in all.
  void grow(const std::string& name, int partitions) {
    std::array<char, 512> reason{};
    std::unique_ptr<rd_kafka_NewPartitions_t, DestroyedBy<rd_kafka_NewPartitions_destroy>> more{
        rd_kafka_NewPartitions_new(name.c_str(), static_cast<std::size_t>(partitions), reason.data(), reason.size())};
    if (!more) throw std::runtime_error{"topic " + name + ": " + reason.data()};
    rd_kafka_NewPartitions_t* all[] = {more.get()};
    rd_kafka_CreatePartitions(client_.get(), all, 1, options(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS).get(), queue_.get());
    std::unique_ptr<rd_kafka_event_t, DestroyedBy<rd_kafka_event_destroy>> event{rd_kafka_queue_poll(queue_.get(), -1)};
    size_t count = 0;
    require(name, event.get(), rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event.get()), &count));
  }

  /// Deletes the messages before `offset`.
  void delete_before(const std::string& name, int partition, std::int64_t offset) {
    std::unique_ptr<rd_kafka_topic_partition_list_t, DestroyedBy<rd_kafka_topic_partition_list_destroy>> list{
        rd_kafka_topic_partition_list_new(1)};
    rd_kafka_topic_partition_list_add(list.get(), name.c_str(), partition)->offset = offset;
    std::unique_ptr<rd_kafka_DeleteRecords_t, DestroyedBy<rd_kafka_DeleteRecords_destroy>> request{rd_kafka_DeleteRecords_new(list.get())};
    rd_kafka_DeleteRecords_t* requests[] = {request.get()};
    rd_kafka_DeleteRecords(client_.get(), requests, 1, options(RD_KAFKA_ADMIN_OP_DELETERECORDS).get(), queue_.get());
    std::unique_ptr<rd_kafka_event_t, DestroyedBy<rd_kafka_event_destroy>> event{rd_kafka_queue_poll(queue_.get(), -1)};
    if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw std::runtime_error{"topic " + name + ": " + rd_kafka_event_error_string(event.get())};
    }
  }

  /// Nothing where there is no such topic.
  void remove(const std::string& name) {
    std::unique_ptr<rd_kafka_DeleteTopic_t, DestroyedBy<rd_kafka_DeleteTopic_destroy>> topic{rd_kafka_DeleteTopic_new(name.c_str())};
    rd_kafka_DeleteTopic_t* topics[] = {topic.get()};
    rd_kafka_DeleteTopics(client_.get(), topics, 1, options(RD_KAFKA_ADMIN_OP_DELETETOPICS).get(), queue_.get());
    std::unique_ptr<rd_kafka_event_t, DestroyedBy<rd_kafka_event_destroy>> event{rd_kafka_queue_poll(queue_.get(), -1)};
    size_t count = 0;
    require(name, event.get(), rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count),
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    await(name, false);
  }

 private:
  using Options = std::unique_ptr<rd_kafka_AdminOptions_t, DestroyedBy<rd_kafka_AdminOptions_destroy>>;

  // The operation timeout is what the controller waits for the brokers to know; the request timeout bounds the whole call.
  Options options(rd_kafka_admin_op_t operation) {
    Options made{rd_kafka_AdminOptions_new(client_.get(), operation)};
    std::array<char, 128> reason{};
    rd_kafka_AdminOptions_set_operation_timeout(made.get(), 15'000, reason.data(), reason.size());
    rd_kafka_AdminOptions_set_request_timeout(made.get(), 20'000, reason.data(), reason.size());
    return made;
  }

  void await(const std::string& name, bool there) {
    for (const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20}; is_there(name) != there;) {
      if (std::chrono::steady_clock::now() >= deadline) {
        throw std::runtime_error{"topic " + name + ": the broker " + (there ? "doesn't know it" : "still has it") + " after 20 s"};
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
  }
  // Asks for all topics, because asking for one may create it.
  bool is_there(const std::string& name) {
    const rd_kafka_metadata_t* answer = nullptr;
    if (const rd_kafka_resp_err_t error = rd_kafka_metadata(client_.get(), 1, nullptr, &answer, 5'000);
        error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw std::runtime_error{"topic " + name + ": " + rd_kafka_err2str(error)};
    }
    const std::unique_ptr<const rd_kafka_metadata_t, DestroyedBy<rd_kafka_metadata_destroy>> metadata{answer};
    const std::span topics{metadata->topics, static_cast<std::size_t>(metadata->topic_cnt)};
    return std::ranges::any_of(topics, [&](const rd_kafka_metadata_topic& topic) { return topic.topic == name; });
  }

  static void require(const std::string& name, rd_kafka_event_t* event, const rd_kafka_topic_result_t** results,
                      rd_kafka_resp_err_t also_well = RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw std::runtime_error{"topic " + name + ": " + rd_kafka_event_error_string(event)};
    }
    const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[0]);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR && error != also_well) {
      throw std::runtime_error{"topic " + name + ": " + rd_kafka_topic_result_error_string(results[0])};
    }
  }

  std::unique_ptr<rd_kafka_t, DestroyedBy<rd_kafka_destroy>> client_;
  std::unique_ptr<rd_kafka_queue_t, DestroyedBy<rd_kafka_queue_destroy>> queue_;
};

}  // namespace dispytch::testing
