/* Plugin extension "dispytch.backlog/1", of version 1.1: what waits for a group, source by source. For lag, and for scaling by it.
 *
 * A plugin offers it by returning a static const dispytch_backlog from the function `extension` of its table, and then has both functions.
 * The rules of abi.h hold.
 */
#ifndef DISPYTCH_PLUGIN_BACKLOG_H
#define DISPYTCH_PLUGIN_BACKLOG_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DISPYTCH_EXTENSION_BACKLOG "dispytch.backlog/1"

/* Flags of a row: the field of that name is said. One that isn't said is unknown, which is an answer; a wrong number is none. */
enum {
  DISPYTCH_BACKLOG_PARTITION = 1,
  DISPYTCH_BACKLOG_WAITING = 2,
  DISPYTCH_BACKLOG_IN_HAND = 4,
  DISPYTCH_BACKLOG_POSITION = 8,
  DISPYTCH_BACKLOG_END = 16,
  DISPYTCH_BACKLOG_OLDEST = 32
};
/* What waits for a group in one source. */
typedef struct dispytch_backlog_row {
  dispytch_bytes topic;
  int32_t partition;
  uint32_t flags;    /* DISPYTCH_BACKLOG_* */
  int64_t waiting;   /* messages that no member has */
  int64_t in_hand;   /* messages that a member has and hasn't settled */
  int64_t position;  /* the offset of the message that comes next, were all members gone */
  int64_t end;       /* the offset that the next message gets; not end - position messages are between: logs have gaps */
  int64_t oldest_ms; /* the time of the oldest message that is not settled, in ms since 1970-01-01 UTC */
} dispytch_backlog_row;

typedef struct dispytch_backlog {
  uint32_t size, reserved;

  /* [any] Rows of dispytch_backlog_row, by topic and partition: of one topic, or of all in which the group has a position, where topic is
   * absent. ENOTFOUND for a group or topic that doesn't exist. On success *out is to be given to release. */
  dispytch_status (*ask)(dispytch_adapter* adapter, dispytch_bytes group, dispytch_bytes topic, int32_t timeout_ms,
                         const dispytch_rows** out, dispytch_error* error) DISPYTCH_NOEXCEPT;
  void (*release)(dispytch_adapter* adapter, const dispytch_rows* rows) DISPYTCH_NOEXCEPT; /* [any] */
} dispytch_backlog;

/* The sizes of version 1 of the extension. */
#define DISPYTCH_ASSERT_SIZE(type, bytes) typedef char type##_has_its_size[sizeof(type) == (bytes) ? 1 : -1]
DISPYTCH_ASSERT_SIZE(dispytch_backlog_row, 64);
DISPYTCH_ASSERT_SIZE(dispytch_backlog, 24);
#undef DISPYTCH_ASSERT_SIZE

#ifdef __cplusplus
}
#endif
#endif
