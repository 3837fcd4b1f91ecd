// Compares two ways of doing the same work: in pairs, in random order, with the uncertainty of the result beside it.
//
// A machine that others use, or one whose clock rate wanders, makes two runs one after the other say little. The two of a pair run
// within moments of one another, so that what disturbs one disturbs the other, and the order within each pair is drawn, so that warming up
// favours neither. What is reported is the median over the pairs of b/a with a bootstrap interval (Efron 1979), and beside every comparison
// belongs a control: a against itself, whose interval must hold 1.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

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
inline void save(const nlohmann::json& result, const std::string& file) {
  std::ofstream out{file};
  if ((out << result.dump(2) << '\n').flush()) return;
  std::fprintf(stderr, "%s can't be written\n", file.c_str());
  std::exit(1);
}

/// The results as JSON. `a` and `b`: what the two are called there.
inline nlohmann::json to_json(const std::vector<Paired>& results, const std::string& a = "a", const std::string& b = "b") {
  auto list = nlohmann::json::array();
  for (const Paired& r : results) {
    list.push_back(
        {{"name", r.name}, {a + "_ns", r.a}, {b + "_ns", r.b}, {"ratio", r.ratio}, {"low", r.low}, {"high", r.high}, {"pairs", r.pairs}});
  }
  return list;
}

inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

struct PairedOptions {
  std::size_t pairs = 31;
  std::size_t resamples = 2000;
  std::uint64_t seed = 1;
};

inline Paired compare(std::string name, const Sample& a, const Sample& b, const PairedOptions& options = {}) {
  std::mt19937_64 random{options.seed};
  std::vector<double> costs_a;
  std::vector<double> costs_b;
  std::vector<double> ratios;
  a();  // caches and allocators, once
  b();
  for (std::size_t i = 0; i < options.pairs; ++i) {
    double cost_a = 0;
    double cost_b = 0;
    if ((random() & 1) != 0) {
      cost_a = a();
      cost_b = b();
    } else {
      cost_b = b();
      cost_a = a();
    }
    costs_a.push_back(cost_a);
    costs_b.push_back(cost_b);
    ratios.push_back(cost_b / cost_a);
  }

  std::vector<double> medians;
  std::vector<double> resample(ratios.size());
  std::uniform_int_distribution<std::size_t> any{0, ratios.size() - 1};
  for (std::size_t i = 0; i < options.resamples; ++i) {
    std::ranges::generate(resample, [&] { return ratios[any(random)]; });
    medians.push_back(median(resample));
  }
  std::ranges::sort(medians);
  const auto at = [&](double share) { return medians[static_cast<std::size_t>(share * static_cast<double>(medians.size() - 1))]; };
  return {std::move(name), median(costs_a), median(costs_b), median(ratios), at(0.025), at(0.975), options.pairs};
}

}  // namespace dispytch::bench
