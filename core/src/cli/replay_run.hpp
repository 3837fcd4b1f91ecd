// One run of `dispytch dlq replay`: decides about each letter, sends it back, and settles it once the broker has it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include <dispytch/emitter.hpp>

#include "cli/letter_box.hpp"
#include "cli/letter_filter.hpp"
#include "cli/letter_reader.hpp"
#include "cli/pacer.hpp"
#include "cli/terminal.hpp"

namespace dispytch::cli {

struct ReplayOptions {
  /// A message that came back so often isn't mended by another replay: the first after the mend, another since that wasn't the mend after
  /// all, a third by mistake.
  static constexpr std::uint64_t kMaxReplays = 3;

  LetterFilter filter = {};
  std::string to = {};      ///< empty: each letter's original topic
  double per_second = 0;    ///< 0: as fast as the broker takes them
  std::uint64_t limit = 0;  ///< 0: all
  std::uint64_t max_replays = kMaxReplays;
  bool new_times = false;  ///< the messages get the time of the replay, not their own
  bool dry_run = false;
};

/// One thread; the emitter's answers come on its own.
class ReplayRun {
 public:
  /// The most letters that are sent again after a replay was killed: so many are out before the next are taken.
  static constexpr std::uint32_t kBatch = 100;

  /// `emitter`: null for a dry run. What is given outlives the run.
  ReplayRun(ReplayOptions options, const LetterBox& box, LetterReader& reader, EventEmitter* emitter);

  /// To the end of the letters, of the limit, or until asked to stop. Throws Exception where the broker fails, after having settled what it
  /// has confirmed.
  void run(const std::stop_token& stop);

  /// Prints the count; the exit code.
  int finish(bool interrupted);

 private:
  enum class Fate : std::uint8_t { replay, filtered, of_others, refused };
  struct Flight;

  Fate judge(const Letter& letter) const;
  std::optional<std::string> objection(const Letter& letter) const;
  const std::string& target(const Letter& letter) const { return options_.to.empty() ? *letter.original_topic : options_.to; }
  void work_off(const border::Batch& batch, const std::stop_token& stop);
  bool send(const Message& message, const Letter& letter, const std::shared_ptr<Flight>& flight, std::size_t index,
            const std::stop_token& stop);
  void land(const std::vector<dispytch_message>& taken, const std::vector<std::string>& places, Flight& flight);
  void refuse(const std::string& place, const std::string& why);
  void show_progress();

  const ReplayOptions options_;
  const LetterBox& box_;
  LetterReader& reader_;
  EventEmitter* const emitter_;
  Pacer pacer_;
  Progress progress_ = {};
  bool full_ = false;  // the limit is reached
  std::uint64_t sent_ = 0, filtered_ = 0, of_others_ = 0, refused_ = 0;
};

}  // namespace dispytch::cli
