// A broker plugin for the tests of the command line: topics are files, so that a test writes what is received and reads what was sent.
//
// backend config: `folder`; the topic NAME is the file folder/NAME, which must exist. A message is a line: key, headers (name=value,
// spaces between), payload, with tabs between; a key of `-` is none. One partition, offsets count lines from 0.
// `too_big`, `unavailable`, `unanswered`: messages whose payload has that text in it fail that way, or get no report before the end.
// Beside the topics: folder/groups has a line for each consumer (group, start), folder/settled one for each settled message.
#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <dispytch/plugin/backend.hpp>

namespace plugin = dispytch::plugin;

namespace {

struct Settings {
  std::string folder, too_big, unavailable, unanswered;

  std::string file(std::string_view name) const { return folder + '/' + std::string{name}; }
};

bool has(std::string_view payload, const std::string& text) { return !text.empty() && payload.find(text) != std::string_view::npos; }

class Producer {
 public:
  Producer(Settings settings, plugin::Notify notify) : settings_{std::move(settings)}, notify_{notify} {}

  plugin::Accepted send(plugin::Strided<const plugin::MessageView> messages) {
    {
      const std::scoped_lock lock{mutex_};
      for (const plugin::MessageView& message : messages) write(message);
    }
    notify_();
    return {.count = messages.size()};
  }

  std::size_t reports(plugin::Strided<plugin::Report> out) {
    const std::scoped_lock lock{mutex_};
    const std::size_t count = std::min(out.size(), reports_.size());
    for (std::size_t i = 0; i < count; ++i) out.set(i, reports_[i]);
    reports_.erase(reports_.begin(), reports_.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }

  plugin::Status flush(std::chrono::milliseconds) { return {}; }

 private:
  void write(const plugin::MessageView& message) {
    static constexpr std::string_view kTooBig = "the message is too big", kUnavailable = "the broker went away", kNoTopic = "no such topic";
    const std::string_view payload = message.payload().value_or("");
    plugin::Report report{};
    report.token = message.token();
    const auto fail = [&](dispytch_status code, std::string_view text) {
      report.code = code;
      report.text = plugin::bytes(text);
    };
    std::fstream topic{settings_.file(message.topic()), std::ios::in | std::ios::out | std::ios::ate};
    if (!topic) {
      fail(DISPYTCH_ENOTFOUND, kNoTopic);
    } else if (has(payload, settings_.too_big)) {
      fail(DISPYTCH_ETOOBIG, kTooBig);
    } else if (has(payload, settings_.unavailable)) {
      fail(DISPYTCH_EUNAVAILABLE, kUnavailable);
    } else {
      topic << message.key().value_or("-") << '\t';
      for (const plugin::Header& header : message.headers()) topic << plugin::view(header.key) << '=' << plugin::view(header.value) << ' ';
      topic << '\t' << payload << '\n';
    }
    if (!has(payload, settings_.unanswered)) reports_.push_back(report);
  }

  const Settings settings_;
  const plugin::Notify notify_;
  std::mutex mutex_;  // guards what follows, and the topics' files
  std::vector<plugin::Report> reports_;
};

class Consumer {
 public:
  Consumer(Settings settings, const plugin::Config& options) : settings_{std::move(settings)} {
    const std::string start = options.get("start", "earliest");
    for (const plugin::Config& topic : options.at("topics").elements()) {
      const std::string name = topic.require<std::string>("name");
      if (!std::ifstream{settings_.file(name)}) throw plugin::Exception{DISPYTCH_ENOTFOUND, "no topic `" + name + "`"};
      topics_.push_back({.name = name});
      if (start == "latest") (void)read(topics_.back());
    }
    std::ofstream{settings_.file("groups"), std::ios::app} << options.get("group", "") << ' ' << start << '\n';
  }

  plugin::Status poll(plugin::Limits limits, std::chrono::milliseconds timeout, plugin::BatchOut& out) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    std::unique_lock lock{mutex_};
    do {
      if (!assigned_) {
        if (!announced_) out.assigned({{.topic = topics_.front().name, .source = DISPYTCH_SOURCE(0, 1)}}, kAssignment);
        if (std::exchange(announced_, true) == false) return {};
      } else if (limits.max_messages > 0) {
        for (Topic& topic : topics_) {
          auto lines = std::make_unique<Lines>(read(topic));
          if (lines->text.empty()) continue;
          const auto messages = lines->messages(topic);
          out.messages(messages, std::move(lines));
          return {};
        }
      }
      if (changed_.wait_for(lock, std::chrono::milliseconds{5}, [&] { return woken_; })) break;
    } while (std::chrono::steady_clock::now() < deadline);
    woken_ = false;
    return {};
  }

  void wake() {
    const std::scoped_lock lock{mutex_};
    woken_ = true;
    changed_.notify_all();
  }

  plugin::Status settle(plugin::Strided<const plugin::Settlement> settlements) {
    const std::scoped_lock lock{mutex_};
    for (const plugin::Settlement& settlement : settlements) {
      if (settlement.token == kAssignment) {
        assigned_ = true;
      } else {
        std::ofstream{settings_.file("settled"), std::ios::app} << settlement.token << '\n';
      }
    }
    return {};
  }

 private:
  static constexpr std::uint64_t kAssignment = 1;

  struct Topic {
    std::string name = {};
    std::streamoff read = 0;
    std::int64_t offset = 0;
  };

  // What one batch points at.
  struct Lines {
    std::string text;
    std::vector<plugin::InboundMessage> raw = {};

    std::span<const plugin::InboundMessage> messages(Topic& topic) {
      std::string_view rest = text;
      while (!rest.empty()) {
        const std::size_t end = rest.find('\n'), key = rest.find('\t'), headers = rest.find('\t', key + 1);
        plugin::InboundMessage message{};
        message.topic = plugin::bytes(topic.name);
        if (rest.substr(0, key) != "-") message.key = plugin::bytes(rest.substr(0, key));
        message.payload = plugin::bytes(rest.substr(headers + 1, end - headers - 1));
        message.flags = DISPYTCH_MSG_PARTITION | DISPYTCH_MSG_OFFSET | DISPYTCH_MSG_TIMESTAMP;
        message.timestamp_ms = 1'356'998'400'000;  // 2013
        message.offset = topic.offset++;
        message.source = DISPYTCH_SOURCE(0, 1);
        message.token = static_cast<std::uint64_t>(message.offset) + 2;
        raw.push_back(message);
        rest.remove_prefix(end + 1);
      }
      return raw;
    }
  };

  // The whole lines that are new.
  Lines read(Topic& topic) const {
    std::ifstream file{settings_.file(topic.name)};
    file.seekg(topic.read);
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    text.resize(text.rfind('\n') + 1);  // npos + 1 is 0
    topic.read += static_cast<std::streamoff>(text.size());
    return {.text = std::move(text)};
  }

  const Settings settings_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<Topic> topics_;
  bool woken_ = false, announced_ = false, assigned_ = false;
};

class Backend {
 public:
  Backend(plugin::Host, plugin::Config config)
      : settings_{config.require<std::string>("folder"), config.get("too_big", ""), config.get("unavailable", ""),
                  config.get("unanswered", "")} {}
  plugin::Result<std::unique_ptr<Producer>> producer(plugin::Config, plugin::Opening opening) {
    return std::make_unique<Producer>(settings_, opening.notify);
  }
  plugin::Result<std::unique_ptr<Consumer>> consumer(plugin::Config options) { return std::make_unique<Consumer>(settings_, options); }

 private:
  const Settings settings_;
};

}  // namespace

DISPYTCH_PLUGIN(Backend, .id = "replay", .version = "1.2.3", .license = "Apache-2.0",
                .capabilities = {plugin::keys, plugin::headers, plugin::groups, plugin::partitions, plugin::ack_up_to, plugin::ephemeral},
                .config_schema = R"({
  "$defs": {
    "backend": {
      "type": "object", "additionalProperties": false, "required": ["folder"],
      "properties": {
        "folder": {"description": "Where the topics' files lie.", "type": "string"},
        "too_big": {"description": "Messages with this text are refused.", "type": "string"},
        "unavailable": {"description": "Messages with this text meet a broker that went away.", "type": "string"},
        "unanswered": {"description": "Messages with this text get no answer.", "type": "string"},
        "linger": {"description": "Not used; it is here to be shown.", "type": ["string", "integer"], "format": "duration", "unit": "ms", "default": "5ms"},
        "password": {"type": "string", "writeOnly": true},
        "begin": {"x-instead": "use the listener's `start`"}
      }
    },
    "producer": {"type": "object", "additionalProperties": false},
    "consumer": {"type": "object", "properties": {"fetch": {"type": "integer", "minimum": 1, "default": 100}}}
  }
})")
