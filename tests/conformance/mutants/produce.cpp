// Lies of a producer.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <vector>

#include "mutants/mutant.hpp"

namespace dispytch::conformance {
namespace {

using Clock = std::chrono::steady_clock;

// One call of the sound plugin's reports, with elements of its own size.
std::vector<dispytch_report> sound_reports(dispytch_producer* producer, std::uint32_t capacity) {
  std::vector<dispytch_report> reports(capacity);
  std::uint32_t count = 0;
  sound().producer->reports(producer, reports.data(), sizeof(dispytch_report), capacity, &count);
  reports.resize(count);
  return reports;
}

// Passes on what the sound plugin reports, each report changed by `change`, which returns false to forget it.
dispytch_status changed_reports(dispytch_producer* producer, dispytch_report* out, std::uint32_t capacity, std::uint32_t* count,
                                bool (*change)(dispytch_report&)) {
  *count = 0;
  for (dispytch_report& report : sound_reports(producer, capacity)) {
    if (change(report)) out[(*count)++] = report;
  }
  return DISPYTCH_OK;
}

template <bool (*change)(dispytch_report&)>
void change_reports(Tables& tables) {
  tables.producer.reports = [](dispytch_producer* producer, dispytch_report* out, std::uint32_t, std::uint32_t capacity,
                               std::uint32_t* count) noexcept { return changed_reports(producer, out, capacity, count, change); };
}

bool forget_each_tenth(dispytch_report& report) { return report.token % 10 != 0; }
bool cut_token(dispytch_report& report) {
  report.token &= 0xffff'ffff;
  return true;
}
bool swap_partitions(dispytch_report& report) {
  report.partition ^= 1;
  return true;
}
bool say_no_partition(dispytch_report& report) {
  report.flags = 0;
  return true;
}

// Sends, and turns one status into another.
template <dispytch_status from, dispytch_status to>
void change_send(Tables& tables) {
  tables.producer.send = [](dispytch_producer* producer, const dispytch_message* messages, std::uint32_t stride, std::uint32_t count,
                            std::uint32_t* accepted, dispytch_error* error) noexcept -> dispytch_status {
    const dispytch_status status = sound().producer->send(producer, messages, stride, count, accepted, error);
    if (status == from && to < 0) std::strcpy(error->text, "something went wrong");
    return status == from ? to : status;
  };
}

std::atomic<std::int64_t> last_send{0};
std::mutex cookies_mutex;
std::vector<std::uint64_t> cookies;
const dispytch_host* host_of_all = nullptr;

void remember_cookies(Tables& tables) {
  tables.plugin.open = [](const dispytch_host* host, const char* json, std::size_t len, std::int32_t timeout_ms, dispytch_adapter** out,
                          dispytch_error* error) noexcept {
    host_of_all = host;
    return sound().open(host, json, len, timeout_ms, out, error);
  };
  tables.producer.open = [](dispytch_adapter* adapter, const char* json, std::size_t len, std::uint64_t cookie, std::int32_t timeout_ms,
                            dispytch_producer** out, dispytch_error* error) noexcept {
    const dispytch_status status = sound().producer->open(adapter, json, len, cookie, timeout_ms, out, error);
    const std::lock_guard lock{cookies_mutex};
    cookies.push_back(cookie);
    return status;
  };
}

}  // namespace

std::vector<Mutant> produce_mutants() {
  return {
      {"delivers at once what is to come later",
       [](Tables& tables) {
         tables.producer.send = [](dispytch_producer* producer, const dispytch_message* messages, std::uint32_t stride, std::uint32_t count,
                                   std::uint32_t* accepted, dispytch_error* error) noexcept {
           std::vector<dispytch_message> changed;
           for (std::uint32_t i = 0; i < count; ++i) {
             changed.push_back(
                 *reinterpret_cast<const dispytch_message*>(reinterpret_cast<const char*>(messages) + std::size_t{stride} * i));
             changed.back().flags &= ~std::uint32_t{DISPYTCH_MSG_DELIVER_AT};
           }
           return sound().producer->send(producer, changed.data(), sizeof(dispytch_message), count, accepted, error);
         };
       },
       {"message.deliver_at_waits"}},
      {"forgets a report",
       change_reports<forget_each_tenth>,
       {"produce.one_report_each", "produce.send_from_several_threads", "produce.flush_makes_reports_ready"}},
      {"reports each message twice",
       [](Tables& tables) {
         tables.producer.reports = [](dispytch_producer* producer, dispytch_report* out, std::uint32_t, std::uint32_t capacity,
                                      std::uint32_t* count) noexcept -> dispytch_status {
           *count = 0;
           for (const dispytch_report& report : sound_reports(producer, capacity / 2)) {
             out[(*count)++] = report;
             out[(*count)++] = report;
           }
           return DISPYTCH_OK;
         };
       },
       {"produce.one_report_each"}},
      {"keeps 32 bits of a token", change_reports<cut_token>, {"produce.one_report_each"}},
      {"throws away the reports that there is no room for",
       [](Tables& tables) {
         tables.producer.reports = [](dispytch_producer* producer, dispytch_report* out, std::uint32_t, std::uint32_t capacity,
                                      std::uint32_t* count) noexcept -> dispytch_status {
           const std::vector<dispytch_report> all = sound_reports(producer, 1000);
           *count = std::min(capacity, static_cast<std::uint32_t>(all.size()));
           std::copy_n(all.begin(), *count, out);
           return DISPYTCH_OK;
         };
       },
       {"produce.reports_honour_the_capacity"}},
      {"reports another partition than it was told", change_reports<swap_partitions>, {"produce.reports_say_where"}},
      {"reports no partition", change_reports<say_no_partition>, {"produce.reports_say_where"}},
      {"doesn't say that a topic is missing", change_send<DISPYTCH_ENOTFOUND, DISPYTCH_EINTERNAL>, {"produce.missing_topic_is_not_found"}},
      {"doesn't say that a message is too big", change_send<DISPYTCH_ETOOBIG, DISPYTCH_EINTERNAL>, {"produce.too_big_is_refused"}},
      {"fails where it is full", change_send<DISPYTCH_AGAIN, DISPYTCH_EUNAVAILABLE>, {"produce.again_then_notify"}},
      {"doesn't count what it took before a refusal",
       [](Tables& tables) {
         tables.producer.send = [](dispytch_producer* producer, const dispytch_message* messages, std::uint32_t stride, std::uint32_t count,
                                   std::uint32_t* accepted, dispytch_error* error) noexcept {
           const dispytch_status status = sound().producer->send(producer, messages, stride, count, accepted, error);
           if (status < 0) *accepted = 0;
           return status;
         };
       },
       {"produce.missing_topic_is_not_found", "produce.too_big_is_refused"}},
      {"has its reports ready long after flush",
       [](Tables& tables) {
         tables.producer.send = [](dispytch_producer* producer, const dispytch_message* messages, std::uint32_t stride, std::uint32_t count,
                                   std::uint32_t* accepted, dispytch_error* error) noexcept {
           last_send = Clock::now().time_since_epoch().count();
           return sound().producer->send(producer, messages, stride, count, accepted, error);
         };
         tables.producer.reports = [](dispytch_producer* producer, dispytch_report* out, std::uint32_t stride, std::uint32_t capacity,
                                      std::uint32_t* count) noexcept -> dispytch_status {
           *count = 0;
           const Clock::time_point then{Clock::duration{last_send.load()}};
           if (Clock::now() - then < std::chrono::milliseconds{300}) return DISPYTCH_OK;
           return sound().producer->reports(producer, out, stride, capacity, count);
         };
       },
       {"produce.flush_makes_reports_ready"}},
      {"takes a message and forgets it",
       [](Tables& tables) {
         tables.producer.send = [](dispytch_producer* producer, const dispytch_message* messages, std::uint32_t stride, std::uint32_t count,
                                   std::uint32_t* accepted, dispytch_error* error) noexcept -> dispytch_status {
           if (count == 1 && messages->token % 7 == 0) {
             *accepted = 1;
             return DISPYTCH_OK;
           }
           return sound().producer->send(producer, messages, stride, count, accepted, error);
         };
       },
       {"produce.send_from_several_threads"}},
      {"walks messages by its own size",
       [](Tables& tables) {
         tables.producer.send = [](dispytch_producer* producer, const dispytch_message* messages, std::uint32_t stride, std::uint32_t count,
                                   std::uint32_t* accepted, dispytch_error* error) noexcept {
           // The first element again and again: what lies at the wrong places may be no pointers.
           dispytch_message same[64];
           std::fill_n(same, std::min(count, 64u), *messages);
           return stride == sizeof(dispytch_message)
                      ? sound().producer->send(producer, messages, stride, count, accepted, error)
                      : sound().producer->send(producer, same, stride - 16, std::min(count, 64u), accepted, error);
         };
       },
       {"size.longer_messages_and_reports"}},
      {"walks reports by its own size",
       [](Tables& tables) {
         tables.producer.reports = [](dispytch_producer* producer, dispytch_report* out, std::uint32_t stride, std::uint32_t capacity,
                                      std::uint32_t* count) noexcept -> dispytch_status {
           const std::vector<dispytch_report> all = sound_reports(producer, capacity);
           *count = static_cast<std::uint32_t>(all.size());
           // Stops where the host's memory does, as far as can be known.
           std::memcpy(out, all.data(),
                       std::min(all.size() * sizeof(dispytch_report), std::size_t{capacity} * stride + sizeof(dispytch_report)));
           return DISPYTCH_OK;
         };
       },
       {"size.longer_messages_and_reports", "size.shorter_reports"}},
      {"notifies after its close",
       [](Tables& tables) {
         remember_cookies(tables);
         tables.producer.send = [](dispytch_producer* producer, const dispytch_message* messages, std::uint32_t stride, std::uint32_t count,
                                   std::uint32_t* accepted, dispytch_error* error) noexcept {
           {
             const std::lock_guard lock{cookies_mutex};
             for (const std::uint64_t cookie : cookies) host_of_all->notify(host_of_all->context, cookie);
           }
           return sound().producer->send(producer, messages, stride, count, accepted, error);
         };
       },
       {"end.no_notify_after_close"}},
      {"fails to close and doesn't say why",
       [](Tables& tables) {
         tables.producer.close = [](dispytch_producer* producer, std::int32_t timeout_ms,
                                    dispytch_error* error) noexcept -> dispytch_status {
           sound().producer->close(producer, timeout_ms, error);
           return DISPYTCH_EINTERNAL;
         };
       },
       {"end.close_with_reports_unpulled"}},
  };
}

}  // namespace dispytch::conformance
