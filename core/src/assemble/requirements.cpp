#include "assemble/requirements.hpp"

#include <cstdint>
#include <string_view>

#include <dispytch/plugin/abi.h>
#include <dispytch/result.hpp>

#include "base/log.hpp"
#include "policy/delivery_options.hpp"

namespace dispytch::assemble {

void require_acknowledgement(std::uint64_t capabilities, bool at_most_once, const std::string& listener) {
  if (at_most_once || (capabilities & (DISPYTCH_CAN_ACK_EACH | DISPYTCH_CAN_ACK_UP_TO)) != 0) return;
  throw Exception{ErrorCode::config, "listener `" + listener +
                                         "`: its backend can't acknowledge messages, so what is in hand is lost with the process; write "
                                         "`delivery: at_most_once` to accept that, or use another backend"};
}

void require_order(std::uint64_t capabilities, Ordering ordering, const std::string& listener) {
  if (ordering != Ordering::key || (capabilities & DISPYTCH_CAN_ORDER_BY_KEY) != 0) return;
  throw Exception{ErrorCode::config, "listener `" + listener +
                                         "`: `ordering: key` needs a backend that keeps the messages of a key in one partition, which this "
                                         "one doesn't, given its config and broker; write `key_local` for the order within this process"};
}

void require_instance(const border::Adapter& adapter, const std::string& instance, const std::string& listener) {
  if (instance.empty() || adapter.takes_option(DISPYTCH_CAN_INSTANCE)) return;
  throw Exception{ErrorCode::config, "listener `" + listener + "`: its backend, given its config and broker, doesn't know a member again " +
                                         "by its name; remove `instance`"};
}

void require_requeueing(std::uint64_t capabilities, const route::Router& router, Ordering ordering, const std::string& listener) {
  const std::string_view handler = router.requeueing_handler();
  if (handler.empty()) return;
  const std::string who = "handler `" + std::string{handler} + "` of listener `" + listener + "`";
  if (!policy::can_requeue(capabilities)) {
    throw Exception{ErrorCode::config, who + " lets its messages go back to the broker (`retry.beyond_in_place_max: requeue`), but the " +
                                           "backend, given its config and broker, can't keep them there for a time; write `refuse`"};
  }
  if ((capabilities & DISPYTCH_CAN_CARRY_ATTEMPTS) == 0) {
    log::warning("listener." + listener, who + " lets messages that wait for long go back to the broker, which can't keep their " +
                                             "attempts: after a restart of the process they begin anew");
  }
  if (ordering == Ordering::key || ordering == Ordering::key_local) {
    log::warning("listener." + listener, who + " lets messages that wait for long go back to the broker " +
                                             "(`retry.beyond_in_place_max: requeue`): later ones of their key are handled before them, " +
                                             "although `ordering` keeps the others of a key in order");
  }
}

}  // namespace dispytch::assemble
