// Runs the order service. `--orders 1000` places orders of its own first; without it they come from elsewhere.
#include <cstdio>
#include <string>
#include <vector>

#include "events.hpp"
#include "service.hpp"

int main(int argc, char** argv) {
  int count = 0;
  orders::Store store;
  dispytch::App app = orders::order_service(store);
  app.option("--orders", "Orders to place; 0 is none", count).task("customers", [&](dispytch::EventEmitter& out, std::stop_token stop) {
    std::vector<orders::OrderPlaced> placed;
    for (int i = 0; i < count && !stop.stop_requested(); ++i) {
      placed.push_back({.order = "o-" + std::to_string(i),
                        .customer = "c-" + std::to_string(i % 50),
                        .article = i % 3 == 0 ? "tea" : "coffee",
                        .cents = 500});
    }
    out.emit_all(placed).value();
  });
  const int exit_code = app.main(argc, argv);
  const orders::Tables end = store.read();
  std::printf("%zu paid, %zu reserved, %zu shipped\n", end.paid.size(), end.reserved.size(), end.shipped.size());
  return exit_code;
}
