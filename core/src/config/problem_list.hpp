// The problems of one run, gathered by the steps of the pipeline.
#pragma once

#include <string>
#include <string_view>

#include "config/load.hpp"
#include "config/tree.hpp"

namespace dispytch::config {

class ProblemList {
 public:
  /// Keeps a reference to the tree: places, paths and what is broken already are looked up in it.
  ProblemList(std::string file, const Tree& tree);

  /// A mistake in the value at a pointer, or in its key. Nothing is added for values that could not be read.
  void add(std::string_view pointer, bool about_key, const std::string& text);
  bool is_broken(std::string_view pointer) const;
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
};

}  // namespace dispytch::config
