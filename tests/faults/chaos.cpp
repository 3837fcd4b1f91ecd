// `./dev chaos`: the flights feed and a group that handles it, on three brokers and a network that are hurt at random.
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

#include "faults/chaos_run.hpp"
#include "faults/cluster.hpp"
#include "support/proxy.hpp"

namespace dispytch::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class KafkaChaos final : public ChaosRun {
 public:
  explicit KafkaChaos(const ChaosOptions& options)
      : ChaosRun{options,
                 {.broker = "kafka", .boards = 3, .board = {.work = 1000, .failing = 10}, .feed = {.rate = options.rate, .aircraft = 0}},
                 scene_} {}

 private:
  // A service that gives up, with exit code 1, is started again, as by whatever runs it. One that a signal ended is a defect.
  bool is_crash(int exit_code) const override { return exit_code > 128; }
  void mend() override {
    proxy_.set({});
    cluster_.mend();
  }

  Faults faults() override {
    return {
        {"worker_killed", [this] { worker_killed(); }},
        {"worker_left", [this] { worker_leaves_and_another_joins(); }},
        {"worker_frozen", [this] { worker_stopped(seconds{1}, seconds{12}); }},  // the group's patience ends after 10 s
        {"feed_killed", [this] { feed_killed(); }},
        {"broker_killed", [this] { broker_killed(); }},
        {"broker_ended", [this] { broker_ended(); }},
        {"broker_frozen", [this] { broker_frozen(); }},
        {"disk_full", [this] { disk_full(); }},
        {"connections_cut", [this] { proxy_.cut(); }},
        {"connections_refused", [this] { under({.refuse = true}, seconds{1}, seconds{4}); }},
        {"connections_held", [this] { under({.hold = true}, seconds{1}, seconds{8}); }},
        {"connections_slow", [this] { under({.delay = milliseconds{100}}, seconds{2}, seconds{6}); }},
        {"answers_lost", [this] { under({.drop_answers = true}, seconds{1}, seconds{4}); }},
    };
  }
  int any_node() { return static_cast<int>(draw(Cluster::kNodes)) + 1; }
  void restart(int node) {
    go_on();
    cluster_.restart(node);
    cluster_.mend();
  }
  void broker_killed() {
    const int node = any_node();
    cluster_.kill(node);
    restart(node);
  }
  void broker_ended() {
    const int node = any_node();
    cluster_.end(node);
    restart(node);
  }
  void broker_frozen() {
    const int node = any_node();
    cluster_.freeze(node);
    last(seconds{2}, seconds{10});
    cluster_.thaw(node);
    cluster_.mend();
  }
  void disk_full() {
    const int node = any_node();
    cluster_.fill_disk(node);
    cluster_.await_death(node);
    restart(node);
  }
  void under(const Weather& weather, seconds least, seconds most) {
    const std::size_t node = draw(Cluster::kNodes + 1);  // one of them, or all
    proxy_.set(weather, node == Cluster::kNodes ? std::nullopt : std::optional{node});
    last(least, most);
    proxy_.set({});
  }

  Cluster cluster_;
  Proxy proxy_{cluster_.routes()};
  Scene scene_{cluster_,
               {.proxied = true,
                .backend = "reconnect.backoff.max.ms: 500ms, ",
                .emitter = "timeout: 60s, ",
                .listener = "ordering: key, concurrency: 4, "}};
};

}  // namespace
}  // namespace dispytch::faults

int main(int argc, char** argv) {
  using namespace dispytch::faults;
  return chaos_main(argc, argv, "Hurts three brokers, a network and the processes of a service at random, and counts what comes of it.",
                    400, [](const ChaosOptions& options) { return std::make_unique<KafkaChaos>(options); });
}
