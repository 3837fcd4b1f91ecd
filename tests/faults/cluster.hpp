// The three brokers of the fault tests: which run, who leads what, and how to hurt and mend them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "faults/history.hpp"
#include "support/proxy.hpp"

namespace dispytch::faults {

using network::Proxy;
using network::Route;
using network::Weather;

/// A Kafka of three brokers that `./dev kafka start --brokers 3` started below DISPYTCH_TEST_CLUSTER (default: build/kafka3). One thread.
/// Every function throws std::runtime_error where a broker, or `./dev`, doesn't do within a minute what is expected.
class Cluster {
 public:
  static constexpr int kNodes = 3;

  /// Mends what an earlier test left hurt. Throws where no such Kafka was started: a test without its brokers has failed.
  Cluster();

  /// bootstrap.servers: straight, and by way of the proxy.
  const std::string& address() const noexcept { return address_; }
  std::string proxied_address() const;
  /// For a Proxy: the ports that the brokers tell clients who come through it. routes()[node - 1] leads to that node.
  const std::vector<Route>& routes() const noexcept { return routes_; }

  void kill(int node) { hurt("kill", node); }      ///< SIGKILL
  void end(int node) { hurt("end", node); }        ///< in order: leaders move first
  void freeze(int node) { hurt("freeze", node); }  ///< SIGSTOP
  void thaw(int node) { hurt("thaw", node); }      ///< SIGCONT
  void restart(int node);                          ///< with its data, and with room on its disk
  /// Leaves no room on the broker's disk, where it has one of its own (`./dev kafka start` as root); else lets no file of its process grow
  /// any more, as a quota does. Returns which.
  enum class Full : std::uint8_t { disk, quota };
  Full fill_disk(int node);
  bool alive(int node) const;
  void await_death(int node) const;

  /// Thaws and restarts whatever needs it, and waits until every partition has all its replicas in sync again.
  void mend();

  /// Until every broker knows the topic: one that was just restarted may be behind.
  void await_topic(const std::string& topic) const;
  /// The broker that leads a partition now; waits where there is none.
  int leader(const std::string& topic, std::int32_t partition) const;
  void await_leader_other_than(int node, const std::string& topic, std::int32_t partition) const;
  /// The broker that coordinates a group.
  int coordinator(const std::string& group) const;

  /// The next offset of each partition for that group, -1: none.
  std::vector<std::int64_t> committed(const std::string& group, const std::string& topic, int partitions) const;
  /// The offset behind the last message of each partition.
  std::vector<std::int64_t> ends(const std::string& topic, int partitions) const;

 private:
  void hurt(const std::string& how, int node);
  std::filesystem::path folder(int node) const;

  std::filesystem::path home_;
  std::string address_ = {};
  std::vector<Route> routes_ = {};
};

/// Set by a program's handler of signals: await() throws Interrupted from then on.
inline std::atomic<bool> interrupted{false};
struct Interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};

/// Asks again and again until the answer is yes. Throws std::runtime_error with what was waited for after `patience`.
void await(const std::string& what, const std::function<bool()>& done, std::chrono::seconds patience = std::chrono::seconds{60});

}  // namespace dispytch::faults
