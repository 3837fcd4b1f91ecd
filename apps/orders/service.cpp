#include "service.hpp"

#include <chrono>
#include <memory>

#include "events.hpp"

namespace orders {

dispytch::HandlerGroup payments() {
  dispytch::HandlerGroup group{{.topic = "orders"}};

  group.on<OrderPlaced>(
      [](const OrderPlaced& placed, Session& session, const Settings& settings, dispytch::Context context) -> dispytch::Outcome {
        if (!session.charge(placed.order, placed.customer, placed.cents, settings.credit_cents)) {
          return dispytch::dead_letter("customer " + placed.customer + " has no credit left for order " + placed.order);
        }
        session.commit();
        // The order is settled once the broker has this. Should the process end before, it comes again, is not charged again, and is
        // emitted.
        context.emit(PaymentTaken{.order = placed.order, .customer = placed.customer, .article = placed.article, .pieces = placed.pieces});
        return dispytch::done();
      },
      {.name = "take payment"});

  return group;
}

dispytch::HandlerGroup warehouse() {
  dispytch::HandlerGroup group{{.topic = "payments"}};

  group.on_batch<PaymentTaken>(
      [](dispytch::Batch<PaymentTaken>& payments, Session& session, dispytch::Context context) {
        for (auto& payment : payments) {
          const PaymentTaken& paid = payment.body;
          if (session.reserve(paid.order, paid.article, paid.pieces)) {
            context.emit(ShipmentReady{.order = paid.order, .customer = paid.customer, .article = paid.article, .pieces = paid.pieces});
          } else {
            payment.outcome(dispytch::dead_letter("not enough " + paid.article + " for order " + paid.order));  // its neighbours go on
          }
        }
        session.commit();
      },
      {.max = 100, .wait = std::chrono::milliseconds{20}, .name = "reserve"});

  return group;
}

dispytch::HandlerGroup shipping() {
  dispytch::HandlerGroup group{{.topic = "shipments"}};

  group.on<ShipmentReady>(
      [](const ShipmentReady& ready, Session& session) {
        session.ship(ready.order);
        session.commit();
      },
      {.name = "ship"});

  return group;
}

dispytch::App order_service(Store& store) {
  dispytch::App app{"order-service", "1.0.0"};
  app.settings<Settings>();
  app.provide(std::ref(store));
  app.provide_made<Pool>([](Store& of, const Settings& settings) {
    of.put_into_stock(settings.stock);
    return std::make_unique<Pool>(of, settings.sessions);
  });
  app.provide_per_message<Session>([](Pool& pool) { return std::make_unique<Session>(pool); });
  app.listen("payments", payments());
  app.listen("warehouse", warehouse());
  app.listen("shipping", shipping());
  return app;
}

}  // namespace orders
