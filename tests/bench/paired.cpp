#include "bench/paired.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <utility>

#include <nlohmann/json.hpp>

namespace dispytch::bench {

void save(const nlohmann::json& result, const std::string& file) {
  std::ofstream out{file};
  if ((out << result.dump(2) << '\n').flush()) return;
  std::fprintf(stderr, "%s can't be written\n", file.c_str());
  std::exit(1);
}

nlohmann::json to_json(const std::vector<Paired>& results, const std::string& a, const std::string& b) {
  auto list = nlohmann::json::array();
  for (const Paired& r : results) {
    list.push_back(
        {{"name", r.name}, {a + "_ns", r.a}, {b + "_ns", r.b}, {"ratio", r.ratio}, {"low", r.low}, {"high", r.high}, {"pairs", r.pairs}});
  }
  return list;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

Paired compare(std::string name, const Sample& a, const Sample& b, const PairedOptions& options) {
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
