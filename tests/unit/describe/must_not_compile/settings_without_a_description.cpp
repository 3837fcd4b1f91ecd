// expect: dispytch: settings<T>() needs a struct described by DISPYTCH_SETTINGS
#include <dispytch/app.hpp>

struct Settings {
  int level = 0;
};

void read(dispytch::App& app) { app.settings<Settings>(); }
