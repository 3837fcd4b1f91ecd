// Which messages of one source are finished, and up to where all of them are.
#pragma once

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/mutate.hpp"

namespace dispytch::settle {

/// The window over a source's unfinished messages, indexed by the ordinal of arrival.
///
/// By ordinal, never by offset: compacted and transactional logs have gaps, so that "the next offset" is nothing to wait for. The
/// low-water mark is the token of the last message before the first unfinished one: the only thing that may be acknowledged where a
/// broker takes acknowledgements cumulatively. One thread at a time. Memory: 8 bytes and a bit for each message of the span; it grows by
/// doubling where more come than fit, so that nothing that was delivered is ever refused.
class SourceWindow {
 public:
  /// `span`: how many messages there may be between the first unfinished and the newest; rounded up to a power of two, at least 64.
  explicit SourceWindow(std::size_t span)
      : tokens_(std::bit_ceil(span < 64 ? std::size_t{64} : span)), finished_(tokens_.size() / 64), mask_{tokens_.size() - 1} {}

  /// Takes the next message of the source. Throws std::bad_alloc where it must grow and can't.
  std::uint64_t arrive(std::uint64_t token) {
    if (span() == tokens_.size()) grow();
    tokens_[next_ & mask_] = token;
    return next_++;
  }

  /// The message of that ordinal needs nothing more. Once for each ordinal.
  void finish(std::uint64_t ordinal) noexcept {
    assert(ordinal >= first_unfinished_ && ordinal < next_);
    finished_[(ordinal & mask_) / 64] |= std::uint64_t{1} << (ordinal % 64);
  }

  /// The token up to which everything is finished, where that has moved since the last call.
  std::optional<std::uint64_t> take_mark() noexcept {
    const std::uint64_t before = first_unfinished_;
    if (DISPYTCH_MUTATE("mark_highest") && next_ > 0) return tokens_[(next_ - 1) & mask_];
    while (first_unfinished_ < next_) {
      std::uint64_t& word = finished_[(first_unfinished_ & mask_) / 64];
      const unsigned shift = first_unfinished_ % 64;
      const auto run = static_cast<unsigned>(std::countr_one(word >> shift));
      if (run == 0) break;
      const std::uint64_t bits = run == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << run) - 1;
      word &= ~(bits << shift);
      first_unfinished_ += run;
      if (shift + run < 64) break;
    }
    if (first_unfinished_ == before) return std::nullopt;
    return tokens_[(first_unfinished_ - 1) & mask_];
  }

  /// Messages that arrived and are not below the mark: what the span bounds.
  std::size_t span() const noexcept { return static_cast<std::size_t>(next_ - first_unfinished_); }

 private:
  void grow() {
    std::vector<std::uint64_t> tokens(2 * tokens_.size());
    std::vector<std::uint64_t> finished(tokens.size() / 64);
    const std::uint64_t mask = tokens.size() - 1;
    for (std::uint64_t ordinal = first_unfinished_; ordinal < next_; ++ordinal) {
      tokens[ordinal & mask] = tokens_[ordinal & mask_];
      const std::uint64_t bit = finished_[(ordinal & mask_) / 64] >> (ordinal % 64) & 1;
      finished[(ordinal & mask) / 64] |= bit << (ordinal % 64);
    }
    tokens_ = std::move(tokens);
    finished_ = std::move(finished);
    mask_ = mask;
  }

  std::vector<std::uint64_t> tokens_;    // ring by ordinal
  std::vector<std::uint64_t> finished_;  // one bit for each of the ring
  std::uint64_t mask_;
  std::uint64_t first_unfinished_ = 0;
  std::uint64_t next_ = 0;
};

}  // namespace dispytch::settle
