// Plugins that break the contract in one way each, to prove that the kit finds it: a sound plugin behind a few functions that lie.
#pragma once

#include <string_view>
#include <vector>

#include <dispytch/plugin/admin.h>

namespace dispytch::conformance {

/// The tables of a plugin, to be changed.
struct Tables {
  explicit Tables(const dispytch_plugin& sound);
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  dispytch_producer_api producer;
  dispytch_consumer_api consumer;
  dispytch_plugin plugin;
};

struct Mutant {
  std::string_view name;                 ///< what is wrong with it
  void (*mutate)(Tables& tables);        ///< its functions call sound()
  std::vector<std::string_view> breaks;  ///< the rules that must find it out
};

/// The plugin that the mutant's functions stand before; set before they are called. One mutant at a time in a process.
const dispytch_plugin& sound() noexcept;
void set_sound(const dispytch_plugin& plugin) noexcept;

// Of the memory backend, by what they lie about.
std::vector<Mutant> open_mutants();
std::vector<Mutant> produce_mutants();
std::vector<Mutant> deliver_mutants();
std::vector<Mutant> settle_mutants();
std::vector<Mutant> attempts_mutants();
std::vector<Mutant> group_mutants();
std::vector<Mutant> admin_mutants();
// Of the queue backend.
std::vector<Mutant> queue_mutants();

}  // namespace dispytch::conformance
