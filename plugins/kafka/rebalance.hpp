// The group's rebalances: librdkafka asks for them by a callback, the host agrees to them later, and only then are they carried out.
//
// The callback comes on the polling thread, from within a poll, and returns without having done what librdkafka asks for. librdkafka holds
// the rebalance meanwhile, and the group waits for it: until the host has acknowledged the event that step() left for it, and a later poll
// calls step() again, which assigns or gives up the partitions. Giving up commits first what was settled, where the host has not seen to
// that. Assigning waits also until it is known where each partition begins: librdkafka is told numbers only.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <librdkafka/rdkafka.h>
#include <dispytch/plugin/batch.hpp>
#include <dispytch/plugin/status.hpp>

#include "commits.hpp"
#include "handles.hpp"
#include "intake.hpp"
#include "positions.hpp"
#include "signal.hpp"
#include "sources.hpp"

namespace dispytch::kafka {

/// News for the host, each the content of one poll.
struct Event {
  std::uint32_t kind = 0;  ///< DISPYTCH_ASSIGNED, ...
  std::vector<plugin::Source> sources = {};
  std::uint64_t token = 0;
  plugin::Error why = {};
};
using Events = std::deque<Event>;

/// The polling thread's, but for acknowledge().
class Rebalance {
 public:
  using Clock = std::chrono::steady_clock;

  struct Parts {
    rd_kafka_t* client;
    Sources& sources;
    Intake& intake;
    Commits& commits;
    Positions& positions;
    Events& events;
    Signal& wake_up;
    bool tells_of_nothing = false;  ///< the host understands an assignment without partitions
    /// What an operator must know of positions, and how many messages are gone, or come again, by it.
    std::function<void(std::string text, std::int64_t gone, std::int64_t again)> tell;
  };
  explicit Rebalance(Parts parts)
      : client_{parts.client},
        sources_{parts.sources},
        intake_{parts.intake},
        commits_{parts.commits},
        positions_{parts.positions},
        events_{parts.events},
        wake_up_{parts.wake_up},
        tells_of_nothing_{parts.tells_of_nothing},
        tell_{std::move(parts.tell)} {}

  /// librdkafka's callback: partitions are to be assigned to this member, or taken from it.
  void asked(rd_kafka_resp_err_t what, const rd_kafka_topic_partition_list_t& partitions);
  /// Carries out what the host has acknowledged. Throws Exception where librdkafka refuses.
  void step();
  /// The broker says that nothing is stored at `offset`, where the partition was to be read on. librdkafka has stopped there.
  void out_of_range(Source& source, std::int64_t offset);
  /// The group has given this member up for its silence: what it was asked to give up is gone already.
  void expelled();
  /// From here on whatever is asked is done at once, without the host.
  void close();

  /// Whether the group has ever assigned something to this member, be it nothing.
  bool has_joined() const noexcept { return joined_; }

  /// Any thread. False: there is no such event, or it is over.
  bool acknowledge(std::uint64_t token);

 private:
  enum class Kind { assign, give_up };
  struct Pending {
    Kind kind = Kind::assign;
    bool incremental = false;
    PartitionsHandle partitions = {};
    std::uint64_t question = 0;                    // where an assignment begins
    std::optional<std::vector<Found>> found = {};  // the answer
  };

  void begin_assign(const rd_kafka_topic_partition_list_t& partitions, bool incremental);
  void lose(const rd_kafka_topic_partition_list_t& partitions, bool incremental);
  void finish();
  void forget(const rd_kafka_topic_partition_list_t& partitions);
  void assign(rd_kafka_topic_partition_list_t* partitions, bool incremental, const std::vector<Found>& found);
  void step_restarts();
  void restart(const std::vector<Found>& found);
  void place(Source& source, const Found& found);
  void move_on(Source& source, const Found& found);
  void give_up(const rd_kafka_topic_partition_list_t* partitions, bool incremental);
  void restore(const std::vector<Source*>& kept);
  std::vector<plugin::Source> described(const rd_kafka_topic_partition_list_t& partitions) const;

  rd_kafka_t* client_;
  Sources& sources_;
  Intake& intake_;
  Commits& commits_;
  Positions& positions_;
  Events& events_;
  Signal& wake_up_;
  const bool tells_of_nothing_;
  std::function<void(std::string, std::int64_t, std::int64_t)> tell_;
  std::optional<Pending> pending_;
  std::vector<Wanted> restarts_;        // librdkafka doesn't fetch these, and should; not asked for yet
  Clock::time_point restart_at_ = {};   // when to ask for them
  std::uint64_t restart_question_ = 0;  // 0: none is under way
  bool joined_ = false;
  bool closing_ = false;
  std::uint64_t last_event_ = 0;
  std::atomic<std::uint64_t> awaited_ = 0;  // the token of the event that pending_ waits for
  std::atomic<bool> acknowledged_ = false;
};

}  // namespace dispytch::kafka
