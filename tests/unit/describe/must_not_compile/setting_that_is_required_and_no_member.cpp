// expect: dispytch: Settings::required names something that is no described member
#include <dispytch/settings.hpp>

struct Settings {
  static constexpr auto required = dispytch::fields("lvl");
  int level = 0;
};
DISPYTCH_SETTINGS(Settings, level)
