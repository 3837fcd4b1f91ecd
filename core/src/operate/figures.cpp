#include "operate/figures.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "text/escape.hpp"

namespace dispytch::operate {
namespace {

using listen::Counters;

constexpr std::array kFigures = std::to_array<Figure>({
    {"received", "dispytch_messages_received_total", "Messages that came from the broker.", true, &Counters::received},
    {"handled", "dispytch_messages_handled_total", "Messages whose handlers ended well.", true, &Counters::handled},
    {"unhandled", "dispytch_messages_unhandled_total",
     "Messages settled because no handler wants their type, or takes a message without payload.", true, &Counters::unhandled},
    {"dropped", "dispytch_messages_dropped_total", "Messages settled because a handler or on_failure: drop said so.", true,
     &Counters::dropped},
    {"dead_lettered", "dispytch_messages_dead_lettered_total", "Messages settled because their dead letter is confirmed.", true,
     &Counters::dead_lettered},
    {"skipped", "dispytch_messages_skipped_total", "Messages settled because a person said so.", true, &Counters::skipped},
    {"fenced", "dispytch_messages_fenced_total", "Messages handled, but not settled: their partition was somebody else's by then.", true,
     &Counters::fenced},
    {"retries", "dispytch_retries_total", "Attempts that failed and were made again.", true, &Counters::retries},
    {"requeued", "dispytch_messages_requeued_total", "Messages given back to the broker until their next attempt is due.", true,
     &Counters::requeued},
    {"unfinished", "dispytch_messages_unfinished", "Messages in hand.", false, &Counters::unfinished},
    {"unfinished_bytes", "dispytch_messages_unfinished_bytes", "Bytes of keys and payloads in hand.", false, &Counters::unfinished_bytes},
    {"waiting", "dispytch_messages_waiting", "Messages that wait for their next attempt.", false, &Counters::waiting},
    {"held", "dispytch_messages_held", "Messages that wait for a person.", false, &Counters::held},
    {"assigned", "dispytch_sources_assigned", "Partitions, or what else the broker gives out, that are read at present.", false,
     &Counters::assigned},
});

struct Gauge {
  const char* metric;
  const char* help;
  double (*value)(const Looked& looked);
};
constexpr std::array kGauges = std::to_array<Gauge>({
    {"dispytch_messages_stuck", "First messages of lanes that are unfinished for longer than stuck_after, 20 at most.",
     [](const Looked& looked) { return static_cast<double>(looked.stuck); }},
    {"dispytch_oldest_unfinished_seconds", "How long the oldest message in hand is unfinished.",
     [](const Looked& looked) { return looked.oldest_s; }},
    {"dispytch_breakers_open", "Handlers that are not called for now, since their circuit breaker is open.",
     [](const Looked& looked) { return static_cast<double>(looked.open_breakers); }},
});

std::string metric_name(const border::MetricValue& value) {
  std::string name = "dispytch_backend_" + value.name;
  std::ranges::replace_if(
      name, [](char c) { return !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9'); }, '_');
  return value.kind == border::MetricKind::counter ? name + "_total" : name;
}

// A sample for each source that is read, and for which the value is known.
prometheus::MetricFamily lag_family(const std::vector<NamedCounters>& listeners, const char* name, const char* help,
                                    std::optional<double> (*value)(const listen::Lag& lag)) {
  prometheus::MetricFamily family{.name = name, .help = help, .type = prometheus::MetricType::Gauge, .metric = {}};
  for (const NamedCounters& listener : listeners) {
    for (const listen::Lag& lag : listener.looked.lag) {
      const auto known = value(lag);
      if (!known) continue;
      prometheus::ClientMetric metric;
      metric.label = {{"listener", std::string{listener.listener}}, {"topic", text::valid_utf8(lag.topic)}};
      if (lag.partition >= 0) metric.label.push_back({"partition", std::to_string(lag.partition)});
      metric.gauge.value = *known;
      family.metric.push_back(std::move(metric));
    }
  }
  return family;
}

// By name: several backends may record the same.
std::vector<prometheus::MetricFamily> families_of(const std::vector<NamedMetrics>& backends) {
  std::map<std::string, prometheus::MetricFamily> families;
  for (const NamedMetrics& backend : backends) {
    for (const border::MetricValue& value : backend.metrics->snapshot()) {
      prometheus::MetricFamily& family = families[metric_name(value)];
      family.name = metric_name(value);
      family.help = "Recorded by the plugin" + (value.unit.empty() ? "." : ", in " + value.unit + ".");
      prometheus::ClientMetric metric;
      metric.label = {{"backend", backend.backend}};
      switch (value.kind) {
        case border::MetricKind::counter:
          family.type = prometheus::MetricType::Counter;
          metric.counter.value = value.value;
          break;
        case border::MetricKind::gauge:
          family.type = prometheus::MetricType::Gauge;
          metric.gauge.value = value.value;
          break;
        case border::MetricKind::histogram:
          family.type = prometheus::MetricType::Summary;
          metric.summary.sample_count = value.count;
          metric.summary.sample_sum = value.value;
          break;
      }
      family.metric.push_back(std::move(metric));
    }
  }
  std::vector<prometheus::MetricFamily> list;
  for (auto& [name, family] : families) list.push_back(std::move(family));
  return list;
}

}  // namespace

std::span<const Figure> figures() noexcept { return kFigures; }

std::string to_prometheus(const std::vector<NamedCounters>& listeners, const std::vector<NamedMetrics>& backends) {
  std::vector<prometheus::MetricFamily> families;
  for (const Figure& figure : kFigures) {
    prometheus::MetricFamily family;
    family.name = figure.metric;
    family.help = figure.help;
    family.type = figure.counts ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    for (const NamedCounters& listener : listeners) {
      prometheus::ClientMetric metric;
      metric.label = {{"listener", std::string{listener.listener}}};
      const auto value = static_cast<double>((listener.counters->*figure.value).load(std::memory_order_relaxed));
      (figure.counts ? metric.counter.value : metric.gauge.value) = value;
      family.metric.push_back(std::move(metric));
    }
    families.push_back(std::move(family));
  }
  for (const Gauge& gauge : kGauges) {
    prometheus::MetricFamily family{.name = gauge.metric, .help = gauge.help, .type = prometheus::MetricType::Gauge, .metric = {}};
    for (const NamedCounters& listener : listeners) {
      prometheus::ClientMetric metric;
      metric.label = {{"listener", std::string{listener.listener}}};
      metric.gauge.value = gauge.value(listener.looked);
      family.metric.push_back(std::move(metric));
    }
    families.push_back(std::move(family));
  }
  families.push_back(lag_family(listeners, "dispytch_lag_messages",
                                "Messages of a partition that are there to be read and not settled; 0: all that a reader can get is.",
                                [](const listen::Lag& lag) { return std::optional{static_cast<double>(lag.messages)}; }));
  families.push_back(lag_family(
      listeners, "dispytch_oldest_unhandled_seconds",
      "Age of the oldest message of a partition that is not handled, by its own time; 0: there is none.", [](const listen::Lag& lag) {
        return lag.oldest_age ? std::optional{std::chrono::duration<double>{*lag.oldest_age}.count()} : std::nullopt;
      }));
  std::ranges::move(families_of(backends), std::back_inserter(families));
  return prometheus::TextSerializer{}.Serialize(families);
}

}  // namespace dispytch::operate
