// Lies about the table, about opening, about errors and about the end.
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "mutants/mutant.hpp"

namespace dispytch::conformance {
namespace {

using Open = decltype(dispytch_plugin::open);

// ---- the host, as the plugin sees it ----

dispytch_host changed_host;
const dispytch_host* real_host = nullptr;

dispytch_status open_with_changed_host(const dispytch_host* host, const char* json, std::size_t len, std::int32_t timeout_ms,
                                       dispytch_adapter** out, dispytch_error* error, void (*change)(dispytch_host&)) {
  real_host = host;
  changed_host = *host;
  change(changed_host);
  return sound().open(&changed_host, json, len, timeout_ms, out, error);
}

// ---- threads that a plugin should not leave ----

std::vector<std::jthread> threads;

void start_thread() {
  threads.emplace_back([](std::stop_token stop) {
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds{5});
  });
}

int opened = 0;
bool dead = false;

}  // namespace

std::vector<Mutant> open_mutants() {
  return {
      {"has no flush", [](Tables& tables) { tables.producer.flush = nullptr; }, {"table.is_complete"}},
      {"has a table of another version", [](Tables& tables) { tables.plugin.abi_major = 2; }, {"table.is_complete"}},
      {"has an id with a capital", [](Tables& tables) { tables.plugin.id = "Memory"; }, {"table.has_a_name"}},
      {"has an empty version", [](Tables& tables) { tables.plugin.version = ""; }, {"table.has_a_name"}},
      {"claims to seek and has no seek", [](Tables& tables) { tables.consumer.seek = nullptr; }, {"table.claims_what_it_has"}},
      {"has an empty schema", [](Tables& tables) { tables.plugin.config_schema = "{}"; }, {"table.has_a_schema"}},
      {"has a schema that is no JSON", [](Tables& tables) { tables.plugin.config_schema = "{"; }, {"table.has_a_schema"}},
      {"offers every extension",
       [](Tables& tables) { tables.plugin.extension = [](const char* id) noexcept -> const void* { return id; }; },
       {"table.knows_its_extensions"}},
      {"can more than its table says",
       [](Tables& tables) {
         tables.plugin.capabilities_of = [](dispytch_adapter* adapter) noexcept -> std::uint64_t {
           return sound().capabilities_of(adapter) | DISPYTCH_CAN_TRANSACT;
         };
       },
       {"open.capabilities_are_a_subset"}},
      {"opens consumers that can more than its table says",
       [](Tables& tables) {
         tables.consumer.capabilities_for = [](dispytch_adapter*, const char*, std::size_t) noexcept -> std::uint64_t {
           return sound().capabilities | DISPYTCH_CAN_TRANSACT;
         };
       },
       {"open.objects_can_no_more_than_the_table"}},
      {"takes any config",
       [](Tables& tables) {
         tables.plugin.open = [](const dispytch_host* host, const char*, std::size_t, std::int32_t timeout_ms, dispytch_adapter** out,
                                 dispytch_error* error) noexcept {
           return sound().open(host, "{\"config\":{}}", 13, timeout_ms, out, error);
         };
       },
       {"open.refuses_a_wrong_config", "open.refuses_broken_json"}},
      {"refuses a config and doesn't say which option",
       [](Tables& tables) {
         tables.plugin.open = [](const dispytch_host* host, const char* json, std::size_t len, std::int32_t timeout_ms,
                                 dispytch_adapter** out, dispytch_error* error) noexcept {
           const dispytch_status status = sound().open(host, json, len, timeout_ms, out, error);
           if (status == DISPYTCH_ECONFIG) std::strcpy(error->text, "wrong config");
           return status;
         };
       },
       {"open.refuses_a_wrong_config"}},
      {"writes to *out when it fails",
       [](Tables& tables) {
         tables.plugin.open = [](const dispytch_host* host, const char* json, std::size_t len, std::int32_t timeout_ms,
                                 dispytch_adapter** out, dispytch_error* error) noexcept {
           const dispytch_status status = sound().open(host, json, len, timeout_ms, out, error);
           if (status < 0) *out = reinterpret_cast<dispytch_adapter*>(error);
           return status;
         };
       },
       {"open.refuses_a_wrong_config"}},
      {"fails without a text",
       [](Tables& tables) {
         tables.plugin.open = [](const dispytch_host* host, const char* json, std::size_t len, std::int32_t timeout_ms,
                                 dispytch_adapter** out, dispytch_error* error) noexcept {
           const dispytch_status status = sound().open(host, json, len, timeout_ms, out, error);
           if (status < 0) error->text[0] = '\0';
           return status;
         };
       },
       {"size.errors_are_filled", "open.refuses_broken_json"}},
      {"fails with another code than it writes",
       [](Tables& tables) {
         tables.plugin.open = [](const dispytch_host* host, const char* json, std::size_t len, std::int32_t timeout_ms,
                                 dispytch_adapter** out, dispytch_error* error) noexcept {
           const dispytch_status status = sound().open(host, json, len, timeout_ms, out, error);
           return status < 0 ? static_cast<dispytch_status>(DISPYTCH_EINTERNAL) : status;
         };
       },
       {"size.errors_are_filled"}},
      {"writes a text into an error that has no room for it",
       [](Tables& tables) {
         tables.plugin.open = [](const dispytch_host* host, const char* json, std::size_t len, std::int32_t timeout_ms,
                                 dispytch_adapter** out, dispytch_error* error) noexcept {
           const dispytch_status status = sound().open(host, json, len, timeout_ms, out, error);
           if (status < 0) std::strcpy(error->text, "wrong");
           return status;
         };
       },
       {"size.errors_stay_within_their_size"}},
      {"calls the host's extension unasked",
       [](Tables& tables) {
         tables.plugin.open = [](const dispytch_host* host, const char* json, std::size_t len, std::int32_t timeout_ms,
                                 dispytch_adapter** out, dispytch_error* error) noexcept {
           host->extension(host->context, DISPYTCH_EXTENSION_CLOCK);
           return sound().open(host, json, len, timeout_ms, out, error);
         };
       },
       {"size.an_older_host_is_enough"}},
      {"dies with the first adapter that closes",
       [](Tables& tables) {
         tables.plugin.close = [](dispytch_adapter* adapter, std::int32_t timeout_ms, dispytch_error* error) noexcept {
           dead = true;
           return sound().close(adapter, timeout_ms, error);
         };
         tables.producer.send = [](dispytch_producer* producer, const dispytch_message* messages, std::uint32_t stride, std::uint32_t count,
                                   std::uint32_t* accepted, dispytch_error* error) noexcept -> dispytch_status {
           if (!dead) return sound().producer->send(producer, messages, stride, count, accepted, error);
           std::strcpy(error->text, "closed");
           return error->code = DISPYTCH_ECLOSED;
         };
       },
       {"open.adapters_are_independent"}},
      {"opens once",
       [](Tables& tables) {
         tables.plugin.open = [](const dispytch_host* host, const char* json, std::size_t len, std::int32_t timeout_ms,
                                 dispytch_adapter** out, dispytch_error* error) noexcept -> dispytch_status {
           if (++opened == 1) return sound().open(host, json, len, timeout_ms, out, error);
           std::strcpy(error->text, "opened before");
           return error->code = DISPYTCH_EINTERNAL;
         };
       },
       {"open.works_again_after_a_close"}},
      {"never notifies",
       [](Tables& tables) {
         tables.plugin.open = [](const dispytch_host* host, const char* json, std::size_t len, std::int32_t timeout_ms,
                                 dispytch_adapter** out, dispytch_error* error) noexcept {
           return open_with_changed_host(host, json, len, timeout_ms, out, error,
                                         [](dispytch_host& changed) { changed.notify = [](void*, std::uint64_t) noexcept {}; });
         };
       },
       {"produce.notify_tells_of_reports", "produce.again_then_notify", "poll.notify_tells_of_messages"}},
      {"notifies with a cookie of its own",
       [](Tables& tables) {
         tables.plugin.open = [](const dispytch_host* host, const char* json, std::size_t len, std::int32_t timeout_ms,
                                 dispytch_adapter** out, dispytch_error* error) noexcept {
           return open_with_changed_host(host, json, len, timeout_ms, out, error, [](dispytch_host& changed) {
             changed.notify = [](void* context, std::uint64_t) noexcept { real_host->notify(context, 1); };
           });
         };
       },
       {"end.host_is_used_rightly"}},
      {"starts a thread that takes signals",
       [](Tables& tables) {
         tables.plugin.open = [](const dispytch_host* host, const char* json, std::size_t len, std::int32_t timeout_ms,
                                 dispytch_adapter** out, dispytch_error* error) noexcept {
           start_thread();
           return sound().open(host, json, len, timeout_ms, out, error);
         };
         tables.plugin.close = [](dispytch_adapter* adapter, std::int32_t timeout_ms, dispytch_error* error) noexcept {
           threads.clear();
           return sound().close(adapter, timeout_ms, error);
         };
       },
       {"end.threads_block_signals"}},
      {"leaves a thread behind",
       [](Tables& tables) {
         tables.plugin.close = [](dispytch_adapter* adapter, std::int32_t timeout_ms, dispytch_error* error) noexcept {
           start_thread();
           return sound().close(adapter, timeout_ms, error);
         };
       },
       {"end.close_joins_threads"}},
  };
}

}  // namespace dispytch::conformance
