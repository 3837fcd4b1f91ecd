// One topic, the processes that emit to it and handle it, and what they wrote down: what each fault test, and ./dev chaos, plays on.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "faults/cluster.hpp"
#include "faults/history.hpp"
#include "faults/oracle.hpp"
#include "support/process.hpp"
#include "support/temporary_folder.hpp"

namespace dispytch::faults {

struct SceneOptions {
  int partitions = 6;
  bool proxied = false;  ///< the processes reach the brokers by the proxied ports; somebody must run a Proxy there
  /// What stands in the config file besides the least: lines of YAML in flow form, each with a comma at its end.
  std::string backend = {};   ///< of `backends.bus.config`: "debug: cgrp, "
  std::string emitter = {};   ///< of `emitters.flights`: "timeout: 5s, "
  std::string listener = {};  ///< of `listeners.board`: "ordering: key, concurrency: 4, "
  std::string consumer = {};  ///< of `listeners.board.config`
};

struct FeedOptions {
  int limit = 0;      ///< events; 0: until stopped
  int rate = 500;     ///< events in a second; 0: as many as go
  int aircraft = 50;  ///< keys; 0: as in the file
};

struct BoardOptions {
  int work = 1000;  ///< microseconds for each event
  int failing = 0;  ///< of a thousand events, how many fail at their first attempt
};

/// The broker of a scene: what it needs to know of it. One thread. Every function throws std::runtime_error where the broker doesn't
/// answer.
class Stage {
 public:
  virtual ~Stage() = default;
  virtual void create_topic(const std::string& topic, int partitions) = 0;
  virtual void remove_topic(const std::string& topic) = 0;
  /// What stands in the config file as `backends.bus`, and in `config` of the emitter and of the listener; in flow form.
  virtual std::string backend(const SceneOptions& options) const = 0;
  virtual std::string emitter_config() const = 0;
  virtual std::string listener_config(const SceneOptions& options) const = 0;
  /// As Cluster has them.
  virtual std::vector<std::int64_t> committed(const std::string& group, const std::string& topic, int partitions) const = 0;
  virtual std::vector<std::int64_t> ends(const std::string& topic, int partitions) const = 0;
};

/// A test's stage. One thread. Processes that still run when it is destroyed are killed, its topic is deleted and its folder, where the
/// verdict was clean. Every function throws std::runtime_error where what it waits for doesn't come.
class Scene {
 public:
  Scene(Cluster& cluster, SceneOptions options = {});
  Scene(std::unique_ptr<Stage> stage, SceneOptions options);
  ~Scene();
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  /// Start a process; return its name. A board is awaited until it has joined its group if `joined`.
  std::string start_feed(const FeedOptions& options = {});
  std::string start_board(const BoardOptions& options = {}, bool joined = true);

  /// SIGKILL. What it had not committed has an excuse to come again.
  void kill(const std::string& run);
  /// SIGTERM, and its end. An exit code other than 0 is an excuse, as for a crash. Returns it.
  int stop(const std::string& run);
  void signal(const std::string& run, int number);
  /// Until it ends by itself. Returns the exit code.
  int await_end(const std::string& run);
  /// Those that ended by themselves since the last call, with their exit codes: an excuse as for a crash.
  std::map<std::string, int> take_ended();
  std::vector<std::string> boards() const { return named("board"); }
  std::vector<std::string> feeds() const { return named("feed"); }

  /// What is written down by now.
  const History& look();
  std::size_t confirmed();  ///< events that have that answer
  std::size_t handled();    ///< handlings
  void await_confirmed(std::size_t count);
  void await_handled(std::size_t count);
  /// Waits until what is confirmed is handled. Doesn't throw where it is not: the verdict tells.
  void await_all_handled(std::chrono::seconds patience = std::chrono::seconds{90});
  /// Until the process's log has such a line.
  void await_log(const std::string& run, const std::string& text);
  std::string log(const std::string& run) const;

  /// Writes down what the group has committed now, for the oracle.
  void take_marks();

  /// The end: feeds are stopped and awaited, boards handle the rest and are stopped, and the oracle judges. Boards that ended are replaced
  /// by one, so that what is left has somebody to handle it.
  Verdict finish();

  const std::string& topic() const noexcept { return topic_; }
  const std::string& group() const noexcept { return topic_; }
  int partitions() const noexcept { return options_.partitions; }
  const std::filesystem::path& folder() const noexcept { return folder_.path(); }
  /// The config file of all processes. A change is for those started after it.
  const std::filesystem::path& config() const noexcept { return config_; }

 private:
  std::string start(const std::string& kind, std::vector<std::string> command);
  std::vector<std::string> named(const std::string& kind) const;
  void ended(const std::string& run, int exit_code);

  const std::unique_ptr<Stage> stage_;
  const SceneOptions options_;
  testing::TemporaryFolder folder_{"faults"};  // kept unless all ends well
  const std::string topic_;
  const std::filesystem::path config_;
  History history_ = {};
  Reader reader_;
  std::map<std::string, std::unique_ptr<testing::Process>> running_ = {};
  std::map<std::string, int> started_ = {};  // of each kind
};

}  // namespace dispytch::faults
