#include "faults/history.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include <nlohmann/json.hpp>

namespace dispytch::faults {
namespace {

using std::chrono::nanoseconds;

[[noreturn]] void malformed(const std::filesystem::path& file, const std::string& line) {
  throw std::runtime_error{file.string() + ": no line of a record: " + line};
}

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) throw std::invalid_argument{"no number: " + std::string{text}};
  return value;
}

// 2026-01-02T03:04:05.678Z, as the log writes it; the ring of a clock that is fine enough for causes.
Time log_time(const std::string& text) {
  std::tm parts{};
  std::istringstream in{text};
  int milliseconds = 0;
  char dot = 0;
  in >> std::get_time(&parts, "%Y-%m-%dT%H:%M:%S") >> dot >> milliseconds;
  if (!in) throw std::invalid_argument{"no time: " + text};
  return Time{std::chrono::seconds{timegm(&parts)} + std::chrono::milliseconds{milliseconds}};
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

void take_log(const std::string& run, const std::string& line, History& history) {
  if (!line.starts_with('{')) return;  // what a library writes by itself, past the log
  const auto entry = nlohmann::json::parse(line);
  const std::string& text = entry.at("text").get_ref<const std::string&>();
  const std::string& source = entry.at("source").get_ref<const std::string&>();
  const Time at = log_time(entry.at("time").get<std::string>());
  if (source == "plugin.kafka" && contains(text, ": messages are numbered anew ")) history.renumberings.push_back({.run = run, .at = at});
  if (!source.starts_with("listener.")) return;
  if (text.starts_with("assigned: ")) {
    history.assignments.push_back({.run = run, .at = at});
  } else if (text.starts_with("lost: ") || text.starts_with("lost everything: ") ||
             contains(text, "that the broker has given to another member") || contains(text, "messages were still being handled when")) {
    history.excuses.push_back({.kind = Excuse::Kind::fence, .run = run, .at = at});
  } else if (text.starts_with("the broker didn't take all of what was settled before a revocation")) {
    history.excuses.push_back({.kind = Excuse::Kind::crash, .run = run, .at = at});
  } else if (text.starts_with("revoked: ") || text.starts_with("stopped: ")) {
    history.excuses.push_back({.kind = Excuse::Kind::leave, .run = run, .at = at});
  }
}

void take_emitted(const std::string& line, History& history) {
  std::istringstream words{line};
  std::string what, id;
  Place place;
  words >> what >> id;
  Emitted& event = history.emitted[Id::parse(id)];
  if (what == "tried") return;
  if (what == "confirmed") {
    words >> place.partition >> place.offset;
    event = {.answer = Answer::confirmed, .place = place};
  } else if (what == "refused" || what == "unknown") {
    event.answer = what == "refused" ? Answer::refused : Answer::unknown;
  } else {
    throw std::invalid_argument{what};
  }
  if (!words) throw std::invalid_argument{"a field is missing"};
}

void take_handled(const std::string& run, const std::string& line, History& history) {
  std::istringstream words{line};
  std::string what, id;
  Place place;
  std::int64_t begun = 0, ended = 0;
  words >> what >> id >> place.partition >> place.offset >> begun >> ended;
  if (!words || what != "handled") throw std::invalid_argument{what};
  history.handled.push_back(
      {.id = Id::parse(id), .run = run, .place = place, .begun = Time{nanoseconds{begun}}, .ended = Time{nanoseconds{ended}}});
}

}  // namespace

Time now() { return std::chrono::time_point_cast<nanoseconds>(std::chrono::system_clock::now()); }

std::string Id::text() const { return emitter + '/' + key + '/' + std::to_string(sequence); }

Id Id::parse(std::string_view text) {
  const std::size_t first = text.find('/'), last = text.rfind('/');
  if (first == std::string_view::npos || first == last) throw std::invalid_argument{"no id: " + std::string{text}};
  return {.emitter = std::string{text.substr(0, first)},
          .key = std::string{text.substr(first + 1, last - first - 1)},
          .sequence = number(text.substr(last + 1))};
}

Record::Record(const std::filesystem::path& file) : descriptor_{open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)} {
  if (descriptor_ < 0) throw std::system_error{errno, std::generic_category(), file.string()};
}

Record::~Record() { close(descriptor_); }

void Record::append(const std::string& line) {
  if (write(descriptor_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    throw std::system_error{errno, std::generic_category(), "a record can't be written"};
  }
}

void Record::tried(const Id& id) { append("tried " + id.text() + '\n'); }
void Record::refused(const Id& id) { append("refused " + id.text() + '\n'); }
void Record::unknown(const Id& id) { append("unknown " + id.text() + '\n'); }

void Record::confirmed(const Id& id, Place place) {
  append("confirmed " + id.text() + ' ' + std::to_string(place.partition) + ' ' + std::to_string(place.offset) + '\n');
}

void Record::handled(const Id& id, Place place, Time begun, Time ended) {
  append("handled " + id.text() + ' ' + std::to_string(place.partition) + ' ' + std::to_string(place.offset) + ' ' +
         std::to_string(begun.time_since_epoch().count()) + ' ' + std::to_string(ended.time_since_epoch().count()) + '\n');
}

void Reader::read(History& history) {
  for (const auto& entry : std::filesystem::directory_iterator{folder_}) {
    const std::string name = entry.path().filename(), kind = name.substr(0, name.find('.'));
    if (kind != "emitted" && kind != "handled" && kind != "log") continue;
    const std::string run = name.substr(kind.size() + 1);
    std::uintmax_t& done = done_[entry.path()];
    std::ifstream in{entry.path()};
    in.seekg(static_cast<std::streamoff>(done));
    std::string line;
    while (std::getline(in, line) && !in.eof()) {  // the last one has no end yet, or never gets one
      done += line.size() + 1;
      try {
        if (kind == "emitted") take_emitted(line, history);
        if (kind == "handled") take_handled(run, line, history);
        if (kind == "log") take_log(run, line, history);
      } catch (const std::exception&) {
        malformed(entry.path(), line);
      }
    }
  }
}

}  // namespace dispytch::faults
