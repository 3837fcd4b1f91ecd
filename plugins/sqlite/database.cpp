#include "database.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace dispytch::sqlite {
namespace {

[[noreturn]] void fail(sqlite3* raw, int code) {
  throw Failure{raw == nullptr ? code : sqlite3_extended_errcode(raw), raw == nullptr ? 0 : sqlite3_system_errno(raw),
                raw == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(raw)};
}

}  // namespace

// ---- Query ----

void Query::check(int code) const {
  if (code != SQLITE_OK) fail(sqlite3_db_handle(statement_), code);
}

bool Query::next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  fail(sqlite3_db_handle(statement_), code);
}

void Query::bind_blob(int parameter, std::optional<std::string_view> value) {
  if (!value) {
    check(sqlite3_bind_null(statement_, parameter));
  } else if (value->empty()) {
    check(sqlite3_bind_zeroblob(statement_, parameter, 0));  // a blob without an address would be stored as NULL
  } else {
    check(sqlite3_bind_blob64(statement_, parameter, value->data(), value->size(), SQLITE_STATIC));
  }
}

// ---- Database ----

Database::Database(const std::string& path, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  raw_.reset(raw);
  if (code != SQLITE_OK) fail(raw, code);
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_handler(raw, on_busy, this);
}

Database::~Database() = default;

// SQLite's own handler sleeps for up to 100 ms, in which others write a hundred times.
int Database::on_busy(void* self, int count) {
  Database& database = *static_cast<Database*>(self);
  const auto now = std::chrono::steady_clock::now();
  if (count == 0) database.waits_since_ = now;
  if (now - database.waits_since_ >= database.patience_) return 0;
  constexpr int kQuickTries = 10;
  std::this_thread::sleep_for(std::chrono::microseconds{count < kQuickTries ? 50 << std::min(count, 4) : 2000});
  return 1;
}

sqlite3_stmt* Database::prepared(const char* sql) {
  auto& statement = statements_[sql];
  if (statement == nullptr) {
    sqlite3_stmt* made = nullptr;
    const int code = sqlite3_prepare_v3(raw_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    if (code != SQLITE_OK) fail(raw_.get(), code);
    statement.reset(made);
  }
  return statement.get();
}

void Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(raw_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(raw_.get(), code);
}

// ---- Transaction ----

Transaction::~Transaction() {
  if (!database_.in_transaction()) return;  // committed; or SQLite has rolled it back by itself, as it does where the disk is full
  try {
    database_.query("ROLLBACK").run();
  } catch (const Failure&) {  // it is rolled back by the next who opens the file, at the latest
  }
}

}  // namespace dispytch::sqlite
