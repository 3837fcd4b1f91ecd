#include "base/log.hpp"

#include <atomic>
#include <iostream>
#include <memory>
#include <utility>

#include <Poco/AutoPtr.h>
#include <Poco/ConsoleChannel.h>
#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/Formatter.h>
#include <Poco/FormattingChannel.h>
#include <Poco/Logger.h>
#include <Poco/Message.h>

#include "base/journal.hpp"
#include "text/escape.hpp"

namespace dispytch::log {
namespace {

constexpr const char* kRoot = "dispytch";

Poco::Message::Priority priority(Level level) {
  switch (level) {
    case Level::error: return Poco::Message::PRIO_ERROR;
    case Level::warning: return Poco::Message::PRIO_WARNING;
    case Level::info: return Poco::Message::PRIO_INFORMATION;
    case Level::debug: return Poco::Message::PRIO_DEBUG;
  }
  return Poco::Message::PRIO_ERROR;
}

Level level_of(Poco::Message::Priority level) {
  switch (level) {
    case Poco::Message::PRIO_DEBUG: return Level::debug;
    case Poco::Message::PRIO_INFORMATION: return Level::info;
    case Poco::Message::PRIO_WARNING: return Level::warning;
    default: return Level::error;
  }
}

std::string_view level_name(Poco::Message::Priority level) {
  switch (level) {
    case Poco::Message::PRIO_DEBUG: return "debug";
    case Poco::Message::PRIO_INFORMATION: return "info";
    case Poco::Message::PRIO_WARNING: return "warning";
    default: return "error";
  }
}

std::string time_of(const Poco::Message& message) { return Poco::DateTimeFormatter::format(message.getTime(), "%Y-%m-%dT%H:%M:%S.%iZ"); }

// `2026-01-02T03:04:05.678Z info listener.board: assigned: flights[0]`, for people. A line stays one line, whatever keys and texts of
// strangers stand in it.
class TextFormatter final : public Poco::Formatter {
 public:
  void format(const Poco::Message& message, std::string& out) override {
    out += time_of(message);
    out += ' ';
    out += level_name(message.getPriority());
    out += ' ';
    out += text::printable(message.getSource());
    out += ": ";
    out += text::printable(message.getText());
  }
};

// One JSON object a line, for log collectors.
class JsonFormatter final : public Poco::Formatter {
 public:
  void format(const Poco::Message& message, std::string& out) override {
    out += R"({"time":")";
    out += time_of(message);
    out += R"(","level":")";
    out += level_name(message.getPriority());
    out += R"(","source":)";
    text::append_json_string(message.getSource(), out);
    out += R"(,"text":)";
    text::append_json_string(message.getText(), out);
    out += '}';
  }
};

// Lines that the journal doesn't take go where all went before.
class JournalChannel final : public Poco::Channel {
 public:
  JournalChannel(std::shared_ptr<Journal> journal, Poco::AutoPtr<Poco::Channel> otherwise)
      : journal_{std::move(journal)}, otherwise_{std::move(otherwise)} {}
  void log(const Poco::Message& message) override {
    if (!journal_->write(level_of(message.getPriority()), text::printable(message.getSource()), text::printable(message.getText()))) {
      otherwise_->log(message);
    }
  }

 private:
  std::shared_ptr<Journal> journal_;
  Poco::AutoPtr<Poco::Channel> otherwise_;
};

std::atomic<Level> least_level{Level::info};
std::atomic<bool> silent{false};

void install(Format format) {
  Poco::AutoPtr<Poco::Formatter> formatter;
  if (format == Format::json) {
    formatter = new JsonFormatter;
  } else {
    formatter = new TextFormatter;
  }
  Poco::AutoPtr<Poco::Channel> console{new Poco::ConsoleChannel{std::cerr}};
  Poco::AutoPtr<Poco::Channel> channel{new Poco::FormattingChannel{formatter, console}};
  if (format == Format::text) {  // a line of JSON is what somebody asked for
    if (auto journal = Journal::of_standard_error()) channel = new JournalChannel{std::move(journal), channel};
  }
  Poco::Logger& logger = Poco::Logger::get(kRoot);
  logger.setChannel(channel);
  logger.setLevel(Poco::Message::PRIO_TRACE);  // the level is judged by enabled(), before a line is built
}

Poco::Logger& root() {
  static Poco::Logger& logger = [&]() -> Poco::Logger& {
    if (!Poco::Logger::get(kRoot).getChannel()) install(Format::text);
    return Poco::Logger::get(kRoot);
  }();
  return logger;
}

}  // namespace

void configure(Level level, Format format) {
  least_level.store(level, std::memory_order_relaxed);
  root();
  install(format);
}

void silence() { silent.store(true, std::memory_order_relaxed); }

bool enabled(Level level) noexcept {
  return !silent.load(std::memory_order_relaxed) && level <= least_level.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view source, std::string_view text) {
  if (!enabled(level)) return;
  root().log(Poco::Message{std::string{source}, std::string{text}, priority(level)});
}

}  // namespace dispytch::log
