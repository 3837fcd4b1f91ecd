// expect: dispytch: Settings::level has a type that a config file can't carry; <dispytch/settings.hpp> lists those that it can
#include <dispytch/settings.hpp>

struct Settings {
  float level = 0;
};
DISPYTCH_SETTINGS(Settings, level)
