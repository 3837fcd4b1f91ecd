// Clients that are made to see whether librdkafka takes their options, and that never connect.
#pragma once

#include "client.hpp"

namespace dispytch::kafka {

/// Makes a producer and a consumer of the backend's options alone, without a broker to connect to, and ends them: librdkafka judges most
/// options, and which of them contradict each other, only when it makes a client. Takes some milliseconds, and as long as certificates take
/// to be read. Throws Exception with DISPYTCH_ECONFIG, at the option that is to blame.
void try_out(Cluster& cluster);

}  // namespace dispytch::kafka
