/* Plugin extension "dispytch.declare/1", of version 1.1: what a config needs at the broker and isn't there, or is there otherwise; and
 * making it. `dispytch declare` uses it.
 *
 * A plugin offers it by returning a static const dispytch_declare from the function `extension` of its table, and then has both functions.
 * The rules of abi.h hold.
 */
#ifndef DISPYTCH_PLUGIN_DECLARE_H
#define DISPYTCH_PLUGIN_DECLARE_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DISPYTCH_EXTENSION_DECLARE "dispytch.declare/1"

/* Kinds of a finding. */
enum {
  DISPYTCH_MISSING = 1, /* the object isn't there */
  DISPYTCH_DIFFERS = 2, /* it is there, and `setting` is `found` in place of `wanted` */
  DISPYTCH_SURPLUS = 3  /* it is there and stands in the way of what the config says, such as a queue bound by a key nobody named */
};
/* Flags of a finding. */
enum {
  DISPYTCH_FINDING_CAN_MAKE = 1, /* declare can bring it about; else only the broker's own tools can, or nobody */
  DISPYTCH_FINDING_MADE = 2      /* declare has brought it about now */
};
typedef struct dispytch_finding {
  uint32_t kind, flags;
  dispytch_bytes object;  /* in the broker's own words: "topic `orders`", "queue `billing.orders`" */
  dispytch_bytes setting; /* DIFFERS: which; absent: the object as a whole */
  dispytch_bytes found;
  dispytch_bytes wanted;  /* also of what is missing: with which settings it is made, for a person */
  dispytch_bytes pointer; /* JSON pointer into the document: what wants it so; absent: a default */
} dispytch_finding;

typedef struct dispytch_declare {
  uint32_t size, reserved;

  /* [any] json: {"config": {...}, "producers": [{"name", "config", "topics": [...]}], "consumers": [...]} with what a backend, its
   * producers and its consumers are opened with, validated, each consumer and producer with the "name" that its user gave it. `topics` of a
   * producer are those that the config names for it, which need not be all. make 0: looks only. make 1: makes what is missing and can be
   * made, changes what differs where nobody loses a message or an order by that, and deletes nothing. Rows of dispytch_finding, in the
   * order in which things are to be made; none: all is as the config wants it. Stops at the first thing that can't be made though it
   * should: its error names it, and what was made before stays. On success *out is to be given to release. */
  dispytch_status (*declare)(dispytch_adapter* adapter, const char* json, size_t len, int32_t make, int32_t timeout_ms,
                             const dispytch_rows** out, dispytch_error* error) DISPYTCH_NOEXCEPT;
  void (*release)(dispytch_adapter* adapter, const dispytch_rows* rows) DISPYTCH_NOEXCEPT; /* [any] */
} dispytch_declare;

/* The sizes of version 1 of the extension. */
#define DISPYTCH_ASSERT_SIZE(type, bytes) typedef char type##_has_its_size[sizeof(type) == (bytes) ? 1 : -1]
DISPYTCH_ASSERT_SIZE(dispytch_finding, 88);
DISPYTCH_ASSERT_SIZE(dispytch_declare, 24);
#undef DISPYTCH_ASSERT_SIZE

#ifdef __cplusplus
}
#endif
#endif
