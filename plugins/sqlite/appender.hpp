// Puts messages at the ends of partitions, within one transaction.
#pragma once

#include <cstdint>
#include <map>

#include "database.hpp"
#include "record.hpp"

namespace dispytch::sqlite {

/// For one transaction. Throws Failure.
class Appender {
 public:
  explicit Appender(Database& database) noexcept : database_{database} {}

  /// Stores the message and returns its offset.
  std::int64_t append(std::int64_t partition, const Record& record, std::int64_t now_ms);
  /// Keeps the message until its time has come.
  void delay(std::int64_t partition, const Record& record, std::int64_t now_ms);
  /// Moves what is due by now from the delayed ones to the ends of their partitions, at most so many. Returns how many there were.
  int append_due(std::int64_t now_ms, int most);
  /// Stores where the partitions end; to be called before the transaction is committed.
  void finish();

 private:
  struct End {
    std::int64_t high = 0;
    std::int64_t bytes = 0;  // added
  };
  End& end_of(std::int64_t partition);

  Database& database_;
  std::map<std::int64_t, End> ends_;
};

}  // namespace dispytch::sqlite
