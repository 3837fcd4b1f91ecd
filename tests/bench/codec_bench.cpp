// What the codec costs: decoding against simdjson written out by hand for the same struct in the same program, the scan for the type,
// and encoding against nlohmann::json.
//
//   codec_bench [--json FILE] [--pairs N]
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>
#include <nlohmann/json.hpp>

#include <dispytch/describe.hpp>

#include "bench/paired.hpp"
#include "bench/program.hpp"
#include "codec/json_codec.hpp"
#include "codec/uuid.hpp"

namespace {

struct Aircraft {
  std::string tail_number = {};
};
DISPYTCH_STRUCT(Aircraft, tail_number)

struct FlightDeparted {
  static constexpr auto topic = "flights";
  static constexpr auto type = "flight_departed";
  static constexpr auto partition_by = "aircraft.tail_number";

  Aircraft aircraft = {};
  std::string carrier = {};
  int flight = 0;
  std::string origin = {}, destination = {};
  int delay_minutes = 0;
  std::optional<int> distance_miles = {};
};
DISPYTCH_EVENT(FlightDeparted, aircraft, carrier, flight, origin, destination, delay_minutes, distance_miles)

using dispytch::codec::DecodeError;
using dispytch::codec::Decoder;
using dispytch::codec::EventMeta;
namespace bench = dispytch::bench;

constexpr std::size_t kMessages = 1000;  // different ones, so that no branch is learnt by heart
constexpr int kRounds = 20;

std::vector<FlightDeparted> make_events() {
  std::vector<FlightDeparted> events;
  for (std::size_t i = 0; i < kMessages; ++i) {
    const int n = static_cast<int>(i * 7919 % 8000);
    events.push_back({.aircraft = {"N" + std::to_string(10'000 + n) + "U"},
                      .carrier = n % 3 == 0 ? "UA" : "B6",
                      .flight = n,
                      .origin = n % 2 == 0 ? "EWR" : "LGA",
                      .destination = "IAH",
                      .delay_minutes = n % 90 - 20,
                      .distance_miles = n % 5 == 0 ? std::nullopt : std::optional{n / 3}});
  }
  return events;
}

std::vector<std::string> make_payloads(const std::vector<FlightDeparted>& events) {
  std::vector<std::string> payloads;
  dispytch::codec::UuidSource ids{1};
  for (const auto& event : events) {
    const dispytch::codec::Uuid id = ids.make(1'753'000'000'000);
    auto& payload = payloads.emplace_back();
    dispytch::codec::encode(dispytch::detail::event_type<FlightDeparted>(), &event, {.id = id.view(), .timestamp_ms = 1'753'000'000'000},
                            {}, payload)
        .value();
  }
  return payloads;
}

/// What a user would write for this one struct, knowing simdjson well. It takes the fields in their order only, ignores what else there
/// is, and unless it is asked for the whole envelope, doesn't look at the id, at the timestamp and at what follows the body.
class ByHand {
 public:
  struct Envelope {
    std::string_view id = {};
    std::int64_t timestamp_ms = 0;
  };

  bool decode(std::string_view payload, FlightDeparted& to, Envelope* envelope) {
    if (buffer_.size() < payload.size() + simdjson::SIMDJSON_PADDING) buffer_.resize(payload.size() + simdjson::SIMDJSON_PADDING);
    std::memcpy(buffer_.data(), payload.data(), payload.size());
    buffer_[payload.size()] = ' ';  // a brace left over there would cost simdjson a check of the whole
    simdjson::ondemand::document document;
    if (parser_.iterate(buffer_.data(), payload.size(), buffer_.size()).get(document)) return false;
    std::string_view type;
    if (envelope != nullptr && document.find_field("id").get(envelope->id)) return false;
    if (document.find_field("type").get(type) || type != FlightDeparted::type) return false;
    simdjson::ondemand::object body;
    std::string_view text;
    std::int64_t number = 0;
    if (document.find_field("body").get(body)) return false;
    if (body.find_field("aircraft").find_field("tail_number").get(text)) return false;
    to.aircraft.tail_number = text;
    if (body.find_field("carrier").get(text)) return false;
    to.carrier = text;
    if (body.find_field("flight").get(number) || !std::in_range<int>(number)) return false;
    to.flight = static_cast<int>(number);
    if (body.find_field("origin").get(text)) return false;
    to.origin = text;
    if (body.find_field("destination").get(text)) return false;
    to.destination = text;
    if (body.find_field("delay_minutes").get(number) || !std::in_range<int>(number)) return false;
    to.delay_minutes = static_cast<int>(number);
    simdjson::ondemand::value distance;
    if (body.find_field("distance_miles").get(distance)) return false;
    bool null = false;
    if (distance.is_null().get(null)) return false;
    if (!null) {
      if (distance.get(number) || !std::in_range<int>(number)) return false;
      to.distance_miles = static_cast<int>(number);
    }
    if (envelope == nullptr) return true;
    bool more = false;  // behind the object
    const char* rest = nullptr;
    if (document.find_field("timestamp").get(envelope->timestamp_ms)) return false;
    if (document.find_field("").error() != simdjson::NO_SUCH_FIELD) return false;
    more = document.current_location().get(rest) == simdjson::SUCCESS;
    return !more;
  }

 private:
  simdjson::ondemand::parser parser_;
  std::vector<char> buffer_;
};

[[noreturn]] void die(std::string_view what) {
  std::fprintf(stderr, "codec_bench: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(1);
}

double thread_cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return 1e9 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec);
}

/// Nanoseconds of this thread's CPU time that each call of `work(i)` takes.
template <class Work>
double time_each(Work work) {
  const double start = thread_cpu_ns();
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < kMessages; ++i) work(i);
  }
  return (thread_cpu_ns() - start) / (kRounds * static_cast<double>(kMessages));
}

int run(const bench::PairedOptions& options, const bench::Program& program) {
  const auto events = make_events();
  const auto payloads = make_payloads(events);
  const auto& type = dispytch::detail::event_type<FlightDeparted>();
  const dispytch::WireForm form;
  std::int64_t checksum = 0;
  std::size_t bytes = 0;
  for (const auto& payload : payloads) bytes += payload.size();

  ByHand by_hand;
  ByHand::Envelope envelope;
  const auto by_hand_with = [&](ByHand::Envelope* to) {
    return time_each([&, to](std::size_t i) {
      FlightDeparted event;
      if (!by_hand.decode(payloads[i], event, to)) die("simdjson refused a payload");
      checksum += event.flight;
    });
  };
  const bench::Sample decode_by_hand = [&] { return by_hand_with(nullptr); };
  const bench::Sample decode_by_hand_whole = [&] { return by_hand_with(&envelope); };
  Decoder decoder;
  DecodeError error;
  const auto decode = [&](EventMeta* meta) {
    return time_each([&, meta](std::size_t i) {
      FlightDeparted event;
      if (!decoder.open(payloads[i], form, {}, error) || decoder.type() != FlightDeparted::type ||
          !decoder.decode(type, &event, meta, error)) {
        die(to_string(error));
      }
      checksum += event.flight;
    });
  };
  const bench::Sample decode_table = [&] { return decode(nullptr); };
  EventMeta meta;
  const bench::Sample decode_with_meta = [&] { return decode(&meta); };
  const bench::Sample scan = [&] {
    return time_each([&](std::size_t i) { checksum += static_cast<std::int64_t>(dispytch::codec::scan_type(payloads[i], form)->size()); });
  };
  std::string out;
  const bench::Sample encode_table = [&] {
    return time_each([&](std::size_t i) {
      out.clear();
      if (!dispytch::codec::encode(type, &events[i], {.id = "0190a6d2-7e1b-7c3d-9f00-1234567890ab", .timestamp_ms = 1'753'000'000'000},
                                   form, out))
        die("encode failed");
      checksum += static_cast<std::int64_t>(out.size());
    });
  };
  const bench::Sample encode_nlohmann = [&] {
    return time_each([&](std::size_t i) {
      const FlightDeparted& event = events[i];
      const nlohmann::json body{{"aircraft", {{"tail_number", event.aircraft.tail_number}}},
                                {"carrier", event.carrier},
                                {"flight", event.flight},
                                {"origin", event.origin},
                                {"destination", event.destination},
                                {"delay_minutes", event.delay_minutes},
                                {"distance_miles", event.distance_miles ? nlohmann::json(*event.distance_miles) : nlohmann::json{}}};
      checksum += static_cast<std::int64_t>(nlohmann::json{
          {"id", "0190a6d2-7e1b-7c3d-9f00-1234567890ab"}, {"type", "flight_departed"}, {"body", body}, {"timestamp", 1'753'000'000'000}}
                                                .dump()
                                                .size());
    });
  };

  const std::vector<bench::Paired> results{
      bench::compare("control: by hand against itself", decode_by_hand, decode_by_hand, options),
      bench::compare("decode: simdjson by hand, type table", decode_by_hand, decode_table, options),
      bench::compare("decode with id, time, end: by hand, table", decode_by_hand_whole, decode_with_meta, options),
      bench::compare("route: type table, scan for the type", decode_table, scan, options),
      bench::compare("encode: nlohmann, type table", encode_nlohmann, encode_table, options),
  };

  program.save({{"bench", "codec"}, {"payload_bytes", static_cast<double>(bytes) / kMessages}, {"results", bench::to_json(results)}});
  std::printf("payloads of %zu bytes, %zu pairs, checksum %lld\n", bytes / kMessages, options.pairs, static_cast<long long>(checksum));
  std::printf("%-42s %9s %9s %7s  %s\n", "", "a [ns]", "b [ns]", "b/a", "95 % interval");
  for (const auto& r : results) std::printf("%-42s %9.1f %9.1f %7.3f  %.3f to %.3f\n", r.name.c_str(), r.a, r.b, r.ratio, r.low, r.high);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  bench::PairedOptions options{.pairs = 61};
  bench::Program program{"What the codec costs beside simdjson and nlohmann::json by hand"};
  program.number("--pairs", options.pairs, 1, "Measurements of each of two");
  return program.main(argc, argv, [&] { return run(options, program); });
}
