#include "feed.hpp"

#include <cerrno>
#include <chrono>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <system_error>

namespace flights {
namespace {

// Every emit ends within the emitter's own timeout; this only bounds a wait for a broker client that breaks that promise.
constexpr std::chrono::minutes kFlushTimeout{10};

void emit_all(std::istream& in, const std::string& name, int limit, dispytch::EventEmitter& out, FeedCounts& counts, std::stop_token stop) {
  FlightReader reader{in, name};
  const auto done = [&counts](const dispytch::Result<dispytch::Receipt>& result) { counts.record(result); };
  for (int emitted = 0; (limit == 0 || emitted < limit) && !stop.stop_requested(); ++emitted) {
    const auto flight = reader.next();
    if (!flight) return;
    std::visit([&](const auto& event) { out.emit(event, done); }, *flight);
  }
}

}  // namespace

void FeedCounts::record(const dispytch::Result<dispytch::Receipt>& result) {
  if (result) {
    confirmed_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (failed_.fetch_add(1, std::memory_order_relaxed) == 0) {
    const std::lock_guard lock{mutex_};
    first_error_ = result.error().text;
  }
}

std::string FeedCounts::first_error() const {
  const std::lock_guard lock{mutex_};
  return first_error_;
}

int FeedCounts::finish(int exit_code, std::ostream& out) const {
  if (confirmed() + failed() > 0) out << confirmed() << " confirmed, " << failed() << " failed\n";
  return exit_code == 0 && failed() > 0 ? 1 : exit_code;
}

void feed(const FeedOptions& options, dispytch::EventEmitter& out, FeedCounts& counts, std::stop_token stop) {
  std::exception_ptr malformed;
  try {
    if (options.limit < 0) throw std::runtime_error{"--limit: expected 0 (all) or more, found " + std::to_string(options.limit)};
    if (options.input == "-") {
      emit_all(std::cin, "standard input", options.limit, out, counts, stop);
    } else {
      std::ifstream file{options.input};
      if (!file) throw std::runtime_error{options.input + ": can't be opened: " + std::generic_category().message(errno)};
      emit_all(file, options.input, options.limit, out, counts, stop);
    }
  } catch (const std::exception&) {
    malformed = std::current_exception();
  }
  out.flush(kFlushTimeout).value();
  if (malformed) std::rethrow_exception(malformed);
  if (counts.failed() > 0) {
    throw std::runtime_error{std::to_string(counts.failed()) + " flights were not confirmed; the first because: " + counts.first_error()};
  }
}

}  // namespace flights
