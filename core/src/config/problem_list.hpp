// The problems of one run, gathered by the steps of the pipeline.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "config/tree.hpp"

namespace dispytch::config {

/// What a plugin says of options: a JSON pointer into the document that it was given, and why. One that isn't within `config` is taken as
/// part of the text, of a refusal of the whole `config`.
struct Refusal {
  std::string pointer = "/config";
  std::string text = {};
};
Refusal read_refusal(std::string text);

/// Returns whether a refusal of a client is about an option of its backend, which holds for all of its clients: `own` and `of_backend` are
/// their `config`, `pointer` is that of the refusal.
bool stands_in_backend(const nlohmann::json& own, const nlohmann::json& of_backend, std::string_view pointer);

/// A text with `***` for each value at one of the pointers that it quotes.
std::string scrub(const nlohmann::json& values, const std::set<std::string>& secrets, std::string text);

class ProblemList {
 public:
  /// Keeps a reference to the tree: places, paths and what is broken already are looked up in it.
  ProblemList(std::string file, const Tree& tree);

  /// A mistake in the value at a pointer, or in its key. Nothing is added for values that could not be read.
  void add(std::string_view pointer, bool about_key, const std::string& text);
  bool is_broken(std::string_view pointer) const;
  /// Whether a mistake at just this pointer was added: what it says is not to be relied on.
  bool is_reported(std::string_view pointer) const { return reported_.contains(pointer); }
  const Positions& positions() const { return positions_; }

  /// All of them, sorted by position. What aliases repeat is said once.
  Problems sorted() &&;

 private:
  std::string file_;
  const Tree& tree_;
  Positions positions_ = {};
  struct Entry {
    Problem problem = {};
    bool placed = false;  ///< the key or value stands in the file
  };
  std::vector<Entry> entries_ = {};
  std::set<std::string, std::less<>> reported_ = {};
};

}  // namespace dispytch::config
