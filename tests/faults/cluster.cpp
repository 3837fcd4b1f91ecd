#include "faults/cluster.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <librdkafka/rdkafka.h>

#include "support/destroyed_by.hpp"
#include "support/process.hpp"

namespace dispytch::faults {
namespace {

using std::chrono::milliseconds;

constexpr int kAnswer = 5'000;                    // ms for one answer of a broker, which may be frozen
constexpr milliseconds kAgain{50};                // between two looks at something that is to change
constexpr std::chrono::seconds kBrokerStart{90};  // to start, find its place and catch up, on a busy machine

const char* const kBallast = "ballast";  // what fills a disk up

using Client = std::unique_ptr<rd_kafka_t, testing::DestroyedBy<rd_kafka_destroy>>;
using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_t, testing::DestroyedBy<rd_kafka_topic_partition_list_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, testing::DestroyedBy<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, testing::DestroyedBy<rd_kafka_event_destroy>>;

Client make_client(const std::string& address, const std::string& group = {}) {
  std::array<char, 512> reason{};
  rd_kafka_conf_t* settings = rd_kafka_conf_new();
  rd_kafka_conf_set(settings, "bootstrap.servers", address.c_str(), nullptr, 0);
  rd_kafka_conf_set(settings, "log_level", "0", nullptr, 0);
  rd_kafka_conf_set(settings, "reconnect.backoff.max.ms", "200", nullptr, 0);
  if (!group.empty()) rd_kafka_conf_set(settings, "group.id", group.c_str(), nullptr, 0);
  Client client{rd_kafka_new(group.empty() ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, settings, reason.data(), reason.size())};
  if (!client) throw std::runtime_error{reason.data()};
  return client;
}

class Metadata {
 public:
  explicit Metadata(const Client& client) { rd_kafka_metadata(client.get(), 1, nullptr, &data_, kAnswer); }
  ~Metadata() {
    if (data_ != nullptr) rd_kafka_metadata_destroy(data_);
  }
  Metadata(const Metadata&) = delete;
  Metadata& operator=(const Metadata&) = delete;

  int leader(const std::string& topic, std::int32_t partition) const {
    if (data_ == nullptr) return -1;
    for (int i = 0; i < data_->topic_cnt; ++i) {
      const rd_kafka_metadata_topic_t& found = data_->topics[i];
      if (topic == found.topic && partition < found.partition_cnt) return found.partitions[partition].leader;
    }
    return -1;
  }
  bool whole(int nodes) const {
    if (data_ == nullptr || data_->broker_cnt != nodes) return false;
    for (int i = 0; i < data_->topic_cnt; ++i) {
      for (int partition = 0; partition < data_->topics[i].partition_cnt; ++partition) {
        const rd_kafka_metadata_partition_t& found = data_->topics[i].partitions[partition];
        if (found.leader < 0 || found.isr_cnt != found.replica_cnt) return false;
      }
    }
    return true;
  }

 private:
  const rd_kafka_metadata_t* data_ = nullptr;
};

struct ProcessState {
  bool there = false, stopped = false;
};

// The process that the file of a node names, by its number and the time it started.
ProcessState state_of(const std::filesystem::path& folder) {
  std::string pid, since;
  std::ifstream{folder / "pid"} >> pid >> since;
  std::ifstream stat{"/proc/" + pid + "/stat"};
  const std::string text{std::istreambuf_iterator<char>{stat}, {}};
  const std::size_t name = text.rfind(')');
  if (name == std::string::npos) return {};
  std::istringstream rest{text.substr(name + 1)};
  const std::vector<std::string> fields{std::istream_iterator<std::string>{rest}, {}};
  const bool there = fields.size() > 19 && fields[19] == since && fields[0] != "Z";
  return {.there = there, .stopped = there && fields[0] == "T"};
}

}  // namespace

void await(const std::string& what, const std::function<bool()>& done, std::chrono::seconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    if (interrupted) throw Interrupted{};
    if (std::chrono::steady_clock::now() >= deadline) {
      throw std::runtime_error{"waited " + std::to_string(patience.count()) + " s in vain until " + what};
    }
    std::this_thread::sleep_for(kAgain);
  }
}

Cluster::Cluster() {
  const char* given = std::getenv("DISPYTCH_TEST_CLUSTER");
  home_ = given != nullptr && *given != '\0' ? given : DISPYTCH_CLUSTER;
  if (std::ifstream file{home_ / "bootstrap"}; !std::getline(file, address_)) {
    throw std::runtime_error{"this test needs a Kafka of three brokers, and none was started below " + home_.string() +
                             ": `./dev test faults` starts one, or DISPYTCH_KAFKA_HOME=build/kafka3 ./dev kafka start --brokers 3"};
  }
  for (int node = 1; node <= kNodes; ++node) {
    Route route;
    if (!(std::ifstream{folder(node) / "proxy"} >> route.listen >> route.target)) {
      throw std::runtime_error{home_.string() + " holds no Kafka of three brokers: there is no broker " + std::to_string(node)};
    }
    routes_.push_back(route);
  }
  mend();
}

std::filesystem::path Cluster::folder(int node) const { return home_ / std::to_string(node); }

std::string Cluster::proxied_address() const {
  std::string all;
  for (const Route& route : routes_) all += (all.empty() ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(route.listen);
  return all;
}

void Cluster::hurt(const std::string& how, int node) {
  const testing::Finished finished =
      testing::run({DISPYTCH_DEV, "kafka", how, std::to_string(node)}, {}, {.environment = {{"DISPYTCH_KAFKA_HOME", home_}}});
  if (finished.exit_code != 0) throw std::runtime_error{"./dev kafka " + how + ' ' + std::to_string(node) + ": " + finished.errors};
}

void Cluster::restart(int node) {
  std::filesystem::remove(folder(node) / "data" / kBallast);
  hurt("restart", node);
}

Cluster::Full Cluster::fill_disk(int node) {
  const std::filesystem::path data = folder(node) / "data";
  using Stat = struct stat;
  Stat disk{}, around{};
  if (stat(data.c_str(), &disk) == 0 && stat(folder(node).c_str(), &around) == 0 && disk.st_dev != around.st_dev) {
    std::ofstream ballast{data / kBallast, std::ios::binary};
    const std::string block(1 << 16, 'x');
    while (ballast.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {}
    return Full::disk;
  }
  pid_t pid = -1;
  std::ifstream{folder(node) / "pid"} >> pid;
  const rlimit limit{.rlim_cur = 1, .rlim_max = RLIM_INFINITY};
  if (prlimit(pid, RLIMIT_FSIZE, &limit, nullptr) != 0) throw std::runtime_error{std::string{"prlimit: "} + std::strerror(errno)};
  return Full::quota;
}

bool Cluster::alive(int node) const { return state_of(folder(node)).there; }

void Cluster::await_death(int node) const {
  await(
      "broker " + std::to_string(node) + " ends", [&] { return !alive(node); }, kBrokerStart);
}

void Cluster::mend() {
  for (int node = 1; node <= kNodes; ++node) {
    const ProcessState state = state_of(folder(node));
    if (state.stopped) thaw(node);
    if (!state.there) restart(node);
  }
  const Client client = make_client(address_);
  await(
      "every partition has all its replicas in sync", [&] { return Metadata{client}.whole(kNodes); }, kBrokerStart);
}

void Cluster::await_topic(const std::string& topic) const {
  std::istringstream addresses{address_};
  for (std::string address; std::getline(addresses, address, ',');) {
    // A new client each time: it has heard of the others only by the answer to its first question.
    await("the broker at " + address + " knows topic " + topic, [&] { return Metadata{make_client(address)}.leader(topic, 0) > 0; });
  }
}

int Cluster::leader(const std::string& topic, std::int32_t partition) const {
  const Client client = make_client(address_);
  int leader = -1;
  await("a broker leads " + topic, [&] { return (leader = Metadata{client}.leader(topic, partition)) > 0; });
  return leader;
}

void Cluster::await_leader_other_than(int node, const std::string& topic, std::int32_t partition) const {
  const Client client = make_client(address_);
  await("another broker than " + std::to_string(node) + " leads " + topic, [&] {
    const int leader = Metadata{client}.leader(topic, partition);
    return leader > 0 && leader != node;
  });
}

int Cluster::coordinator(const std::string& group) const {
  const Client client = make_client(address_);
  const Queue answers{rd_kafka_queue_new(client.get())};
  int node = -1;
  await("group " + group + " has a coordinator", [&] {
    const char* groups[] = {group.c_str()};
    rd_kafka_DescribeConsumerGroups(client.get(), groups, 1, nullptr, answers.get());
    const Event event{rd_kafka_queue_poll(answers.get(), kAnswer)};
    const auto* result = event ? rd_kafka_event_DescribeConsumerGroups_result(event.get()) : nullptr;
    std::size_t count = 0;
    const auto** found = result != nullptr ? rd_kafka_DescribeConsumerGroups_result_groups(result, &count) : nullptr;
    const rd_kafka_Node_t* where = count == 1 ? rd_kafka_ConsumerGroupDescription_coordinator(found[0]) : nullptr;
    if (where != nullptr) node = rd_kafka_Node_id(where);
    return node > 0;
  });
  return node;
}

std::vector<std::int64_t> Cluster::committed(const std::string& group, const std::string& topic, int partitions) const {
  const Client client = make_client(address_, group);
  const Partitions list{rd_kafka_topic_partition_list_new(partitions)};
  for (int partition = 0; partition < partitions; ++partition) rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  await("the brokers say what group " + group + " has committed",
        [&] { return rd_kafka_committed(client.get(), list.get(), kAnswer) == RD_KAFKA_RESP_ERR_NO_ERROR; });
  std::vector<std::int64_t> offsets;
  for (int i = 0; i < list->cnt; ++i) offsets.push_back(std::max<std::int64_t>(-1, list->elems[i].offset));
  return offsets;
}

std::vector<std::int64_t> Cluster::ends(const std::string& topic, int partitions) const {
  const Client client = make_client(address_);
  std::vector<std::int64_t> offsets;
  for (int partition = 0; partition < partitions; ++partition) {
    std::int64_t first = 0, end = 0;
    await("the brokers say where " + topic + " ends", [&] {
      return rd_kafka_query_watermark_offsets(client.get(), topic.c_str(), partition, &first, &end, kAnswer) == RD_KAFKA_RESP_ERR_NO_ERROR;
    });
    offsets.push_back(end);
  }
  return offsets;
}

}  // namespace dispytch::faults
