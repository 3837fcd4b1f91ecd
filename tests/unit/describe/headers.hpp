// What the files in must_not_compile include, compiled once for all of them.
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <dispytch/describe.hpp>
#include <dispytch/handler.hpp>
