#include "reference/broker.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace dispytch::reference {
namespace {

Frame refusal(const char* code, const std::string& text) { return {{"error", code}, {"text", text}}; }

}  // namespace

Broker::Broker(const BrokerOptions& options, Time now) : options_{options}, begin_{now} {
  if (options_.journal.empty()) return;
  std::ifstream old{options_.journal, std::ios::binary};
  Decoder decoder;
  for (char buffer[4096]; old.read(buffer, sizeof buffer), old.gcount() > 0;) decoder.add(buffer, static_cast<std::size_t>(old.gcount()));
  while (const std::optional<Frame> entry = decoder.next()) apply(*entry);
  journal_.open(options_.journal, std::ios::binary | std::ios::app);
}

std::optional<Frame> Broker::handle(int id, const Frame& request, Time now) {
  Connection& connection = connections_[id];
  const std::string what = request.at("do");
  const auto answer = [&]() -> std::optional<Frame> {
    if (what == "hello") return hello(connection, request, now);
    if (!connection.logged_in) return refusal("login", "say hello first");
    if (what == "produce") return produce(connection, request);
    if (what == "subscribe") return subscribe(id, request, now);
    if (what == "ranges") return ranges(request);
    if (what == "delete") return delete_up_to(request);
    if (what == "list") return list();
    const std::string group = request.at("group"), member = request.at("member");
    if (what == "leave") {
      leave(group, member);
      return Frame::object();
    }
    const auto found = groups_.find(group);
    if (what == "ack") return acknowledge(request);
    if (found == groups_.end() || !found->second.members.contains(member))
      return refusal("expired", "the member is unknown, or was silent for too long");
    if (found->second.members.at(member).connection != id) return std::nullopt;
    found->second.members.at(member).heard = now;
    if (what == "beat") return Frame::object();
    if (what == "fetch") {
      fetches_[id] = {request.at("id"), group, member, request.at("most")};
      return std::nullopt;
    }
    return refusal("unknown", "no request is called " + what);
  }();
  if (!answer) return std::nullopt;
  Frame whole = *answer;
  whole["id"] = request.at("id");
  return whole;
}

void Broker::forget(int connection) {
  connections_.erase(connection);
  fetches_.erase(connection);
}

std::vector<std::pair<int, Frame>> Broker::tick(Time now) {
  std::vector<std::pair<std::string, std::string>> silent;
  for (const auto& [name, group] : groups_) {
    for (const auto& [member, state] : group.members) {
      if (now - state.heard > options_.lease) silent.emplace_back(name, member);
    }
  }
  for (const auto& [group, member] : silent) leave(group, member);

  std::vector<std::pair<int, Frame>> answers;
  for (auto fetch = fetches_.begin(); fetch != fetches_.end();) {
    std::vector<Frame> messages = take(fetch->second);
    if (messages.empty()) {
      ++fetch;
      continue;
    }
    answers.emplace_back(fetch->first, Frame{{"id", fetch->second.id}, {"messages", std::move(messages)}});
    fetch = fetches_.erase(fetch);
  }
  return answers;
}

Frame Broker::hello(Connection& connection, const Frame& request, Time now) {
  if (now - begin_ < options_.loading) return refusal("loading", "the broker is loading what it has stored");
  if (request.at("password") != options_.password) return refusal("login", "the password is wrong");
  connection.logged_in = true;
  if (request.contains("producer")) {
    connection.producer = request["producer"];
    connection.epoch = request["epoch"];
    Producer& producer = producers_[connection.producer];
    producer.epoch = std::max(producer.epoch, connection.epoch);
  }
  return {{"lease_ms", options_.lease.count()}};
}

std::optional<Frame> Broker::produce(const Connection& connection, const Frame& request) {
  const std::string topic = request.at("topic");
  if (!exists(topic)) return refusal("topic", "there is no topic `" + topic + "`");
  const std::int64_t sequence = request.value("sequence", std::int64_t{-1});
  if (sequence >= 0) {
    Producer& producer = producers_[connection.producer];
    if (connection.epoch < producer.epoch) return std::nullopt;  // its client has another connection by now
    const auto& offsets = producer.offsets[topic];
    if (const auto known = offsets.find(sequence); known != offsets.end()) return Frame{{"offset", known->second}};
  }
  const auto offset = static_cast<std::int64_t>(topics_[topic].log.size());
  const Frame entry{{"entry", "message"},
                    {"topic", topic},
                    {"message", request.at("message")},
                    {"producer", connection.producer},
                    {"sequence", sequence}};
  if (!request.value("volatile", false)) write(entry);
  apply(entry);
  return Frame{{"offset", offset}};
}

Frame Broker::subscribe(int connection, const Frame& request, Time now) {
  const std::string name = request.at("group"), member = request.at("member");
  for (const std::string topic : request.at("topics")) {
    if (!exists(topic)) return refusal("topic", "there is no topic `" + topic + "`");
  }
  Group& group = groups_[name];
  group.ephemeral = request.value("ephemeral", false);
  const bool known = group.members.contains(member);
  Member& state = group.members[member];
  state = {now, request["topics"], connection};
  std::erase_if(fetches_, [&](const auto& fetch) { return fetch.second.group == name && fetch.second.member == member; });
  for (const std::string& topic : state.topics) {
    if (!group.topics.contains(topic)) {
      const Topic& log = topics_[topic];
      const Frame entry{{"entry", "position"},
                        {"group", name},
                        {"topic", topic},
                        {"position", request.at("start") == "latest" ? static_cast<std::int64_t>(log.log.size()) : log.low}};
      if (!group.ephemeral) write(entry);
      apply(entry);
    }
    // What was handed to it and never came, when the connection broke, is given back.
    std::set<std::int64_t> has;
    for (const Frame& one : request.at("has")) {
      if (one.at("topic") == topic) has.insert(one.at("offset").get<std::int64_t>());
    }
    std::erase_if(group.topics.at(topic).in_hand,
                  [&](const auto& hand) { return hand.second.member == member && !has.contains(hand.first); });
  }
  return {{"known", known}};
}

Frame Broker::acknowledge(const Frame& request) {
  const std::string name = request.at("group"), member = request.at("member");
  const auto group = groups_.find(name);
  if (group == groups_.end()) return refusal("expired", "the group is unknown");
  if (const auto known = group->second.members.find(member); known != group->second.members.end())
    known->second.heard = std::chrono::steady_clock::now();
  for (const Frame& one : request.at("messages")) {
    const std::string topic = one.at("topic");
    const std::int64_t offset = one.at("offset");
    Progress& progress = group->second.topics[topic];
    const auto hand = progress.in_hand.find(offset);
    if (hand != progress.in_hand.end() && hand->second.member != member) continue;  // somebody else's by now
    const Frame entry{{"entry", "settled"}, {"group", name}, {"topic", topic}, {"offset", offset}};
    if (!group->second.ephemeral && !request.value("volatile", false)) write(entry);
    apply(entry);
  }
  return Frame::object();
}

Frame Broker::ranges(const Frame& request) {
  const std::string topic = request.at("topic");
  if (!exists(topic)) return refusal("topic", "there is no topic `" + topic + "`");
  const Topic& log = topics_[topic];
  Frame answer{{"low", log.low}, {"high", log.log.size()}};
  const auto group = groups_.find(request.value("group", ""));
  if (group == groups_.end() || !group->second.topics.contains(topic)) return answer;
  answer["stored"] = group->second.topics.at(topic).position;
  return answer;
}

Frame Broker::delete_up_to(const Frame& request) {
  const std::string topic = request.at("topic");
  const std::int64_t offset = request.at("offset");
  if (!exists(topic)) return refusal("topic", "there is no topic `" + topic + "`");
  if (offset > static_cast<std::int64_t>(topics_[topic].log.size()))
    return refusal("range", "offset " + std::to_string(offset) + " of topic `" + topic + "` is beyond its end");
  const Frame entry{{"entry", "deleted"}, {"topic", topic}, {"offset", offset}};
  write(entry);
  apply(entry);
  return Frame::object();
}

Frame Broker::list() const {
  Frame names = Frame::array();
  for (const auto& [name, group] : groups_) {
    names.push_back(name);
    for (const auto& [member, state] : group.members) names.push_back(name + "/" + member);
  }
  return {{"names", names}};
}

void Broker::leave(const std::string& name, const std::string& member) {
  const auto group = groups_.find(name);
  if (group == groups_.end()) return;
  group->second.members.erase(member);
  for (auto& [topic, progress] : group->second.topics) {
    std::erase_if(progress.in_hand, [&](const auto& hand) { return hand.second.member == member; });
  }
  if (group->second.ephemeral && group->second.members.empty()) groups_.erase(group);
}

std::vector<Frame> Broker::take(const Fetch& fetch) {
  std::vector<Frame> messages;
  const auto group = groups_.find(fetch.group);
  if (group == groups_.end()) return messages;
  const auto member = group->second.members.find(fetch.member);
  if (member == group->second.members.end()) return messages;
  for (const std::string& name : member->second.topics) {
    const Topic& topic = topics_[name];
    Progress& progress = group->second.topics.at(name);
    for (std::int64_t offset = std::max(progress.position, topic.low);
         offset < static_cast<std::int64_t>(topic.log.size()) && messages.size() < fetch.most; ++offset) {
      if (progress.settled.contains(offset) || progress.in_hand.contains(offset)) continue;
      progress.in_hand[offset] = {fetch.member};
      messages.push_back({{"topic", name},
                          {"offset", offset},
                          {"deliveries", ++progress.deliveries[offset]},
                          {"message", topic.log[static_cast<std::size_t>(offset)]}});
    }
  }
  return messages;
}

void Broker::write(const Frame& entry) {
  if (journal_.is_open()) journal_ << encode(entry) << std::flush;
}

void Broker::apply(const Frame& entry) {
  const std::string what = entry.at("entry"), topic = entry.at("topic");
  if (what == "message") {
    std::vector<Frame>& log = topics_[topic].log;
    log.push_back(entry.at("message"));
    const std::int64_t sequence = entry.at("sequence");
    if (sequence >= 0) producers_[entry.at("producer")].offsets[topic][sequence] = static_cast<std::int64_t>(log.size()) - 1;
  } else if (what == "position") {
    groups_[entry.at("group")].topics[topic].position = entry.at("position");
  } else if (what == "settled") {
    Progress& progress = groups_[entry.at("group")].topics[topic];
    const std::int64_t offset = entry.at("offset");
    progress.in_hand.erase(offset);
    progress.deliveries.erase(offset);
    if (offset >= progress.position) progress.settled.insert(offset);
    while (progress.settled.erase(progress.position) > 0) ++progress.position;
  } else if (what == "deleted") {
    topics_[topic].low = std::max(topics_[topic].low, entry.at("offset").get<std::int64_t>());
  }
}

}  // namespace dispytch::reference
