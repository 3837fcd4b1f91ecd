// librdkafka's error codes in the border's terms.
#pragma once

#include <string>

#include <librdkafka/rdkafka.h>
#include <dispytch/plugin/status.hpp>

namespace dispytch::kafka {

/// The DISPYTCH_E... that says the same for every broker.
dispytch_status border_code(rd_kafka_resp_err_t code) noexcept;

/// Whether the same call may succeed later.
bool is_retriable(rd_kafka_resp_err_t code) noexcept;

/// An error of that code: `what`, then librdkafka's own words for it.
plugin::Error error_of(rd_kafka_resp_err_t code, std::string what);

}  // namespace dispytch::kafka
