/* A broker of one queue in plain C99, written from abi.h alone: what is sent is received, in order, until it is acknowledged.
 * ECHO_ID is the file's name. Config: {"capacity": messages, "fail": text}. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"

#define MOST 64u

typedef struct {
  dispytch_message message; /* views of what follows */
  dispytch_header* headers;
  uint8_t* bytes;
  int delivered;
  uint32_t holders; /* the queue, and each batch that isn't released */
} stored;

struct dispytch_adapter {
  const dispytch_host* host;
  pthread_mutex_t mutex; /* guards all that follows */
  stored* queue[MOST];
  uint32_t n, capacity;
  uint64_t next_token;
  dispytch_report reports[MOST];
  uint32_t n_reports;
};
struct dispytch_producer {
  dispytch_adapter* adapter;
  uint64_t cookie;
};
struct dispytch_consumer {
  dispytch_adapter* adapter;
  int assigned; /* 0: not told, 1: told, 2: acknowledged */
};

enum { EVENT_TOKEN = 7 };

static dispytch_status fail(dispytch_error* error, dispytch_status code, const char* text) {
  if (!DISPYTCH_HAS(dispytch_error, error, text)) return code;
  error->code = code;
  error->flags = 0;
  error->broker_code = 0;
  snprintf(error->text, sizeof error->text, "%s", text);
  return code;
}

/* ---- producer ---- */

static dispytch_status producer_open(dispytch_adapter* adapter, const char* json, size_t len, uint64_t cookie, int32_t timeout_ms,
                                     dispytch_producer** out, dispytch_error* error) {
  (void)json, (void)len, (void)timeout_ms, (void)error;
  dispytch_producer* producer = malloc(sizeof *producer);
  if (producer == NULL) return fail(error, DISPYTCH_ETOOBIG, "out of memory");
  producer->adapter = adapter;
  producer->cookie = cookie;
  *out = producer;
  return DISPYTCH_OK;
}

static dispytch_bytes copy(uint8_t** next, dispytch_bytes from) {
  dispytch_bytes to = from;
  if (from.data == NULL) return to;
  to.data = *next;
  if (from.len > 0) memcpy(*next, from.data, from.len);
  *next += from.len;
  return to;
}

/* Elements may be longer or shorter than ours. */
static dispytch_message message_at(const dispytch_message* first, uint32_t stride, uint32_t index) {
  dispytch_message message;
  memset(&message, 0, sizeof message);
  memcpy(&message, (const char*)first + (size_t)stride * index, stride < sizeof message ? stride : sizeof message);
  return message;
}

static void let_go(stored* held) {
  if (held == NULL || --held->holders > 0) return;
  free(held->bytes);
  free(held->headers);
  free(held);
}

static stored* store(dispytch_message from, uint64_t token) {
  stored* to = calloc(1, sizeof *to);
  if (to == NULL) return NULL;
  to->holders = 1;
  size_t size = 1 + from.topic.len + from.key.len + from.payload.len + from.id.len;
  for (uint32_t i = 0; i < from.n_headers; ++i) size += from.headers[i].key.len + from.headers[i].value.len;
  to->bytes = malloc(size);
  to->headers = calloc(from.n_headers + 1u, sizeof *to->headers);
  if (to->bytes == NULL || to->headers == NULL) {
    let_go(to);
    return NULL;
  }
  uint8_t* next = to->bytes;
  to->message = from;
  to->message.topic = copy(&next, from.topic);
  to->message.key = copy(&next, from.key);
  to->message.payload = copy(&next, from.payload);
  to->message.id = copy(&next, from.id);
  for (uint32_t i = 0; i < from.n_headers; ++i) {
    to->headers[i].key = copy(&next, from.headers[i].key);
    to->headers[i].value = copy(&next, from.headers[i].value);
  }
  if (from.n_headers > 0) to->message.flags |= DISPYTCH_MSG_HEADERS;
  to->message.headers = to->headers; /* inbound without n_headers it is the plugin's own: headers() finds them by it */
  to->message.n_headers = 0;
  to->message.source = DISPYTCH_SOURCE(0, 1);
  to->message.flags |= DISPYTCH_MSG_OFFSET;
  to->message.offset = (int64_t)token;
  to->message.token = token;
  return to;
}

static dispytch_status producer_send(dispytch_producer* producer, const dispytch_message* messages, uint32_t stride, uint32_t count,
                                     uint32_t* accepted, dispytch_error* error) {
  dispytch_adapter* adapter = producer->adapter;
  dispytch_status status = DISPYTCH_OK;
  *accepted = 0;
  pthread_mutex_lock(&adapter->mutex);
  for (; *accepted < count; ++*accepted) {
    dispytch_message message = message_at(messages, stride, *accepted);
    if (message.topic.len == 0) {
      status = fail(error, DISPYTCH_EINVAL, "a message needs a topic");
      break;
    }
    if (adapter->n == adapter->capacity || adapter->n_reports == MOST) {
      status = DISPYTCH_AGAIN;
      break;
    }
    stored* kept = store(message, ++adapter->next_token);
    if (kept == NULL) {
      status = fail(error, DISPYTCH_ETOOBIG, "out of memory");
      break;
    }
    dispytch_report* report = &adapter->reports[adapter->n_reports++];
    memset(report, 0, sizeof *report);
    report->token = message.token;
    report->flags = DISPYTCH_REPORT_OFFSET;
    report->offset = kept->message.offset;
    adapter->queue[adapter->n++] = kept;
  }
  pthread_mutex_unlock(&adapter->mutex);
  if (*accepted > 0) adapter->host->notify(adapter->host->context, producer->cookie);
  return status;
}

static dispytch_status producer_reports(dispytch_producer* producer, dispytch_report* out, uint32_t stride, uint32_t capacity,
                                        uint32_t* count) {
  dispytch_adapter* adapter = producer->adapter;
  pthread_mutex_lock(&adapter->mutex);
  *count = adapter->n_reports < capacity ? adapter->n_reports : capacity;
  for (uint32_t i = 0; i < *count; ++i) {
    memcpy((char*)out + (size_t)stride * i, &adapter->reports[i], stride < sizeof *out ? stride : sizeof *out);
  }
  adapter->n_reports -= *count;
  memmove(adapter->reports, adapter->reports + *count, adapter->n_reports * sizeof *adapter->reports);
  pthread_mutex_unlock(&adapter->mutex);
  return DISPYTCH_OK;
}

static dispytch_status producer_flush(dispytch_producer* producer, int32_t timeout_ms, dispytch_error* error) {
  (void)producer, (void)timeout_ms, (void)error; /* reports are ready when send returns */
  return DISPYTCH_OK;
}

static dispytch_status producer_close(dispytch_producer* producer, int32_t timeout_ms, dispytch_error* error) {
  (void)timeout_ms, (void)error;
  free(producer);
  return DISPYTCH_OK;
}

/* ---- consumer ---- */

/* A batch and what it points at. */
typedef struct {
  dispytch_batch batch; /* first: release gets its address */
  dispytch_message messages[MOST];
  stored* held[MOST];
  dispytch_source source;
} delivery;

static dispytch_status consumer_open(dispytch_adapter* adapter, const char* json, size_t len, uint64_t cookie, int32_t timeout_ms,
                                     dispytch_consumer** out, dispytch_error* error) {
  (void)json, (void)len, (void)cookie, (void)timeout_ms;
  dispytch_consumer* consumer = malloc(sizeof *consumer);
  if (consumer == NULL) return fail(error, DISPYTCH_ETOOBIG, "out of memory");
  consumer->adapter = adapter;
  consumer->assigned = 0;
  *out = consumer;
  return DISPYTCH_OK;
}

static void assign(dispytch_consumer* consumer, delivery* out) {
  static const char kTopic[] = "echo";
  consumer->assigned = 1;
  out->source.topic.data = (const uint8_t*)kTopic;
  out->source.topic.len = sizeof kTopic - 1;
  out->source.source = DISPYTCH_SOURCE(0, 1);
  out->batch.kind = DISPYTCH_ASSIGNED;
  out->batch.sources = &out->source;
  out->batch.n_sources = 1;
  out->batch.event_token = EVENT_TOKEN;
}

static dispytch_status consumer_poll(dispytch_consumer* consumer, uint32_t max_messages, uint64_t max_bytes, int32_t timeout_ms,
                                     const dispytch_batch** out, dispytch_error* error) {
  (void)max_bytes, (void)timeout_ms; /* never waits: all that may come is there already */
  dispytch_adapter* adapter = consumer->adapter;
  delivery* found = calloc(1, sizeof *found);
  if (found == NULL) return fail(error, DISPYTCH_ETOOBIG, "out of memory");
  found->batch.size = sizeof found->batch;
  found->batch.messages = found->messages;
  found->batch.message_stride = sizeof(dispytch_message);
  found->batch.source_stride = sizeof(dispytch_source);
  pthread_mutex_lock(&adapter->mutex);
  if (consumer->assigned == 0) assign(consumer, found);
  for (uint32_t i = 0; consumer->assigned == 2 && i < adapter->n && found->batch.n_messages < max_messages; ++i) {
    stored* next = adapter->queue[i];
    if (next->delivered) continue;
    next->delivered = 1;
    ++next->holders;
    found->held[found->batch.n_messages] = next;
    found->messages[found->batch.n_messages++] = next->message;
  }
  pthread_mutex_unlock(&adapter->mutex);
  if (found->batch.kind == DISPYTCH_MESSAGES && found->batch.n_messages == 0) {
    free(found);
    return DISPYTCH_TIMEOUT;
  }
  *out = &found->batch;
  return DISPYTCH_OK;
}

static void consumer_wake(dispytch_consumer* consumer) { (void)consumer; }

static void consumer_release(dispytch_consumer* consumer, const dispytch_batch* batch) {
  delivery* done = (delivery*)batch;
  pthread_mutex_lock(&consumer->adapter->mutex);
  for (uint32_t i = 0; i < batch->n_messages; ++i) let_go(done->held[i]);
  pthread_mutex_unlock(&consumer->adapter->mutex);
  free(done);
}

static int settle_one(dispytch_adapter* adapter, dispytch_settlement settlement) {
  for (uint32_t i = 0; i < adapter->n; ++i) {
    stored* found = adapter->queue[i];
    if (found->message.token != settlement.token || !found->delivered) continue;
    if (settlement.action == DISPYTCH_REQUEUE) {
      found->delivered = 0;
      found->message.flags |= DISPYTCH_MSG_REDELIVERED;
      return 1;
    }
    let_go(found);
    memmove(&adapter->queue[i], &adapter->queue[i + 1], (--adapter->n - i) * sizeof adapter->queue[i]);
    return 1;
  }
  return 0;
}

static dispytch_status consumer_settle(dispytch_consumer* consumer, const dispytch_settlement* settlements, uint32_t stride, uint32_t count,
                                       dispytch_error* error) {
  dispytch_adapter* adapter = consumer->adapter;
  uint32_t stale = 0;
  pthread_mutex_lock(&adapter->mutex);
  for (uint32_t i = 0; i < count; ++i) {
    dispytch_settlement settlement;
    memset(&settlement, 0, sizeof settlement);
    memcpy(&settlement, (const char*)settlements + (size_t)stride * i, stride < sizeof settlement ? stride : sizeof settlement);
    if (settlement.token == EVENT_TOKEN && consumer->assigned == 1) {
      consumer->assigned = 2;
    } else if (!settle_one(adapter, settlement)) {
      ++stale;
    }
  }
  pthread_mutex_unlock(&adapter->mutex);
  return stale > 0 ? fail(error, DISPYTCH_EFENCED, "a token was settled before") : DISPYTCH_OK;
}

static dispytch_status consumer_sync(dispytch_consumer* consumer, int32_t timeout_ms, dispytch_error* error) {
  (void)consumer, (void)timeout_ms, (void)error;
  return DISPYTCH_OK;
}

static dispytch_status consumer_headers(dispytch_consumer* consumer, const dispytch_message* message, const dispytch_header** out,
                                        uint32_t* count) {
  (void)consumer;
  *out = message->headers;
  *count = 0;
  while ((*out)[*count].key.data != NULL) ++*count;
  return DISPYTCH_OK;
}

static dispytch_status consumer_close(dispytch_consumer* consumer, int32_t timeout_ms, dispytch_error* error) {
  (void)timeout_ms, (void)error;
  free(consumer);
  return DISPYTCH_OK;
}

/* ---- adapter ---- */

static dispytch_status adapter_open(const dispytch_host* host, const char* json, size_t len, int32_t timeout_ms, dispytch_adapter** out,
                                    dispytch_error* error) {
  char text[512];
  (void)timeout_ms;
  snprintf(text, sizeof text, "%.*s", (int)len, json);
  if (strstr(text, "\"fail\"") != NULL) {
    fail(error, DISPYTCH_ECONFIG, "/config/fail: expected to be absent; remove it to open the echo");
    error->broker_code = 42;
    error->flags = DISPYTCH_ERROR_RETRIABLE;
    return DISPYTCH_ECONFIG;
  }
  dispytch_adapter* adapter = calloc(1, sizeof *adapter);
  if (adapter == NULL) return fail(error, DISPYTCH_ETOOBIG, "out of memory");
  adapter->host = host;
  adapter->capacity = MOST;
  const char* capacity = strstr(text, "\"capacity\":");
  if (capacity != NULL) adapter->capacity = (uint32_t)strtoul(capacity + strlen("\"capacity\":"), NULL, 10);
  pthread_mutex_init(&adapter->mutex, NULL);
  host->log(host->context, DISPYTCH_LOG_INFO, "opened", strlen("opened"));
  uint32_t opened = host->metric(host->context, DISPYTCH_METRIC_COUNTER, "opened", "1");
  host->record(host->context, opened, 1);
  *out = adapter;
  return DISPYTCH_OK;
}

static uint64_t adapter_capabilities(dispytch_adapter* adapter) {
  (void)adapter;
  return UINT64_MAX; /* the host trusts no more than the table claims */
}

static dispytch_status adapter_close(dispytch_adapter* adapter, int32_t timeout_ms, dispytch_error* error) {
  (void)timeout_ms, (void)error;
  for (uint32_t i = 0; i < adapter->n; ++i) let_go(adapter->queue[i]);
  pthread_mutex_destroy(&adapter->mutex);
  free(adapter);
  return DISPYTCH_OK;
}

static const dispytch_producer_api kProducer = {.size = sizeof(dispytch_producer_api),
                                                .open = producer_open,
                                                .send = producer_send,
                                                .reports = producer_reports,
                                                .flush = producer_flush,
                                                .close = producer_close};
static const dispytch_consumer_api kConsumer = {.size = sizeof(dispytch_consumer_api),
                                                .open = consumer_open,
                                                .poll = consumer_poll,
                                                .wake = consumer_wake,
                                                .release = consumer_release,
                                                .settle = consumer_settle,
                                                .sync = consumer_sync,
                                                .headers = consumer_headers,
                                                .close = consumer_close};
static const dispytch_plugin kPlugin = {
    sizeof(dispytch_plugin),
    DISPYTCH_ABI_MAJOR,
    DISPYTCH_ABI_MINOR,
    0,
    ECHO_ID,
    "1.0.0",
    "Apache-2.0",
    "{\"$defs\": {\"backend\": {\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
    "\"capacity\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 64, \"description\": \"How many messages the queue holds.\"},"
    "\"fail\": {\"type\": \"string\", \"description\": \"Makes opening fail.\"}}}}}",
    DISPYTCH_CAN_PRODUCE | DISPYTCH_CAN_CONSUME | DISPYTCH_CAN_KEYS | DISPYTCH_CAN_HEADERS | DISPYTCH_CAN_ACK_EACH | DISPYTCH_CAN_REQUEUE,
    &kProducer,
    &kConsumer,
    adapter_open,
    adapter_capabilities,
    adapter_close,
    NULL};

const dispytch_plugin* DISPYTCH_PLUGIN_ENTRY(uint32_t host_abi_minor) {
  (void)host_abi_minor;
  return &kPlugin;
}
