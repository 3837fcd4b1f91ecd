// Messages for tests of lanes: no broker, no batch.
#pragma once

#include <cstdint>
#include <deque>

#include "inflight/item.hpp"
#include "lane/lanes.hpp"
#include "settle/source.hpp"

namespace dispytch::lane {

struct SomeItems {
  settle::Source source{1, 64};
  std::deque<Item> items = {};

  Item& make() {
    Item& item = items.emplace_back();
    item.source = &source;
    return item;
  }
  Item& push(Lanes& lanes, std::string_view key, std::int32_t partition = 0) {
    Item& item = make();
    lanes.push(item, lanes.place("orders", partition), key, true);
    return item;
  }
};

}  // namespace dispytch::lane
