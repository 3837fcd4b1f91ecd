// A broker without a config file: a plugin loaded by name, and the producers and consumers it opens.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <dispytch/result.hpp>

namespace dispytch {

namespace border {
class Adapter;
class ConsumerHandle;
class ProducerHandle;
struct Access;
}  // namespace border

/// Options of a plugin by name, as they would stand under `config` in a config file: {{"bootstrap.servers", "localhost:9092"}}.
/// Durations and sizes may be given with their unit ("250ms", "64MiB").
class Properties {
 public:
  using Value = std::variant<std::string, bool, std::int64_t, double>;

  Properties() = default;
  Properties(std::initializer_list<std::pair<std::string, Value>> values) : values_{values} {}

  Properties& set(std::string name, Value value) {
    values_.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  const std::vector<std::pair<std::string, Value>>& values() const noexcept { return values_; }

 private:
  std::vector<std::pair<std::string, Value>> values_ = {};
};

struct LoadOptions {
  std::string application = "dispytch";                  ///< shown in the broker's lists of its clients
  std::string version = {};                              ///< of the application
  std::vector<std::filesystem::path> plugin_paths = {};  ///< folders to look into first
  std::chrono::milliseconds open_timeout{10'000};        ///< until it must be open; 10 s covers a slow TLS handshake
};

struct ProducerOptions {
  Properties config = {};
  std::chrono::milliseconds delivery_timeout{30'000};  ///< until a message that the broker doesn't confirm fails
  std::chrono::milliseconds open_timeout{10'000};      ///< until the producer must be open
};

/// Where a consumer group that has no position yet begins.
enum class Start : std::uint8_t { earliest, latest };

struct ConsumerOptions {
  std::vector<std::string> topics = {};  ///< names, or patterns such as `user.{user_id}.notification`
  std::string group = {};                ///< empty where the broker has no groups
  Start start = Start::earliest;
  Properties config = {};
  std::chrono::milliseconds drain{25'000};         ///< how long a shutdown waits for handlers and the broker
  std::chrono::milliseconds open_timeout{10'000};  ///< until the consumer must be open
};

/// Sends messages through a backend. Made by Backend::producer, used up by an EventEmitter. Keeps its backend alive.
class Producer {
 public:
  Producer(Producer&&) noexcept;
  Producer& operator=(Producer&&) noexcept;
  ~Producer();

 private:
  friend struct border::Access;
  explicit Producer(std::unique_ptr<border::ProducerHandle> handle) noexcept;
  std::unique_ptr<border::ProducerHandle> handle_;
};

/// Receives messages through a backend. Made by Backend::consumer, used up by an EventListener. Keeps its backend alive.
class Consumer {
 public:
  Consumer(Consumer&&) noexcept;
  Consumer& operator=(Consumer&&) noexcept;
  ~Consumer();

 private:
  friend struct border::Access;
  explicit Consumer(std::unique_ptr<border::ConsumerHandle> handle) noexcept;
  std::unique_ptr<border::ConsumerHandle> handle_;
};

/// A broker, reached through a plugin. Cheap to copy: copies share it. Any thread.
class Backend {
 public:
  /// Loads the plugin (a name such as "kafka", or a path with a slash), validates `config` against its schema and opens it. Throws
  /// Exception: not found, no plugin, wrong config, broker unreachable within the timeout. Blocks up to the timeout.
  static Backend load(std::string_view plugin, Properties config = {}, LoadOptions options = {});

  /// Both throw Exception: wrong config, a missing topic, a broker that can't do it. Both block up to their timeout.
  Producer producer(ProducerOptions options = {}) const;
  Consumer consumer(ConsumerOptions options) const;

 private:
  friend struct border::Access;
  explicit Backend(std::shared_ptr<border::Adapter> adapter) noexcept : adapter_{std::move(adapter)} {}
  std::shared_ptr<border::Adapter> adapter_;
};

}  // namespace dispytch
