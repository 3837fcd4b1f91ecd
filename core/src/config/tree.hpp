// What a config file says before anybody judged it: values, their places, and the mistakes found while it was read.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "config/config.hpp"
#include "config/interpolate.hpp"

namespace dispytch::config {

struct Tree {
  nlohmann::json value = nullptr;
  std::map<std::string, Positions::Place> places = {};  ///< by JSON pointer
  std::map<std::string, std::string> written = {};      ///< as the file has them: values in which something was put
  std::map<std::string, std::string> letters = {};      ///< as they stood, unquoted: numbers and words whose value is written differently
  std::set<std::string> secrets = {};                   ///< values that came from a secret place
  std::set<std::string> broken = {};                    ///< values that have a problem already: nothing more is said of them
  struct Mistake {
    std::string pointer = {};
    Position position = {};
    std::string text = {};
  };
  std::vector<Mistake> mistakes = {};
  bool complete = true;  ///< false: reading broke off, so that what is missing says nothing
};

/// Ends the reading of a file: a mistake after which nothing that follows can be understood.
struct Unreadable : std::runtime_error {
  Unreadable(Position at, const std::string& text) : std::runtime_error{text}, position{at} {}
  Position position;
};

/// Makes a Tree of what a parser meets, in the order of the file. Bounds depth, number of nodes and size, also of what aliases repeat.
/// Throws Unreadable beyond them.
class TreeBuilder {
 public:
  static constexpr std::size_t kDeepest = 64;
  static constexpr std::size_t kMostNodes = 100'000;
  static constexpr std::size_t kMostText = std::size_t{16} << 20;  ///< bytes of all keys and values
  static constexpr std::size_t kLongestKey = 1024;                 ///< bytes

  explicit TreeBuilder(Sources sources) : sources_{std::move(sources)} {}

  void begin_map(Position at);
  void begin_list(Position at);
  void key(std::string name, Position at, bool merges = false);
  /// A scalar that may hold `${...}`; `plain`: unquoted, typed by what it says.
  void scalar(const std::string& text, Position at, bool plain);
  /// A scalar whose value is known; `letters` as it stands in the file, unquoted.
  void value(nlohmann::json value, Position at, std::string_view letters = {});
  void end();

  /// Whether a key comes next.
  bool wants_key() const { return !frames_.empty() && frames_.back().value.is_object() && !frames_.back().has_key; }
  std::size_t depth() const { return frames_.size(); }

  /// The node that comes next can be repeated under this number, the finished one is.
  void anchor(std::size_t number) { next_anchor_ = number; }
  /// The key that came last can be repeated under this number, as a value.
  void anchor_of_key(std::size_t number, nlohmann::json value) { anchors_[number] = {.value = std::move(value)}; }
  void alias(std::size_t number, Position at);

  void mistake(Position at, std::string text);
  /// The tree as far as it was read. The builder is of no use after that.
  Tree finish(bool complete);

 private:
  struct Frame {
    nlohmann::json value = nullptr;
    std::string pointer = {};
    std::string key = {};
    bool has_key = false;
    bool repeated = false;  ///< the key was there already: what follows is read and thrown away
    bool merges = false;    ///< there is a merge key `<<`
    std::size_t anchor = 0;
  };
  struct Anchored {
    nlohmann::json value = nullptr;
    std::string pointer = {};  ///< empty: it was a key
  };

  std::string next_pointer() const;
  void begin(nlohmann::json empty, Position at);
  void put(nlohmann::json value, std::size_t anchor);
  void place(const std::string& pointer, Position at);
  void count(std::size_t nodes, std::size_t text, Position at);
  void count_copy(const nlohmann::json& value, std::size_t depth, Position at);
  void merge(Frame& frame);
  void copy_notes(const std::string& from, const std::string& to);
  void erase_notes(const std::string& pointer);

  Sources sources_;
  Tree tree_ = {};
  std::vector<Frame> frames_ = {};
  std::map<std::size_t, Anchored> anchors_ = {};
  std::size_t next_anchor_ = 0;
  Position key_position_ = {};
  std::size_t nodes_ = 0;
  std::size_t text_ = 0;
};

/// Reads YAML 1.2 by way of yaml-cpp. Aliases and merge keys are resolved; custom tags, several documents and keys that are no scalars are
/// mistakes.
Tree parse_yaml(const std::string& text, Sources sources);

/// Reads JSON (RFC 8259).
Tree parse_json(const std::string& text, Sources sources);

}  // namespace dispytch::config
