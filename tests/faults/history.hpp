// What happened, as the programs under test wrote it down: who emitted what and what the broker answered, who handled what and when.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dispytch::faults {

using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

Time now();

/// An event: the process that emitted it, its key, and its number among what that process emitted with that key, from 1.
struct Id {
  std::string emitter = {};
  std::string key = {};  ///< empty: it has no key, and so no order
  std::int64_t sequence = 0;

  auto operator<=>(const Id&) const = default;
  /// "feed-1/N14228/3": the id on the wire.
  std::string text() const;
  /// Throws std::invalid_argument where the text is no id.
  static Id parse(std::string_view text);
};

enum class Answer : std::uint8_t {
  none,       ///< the emitter ended before it had one: the broker may have the event
  confirmed,  ///
  refused,    ///< with the word that the broker doesn't have it
  unknown,    ///< failed, and the broker may have it
};

struct Place {
  std::int32_t partition = -1;
  std::int64_t offset = -1;
  auto operator<=>(const Place&) const = default;
};

struct Emitted {
  Answer answer = Answer::none;
  Place place = {};  ///< where it is confirmed; offset -1: the broker didn't say
};

/// A handler ended well. `run` is its process.
struct Handled {
  Id id = {};
  std::string run = {};
  Place place = {};
  Time begun = {};
  Time ended = {};
};

/// Why something may have been handled twice.
struct Excuse {
  enum class Kind : std::uint8_t {
    crash,  ///< the process ended, or gave a partition up, without having committed all that it had handled
    fence,  ///< the process worked on, on what the group had given to somebody else
    leave,  ///< the process gave partitions up in order. What it had handled ahead of an unfinished event couldn't be committed
  };
  Kind kind = Kind::crash;
  std::string run = {};
  Time at = {};
};

/// A producer of the process numbered its messages anew: what was on its way then may be in the log twice.
struct Renumbering {
  std::string run = {};
  Time at = {};  ///< when it was noticed, shortly after it
};

/// The process got partitions: from here on it may begin anew from what was committed.
struct Assignment {
  std::string run = {};
  Time at = {};
};

/// What the group had committed at some moment.
struct Mark {
  Time at = {};  ///< when the broker's answer was there
  std::int32_t partition = -1;
  std::int64_t committed = -1;  ///< the next to be handled; -1: nothing yet
};

/// The same after the end, beside the end of the partition.
struct Position {
  std::int32_t partition = -1;
  std::int64_t committed = -1;
  std::int64_t end = -1;
};

struct History {
  std::map<Id, Emitted> emitted = {};
  std::vector<Handled> handled = {};  ///< those of one run in the order of its file
  std::vector<Excuse> excuses = {};
  std::vector<Renumbering> renumberings = {};
  std::vector<Assignment> assignments = {};
  std::vector<Mark> marks = {};
  std::vector<Position> positions = {};
};

/// Appends lines to a file, each by one write(2): what is written survives the end of the process by whatever signal. Any thread.
/// Throws std::system_error.
class Record {
 public:
  explicit Record(const std::filesystem::path& file);
  ~Record();
  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;

  void tried(const Id& id);
  void confirmed(const Id& id, Place place);
  void refused(const Id& id);
  void unknown(const Id& id);
  void handled(const Id& id, Place place, Time begun, Time ended);

 private:
  void append(const std::string& line);
  int descriptor_;
};

/// Reads the records and logs of a folder into a History while they grow: `emitted.RUN`, `handled.RUN`, and `log.RUN`, whose lines (JSON)
/// tell of assignments, excuses and renumberings. One thread. Throws std::runtime_error for a line that is none.
class Reader {
 public:
  explicit Reader(std::filesystem::path folder) : folder_{std::move(folder)} {}

  /// Adds what was appended since.
  void read(History& history);

 private:
  std::filesystem::path folder_;
  std::map<std::filesystem::path, std::uintmax_t> done_ = {};  // bytes of each file that were read
};

}  // namespace dispytch::faults
