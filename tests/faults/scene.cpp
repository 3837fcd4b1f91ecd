#include "faults/scene.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <utility>

#include "support/kafka_topics.hpp"

namespace dispytch::faults {

namespace {

class KafkaStage final : public Stage {
 public:
  explicit KafkaStage(Cluster& cluster) : cluster_{cluster}, topics_{cluster.address()} {}

  void create_topic(const std::string& topic, int partitions) override {
    topics_.create(topic, partitions, Cluster::kNodes);
    cluster_.await_topic(topic);
  }
  void remove_topic(const std::string& topic) override { topics_.remove(topic); }
  std::string backend(const SceneOptions& options) const override {
    return "plugin: kafka, config: { " + options.backend + "bootstrap.servers: \"" +
           (options.proxied ? cluster_.proxied_address() : cluster_.address()) + "\" }";
  }
  std::string emitter_config() const override { return "statistics.interval.ms: 500ms"; }
  std::string listener_config(const SceneOptions& options) const override {
    return options.consumer + "session.timeout.ms: 10s, auto.commit.interval.ms: 500ms";
  }
  std::vector<std::int64_t> committed(const std::string& group, const std::string& topic, int partitions) const override {
    return cluster_.committed(group, topic, partitions);
  }
  std::vector<std::int64_t> ends(const std::string& topic, int partitions) const override { return cluster_.ends(topic, partitions); }

 private:
  Cluster& cluster_;
  testing::KafkaTopics topics_;
};

}  // namespace

Scene::Scene(Cluster& cluster, SceneOptions options) : Scene{std::make_unique<KafkaStage>(cluster), std::move(options)} {}

Scene::Scene(std::unique_ptr<Stage> stage, SceneOptions options)
    : stage_{std::move(stage)},
      options_{std::move(options)},
      topic_{folder_.path().filename()},
      config_{folder_ / "config.yaml"},
      reader_{folder_.path()} {
  folder_.keep();
  stage_->create_topic(topic_, options_.partitions);
  std::ofstream{config_} << "version: 1\n"
                            "logging: { level: info, format: json }\n"
                            "backends:\n"
                            "  bus: { " +
                                stage_->backend(options_) +
                                " }\n"
                                "emitters:\n"
                                "  flights: { " +
                                options_.emitter + "backend: bus, config: { " + stage_->emitter_config() +
                                " } }\n"
                                "listeners:\n"
                                "  board: { " +
                                options_.listener + "backend: bus, group: " + group() + ", topics: [" + topic_ + "], config: { " +
                                stage_->listener_config(options_) + " } }\n";
}

Scene::~Scene() {
  running_.clear();
  try {
    stage_->remove_topic(topic_);
  } catch (const std::exception&) {
    // A hurt broker, or a full disk; the verdict has been told.
  }
}

// Its log goes to a file: a pipe that nobody empties would stop it.
std::string Scene::start(const std::string& kind, std::vector<std::string> command) {
  const std::string run = kind + "-" + std::to_string(++started_[kind]);
  std::vector<std::string> whole{"sh", "-c", "exec \"$@\" 2>>\"$0\"", folder_ / ("log." + run)};
  std::ranges::move(command, std::back_inserter(whole));
  whole.insert(whole.end(), {"--config", config_, "--record", folder_ / ((kind == "feed" ? "emitted." : "handled.") + run)});
  if (kind == "feed") whole.insert(whole.end(), {"--run", run});
  running_[run] = std::make_unique<testing::Process>(std::move(whole));
  return run;
}

std::string Scene::start_feed(const FeedOptions& options) {
  return start("feed", {FAULT_FEED, "--topic", topic_, "--limit", std::to_string(options.limit), "--rate", std::to_string(options.rate),
                        "--aircraft", std::to_string(options.aircraft)});
}

std::string Scene::start_board(const BoardOptions& options, bool joined) {
  std::string run = start("board", {FAULT_BOARD, "--work", std::to_string(options.work), "--failing", std::to_string(options.failing)});
  if (joined) await_log(run, "assigned: ");
  return run;
}

void Scene::kill(const std::string& run) {
  signal(run, SIGKILL);
  running_.at(run)->finish();
  running_.erase(run);
  history_.excuses.push_back({.kind = Excuse::Kind::crash, .run = run, .at = now()});
}

int Scene::stop(const std::string& run) {
  signal(run, SIGTERM);
  return await_end(run);
}

void Scene::signal(const std::string& run, int number) { running_.at(run)->signal(number); }

int Scene::await_end(const std::string& run) {
  const int exit_code = running_.at(run)->finish().exit_code;
  running_.erase(run);
  ended(run, exit_code);
  return exit_code;
}

std::map<std::string, int> Scene::take_ended() {
  std::map<std::string, int> codes;
  for (const auto& [run, process] : running_) {
    siginfo_t state{};
    if (waitid(P_PID, static_cast<id_t>(process->id()), &state, WEXITED | WNOHANG | WNOWAIT) == 0 && state.si_pid != 0) codes[run] = 0;
  }
  for (auto& [run, code] : codes) code = await_end(run);
  return codes;
}

void Scene::ended(const std::string& run, int exit_code) {
  if (exit_code != 0) history_.excuses.push_back({.kind = Excuse::Kind::crash, .run = run, .at = now()});
}

std::vector<std::string> Scene::named(const std::string& kind) const {
  std::vector<std::string> names;
  for (const auto& [run, process] : running_) {
    if (run.starts_with(kind + "-")) names.push_back(run);
  }
  return names;
}

const History& Scene::look() {
  reader_.read(history_);
  return history_;
}

std::size_t Scene::confirmed() {
  return static_cast<std::size_t>(
      std::ranges::count_if(look().emitted, [](const auto& event) { return event.second.answer == Answer::confirmed; }));
}

std::size_t Scene::handled() { return look().handled.size(); }

void Scene::await_confirmed(std::size_t count) {
  await(std::to_string(count) + " events are confirmed", [&] { return confirmed() >= count; });
}

void Scene::await_handled(std::size_t count) {
  await(std::to_string(count) + " events are handled", [&] { return handled() >= count; });
}

void Scene::await_all_handled(std::chrono::seconds patience) {
  std::set<Id> waiting;
  for (const auto& [id, event] : look().emitted) {
    if (event.answer == Answer::confirmed) waiting.insert(id);
  }
  std::size_t seen = 0;
  try {
    await(
        "all is handled",
        [&] {
          for (const auto& all = look().handled; seen < all.size(); ++seen) waiting.erase(all[seen].id);
          return waiting.empty();
        },
        patience);
  } catch (const std::runtime_error&) {
    // They are lost, and the verdict says so.
  }
}

std::string Scene::log(const std::string& run) const {
  std::ifstream in{folder_ / ("log." + run)};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void Scene::await_log(const std::string& run, const std::string& text) {
  await(run + " logs `" + text + "`", [&] { return log(run).find(text) != std::string::npos; });
}

void Scene::take_marks() {
  const std::vector<std::int64_t> committed = stage_->committed(group(), topic_, options_.partitions);
  const Time at = now();
  for (int partition = 0; partition < options_.partitions; ++partition) {
    history_.marks.push_back({.at = at, .partition = partition, .committed = committed[static_cast<std::size_t>(partition)]});
  }
}

Verdict Scene::finish() {
  for (const std::string& run : feeds()) stop(run);
  if (boards().empty()) start_board();
  take_marks();
  await_all_handled();
  for (const std::string& run : boards()) stop(run);
  look();
  const auto committed = stage_->committed(group(), topic_, options_.partitions), ends = stage_->ends(topic_, options_.partitions);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    history_.positions.push_back({.partition = static_cast<std::int32_t>(i), .committed = committed[i], .end = ends[i]});
  }
  Verdict verdict = judge(history_);
  folder_.keep(!verdict.clean());
  if (!verdict.clean()) verdict.findings.push_back("the records and logs are in " + folder().string());
  return verdict;
}

}  // namespace dispytch::faults
