/* Plugin extension "dispytch.browse/1", of version 1.1: a look at the messages of a topic without consuming them. `dispytch tail` and
 * `dispytch dlq` use it where a broker has no offsets to go back to.
 *
 * A plugin offers it by returning a static const dispytch_browse from the function `extension` of its table, and then has all functions.
 * The rules of abi.h hold.
 */
#ifndef DISPYTCH_PLUGIN_BROWSE_H
#define DISPYTCH_PLUGIN_BROWSE_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DISPYTCH_EXTENSION_BROWSE "dispytch.browse/1"

typedef struct dispytch_browser dispytch_browser;

/* What looking does to the messages. */
enum {
  DISPYTCH_BROWSE_COUNTS = 1,   /* each message looked at counts as delivered once more */
  DISPYTCH_BROWSE_REORDERS = 2, /* messages looked at may be delivered in another order afterwards */
  DISPYTCH_BROWSE_HIDES = 4     /* consumers don't get messages while they are looked at */
};

/* What bounds a look. Everything that is not said: from the beginning, in every partition. */
enum {
  DISPYTCH_BROWSE_PARTITION = 1, /* the field of that name is said */
  DISPYTCH_BROWSE_OFFSET = 2,
  DISPYTCH_BROWSE_TIME = 4
};
typedef struct dispytch_look {
  uint32_t size, flags; /* DISPYTCH_BROWSE_PARTITION, _OFFSET, _TIME */
  dispytch_bytes topic; /* or the name of a queue, where the broker's users think in those */
  dispytch_bytes group; /* whose copy of the messages is meant, where each group has its own; absent: the topic's */
  dispytch_bytes id;    /* begins with that message; absent: it isn't said */
  int64_t offset;       /* begins there, or at the oldest that is kept */
  int64_t time_ms;      /* begins with the first message of that time, or later */
  int32_t partition;
  uint32_t reserved;
} dispytch_look;

typedef struct dispytch_browse {
  uint32_t size, reserved;

  /* [any] Ends with what is there when it begins: what comes later isn't shown. *disturbs: DISPYTCH_BROWSE_COUNTS, _REORDERS, _HIDES, 0
   * where nobody notices. ENOTFOUND for a topic, group or id that doesn't exist. */
  dispytch_status (*open)(dispytch_adapter* adapter, const dispytch_look* look, int32_t timeout_ms, dispytch_browser** out,
                          uint32_t* disturbs, dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* [one] The next messages, a batch of DISPYTCH_MESSAGES with all headers in place; their tokens and sources mean nothing. Of one
   * partition in order. *out NULL with DISPYTCH_OK: that were all. DISPYTCH_TIMEOUT: there are more, and they take their time. */
  dispytch_status (*read)(dispytch_browser* browser, uint32_t max_messages, uint64_t max_bytes, int32_t timeout_ms,
                          const dispytch_batch** out, dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* [any] Before close, each batch once. */
  void (*release)(dispytch_browser* browser, const dispytch_batch* batch) DISPYTCH_NOEXCEPT;

  /* [last] Leaves the messages as they were, but for what `disturbs` says. */
  dispytch_status (*close)(dispytch_browser* browser, int32_t timeout_ms, dispytch_error* error) DISPYTCH_NOEXCEPT;
} dispytch_browse;

/* The sizes of version 1 of the extension. */
#define DISPYTCH_ASSERT_SIZE(type, bytes) typedef char type##_has_its_size[sizeof(type) == (bytes) ? 1 : -1]
DISPYTCH_ASSERT_SIZE(dispytch_look, 80);
DISPYTCH_ASSERT_SIZE(dispytch_browse, 40);
#undef DISPYTCH_ASSERT_SIZE

#ifdef __cplusplus
}
#endif
#endif
