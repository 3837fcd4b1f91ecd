/* Plugin extension "dispytch.lag/1": how far a consumer is behind. `/metrics` and `dispytch status` show it.
 *
 * A plugin offers it by returning a static const dispytch_lag_api from the function `extension` of its table. The rules of abi.h hold: C99,
 * sizes and strides, failure, thread tags.
 */
#ifndef DISPYTCH_PLUGIN_LAG_H
#define DISPYTCH_PLUGIN_LAG_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DISPYTCH_EXTENSION_LAG "dispytch.lag/1"

/* One source of a consumer. */
typedef struct dispytch_lag {
  uint32_t source, reserved; /* as ASSIGNED named it */
  int64_t messages;          /* there to be read and not settled, from where the consumer began; 0 when a reader can get no more */
} dispytch_lag;

typedef struct dispytch_lag_api {
  uint32_t size, reserved;

  /* [any] Never blocks. Writes at most `capacity` of the sources whose lag is known, and how many of them there are to *count, which may be
   * more: the host asks again with more room. What was settled counts at once, durable or not. A source of which the broker has said
   * nothing for some seconds is left out: no figure rather than a wrong one. Where a log has gaps the figure may be too large, but for 0.
   */
  dispytch_status (*lag)(dispytch_consumer* consumer, dispytch_lag* out, uint32_t stride, uint32_t capacity, uint32_t* count,
                         dispytch_error* error) DISPYTCH_NOEXCEPT;
} dispytch_lag_api;

/* The sizes of version 1 of the extension. */
#define DISPYTCH_ASSERT_SIZE(type, bytes) typedef char type##_has_its_size[sizeof(type) == (bytes) ? 1 : -1]
DISPYTCH_ASSERT_SIZE(dispytch_lag, 16);
DISPYTCH_ASSERT_SIZE(dispytch_lag_api, 16);
#undef DISPYTCH_ASSERT_SIZE

#ifdef __cplusplus
}
#endif
#endif
