#include "codec/structural_index.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>

#include <simdjson.h>

namespace dispytch::codec {
namespace {

constexpr std::size_t kSmallest = 4 * 1024;  // bytes of buffer to begin with
// A larger buffer goes when it isn't needed any more: with its index it takes five times as much.
constexpr std::size_t kKept = 1024 * 1024;

static_assert(StructuralIndex::kPadding >= simdjson::SIMDJSON_PADDING);

}  // namespace

StructuralIndex::StructuralIndex() = default;
StructuralIndex::~StructuralIndex() = default;

void StructuralIndex::reserve(std::size_t size) {
  const bool fits = stage1_ != nullptr && size <= capacity_;  // an empty payload needs the parser too
  if (fits && (capacity_ <= kKept || size > kKept)) return;
  capacity_ = std::max({kSmallest, size, std::min(2 * size, kKept)});
  buffer_.reset();
  buffer_ = std::make_unique_for_overwrite<char[]>(capacity_ + kPadding);
  constexpr std::size_t kNoDepth = 1;  // only its second stage, which is not used, would need one
  if (simdjson::get_active_implementation()->create_dom_parser_implementation(capacity_, kNoDepth, stage1_) != simdjson::SUCCESS) {
    capacity_ = 0;
    throw std::bad_alloc{};
  }
}

StructuralIndex::Problem StructuralIndex::build(std::string_view payload) {
  reserve(payload.size());
  if (!payload.empty()) std::memcpy(buffer_.get(), payload.data(), payload.size());
  std::memset(buffer_.get() + payload.size(), ' ', kPadding);
  payload_ = {buffer_.get(), payload.size()};
  switch (stage1_->stage1(reinterpret_cast<const std::uint8_t*>(buffer_.get()), payload.size(), simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS: return Problem::none;
    case simdjson::EMPTY: return Problem::empty;
    case simdjson::UTF8_ERROR: return Problem::utf8;
    default: return Problem::strings;
  }
}

Cursor StructuralIndex::begin() const noexcept { return stage1_->structural_indexes.get(); }
Cursor StructuralIndex::end() const noexcept { return begin() + stage1_->n_structural_indexes; }

}  // namespace dispytch::codec
