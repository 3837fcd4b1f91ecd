/* Plugin extension "dispytch.groups/1", of version 1.1: the consumer groups of a broker, where they stand, and moving them from outside.
 * `dispytch positions` and `dispytch groups` use it.
 *
 * A plugin offers it by returning a static const dispytch_groups from the function `extension` of its table, and then has all functions.
 * The rules of abi.h hold. "Group" is what a listener's `group` names: a consumer group, a durable consumer, a set of queues.
 */
#ifndef DISPYTCH_PLUGIN_GROUPS_H
#define DISPYTCH_PLUGIN_GROUPS_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DISPYTCH_EXTENSION_GROUPS "dispytch.groups/1"

/* Flags of a group: the field of that name is said. */
enum { DISPYTCH_GROUP_MEMBERS = 1 };
typedef struct dispytch_group {
  dispytch_bytes name;
  dispytch_bytes state; /* the broker's own word for it; absent where it has none */
  uint32_t flags;       /* DISPYTCH_GROUP_* */
  uint32_t members;     /* that live, as far as the broker knows */
} dispytch_group;

/* A member of a group, as the broker knows it. What it doesn't know is absent. */
typedef struct dispytch_member {
  dispytch_bytes name;     /* the client's */
  dispytch_bytes instance; /* its "instance" */
  dispytch_bytes address;  /* where it runs */
} dispytch_member;

/* Flags of a position: the field of that name is said. */
enum { DISPYTCH_POSITION_PARTITION = 1, DISPYTCH_POSITION_OFFSET = 2, DISPYTCH_POSITION_LOW = 4, DISPYTCH_POSITION_HIGH = 8 };
/* Where a group stands in one source. */
typedef struct dispytch_position {
  dispytch_bytes topic;
  dispytch_bytes id; /* of the message to come next, where that is no integer; absent otherwise */
  int32_t partition;
  uint32_t flags;    /* DISPYTCH_POSITION_* */
  int64_t offset;    /* of the message to come next; not said: the group has no position there */
  int64_t low, high; /* the oldest offset that is kept, and the one that comes next */
} dispytch_position;

/* Where a group is to go on. */
enum {
  DISPYTCH_MOVE_TO_OFFSET = 1, /* `value` is an offset */
  DISPYTCH_MOVE_TO_TIME = 2,   /* `value` is a time in ms since 1970-01-01 UTC: the first message of that time, or later */
  DISPYTCH_MOVE_TO_EARLIEST = 3,
  DISPYTCH_MOVE_TO_LATEST = 4,
  DISPYTCH_MOVE_TO_ID = 5 /* `id` names the message */
};
enum { DISPYTCH_MOVE_PARTITION = 1 }; /* that partition alone; else all of the topic */
typedef struct dispytch_move {
  dispytch_bytes topic, id;
  int32_t partition;
  uint32_t flags; /* DISPYTCH_MOVE_PARTITION */
  uint32_t to;    /* DISPYTCH_MOVE_TO_* */
  uint32_t reserved;
  int64_t value;
} dispytch_move;

typedef struct dispytch_groups {
  uint32_t size, reserved;

  /* All functions [any]; on success *out is to be given to release. A group that doesn't exist is ENOTFOUND and named; nothing comes into
   * being by asking. */

  /* Rows of dispytch_group, by name. */
  dispytch_status (*list)(dispytch_adapter* adapter, int32_t timeout_ms, const dispytch_rows** out,
                          dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* Rows of dispytch_member. */
  dispytch_status (*members)(dispytch_adapter* adapter, dispytch_bytes group, int32_t timeout_ms, const dispytch_rows** out,
                             dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* Rows of dispytch_position, by topic and partition: of one topic, in every partition, or, where topic is absent, in every source in
   * which the group has a position. */
  dispytch_status (*positions)(dispytch_adapter* adapter, dispytch_bytes group, dispytch_bytes topic, int32_t timeout_ms,
                               const dispytch_rows** out, dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* Moves the group, all moves or none, and returns by rows of dispytch_position where it stands then. dry_run 1: where it would. A group
   * that doesn't exist yet is made. EINVAL where it has members, which would move it back, or where a position is not to be had; each is
   * named. */
  dispytch_status (*move)(dispytch_adapter* adapter, dispytch_bytes group, const dispytch_move* moves, uint32_t stride, uint32_t count,
                          int32_t dry_run, int32_t timeout_ms, const dispytch_rows** out, dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* Forgets the group and all that the broker keeps for it, for good. EINVAL where it has members. */
  dispytch_status (*forget)(dispytch_adapter* adapter, dispytch_bytes group, int32_t timeout_ms, dispytch_error* error) DISPYTCH_NOEXCEPT;

  void (*release)(dispytch_adapter* adapter, const dispytch_rows* rows) DISPYTCH_NOEXCEPT;
} dispytch_groups;

/* The sizes of version 1 of the extension. */
#define DISPYTCH_ASSERT_SIZE(type, bytes) typedef char type##_has_its_size[sizeof(type) == (bytes) ? 1 : -1]
DISPYTCH_ASSERT_SIZE(dispytch_group, 40);
DISPYTCH_ASSERT_SIZE(dispytch_member, 48);
DISPYTCH_ASSERT_SIZE(dispytch_position, 64);
DISPYTCH_ASSERT_SIZE(dispytch_move, 56);
DISPYTCH_ASSERT_SIZE(dispytch_groups, 56);
#undef DISPYTCH_ASSERT_SIZE

#ifdef __cplusplus
}
#endif
#endif
