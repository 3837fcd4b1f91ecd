// The deleter of a C library's handle: std::unique_ptr<rd_kafka_t, DestroyedBy<rd_kafka_destroy>>.
#pragma once

namespace dispytch::testing {

template <auto destroy>
struct DestroyedBy {
  void operator()(auto* object) const noexcept { destroy(object); }
};

}  // namespace dispytch::testing
