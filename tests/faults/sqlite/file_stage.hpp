// A file as the broker of a scene, and what can be done to it.
#pragma once

#include <sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "faults/scene.hpp"
#include "support/temporary_folder.hpp"

namespace dispytch::faults {

/// One thread.
class FileStage final : public Stage {
 public:
  explicit FileStage(std::string options = {}) : options_{std::move(options)} {}

  const std::filesystem::path& file() const noexcept { return file_; }

  void create_topic(const std::string& topic, int partitions) override {
    topic_ = topic;
    partitions_ = partitions;
  }
  void remove_topic(const std::string&) override {}
  std::string backend(const SceneOptions& options) const override {
    return "plugin: sqlite, config: { " + options.backend + options_ + "path: \"" + file_.string() + "\", topics: { " + topic_ +
           ": { partitions: " + std::to_string(partitions_) + " } } }";
  }
  std::string emitter_config() const override { return ""; }
  std::string listener_config(const SceneOptions& options) const override { return options.consumer; }

  std::vector<std::int64_t> committed(const std::string& group, const std::string&, int partitions) const override {
    return ask(
        "SELECT p.number, (SELECT next FROM positions WHERE partition = p.id AND consumer_group = (SELECT id FROM "
        "consumer_groups WHERE name = '" +
            group + "')) FROM partitions p",
        partitions);
  }
  std::vector<std::int64_t> ends(const std::string&, int partitions) const override {
    return ask("SELECT number, high FROM partitions", partitions);
  }

  /// A transaction that somebody has begun and doesn't end.
  class Lock {
   public:
    explicit Lock(const std::filesystem::path& file) : database_{open(file)} {
      if (sqlite3_exec(database_.get(), "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) != SQLITE_OK) {
        throw std::runtime_error{std::string{"the file can't be locked: "} + sqlite3_errmsg(database_.get())};
      }
    }

   private:
    struct Close {
      void operator()(sqlite3* raw) const noexcept { sqlite3_close_v2(raw); }
    };
    static std::unique_ptr<sqlite3, Close> open(const std::filesystem::path& file) {
      sqlite3* raw = nullptr;
      sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
      sqlite3_busy_timeout(raw, 30'000);
      return std::unique_ptr<sqlite3, Close>{raw};
    }
    std::unique_ptr<sqlite3, Close> database_;
    friend class FileStage;
  };

 private:
  // Rows of a partition and a number, by partition; -1 where there is none.
  std::vector<std::int64_t> ask(const std::string& sql, int partitions) const {
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(partitions), -1);
    if (!std::filesystem::exists(file_)) return numbers;
    const auto database = Lock::open(file_);
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database.get(), sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
      throw std::runtime_error{std::string{"the file can't be asked: "} + sqlite3_errmsg(database.get())};
    }
    while (sqlite3_step(statement) == SQLITE_ROW) {
      if (sqlite3_column_type(statement, 1) != SQLITE_NULL) {
        numbers.at(static_cast<std::size_t>(sqlite3_column_int64(statement, 0))) = sqlite3_column_int64(statement, 1);
      }
    }
    sqlite3_finalize(statement);
    return numbers;
  }

  const testing::TemporaryFolder folder_{"dispytch-file"};
  const std::filesystem::path file_ = folder_ / "events.db";
  const std::string options_;
  std::string topic_ = {};
  int partitions_ = 0;
};

}  // namespace dispytch::faults
