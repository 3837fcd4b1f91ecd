#include "schema/judge.hpp"

#include <exception>
#include <map>
#include <utility>

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "schema/pointer.hpp"

namespace dispytch::schema {

struct Judge::Compiled {
  valijson::Schema schema;
};

Judge::Judge(std::unique_ptr<const Compiled> compiled) : compiled_{std::move(compiled)} {}
Judge::Judge(Judge&&) noexcept = default;
Judge& Judge::operator=(Judge&&) noexcept = default;
Judge::~Judge() = default;

namespace {

// valijson's places: {"<root>", "[\"backends\"]", "[0]"}; a key is not escaped.
std::string pointer_of(const std::vector<std::string>& context) {
  std::string pointer;
  for (const std::string& step : context) {
    if (step.starts_with("[\"")) {
      pointer = child(pointer, std::string_view{step}.substr(2, step.size() - 4));
    } else if (step.starts_with('[')) {
      pointer = child(pointer, std::string_view{step}.substr(1, step.size() - 2));
    }
  }
  return pointer;
}

void shorten(nlohmann::json& value) {
  if (value.is_string()) {
    std::string& text = value.get_ref<std::string&>();
    if (text.size() <= kLongestMatched) return;
    std::size_t end = kLongestMatched;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // not inside a character
    text.resize(end);
  } else if (value.is_structured()) {
    for (nlohmann::json& part : value) shorten(part);
  }
}

}  // namespace

Result<Judge> Judge::compile(const nlohmann::json& document) {
  try {
    auto compiled = std::make_unique<Compiled>();
    valijson::SchemaParser parser{valijson::SchemaParser::kDraft7};
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter{document}, compiled->schema);
    return Judge{std::move(compiled)};
  } catch (const std::exception& exception) {
    return Error{.code = ErrorCode::config, .text = exception.what()};
  }
}

std::vector<Judge::Objection> Judge::objections(const nlohmann::json& value) const {
  nlohmann::json judged = value;
  shorten(judged);
  valijson::ValidationResults results;
  valijson::Validator validator;
  if (validator.validate(compiled_->schema, valijson::adapters::NlohmannJsonAdapter{judged}, &results)) return {};

  std::vector<Objection> all;
  for (valijson::ValidationResults::Error error; results.popError(error);)
    all.push_back({.pointer = pointer_of(error.context), .text = error.description});
  if (all.empty()) all.push_back({.text = "the schema allows no value here"});
  std::map<std::string, Objection> by_pointer;
  for (Objection& objection : all) by_pointer.emplace(objection.pointer, std::move(objection));
  std::vector<Objection> innermost;
  for (auto& [pointer, objection] : by_pointer) {
    const auto below = by_pointer.lower_bound(pointer + '/');
    if (below == by_pointer.end() || !within(pointer, below->first)) innermost.push_back(std::move(objection));
  }
  return innermost;
}

}  // namespace dispytch::schema
