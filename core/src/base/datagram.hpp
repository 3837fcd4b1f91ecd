// A local socket for datagrams: what systemd's protocols are spoken over.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <dispytch/result.hpp>

namespace dispytch {

/// An end that only sends. One thread at a time.
class Datagram {
 public:
  /// Opens an end to the socket at that path, or of that abstract name where it begins with @. ErrorCode::unavailable where it can't be
  /// reached.
  static Result<Datagram> to(const std::string& address);

  ~Datagram();
  Datagram(Datagram&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
  Datagram& operator=(Datagram&&) = delete;

  /// Sends without waiting. ErrorCode::unavailable where nobody takes it, or has room for it.
  Result<void> send(std::string_view bytes);

 private:
  explicit Datagram(int descriptor) noexcept : descriptor_{descriptor} {}
  int descriptor_;
};

}  // namespace dispytch
