#include "trial.hpp"

#include <utility>

#include "consumer.hpp"
#include "producer.hpp"

namespace dispytch::kafka {
namespace {

class Trial : private Client {
 public:
  Trial(Cluster& cluster, rd_kafka_type_t type, const Settings& defaults, Settings decided) : Client{cluster, Options{}} {
    // No brokers, no pretended ones, and no tickets fetched for a login.
    for (auto& setting : Settings{{"bootstrap.servers", ""},
                                  {"metadata.broker.list", ""},
                                  {"test.mock.num.brokers", "0"},
                                  {"sasl.kerberos.min.time.before.relogin", "0"},
                                  {"statistics.interval.ms", "0"}}) {
      decided.push_back(std::move(setting));
    }
    start(type, configure(type, defaults, decided));
  }
};

}  // namespace

void try_out(Cluster& cluster) {
  const Trial producer{cluster, RD_KAFKA_PRODUCER, Producer::defaults(), Producer::decided()};
  const Trial consumer{cluster, RD_KAFKA_CONSUMER, Consumer::defaults(), Consumer::decided("dispytch")};
}

}  // namespace dispytch::kafka
