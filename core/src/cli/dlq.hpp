// What the four commands of `dispytch dlq` share.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "app/signals.hpp"
#include "app/wiring.hpp"
#include "cli/command.hpp"
#include "cli/letter_box.hpp"
#include "cli/letter_reader.hpp"

namespace dispytch::cli {

// One for each command, in a file of its name.
void add_dlq_list(CLI::App& dlq, Action& action);
void add_dlq_show(CLI::App& dlq, Action& action);
void add_dlq_replay(CLI::App& dlq, Action& action);
void add_dlq_purge(CLI::App& dlq, Action& action);

/// The config file, the listener's letters in it, and the backends as they are opened. Throws as its parts do.
struct Desk {
  explicit Desk(const BoxOptions& options);
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  config::Config config;
  LetterBox box;
  app::Backends backends;
  std::shared_ptr<border::Adapter> letters() { return backends.open(box.backend()); }  ///< the backend where they lie
};

/// Opens the letters. Throws as LetterReader does, and where a signal comes meanwhile.
std::unique_ptr<LetterReader> open_reader(app::Signals& signals, Desk& desk, const ReaderOptions& options);

/// Reads letters until their end, or until `take` returns false. The message is valid during the call.
void read_letters(LetterReader& reader, const LetterBox& box, const std::stop_token& stop,
                  const std::function<bool(const Message&, const Letter&)>& take);

/// Letters counted by their reason: "3 letters: 2 failed, 1 no dead letter".
class Tally {
 public:
  void add(const Letter& letter);
  std::uint64_t count() const noexcept { return count_; }
  std::string text() const;

 private:
  std::uint64_t count_ = 0;
  std::map<std::string, std::uint64_t> by_reason_ = {};
};

}  // namespace dispytch::cli
