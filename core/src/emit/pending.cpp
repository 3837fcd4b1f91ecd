#include "emit/pending.hpp"

#include <utility>

namespace dispytch::emit {

// A thread's own chain; goes back to the pool when the thread ends.
struct PendingPool::Local {
  Pending* head = nullptr;
  ~Local() {
    if (head != nullptr) instance().put_back(std::exchange(head, nullptr));
  }
};

PendingPool& PendingPool::instance() noexcept {
  static PendingPool* const pool = new PendingPool;  // leaked on purpose: threads may end after static destructors have run
  return *pool;
}

PendingPool::Local& PendingPool::local() noexcept {
  thread_local Local chain;
  return chain;
}

Pending* PendingPool::take() {
  Local& mine = local();
  if (mine.head == nullptr) mine.head = take_chain();
  return std::exchange(mine.head, mine.head->next);
}

Pending* PendingPool::take_chain() {
  const Lock lock{mutex_};
  if (!chains_.empty()) {
    Pending* chain = chains_.back();
    chains_.pop_back();
    return chain;
  }
  auto chunk = std::make_unique<Pending[]>(kChain);
  for (std::size_t i = 0; i + 1 < kChain; ++i) chunk[i].next = &chunk[i + 1];
  chunks_.reserve(chunks_.size() + 1);
  chains_.reserve((chunks_.size() + 1) * kChain);  // so that put_back never allocates: at worst every Pending is a chain
  Pending* chain = chunk.get();
  chunks_.push_back(std::move(chunk));
  return chain;
}

void PendingPool::put_back(Pending* chain) noexcept {
  if (chain == nullptr) return;
  const Lock lock{mutex_};
  chains_.push_back(chain);
}

void PendingPool::put_back_one(Pending* pending) noexcept {
  Local& mine = local();
  pending->next = std::exchange(mine.head, pending);
}

}  // namespace dispytch::emit
