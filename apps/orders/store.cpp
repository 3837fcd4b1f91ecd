#include "store.hpp"

#include <algorithm>
#include <cstdint>

namespace orders {

Tables Store::read() const {
  const std::lock_guard lock{mutex_};
  return tables_;
}

void Store::put_into_stock(const std::map<std::string, int>& pieces) {
  const std::lock_guard lock{mutex_};
  for (const auto& [article, count] : pieces) tables_.stock[article] += count;
}

Session::Session(Pool& pool) : pool_{pool} {
  pool_.free_.acquire();
  transaction_ = std::unique_lock{pool_.store_.mutex_};
}

Session::~Session() {
  std::for_each(undo_.rbegin(), undo_.rend(), [&](const auto& undo) { undo(pool_.store_.tables_); });
  transaction_.unlock();
  pool_.free_.release();
}

bool Session::charge(const std::string& order, const std::string& customer, std::int64_t cents, std::int64_t credit) {
  Tables& tables = pool_.store_.tables_;
  if (tables.paid.contains(order)) return true;
  if (tables.spent[customer] + cents > credit) return false;
  tables.spent[customer] += cents;
  tables.paid.insert(order);
  undo_.emplace_back([=](Tables& of) {
    of.spent[customer] -= cents;
    of.paid.erase(order);
  });
  return true;
}

bool Session::reserve(const std::string& order, const std::string& article, int pieces) {
  Tables& tables = pool_.store_.tables_;
  if (tables.reserved.contains(order)) return true;
  if (tables.stock[article] < pieces) return false;
  tables.stock[article] -= pieces;
  tables.reserved.insert(order);
  undo_.emplace_back([=](Tables& of) {
    of.stock[article] += pieces;
    of.reserved.erase(order);
  });
  return true;
}

void Session::ship(const std::string& order) {
  if (!pool_.store_.tables_.shipped.insert(order).second) return;
  undo_.emplace_back([=](Tables& of) { of.shipped.erase(order); });
}

void Session::commit() { undo_.clear(); }

}  // namespace orders
