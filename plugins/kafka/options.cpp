#include "options.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include <dispytch/plugin/status.hpp>

#include "schema.hpp"

namespace dispytch::kafka {
namespace {

using plugin::Config;
using plugin::Exception;

// What the schema says of single properties, read from there so that it is said once.
struct Rules {
  std::map<std::string, std::string, std::less<>> instead;  // by the property that dispytch decides: what to use
  std::set<std::string, std::less<>> secret;

  Rules() {
    for (const auto& [name, property] : Config{kSchema}.at("$defs").at("backend").at("properties").members()) {
      if (property.at("x-instead")) instead.emplace(name, property.require<std::string>("x-instead"));
      if (property.get("writeOnly", false)) secret.insert(name);
    }
  }
  static const Rules& get() {
    static const Rules& rules = *new Rules;  // never destroyed: a plugin isn't unloaded
    return rules;
  }
};

// What librdkafka refuses without naming a property, and the properties that decide of it.
struct Subject {
  std::string_view word;
  std::array<std::string_view, 3> deciding;
};
constexpr std::array kSubjects{
    Subject{"sasl.", {"sasl.mechanism", "sasl.mechanisms", "security.protocol"}},
    Subject{"SASL", {"sasl.mechanism", "sasl.mechanisms", "security.protocol"}},
    Subject{"Private key", {"ssl.key.location", "ssl.key.pem", "ssl.certificate.location"}},
    Subject{"ssl.", {"security.protocol", "", ""}},
    Subject{"SSL", {"security.protocol", "", ""}},
};

std::string value_text(const Config& value) {
  switch (value.kind()) {
    case Config::Kind::string: return value.as<std::string>();
    case Config::Kind::number:
    case Config::Kind::boolean: return std::string{value.text()};
    default: throw Exception{value.error("expected a string, a number, true or false")};
  }
}

std::string unknown(std::string_view name) {
  std::string text = "librdkafka ";
  text += rd_kafka_version_str();
  text += " has no property `" + std::string{name} + "`";
  if (const auto nearest = Properties::known().nearest(name)) text += "; did you mean `" + std::string{*nearest} + "`?";
  return text;
}

}  // namespace

Options::Options(const Config& object, Owner owner) {
  const Rules& rules = Rules::get();
  const ConfHandle trial{rd_kafka_conf_new()};
  for (const auto& [name, value] : object.members()) {
    if (const auto ruled = rules.instead.find(name); ruled != rules.instead.end()) {
      throw Exception{value.error("not an option here: " + ruled->second)};
    }
    Option option{.name = name, .value = value_text(value), .pointer = value.pointer()};
    if (const auto scope = Properties::known().find(name)) option.scope = *scope;
    if (owner == Owner::producer && !option.scope.producer) {
      throw Exception{value.error("is a property of consumers: give it to a listener or to the backend")};
    }
    if (owner == Owner::consumer && !option.scope.consumer) {
      throw Exception{value.error("is a property of producers: give it to an emitter or to the backend")};
    }
    if (rules.secret.contains(name)) secrets_.add(option.value);
    std::array<char, 512> reason{};
    switch (rd_kafka_conf_set(trial.get(), name.c_str(), option.value.c_str(), reason.data(), reason.size())) {
      case RD_KAFKA_CONF_OK: break;
      case RD_KAFKA_CONF_UNKNOWN: throw Exception{value.error(unknown(name))};
      case RD_KAFKA_CONF_INVALID: throw Exception{value.error(secrets_.hide(reason.data()))};
    }
    options_.push_back(std::move(option));
  }
}

const Option* Options::find(std::string_view name) const noexcept {
  const auto found = std::find_if(options_.begin(), options_.end(), [&](const Option& option) { return option.name == name; });
  return found == options_.end() ? nullptr : &*found;
}

const Option* Options::to_blame_for(std::string_view reason) const noexcept {
  const Option* blamed = nullptr;
  for (const Option& option : options_) {
    if (reason.find(option.name) != std::string_view::npos && (blamed == nullptr || option.name.size() > blamed->name.size())) {
      blamed = &option;
    }
  }
  if (blamed != nullptr) return blamed;
  for (const Subject& subject : kSubjects) {
    if (reason.find(subject.word) == std::string_view::npos) continue;
    for (const std::string_view name : subject.deciding) {
      if (const Option* found = find(name)) return found;
    }
  }
  return nullptr;
}

void Options::apply(rd_kafka_conf_t* conf, rd_kafka_type_t type) const {
  for (const Option& option : options_) {
    if (type == RD_KAFKA_PRODUCER ? option.scope.producer : option.scope.consumer) {
      rd_kafka_conf_set(conf, option.name.c_str(), option.value.c_str(), nullptr, 0);  // tried before
    }
  }
}

}  // namespace dispytch::kafka
