// The order service: each step by itself and all of it in a chain, without a broker; then the program.
#include "service.hpp"

#include <cstdint>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dispytch/testing/harness.hpp>

#include "events.hpp"
#include "support/process.hpp"

namespace orders {
namespace {

using dispytch::testing::Harness;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class OrderService : public ::testing::Test {
 protected:
  OrderPlaced order(const std::string& name, const std::string& article = "tea", std::int64_t cents = 500) {
    return {.order = name, .customer = "ann", .article = article, .cents = cents};
  }
  Store store;
  Harness harness{order_service(store), {.file = ORDERS_CONFIG}};
};

TEST_F(OrderService, TakesAnOrderFromItsPaymentToItsShipment) {
  harness.emit(order("o-1"));
  harness.settle();
  const Tables tables = store.read();
  EXPECT_THAT(tables.shipped, ElementsAre("o-1"));
  EXPECT_THAT(tables.spent, ElementsAre(Pair("ann", 500)));
  EXPECT_EQ(tables.stock.at("tea"), 299);
  EXPECT_EQ(harness.handled("payments"), 1);
  EXPECT_EQ(harness.handled("warehouse"), 1);
  EXPECT_EQ(harness.handled("shipping"), 1);
}

TEST_F(OrderService, ChargesAnOrderThatComesTwiceOnce) {
  harness.emit(order("o-1"));
  harness.emit(order("o-1"));
  harness.settle();
  EXPECT_THAT(store.read().spent, ElementsAre(Pair("ann", 500)));
  EXPECT_EQ(store.read().stock.at("tea"), 299);
}

TEST_F(OrderService, PutsAnOrderWithoutCreditAside) {
  harness.emit(order("o-1", "tea", 100'001));
  harness.emit(order("o-2"));
  harness.settle();
  EXPECT_THAT(store.read().shipped, ElementsAre("o-2"));
  ASSERT_EQ(harness.dead_letters().size(), 1);
  EXPECT_EQ(harness.dead_letters()[0].topic, "orders.dlq");
  ASSERT_EQ(harness.failures().size(), 1);
  EXPECT_EQ(harness.failures()[0].reason, "customer ann has no credit left for order o-1");
}

TEST_F(OrderService, LeavesTheNeighboursOfAnOrderAloneThatTheStockDoesNotSufficeFor) {
  for (const char* name : {"o-1", "o-2", "o-3"}) harness.emit(order(name, name == std::string{"o-2"} ? "cocoa" : "coffee"));
  harness.settle();
  EXPECT_THAT(store.read().shipped, ElementsAre("o-1", "o-3"));
  EXPECT_THAT(store.read().paid, ElementsAre("o-1", "o-2", "o-3"));
  ASSERT_EQ(harness.dead_letters().size(), 1);
  EXPECT_EQ(harness.dead_letters()[0].topic, "payments.dlq");
  EXPECT_EQ(harness.failures()[0].reason, "not enough cocoa for order o-2");
}

TEST(Session, UndoesWhatIsNotCommitted) {
  Store store;
  store.put_into_stock({{"tea", 2}});
  Pool pool{store, 1};
  {
    Session session{pool};
    EXPECT_TRUE(session.charge("o-1", "ann", 5, 10));
    EXPECT_FALSE(session.charge("o-2", "ann", 6, 10));
    EXPECT_TRUE(session.reserve("o-1", "tea", 2));
    EXPECT_FALSE(session.reserve("o-2", "tea", 1));
    session.ship("o-1");
  }
  const Tables tables = store.read();
  EXPECT_THAT(tables.paid, IsEmpty());
  EXPECT_THAT(tables.shipped, IsEmpty());
  EXPECT_EQ(tables.stock.at("tea"), 2);
  EXPECT_EQ(tables.spent.at("ann"), 0);
}

TEST(OrderServiceProgram, DealsWithAThousandOrders) {
  const auto finished = dispytch::testing::run({ORDERS_PROGRAM, "--config", ORDERS_CONFIG, "--orders", "1000", "--until-idle", "500ms"});
  EXPECT_EQ(finished.exit_code, 0) << finished.errors;
  // Of tea there are 300 pieces, and 334 orders want one.
  EXPECT_EQ(finished.output, "1000 paid, 966 reserved, 966 shipped\n");
}

}  // namespace
}  // namespace orders
