// Any bytes are an event or an error, and what is accepted means the same to another JSON library.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include <dispytch/describe.hpp>

#include "codec/json_codec.hpp"

namespace {

using namespace dispytch;
using nlohmann::json;

enum class Colour { red, blue };
DISPYTCH_ENUM(Colour, red, blue)

struct Card {
  static constexpr auto type = "card";
  std::string digits = {};
};
DISPYTCH_STRUCT(Card, digits)
struct Cash {
  static constexpr auto defaulted = fields("amount");
  double amount = 0;
};
DISPYTCH_STRUCT(Cash, amount)

struct Fuzzed {
  static constexpr auto topic = "{s}.{o}";
  static constexpr auto type = "fuzzed";
  static constexpr auto partition_by = "o";
  static constexpr auto unix_ms = fields("ms");
  static constexpr auto defaulted = fields("i", "u", "small", "d", "s", "b", "v", "bits", "m", "c", "w", "at", "ms", "any", "kids");
  static constexpr WireName wire_names[] = {{"long_name", "a name of more than sixteen bytes"}};

  std::int64_t i = 0;
  std::uint64_t u = 0;
  std::int8_t small = 0;
  double d = 0;
  std::string s = {};
  bool b = false;
  std::optional<std::string> o = {};
  std::optional<int> long_name = {};
  std::vector<int> v = {};
  std::vector<bool> bits = {};
  std::map<std::string, int> m = {};
  Colour c = Colour::red;
  std::variant<Card, Cash> w = {};
  std::chrono::sys_time<std::chrono::nanoseconds> at = {};
  std::chrono::sys_time<std::chrono::milliseconds> ms = {};
  json any = {};
  std::vector<Fuzzed> kids = {};
};
DISPYTCH_EVENT(Fuzzed, i, u, small, d, s, b, o, long_name, v, bits, m, c, w, at, ms, any, kids)

[[noreturn]] void fail(const char* what, std::string_view text) {
  std::fprintf(stderr, "%s:\n%.*s\n", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

/// Reads all of the text. nullopt: it has a number that fits no double, of which that library makes an error.
std::optional<json> parse(std::string_view text) {
  try {
    return json::parse(text);
  } catch (const json::out_of_range&) {
    return std::nullopt;
  } catch (const json::exception& error) {
    fail(error.what(), text);
  }
}

/// Whether what was written is what had been read, as far as it was there. `at` has many spellings.
void compare(const json& was_read, const json& written) {
  for (const auto& [name, value] : written.items()) {
    const auto field = was_read.find(name);
    if (field == was_read.end() || name == "at") continue;
    if (name == "kids") {
      if (field->size() != value.size()) fail("another number of elements", value.dump());
      for (std::size_t i = 0; i < value.size(); ++i) compare((*field)[i], value[i]);
    } else if (name == "w") {
      compare(*field, value);
    } else if (*field != value) {
      fail("another value", name + ": " + field->dump() + " became " + value.dump());
    }
  }
}

std::string write(const Fuzzed& event, const WireForm& form) {
  std::string out;
  const auto result = codec::encode(detail::event_type<Fuzzed>(), &event, {.id = "x", .timestamp_ms = 1}, form, out);
  if (!result) fail("what was read can't be written", result.error().text);
  return out;
}

void check_error(const codec::DecodeError& error, std::string_view payload) {
  if (error.expected.empty() || error.found.empty()) fail("an error without words", payload);
  if (error.offset > payload.size()) fail("an error behind the payload", to_string(error));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const WireForm forms[] = {
      {}, {.layout = WireForm::Layout::flat}, {.layout = WireForm::Layout::flat, .type_from = WireForm::TypeFrom::field, .name = "s"}};
  const WireForm& form = forms[data[0] % std::size(forms)];
  const std::string_view payload{reinterpret_cast<const char*>(data + 1), size - 1};

  static codec::Decoder decoder;  // kept from input to input, as a listener keeps it
  codec::DecodeError error;
  const auto scanned = codec::scan_type(payload, form);
  if (!decoder.open(payload, form, {}, error)) {
    check_error(error, payload);
    return 0;
  }
  if (scanned && *scanned != decoder.type()) fail("the scan finds another type", payload);

  Fuzzed event;
  codec::EventMeta meta;
  if (!decoder.decode(detail::event_type<Fuzzed>(), &event, &meta, error)) {
    check_error(error, payload);
  } else if (const auto other = parse(payload)) {
    const json& was_read = form.layout == WireForm::Layout::envelope ? other->at("body") : *other;
    const std::string flat = write(event, forms[1]);
    compare(was_read, json::parse(flat));
    // What we write we read, and write the same again.
    Fuzzed again;
    if (!decoder.open(flat, forms[1], {}, error) || !decoder.decode(detail::event_type<Fuzzed>(), &again, nullptr, error)) {
      fail("what was written can't be read", to_string(error) + "\n" + flat);
    }
    if (write(again, forms[1]) != flat) fail("another text the second time", flat);
    std::string text;
    codec::write_key(detail::event_type<Fuzzed>(), &event, text);
    (void)codec::write_topic(detail::event_type<Fuzzed>(), &event, text).has_value();
  }

  std::string wrapped;
  if (codec::encode_dynamic(payload, {.id = "x", .type = "t", .timestamp_ms = 1}, forms[0], wrapped)) {
    if (const auto other = parse(payload)) {
      if (json::parse(wrapped).at("body") != *other) fail("wrapping changed the body", wrapped);
    }
  } else if (!wrapped.empty()) {
    fail("something was written all the same", wrapped);
  }
  return 0;
}
