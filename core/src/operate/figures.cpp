#include "operate/figures.hpp"

#include <array>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace dispytch::operate {
namespace {

using listen::Counters;

constexpr std::array kFigures = std::to_array<Figure>({
    {"received", "dispytch_messages_received_total", "Messages that came from the broker.", true, &Counters::received},
    {"handled", "dispytch_messages_handled_total", "Messages whose handlers ended well.", true, &Counters::handled},
    {"unhandled", "dispytch_messages_unhandled_total", "Messages settled because no handler wants their type.", true, &Counters::unhandled},
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

}  // namespace

std::span<const Figure> figures() noexcept { return kFigures; }

std::string to_prometheus(const std::vector<NamedCounters>& listeners) {
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
  return prometheus::TextSerializer{}.Serialize(families);
}

}  // namespace dispytch::operate
