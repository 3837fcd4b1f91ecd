// What the real Kafka of the tests allows, and what of a group it has on record.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <librdkafka/rdkafka.h>

#include "support/destroyed_by.hpp"

namespace dispytch::testing {

inline std::unique_ptr<rd_kafka_t, DestroyedBy<rd_kafka_destroy>> kafka_client(rd_kafka_type_t type, const std::string& bootstrap_servers,
                                                                               const std::string& group = "none") {
  std::array<char, 512> reason{};
  rd_kafka_conf_t* settings = rd_kafka_conf_new();
  rd_kafka_conf_set(settings, "log_level", "0", nullptr, 0);
  rd_kafka_conf_set(settings, "bootstrap.servers", bootstrap_servers.c_str(), nullptr, 0);
  if (type == RD_KAFKA_CONSUMER) rd_kafka_conf_set(settings, "group.id", group.c_str(), nullptr, 0);
  std::unique_ptr<rd_kafka_t, DestroyedBy<rd_kafka_destroy>> client{rd_kafka_new(type, settings, reason.data(), reason.size())};
  if (client) return client;
  rd_kafka_conf_destroy(settings);
  throw std::runtime_error{reason.data()};
}

/// The position that a group has committed; -1: none. Throws std::runtime_error where the cluster doesn't say within 20 s.
inline std::int64_t committed(const std::string& bootstrap_servers, const std::string& group, const std::string& topic,
                              std::int32_t partition = 0) {
  const auto client = kafka_client(RD_KAFKA_CONSUMER, bootstrap_servers, group);
  const std::unique_ptr<rd_kafka_topic_partition_list_t, DestroyedBy<rd_kafka_topic_partition_list_destroy>> list{
      rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_t* position = rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  if (const rd_kafka_resp_err_t error = rd_kafka_committed(client.get(), list.get(), 20'000); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error{"the position of group " + group + ": " + rd_kafka_err2str(error)};
  }
  return position->offset < 0 ? -1 : position->offset;
}

/// Refuses everybody an operation on a topic for as long as it lives: the brokers of `./dev kafka` heed access control lists, and allow
/// what none is about. Blocks until the brokers refuse, or allow again; throws std::runtime_error where they don't within 20 s. One thread.
class Forbidden {
 public:
  Forbidden(const std::string& bootstrap_servers, std::string topic, rd_kafka_AclOperation_t operation)
      : client_{kafka_client(RD_KAFKA_PRODUCER, bootstrap_servers)}, queue_{rd_kafka_queue_new(client_.get())}, topic_{std::move(topic)} {
    std::array<char, 512> reason{};
    rd_kafka_AclBinding_t* refused =
        rd_kafka_AclBinding_new(RD_KAFKA_RESOURCE_TOPIC, topic_.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL, "User:*", "*", operation,
                                RD_KAFKA_ACL_PERMISSION_TYPE_DENY, reason.data(), reason.size());
    // A list that only refuses would refuse all else too.
    rd_kafka_AclBinding_t* allowed =
        rd_kafka_AclBinding_new(RD_KAFKA_RESOURCE_TOPIC, topic_.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL, "User:*", "*",
                                RD_KAFKA_ACL_OPERATION_ALL, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, reason.data(), reason.size());
    rd_kafka_AclBinding_t* both[] = {refused, allowed};
    rd_kafka_CreateAcls(client_.get(), both, 2, nullptr, queue_.get());
    rd_kafka_AclBinding_destroy_array(both, 2);
    const Event event{rd_kafka_queue_poll(queue_.get(), 20'000)};
    require(event.get(), "forbidding");
    await(2);
  }
  ~Forbidden() {
    try {
      end();
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): the topic is the test's own, nobody else is refused
    }
  }
  Forbidden(const Forbidden&) = delete;
  Forbidden& operator=(const Forbidden&) = delete;

  /// Allows it again.
  void end() {
    if (!client_) return;
    const Filter filter = everything_of_the_topic();
    rd_kafka_AclBindingFilter_t* filters[] = {filter.get()};
    rd_kafka_DeleteAcls(client_.get(), filters, 1, nullptr, queue_.get());
    const Event event{rd_kafka_queue_poll(queue_.get(), 20'000)};
    require(event.get(), "allowing");
    await(0);
    queue_.reset();
    client_.reset();
  }

 private:
  using Event = std::unique_ptr<rd_kafka_event_t, DestroyedBy<rd_kafka_event_destroy>>;
  using Filter = std::unique_ptr<rd_kafka_AclBindingFilter_t, DestroyedBy<rd_kafka_AclBinding_destroy>>;

  Filter everything_of_the_topic() const {
    std::array<char, 512> reason{};
    return Filter{rd_kafka_AclBindingFilter_new(RD_KAFKA_RESOURCE_TOPIC, topic_.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL, nullptr,
                                                nullptr, RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, reason.data(),
                                                reason.size())};
  }
  void require(rd_kafka_event_t* event, const std::string& what) const {
    if (event != nullptr && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    throw std::runtime_error{what + " topic " + topic_ + ": " +
                             (event == nullptr ? "no answer within 20 s" : rd_kafka_event_error_string(event))};
  }
  // Each broker learns of the lists a moment after the controller has them.
  void await(std::size_t count) const {
    const rd_kafka_metadata_t* brokers = nullptr;
    if (rd_kafka_metadata(client_.get(), 0, nullptr, &brokers, 20'000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw std::runtime_error{"no Kafka says which brokers it has"};
    }
    const std::unique_ptr<const rd_kafka_metadata_t, DestroyedBy<rd_kafka_metadata_destroy>> metadata{brokers};
    for (int i = 0; i < metadata->broker_cnt; ++i) {
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
      while (known_to(metadata->brokers[i].id) != count) {
        if (std::chrono::steady_clock::now() >= end) {
          throw std::runtime_error{"the brokers don't come to know what is forbidden of topic " + topic_};
        }
        std::this_thread::yield();
      }
    }
  }
  std::size_t known_to(std::int32_t broker) const {
    std::array<char, 128> reason{};
    const std::unique_ptr<rd_kafka_AdminOptions_t, DestroyedBy<rd_kafka_AdminOptions_destroy>> options{
        rd_kafka_AdminOptions_new(client_.get(), RD_KAFKA_ADMIN_OP_DESCRIBEACLS)};
    rd_kafka_AdminOptions_set_broker(options.get(), broker, reason.data(), reason.size());
    const Filter filter = everything_of_the_topic();
    rd_kafka_DescribeAcls(client_.get(), filter.get(), options.get(), queue_.get());
    const Event event{rd_kafka_queue_poll(queue_.get(), 20'000)};
    require(event.get(), "asking about");
    std::size_t known = 0;
    rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(event.get()), &known);
    return known;
  }

  std::unique_ptr<rd_kafka_t, DestroyedBy<rd_kafka_destroy>> client_;
  std::unique_ptr<rd_kafka_queue_t, DestroyedBy<rd_kafka_queue_destroy>> queue_;
  std::string topic_;
};

}  // namespace dispytch::testing
