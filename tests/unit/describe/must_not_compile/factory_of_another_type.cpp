// expect: dispytch: a factory of T returns a T or a std::unique_ptr<T>
#include <dispytch/parameters.hpp>

#include <string>

void provide(dispytch::Providers& providers) {
  providers.add_factory<std::string>({}, dispytch::Providers::Lifetime::call, [] { return 7; });
}
