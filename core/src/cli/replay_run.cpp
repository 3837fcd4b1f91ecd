#include "cli/replay_run.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <iostream>
#include <mutex>
#include <utility>

#include "cli/command.hpp"

namespace dispytch::cli {
namespace {

// With a rate so few are taken at a time that a tenth of a second lies between two settlements.
std::uint32_t batch_of(double per_second) {
  if (per_second <= 0) return ReplayRun::kBatch;
  return static_cast<std::uint32_t>(std::clamp(per_second / 10, 1.0, double{ReplayRun::kBatch}));
}

bool is_of_the_letter(const Error& error) { return error.code == ErrorCode::invalid || error.code == ErrorCode::too_big; }

}  // namespace

// The letters of one batch that are out. Shared with the emitter's callbacks.
struct ReplayRun::Flight {
  std::mutex mutex;  // guards what follows
  std::condition_variable all_back;
  std::size_t out = 0;
  std::vector<std::optional<Error>> errors = {};  // by the letter's place in the batch
  bool failed = false;                            // by what will fail the next one as well

  void answer(std::size_t index, const Result<Receipt>& result) {
    const std::lock_guard lock{mutex};
    if (!result) {
      errors[index] = result.error();
      failed |= !is_of_the_letter(result.error());
    }
    if (--out == 0) all_back.notify_all();
  }
  void await() {
    std::unique_lock lock{mutex};
    all_back.wait(lock, [this] { return out == 0; });
  }
};

ReplayRun::ReplayRun(ReplayOptions options, const LetterBox& box, LetterReader& reader, EventEmitter* emitter)
    : options_{std::move(options)}, box_{box}, reader_{reader}, emitter_{emitter}, pacer_{options_.dry_run ? 0 : options_.per_second} {}

void ReplayRun::run(const std::stop_token& stop) {
  const std::uint32_t batch_size = batch_of(options_.per_second);
  while (!full_) {
    const auto batch = reader_.next(batch_size, stop);
    if (!batch) break;
    work_off(*batch, stop);
  }
  progress_.clear();
}

std::optional<std::string> ReplayRun::objection(const Letter& letter) const {
  if (!letter.is_one()) return "it lacks the headers of a dead letter, so nobody knows where it came from";
  if (options_.to.empty() && !box_.reads(*letter.original_topic)) {
    return "it came from topic `" + *letter.original_topic + "`, which listener `" + box_.listener().name +
           "` doesn't read; to send it elsewhere on purpose say --to TOPIC";
  }
  if (letter.bad_count) return "its header dispytch-replays should be a number, and is \"" + *letter.bad_count + "\"";
  if (letter.replays >= options_.max_replays) {
    return "it has come back " + std::to_string(letter.replays) + " times, so another replay won't mend it; --max-replays " +
           std::to_string(letter.replays + 1) + " tries once more";
  }
  return std::nullopt;
}

ReplayRun::Fate ReplayRun::judge(const Letter& letter) const {
  const bool others = letter.is_one() && letter.group.value_or("") != box_.listener().group;
  if (others && !options_.filter.names("group")) return Fate::of_others;
  if (!options_.filter.matches(letter)) return Fate::filtered;
  return objection(letter) ? Fate::refused : Fate::replay;
}

void ReplayRun::work_off(const border::Batch& batch, const std::stop_token& stop) {
  std::vector<dispytch_message> taken;  // of each source the oldest, without a gap
  std::vector<std::string> places;
  const auto flight = std::make_shared<Flight>();
  flight->errors.resize(batch.messages().size());
  for (const dispytch_message& raw : batch.messages()) {
    if (!reader_.was_there(raw)) continue;
    const Message message{raw, &reader_.consumer().api(), reader_.consumer().raw()};
    const Letter letter = box_.read(message);
    const Fate fate = judge(letter);
    if (fate == Fate::replay) {
      full_ = options_.limit != 0 && sent_ == options_.limit;
      if (full_ || !send(message, letter, flight, taken.size(), stop)) break;
    }
    if (fate == Fate::filtered) ++filtered_;
    if (fate == Fate::of_others) ++of_others_;
    if (fate == Fate::refused) refuse(letter.place(), *objection(letter));
    taken.push_back(raw);
    places.push_back(letter.place());
    show_progress();
  }
  flight->await();
  if (!options_.dry_run) land(taken, places, *flight);
}

// False: not this one, nor any behind it.
bool ReplayRun::send(const Message& message, const Letter& letter, const std::shared_ptr<Flight>& flight, std::size_t index,
                     const std::stop_token& stop) {
  if (options_.dry_run) {
    std::cout << printable(letter.place()) << " would go to " << printable(target(letter)) << '\n' << std::flush;
    ++sent_;
    return !stop.stop_requested();
  }
  if (!pacer_.wait(stop)) return false;
  {
    const std::lock_guard lock{flight->mutex};
    if (flight->failed) return false;
    ++flight->out;
  }
  ++sent_;
  OutgoingMessage replay = make_replay(message, letter, target(letter));
  if (options_.new_times) replay.timestamp.reset();
  emitter_->emit(replay, [flight, index](const Result<Receipt>& result) { flight->answer(index, result); });
  return true;
}

void ReplayRun::land(const std::vector<dispytch_message>& taken, const std::vector<std::string>& places, Flight& flight) {
  std::vector<dispytch_message> done;
  std::set<std::uint32_t> stuck;  // sources of which a letter was not confirmed: nothing behind it is settled
  const std::optional<Error>* first_failure = nullptr;
  std::string failed_place;
  std::uint64_t bad = 0;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const std::optional<Error>& error = flight.errors[i];
    if (error && !is_of_the_letter(*error)) {
      stuck.insert(taken[i].source);
      if (first_failure == nullptr) {
        failed_place = places[i];
        first_failure = &error;
      }
    }
    if (error) ++bad;
    if (stuck.contains(taken[i].source)) continue;
    if (error) refuse(places[i], "the broker doesn't take it: " + error->text);
    done.push_back(taken[i]);
  }
  sent_ -= bad;
  reader_.settle(done);
  if (first_failure == nullptr) return;
  Error error = **first_failure;
  error.text = "stopped at " + failed_place + ": " + error.text + (error.maybe_sent ? " It may have been stored all the same." : "") + " " +
               letters(sent_) + " replayed before that; the same command goes on from there";
  throw Exception{std::move(error)};
}

void ReplayRun::refuse(const std::string& place, const std::string& why) {
  ++refused_;
  progress_.clear();
  std::cerr << printable(place) << ": refused: " << printable(why) << '\n';
}

void ReplayRun::show_progress() {
  if (progress_.due())
    progress_.show(grouped(sent_) + " sent, " + grouped(filtered_ + of_others_) + " passed over, " + grouped(refused_) + " refused");
}

int ReplayRun::finish(bool interrupted) {
  std::cout << letters(sent_) << (options_.dry_run ? " would be replayed" : " replayed");
  if (filtered_ > 0) std::cout << ", " << grouped(filtered_) << " passed over by the filter";
  if (of_others_ > 0) std::cout << ", " << grouped(of_others_) << " of other groups";
  if (refused_ > 0) std::cout << ", " << grouped(refused_) << " refused";
  if (options_.dry_run) std::cout << "; nothing was sent";
  std::cout << '\n' << std::flush;
  if (filtered_ + refused_ > 0 && !options_.dry_run) {
    std::cerr << "the progress is past them; --again begins with the oldest letter once more\n";
  }
  if (full_) std::cerr << "stopped at the limit; the same command goes on from there\n";
  if (interrupted) std::cerr << "interrupted; the same command goes on from there\n";
  return refused_ > 0 || interrupted ? kFailed : kDone;
}

}  // namespace dispytch::cli
