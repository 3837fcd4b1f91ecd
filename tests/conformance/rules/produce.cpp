// Sending: prefixes, reports, flush, what is refused.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <set>
#include <thread>

#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

// Throws Failure unless the reports are about exactly the tokens first..first+count-1, each once.
void expect_one_each(const std::vector<Report>& reports, std::uint64_t first, std::uint64_t count) {
  std::set<std::uint64_t> seen;
  for (const Report& report : reports) {
    expect(report.token >= first && report.token < first + count, "a report carries the token ", report.token, ", which no message had");
    expect(seen.insert(report.token).second, "two reports carry the token ", report.token);
  }
  expect(seen.size() == count, "only ", seen.size(), " of ", count, " messages were reported");
}

void one_report_each(Scene& scene) {
  const auto producer = scene.producer();
  constexpr std::uint64_t kFirst = 0xfedc'ba98'7654'3210;  // all 64 bits come back
  const int count = scene.at_most(100);
  std::vector<Report> reports;
  producer->send_all(scene.messages(0, count), kFirst, scene.options.patience, &reports);
  for (const Report& more : producer->await_reports(static_cast<std::size_t>(count) - reports.size(), scene.options.patience)) {
    reports.push_back(more);
  }
  scene.host.wait(producer->cookie(), scene.host.notified(producer->cookie()), scene.options.quiet);
  for (const Report& more : producer->reports()) reports.push_back(more);
  expect_one_each(reports, kFirst, static_cast<std::uint64_t>(count));
  for (const Report& report : reports) expect(report.code == DISPYTCH_OK, "message ", report.token, " failed: ", report.text);
}

void reports_honour_the_capacity(Scene& scene) {
  const auto producer = scene.producer();
  producer->send_all(scene.messages(0, 5), 1, scene.options.patience);
  const Outcome flushed = producer->flush(scene.options.patience);
  expect(flushed.ok() && flushed.status != DISPYTCH_TIMEOUT, "flush ended with ", to_string(flushed));
  std::vector<Report> reports = producer->reports(2);
  expect(reports.size() == 2, "after a flush of 5 messages reports gave ", reports.size(), " where there was room for 2");
  for (const Report& more : producer->await_reports(3, scene.options.patience)) reports.push_back(more);
  expect_one_each(reports, 1, 5);
}

// What became of a message that can't be delivered, sent between two that can: refused by send, or by its report.
dispytch_status fate_of_the_second(Scene& scene, const Message& bad, std::string& text) {
  const auto producer = scene.producer();
  const Sent sent = producer->send({scene.message(1), bad, scene.message(3)}, 1);
  std::uint64_t accepted = sent.accepted;
  dispytch_status status = DISPYTCH_OK;
  if (!sent.outcome.ok()) {
    expect(sent.accepted == 1, "send refused the second of three messages and took ", sent.accepted);
    status = sent.outcome.status;
    text = sent.outcome.error.text;
  } else {
    expect(sent.accepted == 3, "send returned ", to_string(sent.outcome), " and took ", sent.accepted, " of three messages");
  }
  const std::vector<Report> reports = producer->await_reports(accepted, scene.options.patience);
  expect_one_each(reports, 1, accepted);
  for (const Report& report : reports) {
    if (report.token == 2) {
      status = report.code;
      text = report.text;
    } else {
      expect(report.code == DISPYTCH_OK, "the good message ", report.token, " beside a bad one failed: ", report.text);
    }
  }
  return status;
}

void cannot_produce_to_a_missing_topic(Scene& scene) {
  if (scene.options.missing_topic.empty()) throw NotClaimed{"the kit's config says that every topic exists"};
  Message lost = scene.message(2);
  lost.topic = scene.options.missing_topic;
  std::string text;
  const dispytch_status status = fate_of_the_second(scene, lost, text);
  expect(status == DISPYTCH_ENOTFOUND, "expected ENOTFOUND for topic `", lost.topic, "`, got ", name_of(status), ": ", text);
  expect(text.find(lost.topic) != std::string::npos, "the reason doesn't name the topic `", lost.topic, "`: \"", text, "\"");
}

void too_big_is_refused(Scene& scene) {
  if (scene.options.too_big_bytes == 0) throw NotTried{"`too_big_bytes`"};
  Message big = scene.message(2);
  big.payload->resize(scene.options.too_big_bytes, 'x');
  std::string text;
  const dispytch_status status = fate_of_the_second(scene, big, text);
  expect(status == DISPYTCH_ETOOBIG, "expected ETOOBIG for ", scene.options.too_big_bytes, " bytes, got ", name_of(status), ": ", text);
  expect(!text.empty(), "a message of ", scene.options.too_big_bytes, " bytes is refused without a reason");
}

void reports_say_where(Scene& scene) {
  std::vector<Message> messages;
  for (int i = 0; i < 10; ++i) messages.push_back(scene.in_one_source(i, i % 2));
  std::vector<Report> reports = scene.publish(messages);
  std::sort(reports.begin(), reports.end(), [](const Report& left, const Report& right) { return left.token < right.token; });
  std::array<std::int64_t, 2> last{-1, -1};
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const auto asked = static_cast<std::int32_t>(i % 2);
    expect((reports[i].flags & DISPYTCH_REPORT_PARTITION) != 0, "a report doesn't say its partition");
    expect(reports[i].partition == asked, "a message for partition ", asked, " was put into ", reports[i].partition);
    if ((reports[i].flags & DISPYTCH_REPORT_OFFSET) == 0) continue;
    std::int64_t& before = last[static_cast<std::size_t>(asked)];
    expect(reports[i].offset > before, "offset ", reports[i].offset, " comes after ", before, " in one partition");
    before = reports[i].offset;
  }
}

void send_from_several_threads(Scene& scene) {
  constexpr int kThreads = 4;
  const int each = scene.at_most(800) / kThreads;
  const auto producer = scene.producer();
  std::atomic<int> failures{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      try {
        for (int i = 0; i < each; ++i) {
          const int number = t * each + i;
          producer->send_all({scene.message(number)}, static_cast<std::uint64_t>(number) + 1, scene.options.patience);
        }
      } catch (const std::exception&) {
        ++failures;
      }
    });
  }
  const auto count = static_cast<std::uint64_t>(kThreads * each);
  const std::vector<Report> reports = producer->await_reports(count, scene.options.patience);
  threads.clear();
  expect(failures == 0, failures, " threads could not send");
  expect_one_each(reports, 1, count);
}

void flush_makes_reports_ready(Scene& scene) {
  constexpr std::uint64_t kCount = 50;
  const auto producer = scene.producer();
  producer->send_all(scene.messages(0, kCount), 1, scene.options.patience);
  std::vector<Report> reports;
  std::atomic<bool> flushed{false};
  Outcome outcome;
  std::jthread flusher{[&] {
    outcome = producer->flush(scene.options.patience);
    flushed = true;
  }};
  while (!flushed) {  // as a host does: reports go on being pulled
    for (const Report& report : producer->reports()) reports.push_back(report);
    std::this_thread::yield();
  }
  flusher.join();
  expect(outcome.status == DISPYTCH_OK, "flush ended with ", to_string(outcome));
  for (std::vector<Report> more = producer->reports(); !more.empty(); more = producer->reports()) {
    reports.insert(reports.end(), more.begin(), more.end());
  }
  expect_one_each(reports, 1, kCount);
}

void notify_tells_of_reports(Scene& scene) {
  const auto producer = scene.producer();
  const std::uint64_t seen = scene.host.notified(producer->cookie());
  producer->send_all({scene.message(1)}, 1, scene.options.patience);
  expect(scene.host.wait(producer->cookie(), seen, scene.options.patience),
         "a message was sent, and no notify with the producer's cookie came in ", scene.options.patience.count(), " ms");
  producer->await_reports(1, scene.options.patience);
}

void again_then_notify(Scene& scene) {
  if (scene.options.bounded_topic.empty()) throw NotTried{"`bounded_topic`"};
  const auto consumer = scene.consumer({.topic = scene.options.bounded_topic});
  Reader reader{scene, *consumer};
  reader.await_event(DISPYTCH_ASSIGNED);
  const auto producer = scene.producer();
  Message message = scene.message(0);
  message.topic = scene.options.bounded_topic;
  std::uint64_t sent = 0;
  std::uint64_t seen = 0;
  for (bool full = false; !full;) {
    expect(sent <= scene.options.bounded_messages, "topic `", message.topic, "` took ", sent, " messages and is not full");
    message.payload = say(scene.tag, ":", sent);
    seen = scene.host.notified(producer->cookie());
    const Sent one = producer->send({message}, sent + 1);
    expect(one.outcome.ok(), "a full topic refuses with ", to_string(one.outcome), ", expected AGAIN");
    full = one.accepted == 0;
    if (full) {
      expect(one.outcome.status == DISPYTCH_AGAIN, "nothing was taken, and send returned ", to_string(one.outcome));
    } else {
      ++sent;
      producer->await_reports(1, scene.options.patience);
    }
  }
  reader.ack_all(reader.take(sent));
  expect(scene.host.wait(producer->cookie(), seen, scene.options.patience),
         "there is room again, and no notify with the producer's cookie came");
  producer->send_all({message}, sent + 1, scene.options.patience);
}

constexpr std::array kProduceRules{
    Rule{"produce.one_report_each", DISPYTCH_CAN_PRODUCE, "Each accepted message gets exactly one report, with its own token.",
         one_report_each},
    Rule{"produce.reports_honour_the_capacity", DISPYTCH_CAN_PRODUCE, "reports writes no more than there is room for and keeps the rest.",
         reports_honour_the_capacity},
    Rule{"produce.missing_topic_is_not_found", DISPYTCH_CAN_PRODUCE,
         "A message for a topic that doesn't exist is ENOTFOUND and names it, by send (which then took those before it) or by its report.",
         cannot_produce_to_a_missing_topic},
    Rule{"produce.too_big_is_refused", DISPYTCH_CAN_PRODUCE, "A message that is too large is ETOOBIG; those beside it pass.",
         too_big_is_refused},
    Rule{"produce.reports_say_where", DISPYTCH_CAN_PRODUCE | DISPYTCH_CAN_PARTITIONS,
         "A message goes to the partition that it names, its report says so, and offsets rise in a partition.", reports_say_where},
    Rule{"produce.send_from_several_threads", DISPYTCH_CAN_PRODUCE, "send may be called from several threads at once.",
         send_from_several_threads},
    Rule{"produce.flush_makes_reports_ready", DISPYTCH_CAN_PRODUCE,
         "After flush the reports of all that was accepted before it are there without waiting.", flush_makes_reports_ready},
    Rule{"produce.notify_tells_of_reports", DISPYTCH_CAN_PRODUCE, "notify comes with the producer's cookie when there are reports.",
         notify_tells_of_reports},
    Rule{"produce.again_then_notify", kFlow, "A full topic is AGAIN, with nothing lost; notify comes when there is room.",
         again_then_notify, kAcknowledge},
};

}  // namespace

std::span<const Rule> produce_rules() { return kProduceRules; }

}  // namespace dispytch::conformance
