/* The plugin ABI of dispytch, major version 1: C99, the only header a plugin needs.
 *
 * The contract in ten minutes:
 *  1. Entry. A plugin exports one pure function, dispytch_plugin_v1, which returns a static const table. It starts no thread, does no
 *     I/O and allocates nothing.
 *  2. Sizes and strides. Every struct that crosses alone begins with `size`, the writer's sizeof; a reader looks at a field only if
 *     DISPYTCH_HAS says so. Arrays cross with a stride, the writer's sizeof of the element, with nothing of its own behind it. Fields and
 *     functions are only appended, never reordered. No struct has implicit padding, so that an appended field can never hide in it:
 *     -Wpadded is clean, and the sizes are asserted at the end of this file, for both sides. LP64 only.
 *  3. Pull, not push. The host calls poll with its limits (that is the credit) and gets a batch of views that belong to the plugin until
 *     release. Host code never runs on a plugin's thread or under its locks, but for notify, log, metric, record and the clock, which
 *     only signal, copy or read. notify may be called under the plugin's locks, may be spurious, may be coalesced; the host never calls
 *     the plugin from it.
 *  4. Time. send, reports, settle, wake, release, headers, pause, capabilities_of and capabilities_for never block. Everything else is
 *     bounded by its timeout_ms: 0 tries, -1 has no bound.
 *  5. Bytes. data == NULL: absent (a tombstone's payload, no key). data != NULL with len 0: present and empty. A zeroed struct means
 *     "nothing said": whether a number was said stands in flags.
 *  6. Tokens. A message's token is valid from poll until it is settled, or named by a LOST event; after that settling it returns
 *     DISPYTCH_EFENCED and changes nothing. Keeping an unsettled message alive at the broker (in progress, claim, heartbeat) is the
 *     plugin's work; what it can't keep it reports LOST before it redelivers. DOWN alone invalidates nothing. Views die with release;
 *     tokens do not.
 *  7. Failure. A negative status is an error and fills `dispytch_error`. No exception, signal, longjmp, exit or foreign allocator
 *     crosses. Plugin threads block all signals.
 *  8. The end. close ends everything that its object started: threads are joined, no notify follows, and the object is gone whatever
 *     close returns. The host closes producers and consumers before their adapter, and releases every batch before it closes a consumer.
 *     Reports not yet pulled count as MAYBE_SENT.
 *
 * Version 1.1 appends to 1.0 and changes nothing of it: what is new says "1.1". A plugin of 1.0 runs under a host of 1.1, and the other way
 * round. docs/abi-1.1.md lists what each side sees of the other.
 *
 * Thread tags: [any] from any thread at any time; [one] one call at a time for that object; [last] after all other calls on that object
 * have returned.
 */
#ifndef DISPYTCH_PLUGIN_ABI_H
#define DISPYTCH_PLUGIN_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define DISPYTCH_NOEXCEPT noexcept /* part of the pointer types: a function that may throw doesn't compile */
extern "C" {
#else
#define DISPYTCH_NOEXCEPT
#endif

#define DISPYTCH_EXPORT __attribute__((visibility("default")))
#define DISPYTCH_ABI_MAJOR 1u
#define DISPYTCH_ABI_MINOR 1u

/* Whether the writer of *pointer knew `field`. */
#define DISPYTCH_HAS(type, pointer, field) ((pointer)->size >= offsetof(type, field) + sizeof((pointer)->field))

/* ---- status ------------------------------------------------------------------------------------------------------------------- */

typedef int32_t dispytch_status; /* 0: done; > 0: no error; < 0: an error */
enum {
  DISPYTCH_OK = 0,
  DISPYTCH_AGAIN = 1,   /* full at present; notify will come */
  DISPYTCH_TIMEOUT = 2, /* timeout_ms ran out, or a wake came, before there was anything to return */

  DISPYTCH_ENOTIMPL = -1,
  DISPYTCH_EINVAL = -2,       /* the arguments or the message are wrong; trying again can't help */
  DISPYTCH_ECONFIG = -3,      /* the text begins with a JSON pointer into the `json` given: "/config/acks: expected ..." */
  DISPYTCH_EAUTH = -4,        /* the broker refused the credentials or the permission */
  DISPYTCH_EUNAVAILABLE = -5, /* the broker can't be reached at present */
  DISPYTCH_ENOTFOUND = -6,    /* the topic doesn't exist */
  DISPYTCH_ETOOBIG = -7,      /* larger than the broker or the plugin's memory allows */
  DISPYTCH_EFENCED = -8,      /* the message, or the right to produce, belongs to somebody else by now */
  DISPYTCH_ECLOSED = -9,
  DISPYTCH_EINTERNAL = -10
};

/* Flags of an error and of a report. */
enum {
  DISPYTCH_ERROR_RETRIABLE = 1, /* the same call may succeed later */
  DISPYTCH_ERROR_FATAL = 2,     /* only close is left */
  DISPYTCH_ERROR_MAYBE_SENT = 4 /* the broker may have stored the message all the same */
};

/* The caller's memory. text: UTF-8, zero-terminated; a sentence for a person, without secrets. */
typedef struct dispytch_error {
  uint32_t size;
  dispytch_status code;
  uint32_t flags;      /* DISPYTCH_ERROR_* */
  int32_t broker_code; /* the broker client's own number, 0 where it has none */
  char text[240];
} dispytch_error;

/* ---- messages ----------------------------------------------------------------------------------------------------------------- */

typedef struct dispytch_bytes {
  const uint8_t* data;
  size_t len;
} dispytch_bytes;

typedef struct dispytch_header {
  dispytch_bytes key, value;
} dispytch_header;

/* Flags of a message. */
enum {
  DISPYTCH_MSG_PARTITION = 1, /* the first four: the field of that name is said */
  DISPYTCH_MSG_TIMESTAMP = 2,
  DISPYTCH_MSG_OFFSET = 4,
  DISPYTCH_MSG_DELIVER_AT = 8,
  DISPYTCH_MSG_APPEND_TIME = 16, /* inbound: the timestamp is the broker's, not the producer's */
  DISPYTCH_MSG_HEADERS = 32,     /* inbound: there are some */
  DISPYTCH_MSG_REDELIVERED = 64, /* inbound: the broker has delivered it before */
  DISPYTCH_MSG_ATTEMPTS = 128,   /* 1.1, inbound: `attempts` is said */
  DISPYTCH_MSG_BEGUN = 256       /* 1.1, inbound: `begun` is said */
};

typedef struct dispytch_message {
  dispytch_bytes topic, key, payload;
  /* Outbound, and inbound with n_headers > 0: the headers. Inbound with DISPYTCH_MSG_HEADERS and n_headers 0: headers() fetches them on
   * demand, since reading them may cost more than routing; the pointer is then the plugin's own, to find them by. */
  const dispytch_header* headers;
  uint32_t n_headers;
  uint32_t flags;                      /* DISPYTCH_MSG_* */
  int64_t timestamp_ms, deliver_at_ms; /* since 1970-01-01 UTC */
  int64_t offset;
  int32_t partition;
  uint32_t source;  /* inbound: the source named by ASSIGNED; order and low-water marks are per source */
  uint32_t attempt; /* inbound: deliveries so far where the broker counts them, else 0; with `attempts` said: since that was said */
  /* 1.1, `reserved` before. Inbound: what the settlement said that gave the message back; and how often begin was called for it to no end.
   */
  uint16_t attempts, begun;
  /* Inbound: the broker's own id where it is no integer. 1.1: one by which an operator can name the message, wherever there is no offset.
   * 1.1, outbound: the application's own id of the message, absent where it has none; not for finding duplicates, since a message that is
   * sent again on purpose has the same. */
  dispytch_bytes id;
  uint64_t token; /* outbound: comes back in the report; inbound: for settle. Never 0 */
} dispytch_message;

/* What became of one accepted outbound message. */
enum { DISPYTCH_REPORT_PARTITION = 256, DISPYTCH_REPORT_OFFSET = 512 }; /* the field of that name is said */
typedef struct dispytch_report {
  uint64_t token; /* 0: news of the producer itself, such as having been fenced */
  dispytch_status code;
  uint32_t flags; /* DISPYTCH_ERROR_* and DISPYTCH_REPORT_* */
  int64_t offset;
  int32_t partition, broker_code;
  dispytch_bytes text; /* why it failed; valid until the next call of reports */
} dispytch_report;

/* Actions of a settlement. */
enum {
  DISPYTCH_ACK = 1,
  DISPYTCH_ACK_UP_TO = 2, /* and all before it of its source */
  DISPYTCH_REQUEUE = 3,   /* deliver it again, not before delay_ms */
  DISPYTCH_REJECT = 4     /* the broker's own dead letters, or nowhere */
};
/* Flags of a settlement. */
enum { DISPYTCH_SETTLE_ATTEMPTS = 1 }; /* 1.1: `attempts` is said */
typedef struct dispytch_settlement {
  uint64_t token; /* of a message, or of an event */
  uint32_t action, delay_ms;
  uint32_t flags;    /* 1.1: DISPYTCH_SETTLE_* */
  uint32_t attempts; /* 1.1, REQUEUE: handlings of the message that failed so far; comes back with its next delivery */
} dispytch_settlement;

/* A partition, queue or subject that a consumer reads. Every consumer says by ASSIGNED what it reads before its first message. A host
 * of 1.0 is told once there is at least one; one of 1.1 also that there is none at present: joined, and idle. `source` holds a slot in its
 * low 16 bits, a small number that the host may use as an index, and the slot's generation above, which tells an old source from its
 * successor in the same slot. */
#define DISPYTCH_SOURCE(slot, generation) (((uint32_t)(generation) << 16) | ((uint32_t)(slot)&0xffffu))
#define DISPYTCH_SOURCE_SLOT(source) ((uint32_t)(source)&0xffffu)
#define DISPYTCH_SOURCE_GENERATION(source) ((uint32_t)(source) >> 16)
/* Flags of a source: the field of that name is said. */
enum { DISPYTCH_SOURCE_PARTITION = 1, DISPYTCH_SOURCE_OFFSET = 4, DISPYTCH_SOURCE_HIGH = 8 };
typedef struct dispytch_source {
  dispytch_bytes topic;
  int32_t partition;
  uint32_t source;
  int64_t offset;           /* ASSIGNED: of the next message to come; seek: where to go */
  int64_t high;             /* ASSIGNED: the offset after the last message there is */
  dispytch_bytes meta;      /* the plugin's own words about it, for a person */
  uint32_t flags, reserved; /* DISPYTCH_SOURCE_* */
} dispytch_source;

/* Kinds of a batch. */
enum {
  DISPYTCH_MESSAGES = 0,
  /* Sources gained; their delivery begins once event_token is acknowledged (the host may seek first). 1.1: none, where the consumer has
   * joined its group and has nothing to read at present; event_token may be 0 then. */
  DISPYTCH_ASSIGNED = 1,
  DISPYTCH_REVOKING = 2, /* sources about to go; held until event_token is acknowledged, or the broker's own deadline */
  DISPYTCH_LOST = 3,     /* sources, or tokens, gone already; both lists empty: everything */
  DISPYTCH_DOWN = 4,     /* the broker can't be reached; why stands in code and text */
  DISPYTCH_UP = 5
};
typedef struct dispytch_batch { /* the plugin's memory until release */
  uint32_t size, kind;
  const dispytch_message* messages;
  const dispytch_source* sources;
  const uint64_t* tokens;
  uint32_t message_stride, n_messages, source_stride, n_sources, n_tokens, reserved;
  uint64_t event_token; /* ASSIGNED and REVOKING: to be settled by DISPYTCH_ACK; else 0 */
  int64_t deadline_ms;  /* REVOKING: for how long, from now, the broker waits; 0: unknown */
  dispytch_status code; /* LOST and DOWN: why */
  int32_t broker_code;
  dispytch_bytes text;
} dispytch_batch;

/* ---- capabilities: what an opened backend can do, given its config and broker. A new meaning takes a new bit --------------------- */

#define DISPYTCH_BIT(n) (UINT64_C(1) << (n))
#define DISPYTCH_CAN_PRODUCE DISPYTCH_BIT(0)
#define DISPYTCH_CAN_CONSUME DISPYTCH_BIT(1)
#define DISPYTCH_CAN_HEADERS DISPYTCH_BIT(2)
#define DISPYTCH_CAN_KEYS DISPYTCH_BIT(3)
#define DISPYTCH_CAN_PARTITIONS DISPYTCH_BIT(4)
#define DISPYTCH_CAN_ORDER_BY_KEY DISPYTCH_BIT(5)
#define DISPYTCH_CAN_ORDER_BY_SOURCE DISPYTCH_BIT(6)
#define DISPYTCH_CAN_GROUPS DISPYTCH_BIT(7)
#define DISPYTCH_CAN_ACK_EACH DISPYTCH_BIT(8)
#define DISPYTCH_CAN_ACK_UP_TO DISPYTCH_BIT(9) /* neither of the two: at most once, which the host refuses unless config asks for it */
#define DISPYTCH_CAN_REQUEUE DISPYTCH_BIT(10)
#define DISPYTCH_CAN_REJECT DISPYTCH_BIT(11)
#define DISPYTCH_CAN_COUNT_ATTEMPTS DISPYTCH_BIT(12)
#define DISPYTCH_CAN_PERSIST DISPYTCH_BIT(13) /* messages outlive the broker's restart */
#define DISPYTCH_CAN_SEEK DISPYTCH_BIT(14)    /* needs the function seek */
#define DISPYTCH_CAN_DELAY DISPYTCH_BIT(15)   /* deliver_at_ms is honoured */
#define DISPYTCH_CAN_IDEMPOTENT_PRODUCE DISPYTCH_BIT(16)
#define DISPYTCH_CAN_TRANSACT DISPYTCH_BIT(17) /* extension "dispytch.transactions/1" */
#define DISPYTCH_CAN_PATTERNS DISPYTCH_BIT(18) /* a topic may be given as a pattern */
#define DISPYTCH_CAN_PAUSE DISPYTCH_BIT(19)    /* needs the function pause */
/* 1.1 */
#define DISPYTCH_CAN_EPHEMERAL DISPYTCH_BIT(20)      /* "ephemeral" of a consumer's options is honoured */
#define DISPYTCH_CAN_INSTANCE DISPYTCH_BIT(21)       /* "instance" of a consumer's options is honoured */
#define DISPYTCH_CAN_NULL_HEADERS DISPYTCH_BIT(22)   /* a header's value may be absent, and comes back so */
#define DISPYTCH_CAN_CARRY_ATTEMPTS DISPYTCH_BIT(23) /* `attempts` of a REQUEUE comes back with the message */
#define DISPYTCH_CAN_BEGIN DISPYTCH_BIT(24)          /* needs the function begin */

/* ---- what the host offers: [any], never blocks, valid until the adapter's close has returned -------------------------------------- */

enum { DISPYTCH_LOG_ERROR = 0, DISPYTCH_LOG_WARNING = 1, DISPYTCH_LOG_INFO = 2, DISPYTCH_LOG_DEBUG = 3 };
/* Kinds of a metric. */
enum {
  DISPYTCH_METRIC_COUNTER = 1,  /* record adds value */
  DISPYTCH_METRIC_GAUGE = 2,    /* record sets value */
  DISPYTCH_METRIC_HISTOGRAM = 3 /* record observes value */
};

typedef struct dispytch_host {
  uint32_t size, abi_minor;
  void* context;
  const char *application, *version; /* the application's, for the broker's own lists of clients */
  int32_t log_level;                 /* the least level that is written, DISPYTCH_LOG_*; the rest may be spared */
  uint32_t reserved;
  void (*log)(void* context, int32_t level, const char* text, size_t len) DISPYTCH_NOEXCEPT;
  /* Once for each name; returns the id for record, never 0. name: lower_case, without the unit, such as "fetch_latency". */
  uint32_t (*metric)(void* context, uint32_t kind, const char* name, const char* unit) DISPYTCH_NOEXCEPT;
  void (*record)(void* context, uint32_t metric, double value) DISPYTCH_NOEXCEPT;
  /* poll, reports or send of the object opened with that cookie can make progress. */
  void (*notify)(void* context, uint64_t cookie) DISPYTCH_NOEXCEPT;
  const void* (*extension)(void* context, const char* id)DISPYTCH_NOEXCEPT; /* NULL: not offered */
} dispytch_host;

/* Host extension "dispytch.clock/1": the host's clock, which a test or a simulator may have replaced by a virtual one. */
#define DISPYTCH_EXTENSION_CLOCK "dispytch.clock/1"
typedef struct dispytch_clock {
  uint32_t size, reserved;
  void* context;
  int64_t (*monotonic_ns)(void* context) DISPYTCH_NOEXCEPT; /* never goes back */
  int64_t (*unix_ms)(void* context) DISPYTCH_NOEXCEPT;
} dispytch_clock;

/* ---- what a plugin offers ------------------------------------------------------------------------------------------------------- */

typedef struct dispytch_adapter dispytch_adapter;
typedef struct dispytch_producer dispytch_producer;
typedef struct dispytch_consumer dispytch_consumer;

/* In every open: json, len: {"config": {...}} and what is named there, validated by the host against config_schema, valid for the call.
 * cookie: what this object passes to notify. *out is untouched on failure. */

typedef struct dispytch_producer_api {
  uint32_t size, reserved;

  /* [any] json: {"config", "timeout_ms"}. timeout_ms is how long the client goes on trying to deliver a message: the one timer there is,
   * the host adds none. */
  dispytch_status (*open)(dispytch_adapter* adapter, const char* json, size_t len, uint64_t cookie, int32_t timeout_ms,
                          dispytch_producer** out, dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* [any] Never blocks. Takes a prefix: *accepted of count. A negative status is about messages[*accepted]. AGAIN: full, notify will
   * come. What the messages point at is borrowed for the call. */
  dispytch_status (*send)(dispytch_producer* producer, const dispytch_message* messages, uint32_t stride, uint32_t count,
                          uint32_t* accepted, dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* [one] Never blocks. Exactly one report for each accepted message, in any order. The host has zeroed `out`. */
  dispytch_status (*reports)(dispytch_producer* producer, dispytch_report* out, uint32_t stride, uint32_t capacity,
                             uint32_t* count) DISPYTCH_NOEXCEPT;

  /* [any] Waits until everything accepted before the call has its report ready; the host goes on calling reports meanwhile. */
  dispytch_status (*flush)(dispytch_producer* producer, int32_t timeout_ms, dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* [last] */
  dispytch_status (*close)(dispytch_producer* producer, int32_t timeout_ms, dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* 1.1, may be missing or NULL. [any] Never blocks. What a producer opened with that json can do, where that differs from what others of
   * the backend can: DISPYTCH_CAN_*, at most those of the table. What is wrong with the json is for open to say. */
  uint64_t (*capabilities_for)(dispytch_adapter* adapter, const char* json, size_t len) DISPYTCH_NOEXCEPT;
} dispytch_producer_api;

typedef struct dispytch_consumer_api {
  uint32_t size, reserved;

  /* [any] json: {"topics": [{"name" or "pattern", "config"}], "group", "start": "earliest"|"latest"|"stored", "max_unsettled",
   * "drain_ms", "config"}; these keys are core's and frozen. A topic that doesn't exist is ENOTFOUND and named. The plugin warns where
   * drain_ms exceeds what its broker allows. A pattern is `user.{user_id}.notification`, a part in braces standing for any one part
   * between dots, for every broker alike; one that begins with `^` is the broker's own expression.
   *
   * 1.1, said to a plugin of 1.1 that claims the capability, and only where it is wanted:
   * "ephemeral": true: a look from outside. Nothing of it stays at the broker once it is closed, or its process is gone: no position, no
   * group, no queue. `group` is a name nobody else uses, or absent. Settling is allowed, and stores nothing.
   * "instance": the member's own name, the same after a restart: within the broker's time for that it gets its sources back, without a
   * rebalance. The host sees to it that no two consumers of one backend and group have the same. */
  dispytch_status (*open)(dispytch_adapter* adapter, const char* json, size_t len, uint64_t cookie, int32_t timeout_ms,
                          dispytch_consumer** out, dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* [one] Waits for one batch, of messages or of one event. max_messages 0: events only; membership stays alive, nothing prefetched is
   * thrown away. max_bytes bounds keys and payloads together, but for the first message, which always fits. */
  dispytch_status (*poll)(dispytch_consumer* consumer, uint32_t max_messages, uint64_t max_bytes, int32_t timeout_ms,
                          const dispytch_batch** out, dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* [any] Never blocks. A waiting poll, or else the next one, returns at once. */
  void (*wake)(dispytch_consumer* consumer) DISPYTCH_NOEXCEPT;

  /* [any] Never blocks. In any order, before or after settling; each batch once. */
  void (*release)(dispytch_consumer* consumer, const dispytch_batch* batch) DISPYTCH_NOEXCEPT;

  /* [any] Never blocks. Accepts the whole array; a stale token is skipped and the status is EFENCED. */
  dispytch_status (*settle)(dispytch_consumer* consumer, const dispytch_settlement* settlements, uint32_t stride, uint32_t count,
                            dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* [any] Waits until everything settled before the call is durable at the broker: only then is a drain complete. */
  dispytch_status (*sync)(dispytch_consumer* consumer, int32_t timeout_ms, dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* [any] Never blocks. Headers of a message of an unreleased batch, valid until its release. *message is the batch's element or a copy
   * of it. */
  dispytch_status (*headers)(dispytch_consumer* consumer, const dispytch_message* message, const dispytch_header** out,
                             uint32_t* count) DISPYTCH_NOEXCEPT;

  /* [any] Never blocks. Withholds sources (on = 1) or lets them go on (0), without discarding what is prefetched where the client can.
   * NULL without CAN_PAUSE. */
  dispytch_status (*pause)(dispytch_consumer* consumer, const dispytch_source* sources, uint32_t stride, uint32_t count, int32_t on,
                           dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* [one] together with poll. Moves each source to its offset. NULL without CAN_SEEK. */
  dispytch_status (*seek)(dispytch_consumer* consumer, const dispytch_source* sources, uint32_t stride, uint32_t count, int32_t timeout_ms,
                          dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* [last] Implies the revocation of all sources and raises no event. */
  dispytch_status (*close)(dispytch_consumer* consumer, int32_t timeout_ms, dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* 1.1, may be missing or NULL. As dispytch_producer_api says it. Without it capabilities_of holds for each consumer. */
  uint64_t (*capabilities_for)(dispytch_adapter* adapter, const char* json, size_t len) DISPYTCH_NOEXCEPT;

  /* 1.1. [any] on 1: these messages are about to be handled, and that must not be forgotten should it end the process: waits until it is
   * durable at the broker. A later delivery says in `begun` how many such calls neither a settlement of the message nor a call with on 0
   * followed. on 0: the handling has ended, though nothing is settled yet; takes the last call for each back, without waiting. Any
   * settlement of a message sets its count to 0. Called for few messages: those that were delivered again and again. EFENCED for a stale
   * token: nothing is noted then. NULL without CAN_BEGIN. */
  dispytch_status (*begin)(dispytch_consumer* consumer, const uint64_t* tokens, uint32_t count, int32_t on, int32_t timeout_ms,
                           dispytch_error* error) DISPYTCH_NOEXCEPT;
} dispytch_consumer_api;

typedef struct dispytch_plugin { /* static const in the plugin */
  uint32_t size, abi_major, abi_minor, reserved;
  const char *id, *version, *license;
  /* JSON Schema draft-07 with $defs backend, producer, consumer and topic. Secrets are writeOnly; durations and sizes say their unit and
   * cross as integers. */
  const char* config_schema;
  uint64_t capabilities;                 /* at most these; capabilities_of says which, for a given config and broker */
  const dispytch_producer_api* producer; /* NULL where it can't produce */
  const dispytch_consumer_api* consumer; /* NULL where it can't consume */

  /* [any] *host stays valid until close has returned. */
  dispytch_status (*open)(const dispytch_host* host, const char* json, size_t len, int32_t timeout_ms, dispytch_adapter** out,
                          dispytch_error* error) DISPYTCH_NOEXCEPT;
  /* [any] Never blocks. */
  uint64_t (*capabilities_of)(dispytch_adapter* adapter) DISPYTCH_NOEXCEPT;
  /* [last] */
  dispytch_status (*close)(dispytch_adapter* adapter, int32_t timeout_ms, dispytch_error* error) DISPYTCH_NOEXCEPT;

  /* [any] Never blocks. "dispytch.transactions/1", "dispytch.admin/1"; 1.1: "dispytch.groups/1", "dispytch.backlog/1",
   * "dispytch.declare/1", "dispytch.browse/1". NULL: not offered. The field itself may be missing or NULL. An extension is asked for by
   * plugin; where a backend can't have it with its config and broker, its functions return ENOTIMPL and say why. */
  const void* (*extension)(const char* id)DISPYTCH_NOEXCEPT;
} dispytch_plugin;

/* 1.1. Rows that an extension hands out: the plugin's memory, with all that they point at, until they are given back to the extension's
 * function `release`, or the adapter is closed. */
typedef struct dispytch_rows {
  uint32_t size, stride, count, reserved;
  const void* first; /* of `count` elements, `stride` bytes apart; which they are the extension says */
} dispytch_rows;

/* The one export. NULL: this host is too old for the plugin. A plugin linked into a program, as tests do, is compiled with
 * -DDISPYTCH_PLUGIN_ENTRY=its_own_name, so that several fit into one. */
#ifndef DISPYTCH_PLUGIN_ENTRY
#define DISPYTCH_PLUGIN_ENTRY dispytch_plugin_v1
#endif
DISPYTCH_EXPORT const dispytch_plugin* DISPYTCH_PLUGIN_ENTRY(uint32_t host_abi_minor) DISPYTCH_NOEXCEPT;

/* The sizes of version 1.1. A wrong one doesn't compile: an array of size -1. */
#define DISPYTCH_ASSERT_SIZE(type, bytes) typedef char type##_has_its_size[sizeof(type) == (bytes) ? 1 : -1]
DISPYTCH_ASSERT_SIZE(dispytch_error, 256);
DISPYTCH_ASSERT_SIZE(dispytch_bytes, 16);
DISPYTCH_ASSERT_SIZE(dispytch_header, 32);
DISPYTCH_ASSERT_SIZE(dispytch_message, 128);
DISPYTCH_ASSERT_SIZE(dispytch_report, 48);
DISPYTCH_ASSERT_SIZE(dispytch_settlement, 24);
DISPYTCH_ASSERT_SIZE(dispytch_source, 64);
DISPYTCH_ASSERT_SIZE(dispytch_batch, 96);
DISPYTCH_ASSERT_SIZE(dispytch_host, 80);
DISPYTCH_ASSERT_SIZE(dispytch_clock, 32);
DISPYTCH_ASSERT_SIZE(dispytch_producer_api, 56);
DISPYTCH_ASSERT_SIZE(dispytch_consumer_api, 104);
DISPYTCH_ASSERT_SIZE(dispytch_plugin, 104);
DISPYTCH_ASSERT_SIZE(dispytch_rows, 24);
#undef DISPYTCH_ASSERT_SIZE

#ifdef __cplusplus
}
#endif
#endif
