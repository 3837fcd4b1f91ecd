#include "member.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include <dispytch/plugin/assignment.hpp>

namespace dispytch::sqlite {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr int kBeatsInASession = 5;

// The row of a member, as others watch it.
plugin::LeaseRecord record_of(const MemberRow& member) {
  return {.owner = std::to_string(member.id), .renewals = static_cast<std::uint64_t>(member.beats), .lasts = milliseconds{member.lasts_ms}};
}

}  // namespace

Member::Member(Broker& broker, const plugin::Subscription& subscription, Holdings& holdings, Signal& signal)
    : broker_{broker},
      subscription_{subscription},
      holdings_{holdings},
      signal_{signal},
      clock_{broker.clock()},
      lease_clock_{broker.clock()},
      session_{broker.options().session_timeout},
      lease_{"", session_} {
  broker_.writer().add(*this, true);
}

Member::~Member() { broker_.writer().remove(*this); }

std::optional<std::int64_t> Member::group() const {
  const std::int64_t group = known_group_;
  return group == 0 ? std::nullopt : std::optional{group};
}

void Member::look(std::int64_t generation) {
  if (generation == generation_) return;
  look_ = true;
  broker_.writer().wake();
}

void Member::settled(bool at_once) {
  if (at_once) at_once_ = true;
  const std::int64_t now = clock_.monotonic().count();
  std::int64_t none = INT64_MAX;
  const bool is_first = store_at_.compare_exchange_strong(none, now + nanoseconds{broker_.options().commit_interval}.count());
  if (is_first || at_once) broker_.writer().wake();
}

bool Member::close(std::chrono::steady_clock::time_point deadline) {
  holdings_.leave();
  const plugin::Lock lock{mutex_};
  closing_ = true;
  broker_.writer().wake();
  while (!has_left_) {
    if (!left_.wait_until(mutex_, deadline)) return has_left_;
  }
  return true;
}

// ---- the writer's thread ----

std::optional<nanoseconds> Member::due() {
  {
    const plugin::Lock lock{mutex_};
    if (has_left_) return std::nullopt;
    if (closing_) return nanoseconds{0};
  }
  if (look_ || at_once_) return nanoseconds{0};
  nanoseconds next = std::min(next_look_, nanoseconds{store_at_});
  if (const auto deadline = holdings_.next_deadline()) next = std::min(next, *deadline);
  return next;
}

void Member::write(Writing& writing) {
  Database& database = writing.database;
  bool closing = false;
  {
    const plugin::Lock lock{mutex_};
    closing = closing_;
  }
  const bool looks = look_.exchange(false) || clock_.monotonic() >= next_look_;
  at_once_ = false;
  store_at_ = INT64_MAX;
  held_ = holdings_.held(clock_.monotonic());
  result_ = {.group = group_, .member = member_, .generation = generation_, .asked = lease_clock_.now(), .topics = topics_};
  if (member_ == 0) {
    if (closing) {
      result_.has_left = true;
      return;
    }
    result_.group = find_or_make_group(database, subscription_.group);
    result_.member =
        join(database, result_.group,
             {.application = std::string{broker_.host().application()}, .instance = subscription_.instance, .lasts = session_});
    share(database);
    return;
  }
  if (!beat(database, member_)) {
    result_.expelled = true;
    return;
  }
  store(database);
  if (closing) {
    if (!subscription_.instance) remove_member(database, group_, member_);  // else its partitions are kept for the next of that name
    result_.has_left = true;
  } else if (looks || generation_of(database, group_) != generation_) {
    share(database);
  }
}

// Positions, and partitions that go. What isn't this member's any more changes nothing.
void Member::store(Database& database) {
  for (const Holdings::Held& held : held_) {
    const bool keeps = held.leaving && subscription_.instance && is_closing();
    if (held.leaving && !keeps) {
      (release(database, group_, held.position, held.dirty) ? result_.released : result_.lost).push_back(held.position);
    } else if (held.dirty) {
      (store_position(database, group_, held.position) ? result_.stored : result_.lost).push_back(held.position);
    }
  }
  if (!result_.released.empty()) changed(database, group_);
}

void Member::share(Database& database) {
  result_.has_looked = true;
  const std::vector<Topic> topics = all_topics(database);
  std::vector<MemberRow> members = members_of(database, result_.group);
  const bool subscribed = subscribe_to_new_topics(database, topics);
  const bool removed = remove_the_dead(database, members);
  share_out(database, topics, members);
  if (subscribed || removed || !result_.taken.empty()) changed(database, result_.group);
  result_.generation = generation_of(database, result_.group);
}

// Where a group begins in a partition stands in the file from the first look on. A topic that comes into being later is read from its
// beginning, whatever `start` says.
bool Member::subscribe_to_new_topics(Database& database, const std::vector<Topic>& topics) {
  bool some = false;
  if (member_ == 0) result_.topics.clear();
  for (const Topic& topic : topics) {
    if (result_.topics.contains(topic.id) || !subscription_.wants(topic.name)) continue;
    subscribe(database, result_.member, topic.id);
    for (const std::int64_t partition : topic.partitions) {
      const Bounds bounds = bounds_of(database, partition);
      begin_at(database, result_.group, partition, has_been_member_ || subscription_.from_oldest ? bounds.low : bounds.high);
    }
    result_.topics.emplace(topic.id, topic);
    some = true;
  }
  return some;
}

bool Member::remove_the_dead(Database& database, std::vector<MemberRow>& members) {
  const plugin::LeaseTime now = lease_clock_.now();
  return std::erase_if(members, [&](const MemberRow& member) {
           if (member.id == result_.member) return false;
           const plugin::LeaseRecord record = record_of(member);
           if (!watch_.may_take(record.owner, record, now)) return false;
           watch_.forget(record.owner);
           remove_member(database, result_.group, member.id);
           broker_.host().log(plugin::Level::warning, "group `" + subscription_.group + "`: its member in process " +
                                                          std::to_string(member.process) + " (" + member.application + ") was silent for " +
                                                          std::to_string(member.lasts_ms) + " ms; others take its partitions");
           return true;
         }) > 0;
}

void Member::share_out(Database& database, const std::vector<Topic>& topics, const std::vector<MemberRow>& members) {
  std::map<std::int64_t, std::size_t> index;  // of a member
  for (const MemberRow& member : members) index.emplace(member.id, index.size());
  std::map<std::int64_t, std::vector<std::size_t>> readers;  // of a topic
  for (const auto& [member, topic] : subscriptions_of(database, result_.group)) {
    if (const auto found = index.find(member); found != index.end()) readers[topic].push_back(found->second);
  }
  struct Place {
    const Topic* topic;
    std::int32_t number;
  };
  std::map<std::int64_t, Place> places;  // of a partition
  for (const Topic& topic : topics) {
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) places[topic.partitions[i]] = {&topic, static_cast<std::int32_t>(i)};
  }
  std::map<std::int64_t, std::int64_t> held;  // partition and epoch, but for those that were given up just now
  for (const Holdings::Held& one : held_) held[one.position.partition] = one.position.epoch;
  for (const PositionRow& released : result_.released) held.erase(released.partition);

  const std::vector<PositionRow> rows = positions_of(database, result_.group);
  std::vector<plugin::PartitionToRead> partitions;
  for (const PositionRow& row : rows) {
    plugin::PartitionToRead& partition = partitions.emplace_back();
    const auto place = places.find(row.partition);
    if (place == places.end()) continue;
    partition.readers = readers[place->second.topic->id];
    if (const auto owner = index.find(row.owner.value_or(0)); owner != index.end()) partition.owner = owner->second;
  }
  const std::size_t self = index.at(result_.member);
  const auto wanted = plugin::assign(members.size(), partitions);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    PositionRow row = rows[i];
    const auto known = held.find(row.partition);
    const bool is_own = row.owner == result_.member;
    const bool is_held = is_own && known != held.end() && known->second == row.epoch;
    if (known != held.end() && !is_held) result_.lost.push_back(row);
    if (wanted[i] != self) {
      if (is_held) result_.recalled.push_back(row.partition);
      continue;
    }
    if (is_held) continue;
    // Its own, and not in its hands: of a member of the same instance name before it.
    if (is_own && !release(database, result_.group, row, false)) continue;
    if (const auto taken = take(database, result_.group, row.partition, result_.member)) {
      const Place place = places.at(row.partition);
      result_.taken.push_back({.position = *taken,
                               .topic = std::make_shared<const std::string>(place.topic->name),
                               .number = place.number,
                               .bounds = bounds_of(database, row.partition)});
    }
  }
}

bool Member::is_closing() {
  const plugin::Lock lock{mutex_};
  return closing_;
}

void Member::written() {
  Result result = std::exchange(result_, {});
  const nanoseconds now = clock_.monotonic();
  if (result.expelled) {
    member_ = 0;
    topics_.clear();
    lease_.lost();
    holds_until_ = INT64_MIN;
    look_ = true;
    holdings_.lost_everything({.code = DISPYTCH_EFENCED,
                               .text = "this process was silent for longer than session_timeout (" + std::to_string(session_.count()) +
                                       " ms), and the others of group `" + subscription_.group + "` took its partitions"});
    signal_.set();
    return;
  }
  group_ = result.group;
  member_ = result.member;
  topics_ = std::move(result.topics);
  if (result.has_looked) next_look_ = now + nanoseconds{session_} / kBeatsInASession;
  known_group_ = group_;
  generation_ = result.generation;
  lease_.confirmed({.owner = std::to_string(member_), .lasts = session_}, result.asked);
  holds_until_ = lease_.ends().count();
  for (const PositionRow& position : result.stored) holdings_.stored(position);
  for (const PositionRow& position : result.released) holdings_.left(position);
  std::vector<std::int64_t> gone;
  for (const PositionRow& position : result.lost) gone.push_back(position.partition);
  if (!gone.empty()) {
    holdings_.lost(gone, {.code = DISPYTCH_EFENCED, .text = "another consumer of group `" + subscription_.group + "` has it by now"});
  }
  holdings_.revoke(result.recalled, now, broker_.options().rebalance_timeout);
  holdings_.assigned(result.taken);
  holdings_.up();
  if (member_ != 0) {
    has_been_member_ = true;
    holdings_.joined();
  }
  if (!result.stored.empty() || !result.released.empty()) broker_.retention().settled();
  if (result.has_left) {
    {
      const plugin::Lock lock{mutex_};
      has_left_ = true;
    }
    left_.notify_all();
  }
  signal_.set();
}

void Member::failed(const plugin::Error& why) {
  result_ = {};
  look_ = true;
  if (holdings_.has_dirty()) store_at_ = 0;
  if (holds()) return;
  holdings_.down(why);
  signal_.set();
}

}  // namespace dispytch::sqlite
