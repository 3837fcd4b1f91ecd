// `./dev chaos --broker sqlite`: the flights feed and a group that handles it, over one file, killed, stopped, started and locked out at
// random.
#include <signal.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "faults/chaos_run.hpp"
#include "faults/sqlite/file_stage.hpp"

namespace dispytch::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kBoards = 2;

class FileChaos final : public ChaosRun {
 public:
  explicit FileChaos(const ChaosOptions& options)
      : ChaosRun{
            options,
            {.broker = "sqlite", .boards = kBoards, .board = {.work = 300, .failing = 10}, .feed = {.rate = options.rate, .aircraft = 200}},
            scene_} {}

 private:
  // Nothing here is a reason to give up: a service that ends by itself is a defect.
  bool is_crash(int) const override { return true; }

  Faults faults() override {
    return {
        {"worker_killed", [this] { worker_killed(); }},
        {"all_workers_killed", [this] { all_workers_killed(); }},
        {"worker_left", [this] { worker_leaves_and_another_joins(); }},
        {"worker_stopped", [this] { worker_stopped(milliseconds{100}, seconds{6}); }},  // the group's patience ends after 2 s
        {"feed_killed", [this] { feed_killed(); }},
        {"feed_stopped", [this] { feed_stopped(); }},
        {"file_locked", [this] { file_locked(); }},
        {"bell_deleted", [this] { std::filesystem::remove(stage_->file().string() + "-bell"); }},
    };
  }
  void all_workers_killed() {
    for (const std::string& run : scene_.boards()) scene_.kill(run);
    for (std::size_t i = 0; i < kBoards; ++i) start_board();
  }
  // It may hold the lock at that moment: then nobody writes.
  void feed_stopped() {
    const std::string run = any_of(scene_.feeds());
    scene_.signal(run, SIGSTOP);
    last(milliseconds{100}, seconds{4});
    scene_.signal(run, SIGCONT);
  }
  void file_locked() {
    const FileStage::Lock lock{stage_->file()};
    last(milliseconds{100}, seconds{4});
  }

  FileStage* const stage_ = new FileStage{"session_timeout: 2s, rebalance_timeout: 10s, "};
  Scene scene_{std::unique_ptr<Stage>{stage_},
               {.partitions = 6, .emitter = "timeout: 60s, ", .listener = "ordering: key, concurrency: 4, "}};
};

}  // namespace
}  // namespace dispytch::faults

int main(int argc, char** argv) {
  using namespace dispytch::faults;
  return chaos_main(argc, argv, "Hurts the processes that share a file at random, and counts what comes of it.", 1000,
                    [](const ChaosOptions& options) { return std::make_unique<FileChaos>(options); });
}
