// expect: dispytch: a factory takes Named<...> and references to provided objects
#include <dispytch/parameters.hpp>

void provide(dispytch::Providers& providers) {
  providers.add_factory<int>({}, dispytch::Providers::Lifetime::call, [](double number) { return static_cast<int>(number); });
}
