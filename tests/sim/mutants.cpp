#include "sim/mutants.hpp"

#include "base/mutate.hpp"

namespace dispytch::sim {
namespace {

std::string_view mutant;

}  // namespace

void set_mutant(std::string_view name) noexcept { mutant = name; }

bool mutated(std::string_view name) noexcept { return !mutant.empty() && mutant == name; }

}  // namespace dispytch::sim
