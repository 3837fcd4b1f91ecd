// A connection to SQLite, and what it says when it refuses. Nothing of queues and messages.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>

namespace dispytch::sqlite {

/// What SQLite refused. `code()` is its primary result code, such as SQLITE_FULL.
class Failure : public std::runtime_error {
 public:
  Failure(int extended_code, int system_errno, const std::string& text)
      : std::runtime_error{text}, extended_code_{extended_code}, system_errno_{system_errno} {}
  int code() const noexcept { return extended_code_ & 0xff; }
  int extended_code() const noexcept { return extended_code_; }
  int system_errno() const noexcept { return system_errno_; }

 private:
  int extended_code_, system_errno_;
};

/// One use of a statement: bound, and reset when it goes, so that no snapshot stays open behind it.
class Query {
 public:
  explicit Query(sqlite3_stmt* statement) noexcept : statement_{statement} {}
  Query(Query&& other) noexcept : statement_{std::exchange(other.statement_, nullptr)} {}
  Query& operator=(Query&&) = delete;
  ~Query() {
    if (statement_ == nullptr) return;
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

  /// Goes to the next row; false: there is none. Throws Failure.
  bool next();
  /// Runs a statement whose rows are of no interest. Throws Failure.
  void run() {
    while (next()) {}
  }

  std::int64_t integer(int column) const noexcept { return sqlite3_column_int64(statement_, column); }
  bool is_null(int column) const noexcept { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::optional<std::int64_t> optional_integer(int column) const noexcept {
    return is_null(column) ? std::nullopt : std::optional{integer(column)};
  }
  /// Valid until the next row.
  std::string_view bytes(int column) const noexcept {
    const void* const data = sqlite3_column_blob(statement_, column);  // before its size is asked
    return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  std::optional<std::string_view> optional_bytes(int column) const noexcept {
    return is_null(column) ? std::nullopt : std::optional{bytes(column)};
  }
  std::string text(int column) const { return std::string{bytes(column)}; }

  // Parameters count from 1. Bytes are borrowed until the query goes. Throw Failure.
  void bind(int parameter, std::int64_t value) { check(sqlite3_bind_int64(statement_, parameter, value)); }
  void bind(int parameter, std::nullptr_t) { check(sqlite3_bind_null(statement_, parameter)); }
  void bind_text(int parameter, std::string_view value) {
    check(
        sqlite3_bind_text64(statement_, parameter, value.data() == nullptr ? "" : value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8));
  }
  void bind_blob(int parameter, std::optional<std::string_view> value);

 private:
  void check(int code) const;

  sqlite3_stmt* statement_;
};

/// A connection. One thread at a time.
class Database {
 public:
  /// Opens the file; SQLITE_OPEN_* say how. Throws Failure.
  Database(const std::string& path, int flags);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// A statement, which must be a literal: it is compiled once. Integers are bound as such, what std::string_view takes as text. Throws
  /// Failure.
  template <class... Arguments>
  Query query(const char* sql, const Arguments&... arguments) {
    Query query{prepared(sql)};
    int parameter = 0;
    (bind(query, ++parameter, arguments), ...);
    return query;
  }
  /// Several statements, none with parameters. Throws Failure.
  void execute(const std::string& sql);
  std::int64_t changes() const noexcept { return sqlite3_changes64(raw_.get()); }
  /// Rows changed since the connection was opened.
  std::int64_t total_changes() const noexcept { return sqlite3_total_changes64(raw_.get()); }
  /// SQLite opens a file that may not be written to for reading, without a word.
  bool is_read_only() const noexcept { return sqlite3_db_readonly(raw_.get(), "main") == 1; }
  bool in_transaction() const noexcept { return sqlite3_get_autocommit(raw_.get()) == 0; }

  /// For how long a statement waits for somebody else's lock.
  void wait_for_locks(std::chrono::milliseconds patience) noexcept { patience_ = patience; }

 private:
  struct Close {
    void operator()(sqlite3* raw) const noexcept { sqlite3_close_v2(raw); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* raw) const noexcept { sqlite3_finalize(raw); }
  };
  template <class T>
  static void bind(Query& query, int parameter, const T& value) {
    if constexpr (std::is_same_v<T, std::nullptr_t>) {
      query.bind(parameter, nullptr);
    } else if constexpr (std::is_integral_v<T>) {
      query.bind(parameter, static_cast<std::int64_t>(value));
    } else if constexpr (std::is_same_v<T, std::optional<std::int64_t>>) {
      if (value) {
        query.bind(parameter, *value);
      } else {
        query.bind(parameter, nullptr);
      }
    } else {
      query.bind_text(parameter, value);
    }
  }
  sqlite3_stmt* prepared(const char* sql);
  static int on_busy(void* self, int count);

  std::unique_ptr<sqlite3, Close> raw_;
  std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;  // finalized before the connection is closed
  std::chrono::milliseconds patience_{0};
  std::chrono::steady_clock::time_point waits_since_ = {};
};

/// A transaction that may write, from its beginning: one that begins by reading can find the file changed when it comes to write.
class Transaction {
 public:
  /// Throws Failure, with SQLITE_BUSY where somebody else writes for too long.
  explicit Transaction(Database& database) : database_{database} { database_.query("BEGIN IMMEDIATE").run(); }
  /// Rolls back what was not committed.
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  /// Throws Failure; then nothing of it is stored.
  void commit() { database_.query("COMMIT").run(); }

 private:
  Database& database_;
};

}  // namespace dispytch::sqlite
