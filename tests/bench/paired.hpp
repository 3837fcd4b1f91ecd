// Compares two ways of doing the same work: in pairs, in random order, with the uncertainty of the result beside it.
//
// A machine that others use, or one whose clock rate wanders, makes two runs one after the other say little. The two of a pair run
// within moments of one another, so that what disturbs one disturbs the other, and the order within each pair is drawn, so that warming up
// favours neither. What is reported is the median over the pairs of b/a with a bootstrap interval (Efron 1979), and beside every comparison
// belongs a control: a against itself, whose interval must hold 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace dispytch::bench {

/// Does a good deal of the work once and says what an operation cost: nanoseconds, or whatever is compared.
using Sample = std::function<double()>;

struct Paired {
  std::string name = {};
  double a = 0;  ///< median cost of an operation
  double b = 0;
  double ratio = 0;  ///< median of b/a over the pairs
  double low = 0;    ///< bounds of the 95 % interval of the ratio
  double high = 0;
  std::size_t pairs = 0;
};

/// What a benchmark found, for programs; `file` is replaced. Ends the process with 1 where it can't be written.
void save(const nlohmann::json& result, const std::string& file);

/// The results as JSON. `a` and `b`: what the two are called there.
nlohmann::json to_json(const std::vector<Paired>& results, const std::string& a = "a", const std::string& b = "b");

double median(std::vector<double> values);

struct PairedOptions {
  std::size_t pairs = 31;
  std::size_t resamples = 2000;
  std::uint64_t seed = 1;
};

Paired compare(std::string name, const Sample& a, const Sample& b, const PairedOptions& options = {});

}  // namespace dispytch::bench
