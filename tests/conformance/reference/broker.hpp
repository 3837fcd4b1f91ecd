// A small broker: logs by topic, groups that acknowledge each message, leases, producers whose resends are told from new messages. What is
// confirmed stands in a journal and outlives the process. The conformance kit's rules about broken connections are tried on it.
#pragma once

#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reference/wire.hpp"

namespace dispytch::reference {

using Time = std::chrono::steady_clock::time_point;

struct BrokerOptions {
  std::string journal = {};  ///< a file; empty: nothing outlives the process
  std::chrono::milliseconds lease{1500};
  std::chrono::milliseconds loading{0};  ///< how long after its start it refuses to serve
  std::string password = "right";
};

/// The state and what requests do to it. One thread; knows no sockets: a connection is a number.
class Broker {
 public:
  Broker(const BrokerOptions& options, Time now);

  /// The answer to a request; nullopt: none now. A fetch without messages gets its answer by due_fetches(), a request of a producer whose
  /// successor has come gets none at all.
  std::optional<Frame> handle(int connection, const Frame& request, Time now);
  /// The connection has ended. Its members and producers may come back by another.
  void forget(int connection);
  /// Gives back what silent members hold, and answers fetches that have waited for messages.
  std::vector<std::pair<int, Frame>> tick(Time now);

 private:
  struct Topic {
    std::int64_t low = 0;
    std::vector<Frame> log;  // from offset 0 on
  };
  struct Hand {
    std::string member;
  };
  struct Progress {  // of a group in a topic
    std::int64_t position = 0;
    std::set<std::int64_t> settled;  // beyond the position
    std::map<std::int64_t, std::uint32_t> deliveries;
    std::map<std::int64_t, Hand> in_hand;
  };
  struct Member {
    Time heard;
    std::vector<std::string> topics;
    int connection = -1;  // by which it came last: what it asks by an older one comes too late
  };
  struct Group {
    bool ephemeral = false;
    std::map<std::string, Progress> topics;
    std::map<std::string, Member> members;
  };
  struct Producer {
    std::int64_t epoch = 0;
    std::map<std::string, std::map<std::int64_t, std::int64_t>> offsets;  // by topic and sequence number
  };
  struct Connection {
    bool logged_in = false;
    std::string producer;
    std::int64_t epoch = 0;
  };
  struct Fetch {
    std::uint64_t id;
    std::string group, member;
    std::size_t most;
  };

  Frame hello(Connection& connection, const Frame& request, Time now);
  std::optional<Frame> produce(const Connection& connection, const Frame& request);
  Frame subscribe(int connection, const Frame& request, Time now);
  Frame acknowledge(const Frame& request);
  Frame ranges(const Frame& request);
  Frame delete_up_to(const Frame& request);
  Frame list() const;
  void leave(const std::string& group, const std::string& member);
  std::vector<Frame> take(const Fetch& fetch);

  bool exists(const std::string& topic) const { return topic.find("missing") == std::string::npos; }
  void write(const Frame& entry);
  void apply(const Frame& entry);  // of the journal, now or when it is read again

  const BrokerOptions options_;
  const Time begin_;
  std::ofstream journal_;
  std::map<std::string, Topic> topics_;
  std::map<std::string, Group> groups_;
  std::map<std::string, Producer> producers_;
  std::map<int, Connection> connections_;
  std::map<int, Fetch> fetches_;  // of connections that wait
};

}  // namespace dispytch::reference
