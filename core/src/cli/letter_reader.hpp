// Reads a listener's dead letters up to the end that there was at the beginning.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "border/admin.hpp"
#include "border/consumer_handle.hpp"
#include "border/extensions.hpp"
#include "cli/letter_box.hpp"

namespace dispytch::cli {

/// How a reader begins.
struct ReaderOptions {
  std::string group = {};                ///< empty: one of its own, which stores no position and disturbs nobody
  bool again = false;                    ///< begin with the oldest, whatever the group's position is
  std::string as_group = {};             ///< begin where that group stands, without being of it; needs can_look_on()
  std::optional<LetterPlace> only = {};  ///< that one letter, with its topic
};

/// Whether the position of a group can be followed from outside of it.
bool can_look_on(const std::shared_ptr<border::Adapter>& adapter);

/// One thread.
class LetterReader {
 public:
  /// Views the config and the box. Throws Exception where a topic doesn't exist or the broker can't be reached, UsageError where the
  /// backend can't do what is asked.
  LetterReader(const config::Config& config, const LetterBox& box, std::shared_ptr<border::Adapter> adapter, const ReaderOptions& options);

  /// The next letters, at most so many; nullopt: that were all, or it was asked to stop. Blocks. Throws Exception where the broker stays
  /// away, or the group doesn't assign anything.
  std::optional<border::Batch> next(std::uint32_t at_most, const std::stop_token& stop);

  /// Whether the message was there at the beginning. What came since is for the next time, or a loop would feed itself.
  bool was_there(const dispytch_message& message) const;

  /// Settles messages, the oldest first of each source, and waits until the broker has that. Throws Exception.
  void settle(const std::vector<dispytch_message>& done);

  /// Not where it browses.
  border::ConsumerHandle& consumer() noexcept { return *consumer_; }

  /// Whether the letters are looked at and not consumed: where the broker has no offsets to go back to, and the plugin offers it. Then
  /// browse() takes the place of next() and was_there().
  bool browses() const noexcept { return !browsers_.empty(); }
  /// The next letters, at most so many; empty: that were all, or it was asked to stop. Valid until the next call. Throws Exception.
  std::span<const dispytch_message> browse(std::uint32_t at_most, const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;
  struct Source {
    std::string topic = {};
    std::int32_t partition = 0;
    std::optional<std::int64_t> end = {};  // the offset behind the last letter; nullopt: nobody knows
    bool read = false;                     // to its end
  };

  void open_browsers();
  void handle(const border::Batch& event);
  void assigned(const dispytch_source& raw);
  void note_progress(const border::Batch& messages);
  void seek(const dispytch_source& raw, std::int64_t offset);
  bool all_read() const;
  void say_what_is_unread() const;
  void require_patience(Clock::time_point since);
  const std::vector<dispytch_range>* ranges_of(const std::string& topic);
  void acknowledge(std::uint64_t token);
  void assigned_nothing(const std::stop_token& stop);

  const config::Config& config_;
  const LetterBox& box_;
  const std::shared_ptr<border::Adapter> adapter_;
  const ReaderOptions options_;
  std::string group_ = {};
  std::optional<border::Admin> admin_ = {};
  std::map<std::string, std::vector<dispytch_range>> ranges_ = {};          // by topic, as they were when it was first assigned
  std::map<std::uint32_t, Source> sources_ = {};                            // by the border's number
  std::map<std::pair<std::string, std::int32_t>, std::int64_t> next_ = {};  // the offset behind the last letter seen of each partition
  std::unique_ptr<border::ConsumerHandle> consumer_ = {};
  std::vector<std::unique_ptr<border::Browser>> browsers_ = {};  // of each topic; the first is at its turn
  bool assigned_once_ = false;
  bool nothing_there_ = false;  // no topic that could have letters
  bool said_that_it_waits_ = false;
  std::string down_ = {};  // why the broker is away; empty: it isn't
};

}  // namespace dispytch::cli
