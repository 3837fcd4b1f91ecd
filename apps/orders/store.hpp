// What stands for a database: credit, stock and shipments, which sessions change by transactions.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <semaphore>
#include <set>
#include <string>
#include <vector>

namespace orders {

struct Tables {
  std::map<std::string, std::int64_t> spent = {};                ///< in cents, by customer
  std::map<std::string, int> stock = {};                         ///< pieces, by article
  std::set<std::string> paid = {}, reserved = {}, shipped = {};  ///< orders
};

/// Any thread.
class Store {
 public:
  /// Returns a copy of everything that is committed.
  Tables read() const;
  void put_into_stock(const std::map<std::string, int>& pieces);

 private:
  friend class Session;
  mutable std::mutex mutex_;
  Tables tables_;
};

/// At most so many sessions at a time; who wants one more waits.
class Pool {
 public:
  Pool(Store& store, int sessions) : store_{store}, free_{sessions} {}

 private:
  friend class Session;
  Store& store_;
  std::counting_semaphore<> free_;
};

/// One transaction: what is not committed when the session ends is undone. One thread.
///
/// Messages are delivered at least once, so each call bears being repeated: what was done for an order is not done again.
class Session {
 public:
  explicit Session(Pool& pool);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// False where the customer would have spent more than `credit`.
  bool charge(const std::string& order, const std::string& customer, std::int64_t cents, std::int64_t credit);
  /// False where there aren't so many pieces.
  bool reserve(const std::string& order, const std::string& article, int pieces);
  void ship(const std::string& order);

  void commit();

 private:
  Pool& pool_;
  std::unique_lock<std::mutex> transaction_;
  std::vector<std::function<void(Tables&)>> undo_ = {};
};

}  // namespace orders
