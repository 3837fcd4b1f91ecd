// Finds out where the partitions assigned to a consumer begin, on a thread of its own.
//
// librdkafka can do that by itself (`auto.offset.reset`), but stores nothing until a message is settled, tells nobody what it chose, and
// chooses "latest" again at each restart. So it is set to `error`, every partition is assigned at a number, and that number is committed
// before the first message is delivered. The calls that answer "which positions has the group" and "where does the log begin and end" wait
// for the broker: they must not be made on the polling thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <librdkafka/rdkafka.h>

#include <dispytch/plugin/mutex.hpp>

#include "beginning.hpp"
#include "handles.hpp"
#include "signal.hpp"

namespace dispytch::kafka {

/// A partition to begin in, or to go on in.
struct Wanted {
  std::string topic = {};
  std::int32_t partition = 0;
  std::uint32_t source = 0;  ///< the asker's own
  /// Where the consumer was when the broker said that nothing is stored there: only what is kept counts then, not the group's position.
  std::optional<std::int64_t> out_of_range = {};
};

struct Found {
  Wanted wanted = {};
  std::optional<std::int64_t> offset = {};  ///< nothing: it couldn't be found out; ask again
  std::int64_t low = 0, high = 0;           ///< what is kept; said where wanted.out_of_range is
  std::int32_t beginning = 0;               ///< how many partitions the topic had when the group began with it
  bool to_store = false;                    ///< the group has no such position yet
  bool missing = false;                     ///< the group has none, and `start: stored` forbids to choose one
};

/// The polling thread's, but for what says otherwise. Nothing here waits for a broker.
class Positions {
 public:
  struct Settings {
    rd_kafka_t* client = nullptr;  ///< outlives it
    std::string group = {};
    Start start = Start::earliest;
    std::chrono::milliseconds query{500};  ///< what leaders may take for an answer: a request waits behind a fetch
    KnownAtOpening opening = {};
    std::function<bool(const std::string& topic)> stored_before = {};  ///< any thread
    std::function<void()> meanwhile = {};        ///< called on the thread every now and then while nothing is asked; may wait as long
    std::function<void(std::string)> warn = {};  ///< any thread
  };

  Positions(Settings settings, Signal& wake_up);
  /// Waits for a question that is under way, at most for what leaders may take.
  ~Positions();
  Positions(const Positions&) = delete;
  Positions& operator=(const Positions&) = delete;

  /// Asks; the answer is there some time after `wake_up` was set.
  std::uint64_t ask(std::vector<Wanted> wanted);
  /// The answer to that question, once. Throws plugin::Exception where the group tells nothing.
  std::optional<std::vector<Found>> answer(std::uint64_t question);
  /// Nobody wants an answer to that question any more.
  void forget(std::uint64_t question);

 private:
  struct Question {
    std::uint64_t number = 0;
    std::vector<Wanted> wanted = {};
  };

  void work(const std::stop_token& stop);
  std::vector<Found> find(std::vector<Wanted> wanted, const std::stop_token& stop);
  void query(std::vector<Found>& found, const std::vector<std::size_t>& which, bool end);

  const Settings settings_;
  Signal& wake_up_;
  plugin::Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Question> questions_ DISPYTCH_GUARDED_BY(mutex_);
  std::map<std::uint64_t, std::vector<Found>> answers_ DISPYTCH_GUARDED_BY(mutex_);
  std::exception_ptr failure_ DISPYTCH_GUARDED_BY(mutex_);
  std::uint64_t asked_ DISPYTCH_GUARDED_BY(mutex_) = 0;       // the last question's number
  std::uint64_t working_on_ DISPYTCH_GUARDED_BY(mutex_) = 0;  // the question under way; 0: none, or a forgotten one
  std::jthread thread_;
};

/// Positions of the group: in those partitions, or in all where that is nullptr. Waits until `deadline` for an answer, and asks again where
/// one may pass. Throws plugin::Exception. Any thread. Nothing: stopped, or too late.
std::optional<StoredPositions> stored_positions(rd_kafka_t* client, const std::string& group,
                                                const rd_kafka_topic_partition_list_t* partitions, const std::stop_token& stop,
                                                std::chrono::steady_clock::time_point deadline,
                                                const std::function<void(std::string)>& warn);

}  // namespace dispytch::kafka
