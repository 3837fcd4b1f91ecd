// Payloads to events: the envelope, or the lack of it, around a body.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "codec/describe_error.hpp"
#include "codec/json_codec.hpp"
#include "codec/json_reader.hpp"
#include "codec/structural_index.hpp"

namespace dispytch::codec {

namespace {

/// The fields of an envelope, as bits.
enum : unsigned { kOther = 0, kId = 1, kType = 2, kBody = 4, kTimestamp = 8 };

struct EnvelopeField {
  unsigned bit;
  std::string_view name;
  detail::Key key;
};
constexpr EnvelopeField kEnvelope[] = {
    {kId, "id", detail::Key{"id"}},
    {kType, "type", detail::Key{"type"}},
    {kBody, "body", detail::Key{"body"}},
    {kTimestamp, "timestamp", detail::Key{"timestamp"}},
};

}  // namespace

struct Decoder::Impl {
  StructuralIndex index;
  JsonReader reader;
  WireForm::Layout layout = WireForm::Layout::envelope;
  // In the payload, or in the strings beside them.
  std::string_view type;
  std::string_view id;
  std::string type_text;
  std::string id_text;

  /// How far an envelope was read: by open() as far as the type, by each decode() from there to the end.
  struct Progress {
    Cursor behind = nullptr;  // the type
    Cursor body = nullptr;    // where it came before the type
    unsigned seen = 0;
    unsigned expected = 0;  // index of the field that comes next, mostly
    std::int64_t timestamp_ms = EventMeta::kNoTimestamp;
  } opened;

  bool parse(std::string_view payload) {
    const StructuralIndex::Problem problem = index.build(payload);
    reader.start(index.payload());
    switch (problem) {
      case StructuralIndex::Problem::none: return true;
      case StructuralIndex::Problem::empty: reader.error() = {.expected = "a JSON object", .found = "nothing"}; break;
      case StructuralIndex::Problem::utf8: reader.error() = describe_utf8_problem(index.payload()); break;
      case StructuralIndex::Problem::strings: reader.error() = describe_string_problem(index.payload()); break;
    }
    return false;
  }

  bool no_such_field(std::string expected, std::string_view name) {
    reader.fail(index.begin(), std::move(expected), "no such field");
    reader.within(name);
    return false;
  }

  bool ends_at(Cursor at) {
    if (at != nullptr && at != index.end()) at = reader.fail(at, "the end of the payload");
    return at != nullptr;
  }

  // ---- envelope ----

  bool is(Cursor key, const EnvelopeField& field) const noexcept { return reader.is_key(key, field.key, field.name); }

  /// The field that a key is, as an index of kEnvelope, or behind it; false: the key is broken.
  bool identify(Cursor key, unsigned& found) {
    const auto* field = std::ranges::find_if(kEnvelope, [&](const EnvelopeField& candidate) { return is(key, candidate); });
    if (field == std::end(kEnvelope)) {
      std::string_view name;
      if (!reader.key_text(key, name)) return false;
      field = std::ranges::find(kEnvelope, name, &EnvelopeField::name);
    }
    found = static_cast<unsigned>(field - std::begin(kEnvelope));
    return true;
  }

  /// What decode() reads into; open() has none.
  struct Target {
    const detail::TypeTable& table;
    void* body;
  };

  /// Walks from a key to the end of the object; without a target as far as the type, then null and progress.behind is set.
  Cursor walk(Cursor key, Progress& progress, const Target* target) {
    for (;; ++key) {
      if (*reader.at(key) != '"' || *reader.at(key + 1) != ':') return reader.fail_field(key);
      unsigned field = progress.expected;
      if ((field >= std::size(kEnvelope) || !is(key, kEnvelope[field])) && !identify(key, field)) return nullptr;
      const unsigned bit = field < std::size(kEnvelope) ? kEnvelope[field].bit : kOther;
      if ((progress.seen & bit) != 0) return reader.fail_twice(key);
      progress.seen |= bit;
      progress.expected = field + 1;
      const Cursor behind = read(bit, key + 2, progress, target);
      if (behind == nullptr) return reader.within_key(key);
      if (target == nullptr && bit == kType) {
        progress.behind = behind;
        return nullptr;
      }
      key = behind;
      if (*reader.at(key) == '}') return key + 1;
      if (*reader.at(key) != ',') return reader.fail(key, "`,` or `}`");
    }
  }

  Cursor read(unsigned bit, Cursor at, Progress& progress, const Target* target) {
    switch (bit) {
      case kId: return read_text(at, id, id_text);
      case kType: return read_text(at, type, type_text);
      case kTimestamp: return reader.integer(at, progress.timestamp_ms);
      case kBody:
        if (target != nullptr) return reader.structure(at, target->table, target->body, 0);
        progress.body = at;
        return reader.skip(at, 0);
      default: return reader.skip(at, 0);
    }
  }

  /// `memory` is used for a text with escapes alone.
  Cursor read_text(Cursor at, std::string_view& to, std::string& memory) {
    const Cursor behind = reader.string(at, to);
    if (!reader.is_in_payload(to)) to = memory.assign(to);
    return behind;
  }

  bool open_envelope() {
    opened = {};
    id = {};
    const Cursor first = index.begin() + 1;
    if (*reader.at(first) != '}' && walk(first, opened, nullptr) == nullptr) return opened.behind != nullptr;
    return no_such_field("a string, the event's type", "type");
  }

  bool decode_envelope(const EventType& event, void* body, std::int64_t& timestamp_ms) {
    Progress progress = opened;
    const Target target{*event.body, body};
    if (progress.body != nullptr && reader.structure(progress.body, target.table, body, 0) == nullptr)
      return reader.within("body") != nullptr;
    Cursor at = progress.behind;
    if (*reader.at(at) == ',') {
      at = walk(at + 1, progress, &target);
    } else {
      at = *reader.at(at) == '}' ? at + 1 : reader.fail(at, "`,` or `}`");
    }
    if (at != nullptr && (progress.seen & kBody) == 0) return no_such_field("an object (" + std::string{event.name} + ")", "body");
    timestamp_ms = progress.timestamp_ms;
    return ends_at(at);
  }

  // ---- flat ----

  bool find_type_field(std::string_view name) {
    bool found = false;
    const Cursor end = reader.for_each_field(index.begin(), [&](Cursor key, Cursor at) -> Cursor {
      std::string_view text;
      if (!reader.key_text(key, text)) return nullptr;
      const bool wanted = text == name;
      const Cursor behind = wanted ? read_text(at, type, type_text) : reader.skip(at, 0);
      if (behind == nullptr) return reader.within_key(key);
      found = wanted;
      return wanted ? nullptr : behind;
    });
    if (end != nullptr) return no_such_field("a string, the event's type", name);
    return found;
  }

  bool find_type(const WireForm& form, std::string_view header_type) {
    if (*reader.at(index.begin()) != '{') return reader.fail(index.begin(), "a JSON object") != nullptr;
    if (layout == WireForm::Layout::envelope) return open_envelope();
    id = {};
    switch (form.type_from) {
      case WireForm::TypeFrom::none: type = {}; break;
      case WireForm::TypeFrom::field: return find_type_field(form.name);
      case WireForm::TypeFrom::header: type = type_text.assign(header_type); break;
      case WireForm::TypeFrom::fixed: type = type_text.assign(form.name); break;
    }
    return true;
  }

  bool decode(const EventType& event, void* body, std::int64_t& timestamp_ms) {
    if (layout == WireForm::Layout::envelope) return decode_envelope(event, body, timestamp_ms);
    return ends_at(reader.structure(index.begin(), *event.body, body, 0));
  }
};

Decoder::Decoder() : impl_{std::make_unique<Impl>()} {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

bool Decoder::open(std::string_view payload, const WireForm& form, std::string_view header_type, DecodeError& error) {
  impl_->layout = form.layout;
  if (impl_->parse(payload) && impl_->find_type(form, header_type)) return true;
  error = std::move(impl_->reader.error());
  return false;
}

std::string_view Decoder::type() const noexcept { return impl_->type; }

bool Decoder::decode(const EventType& event, void* body, EventMeta* meta, DecodeError& error) {
  std::int64_t timestamp_ms = EventMeta::kNoTimestamp;
  if (impl_->decode(event, body, timestamp_ms)) {
    if (meta != nullptr) *meta = {.id = impl_->id, .type = impl_->type, .timestamp_ms = timestamp_ms};
    return true;
  }
  error = std::move(impl_->reader.error());
  error.event = event.name;
  return false;
}

}  // namespace dispytch::codec
