#include "properties.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <sstream>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

namespace dispytch::kafka {
namespace {

std::string librdkafkas_table() {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* file = open_memstream(&text, &size);
  if (file == nullptr) return {};
  rd_kafka_conf_properties_show(file);
  std::fclose(file);
  std::string table{text, size};
  std::free(text);
  return table;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  return begin == std::string_view::npos ? std::string_view{} : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// Levenshtein's: how many characters must be changed, added or taken away.
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

const Properties& Properties::known() {
  static const Properties& properties = *new Properties;  // never destroyed: a plugin isn't unloaded
  return properties;
}

// A line is `name | C/P | range | default | importance | description`; C/P is C, P or *. A name that is both global and per topic
// stands there twice.
Properties::Properties() {
  std::istringstream table{librdkafkas_table()};
  for (std::string line; std::getline(table, line);) {
    const std::size_t bar = line.find(" | ");
    if (bar == std::string::npos || line.starts_with("Property ")) continue;
    const std::string_view name = trimmed(std::string_view{line}.substr(0, bar));
    const std::string_view side = trimmed(std::string_view{line}.substr(bar + 3, 3));
    scopes_.emplace(name, Scope{.producer = side != "C", .consumer = side != "P"});
  }
}

std::optional<Scope> Properties::find(std::string_view name) const {
  const auto found = scopes_.find(name);
  return found == scopes_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<std::string_view> Properties::nearest(std::string_view name) const {
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 4) + 1;
  for (const auto& [candidate, scope] : scopes_) {
    const std::size_t candidate_distance = distance(name, candidate);
    if (candidate_distance < best_distance) {
      best = candidate;
      best_distance = candidate_distance;
    }
  }
  return best;
}

}  // namespace dispytch::kafka
