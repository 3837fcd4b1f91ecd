// The librdkafka properties that the operator has set, checked one by one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <librdkafka/rdkafka.h>
#include <dispytch/plugin/config.hpp>
#include <dispytch/plugin/secrets.hpp>

#include "handles.hpp"
#include "properties.hpp"

namespace dispytch::kafka {

/// Whose `config` an option stands in.
enum class Owner { backend, producer, consumer };

/// One property and its value, as librdkafka takes them.
struct Option {
  std::string name = {};
  std::string value = {};
  std::string pointer = {};  ///< where the operator wrote it: /config/acks
  Scope scope = {};
};

/// The members of one `config` object, each of them known to librdkafka, with a value that it takes, and not one that dispytch decides
/// itself. Immutable.
class Options {
 public:
  Options() = default;
  /// Throws Exception with DISPYTCH_ECONFIG, beginning with the option's JSON pointer, at the first that is wrong.
  Options(const plugin::Config& object, Owner owner);

  const std::vector<Option>& all() const noexcept { return options_; }
  /// nullptr where the operator didn't set it.
  const Option* find(std::string_view name) const noexcept;
  /// Returns the option that a refusal of librdkafka is about: the one that it names, else one that decides of the same thing. nullptr:
  /// none of these.
  const Option* to_blame_for(std::string_view reason) const noexcept;
  const plugin::Secrets& secrets() const noexcept { return secrets_; }

  /// Sets those that concern that kind of client.
  void apply(rd_kafka_conf_t* conf, rd_kafka_type_t type) const;

 private:
  std::vector<Option> options_;
  plugin::Secrets secrets_;
};

}  // namespace dispytch::kafka
