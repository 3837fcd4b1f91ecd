#include "cli/emit_run.hpp"

#include <cstdint>
#include <iostream>
#include <utility>

#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/json_document.hpp"

namespace dispytch::cli {

void EmitRun::refuse(std::uint64_t line, std::size_t column, const std::string& text) {
  failed_.fetch_add(1, std::memory_order_relaxed);
  report(line, column, text);
}

void EmitRun::answer(LineLedger::Ticket ticket, const Result<Receipt>& result) {
  if (result) {
    confirmed_.fetch_add(1, std::memory_order_relaxed);
    ledger_.done(ticket);
    return;
  }
  const Error& error = result.error();
  failed_.fetch_add(1, std::memory_order_relaxed);
  if (error.code == ErrorCode::invalid || error.code == ErrorCode::too_big) {
    report(ledger_.line(ticket), std::nullopt, error.text);
    ledger_.done(ticket);
    return;
  }
  const std::uint64_t line = ledger_.line(ticket);
  ledger_.again(ticket);
  const std::lock_guard lock{mutex_};
  if (stopped_because_.empty()) stopped_because_ = "line " + std::to_string(line) + ": " + error.text;
}

void EmitRun::progress(std::uint64_t consumed, std::uint64_t size) {
  if (!progress_.due()) return;
  const std::uint64_t confirmed = confirmed_.load(std::memory_order_relaxed);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  std::string text = grouped(confirmed) + " confirmed, " + grouped(failed_.load(std::memory_order_relaxed)) + " failed, " +
                     grouped(static_cast<std::uint64_t>(static_cast<double>(confirmed) / seconds)) + "/s";
  if (size > 0) text += ", " + std::to_string(consumed * 100 / size) + " %";
  const std::lock_guard lock{mutex_};
  progress_.show(text);
}

void EmitRun::tell(const std::string& text) {
  const std::lock_guard lock{mutex_};
  progress_.clear();
  std::cerr << printable(text) << '\n';
}

int EmitRun::finish(std::uint64_t next_line) {
  const std::lock_guard lock{mutex_};
  progress_.clear();
  const std::uint64_t not_done = ledger_.first_not_done();
  const std::uint64_t resume = not_done != 0 ? not_done : next_line;
  if (json_) {
    nlohmann::ordered_json summary{{"confirmed", confirmed_.load()}, {"failed", failed_.load()}};
    summary["resume_from_line"] = resume == 0 ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(resume);
    if (!stopped_because_.empty()) summary["error"] = stopped_because_;
    std::cout << json_text(std::move(summary)) << '\n';
  } else {
    std::cout << confirmed_ << " confirmed, " << failed_ << " failed\n" << std::flush;
    if (!stopped_because_.empty()) std::cerr << "stopped at " << printable(stopped_because_) << '\n';
    if (resume != 0) {
      std::cerr << "resume with --from-line " << resume;
      if (const std::uint64_t twice = ledger_.done_behind(); twice > 0) {
        std::cerr << "; " << twice << (twice == 1 ? " line behind it is" : " lines behind it are")
                  << " confirmed and will be emitted again";
      }
      std::cerr << '\n';
    }
  }
  return failed_ == 0 && resume == 0 ? kDone : kFailed;
}

void EmitRun::report(std::uint64_t line, std::optional<std::size_t> column, const std::string& text) {
  const std::lock_guard lock{mutex_};
  if (json_) {
    nlohmann::ordered_json problem{{"line", line}};
    if (column) problem["column"] = *column;
    problem["error"] = text;
    std::cout << json_text(std::move(problem)) << '\n';
    return;
  }
  progress_.clear();
  std::cerr << "line " << line;
  if (column) std::cerr << ", column " << *column;
  std::cerr << ": " << printable(text) << '\n';
}

}  // namespace dispytch::cli
