/* Plugin extension "dispytch.admin/1": what an operator asks of a broker from outside of any consumer. `dispytch dlq` uses it.
 *
 * A plugin offers it by returning a static const dispytch_admin from the function `extension` of its table, and then has both functions.
 * The rules of abi.h hold: C99, sizes and strides, bytes, failure, thread tags.
 */
#ifndef DISPYTCH_PLUGIN_ADMIN_H
#define DISPYTCH_PLUGIN_ADMIN_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DISPYTCH_EXTENSION_ADMIN "dispytch.admin/1"

/* Flags of a range: the field of that name is said. */
enum { DISPYTCH_RANGE_STORED = 1 };

/* What a partition keeps at present. */
typedef struct dispytch_range {
  int32_t partition; /* 0 where the broker has no partitions */
  uint32_t flags;    /* DISPYTCH_RANGE_* */
  int64_t low;       /* the offset of the oldest message kept; the same as high where there is none */
  int64_t high;      /* the offset that the next message gets */
  int64_t stored;    /* where the group goes on, if it has a position there */
} dispytch_range;

typedef struct dispytch_admin {
  uint32_t size, reserved;

  /* [any] The ranges of all partitions of a topic, by partition. Writes at most `capacity` of them, and how many there are to *count, which
   * may be more: the host asks again with more room. group: whose positions to say; absent: nobody's. A group that isn't there has none,
   * and nothing comes into being by asking. A topic that doesn't exist is ENOTFOUND and named, and retriable where its first use creates
   * it. */
  dispytch_status (*ranges)(dispytch_adapter* adapter, dispytch_bytes topic, dispytch_bytes group, dispytch_range* out, uint32_t stride,
                            uint32_t capacity, uint32_t* count, int32_t timeout_ms, dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* [any] Deletes, of each source's topic and partition, what lies before `offset`, for good and for every group; `source` means nothing
   * here. An offset at or before the oldest message deletes nothing. EINVAL for one beyond the end, ENOTFOUND for a topic or partition that
   * doesn't exist: each is named, and nothing of that partition is deleted. Of several partitions some may be done when one fails. */
  dispytch_status (*delete_up_to)(dispytch_adapter* adapter, const dispytch_source* sources, uint32_t stride, uint32_t count,
                                  int32_t timeout_ms, dispytch_error* error) DISPYTCH_NOEXCEPT;
} dispytch_admin;

/* The sizes of version 1 of the extension. */
#define DISPYTCH_ASSERT_SIZE(type, bytes) typedef char type##_has_its_size[sizeof(type) == (bytes) ? 1 : -1]
DISPYTCH_ASSERT_SIZE(dispytch_range, 32);
DISPYTCH_ASSERT_SIZE(dispytch_admin, 24);
#undef DISPYTCH_ASSERT_SIZE

#ifdef __cplusplus
}
#endif
#endif
