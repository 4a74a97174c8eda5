#include "worker/host/outbox.h"

#include <string.h>

#include "common/base/fault_point.h"
#include "common/base/memory.h"

enum { IN_FLIGHT_MAX = 512, RETRY_MS = 500, COMPLAIN_EVERY_MS = 60000 };

struct outbox_item {
    struct outbox_item *next;
    struct outbox *outbox;
    kafka_delivered_fn *delivered_fn;
    void *context;
    bool is_volatile; /**< goes at most once */
    bool journalled, in_flight, delivered, failed;
    int64_t offset; /**< where it was delivered to */
    size_t length;
    char bytes[];
};

static void pump(struct outbox *outbox);

static void on_retry(void *context)
{
    pump(context);
}

void outbox_init(struct outbox *outbox, const struct outbox_config *config)
{
    *outbox = (struct outbox){.config = *config};
    outbox->retry = (struct timer_entry){.fn = on_retry, .context = outbox};
}

void outbox_release(struct outbox *outbox)
{
    timers_disarm(outbox->config.timers, &outbox->retry);
    while (outbox->first != NULL) {
        struct outbox_item *item = outbox->first;
        outbox->first = item->next;
        memory_free(item);
    }
    outbox->last = NULL;
    outbox->next = NULL;
    outbox->count = 0;
}

static void complain(struct outbox *outbox, const char *why)
{
    uint64_t suppressed = 0;
    int64_t now = clock_boot_ms(outbox->config.timers->clock);
    if (log_limit_pass(&outbox->complaints, now, COMPLAIN_EVERY_MS, &suppressed)) {
        log_warn("outbox.waits",
                 "events could not be written to Kafka; they are kept and tried again",
                 LOG_INT("events", outbox->count), LOG_STR("error", why),
                 LOG_INT("suppressed", suppressed));
    }
}

static void retry_later(struct outbox *outbox)
{
    timers_arm(outbox->config.timers, &outbox->retry,
               clock_boot_ms(outbox->config.timers->clock) + RETRY_MS);
}

static void tell(const struct outbox_item *item, const struct error *error, int64_t offset)
{
    if (item->delivered_fn != NULL) {
        item->delivered_fn(item->context, error, offset);
    }
}

/** True if it lies before one that was made before it: a broker took that one too late, when another led the partition. */
static bool is_misplaced(const struct outbox *outbox, const struct outbox_item *item)
{
    return item->offset >= 0 && item->offset < outbox->last_offset;
}

/** The oldest ones that are delivered leave the queue. */
static void advance(struct outbox *outbox)
{
    int64_t journalled = 0;
    while (outbox->first != NULL && outbox->first->delivered) {
        struct outbox_item *item = outbox->first;
        if (is_misplaced(outbox, item)) {
            error_set(&outbox->failure, ERROR_CONFLICT,
                      "Kafka has put them in another order than they were made in");
            complain(outbox, outbox->failure.message);
            break;
        }
        outbox->last_offset = item->offset;
        outbox->first = item->next;
        outbox->last = outbox->first == NULL ? NULL : outbox->last;
        outbox->count--;
        journalled += item->journalled ? 1 : 0;
        memory_free(item);
    }
    if (journalled > 0) {
        outbox->config.on_delivered(outbox->config.context, journalled);
    }
}

/** Takes the volatile ones that had their chance out of the queue. @return those that failed */
static struct outbox_item *take_volatile(struct outbox *outbox)
{
    struct outbox_item *taken = NULL;
    struct outbox_item **link = &outbox->first;
    outbox->last = NULL;
    while (*link != NULL) {
        struct outbox_item *item = *link;
        if (item->is_volatile && (item->failed || item->delivered)) {
            *link = item->next;
            outbox->count--;
            item->next = taken;
            taken = item;
        } else {
            outbox->last = item;
            link = &item->next;
        }
    }
    return taken;
}

/** Nothing is in flight after a failure: from the first undelivered one on all is sent again. */
static void begin_anew(struct outbox *outbox)
{
    struct error error = outbox->failure;
    struct outbox_item *taken = take_volatile(outbox);
    for (struct outbox_item *item = outbox->first; item != NULL; item = item->next) {
        item->failed = false;
        item->delivered = false;
    }
    outbox->next = outbox->first;
    outbox->last_offset = 0;
    outbox->failure = (struct error){0};
    retry_later(outbox);
    while (taken != NULL) {
        struct outbox_item *item = taken;
        taken = item->next;
        if (item->failed) {
            tell(item, &error, -1);
        }
        memory_free(item);
    }
}

static void on_delivered(void *context, const struct error *error, int64_t offset)
{
    struct outbox_item *item = context;
    struct outbox *outbox = item->outbox;
    item->in_flight = false;
    outbox->in_flight--;
    if (error != NULL) {
        item->failed = true;
        outbox->failure = *error;
        complain(outbox, error->message);
    } else {
        FAULT_POINT(EVENT_ACKNOWLEDGED);
        item->delivered = true;
        item->offset = offset;
        tell(item, NULL, offset);
        advance(outbox);
    }
    if (outbox->failure.code == ERROR_NONE) {
        pump(outbox);
    } else if (outbox->in_flight == 0) {
        begin_anew(outbox);
    }
}

static int send_next(struct outbox *outbox)
{
    struct outbox_item *item = outbox->next;
    struct error err = {0};
    struct span value = {item->bytes, item->length};
    outbox->next = item->next;
    item->in_flight = true;
    outbox->in_flight++;
    FAULT_POINT(EVENT_SENDING);
    if (outbox->config.send(outbox->config.send_context, span_of(outbox->config.key), value,
                            on_delivered, item, &err) != 0) {
        outbox->next = item;
        item->in_flight = false;
        outbox->in_flight--;
        complain(outbox, err.message);
        retry_later(outbox);
        return -1;
    }
    FAULT_POINT(EVENT_SENT);
    return 0;
}

static void pump(struct outbox *outbox)
{
    while (outbox->next != NULL && outbox->failure.code == ERROR_NONE &&
           outbox->in_flight < IN_FLIGHT_MAX && send_next(outbox) == 0) {
    }
}

int outbox_push(struct outbox *outbox, struct span event, bool journalled,
                kafka_delivered_fn *delivered, void *context, struct error *err)
{
    struct outbox_item *item = memory_alloc(sizeof *item + event.length);
    if (item == NULL) {
        return error_no_memory(err, "queueing an event");
    }
    *item = (struct outbox_item){.outbox = outbox,
                                 .delivered_fn = delivered,
                                 .is_volatile = delivered != NULL,
                                 .context = context,
                                 .journalled = journalled,
                                 .length = event.length};
    memcpy(item->bytes, event.data, event.length);
    if (outbox->last == NULL) {
        outbox->first = item;
    } else {
        outbox->last->next = item;
    }
    outbox->last = item;
    outbox->next = outbox->next == NULL ? item : outbox->next;
    outbox->count++;
    if (!timer_armed(&outbox->retry)) {
        pump(outbox);
    }
    return 0;
}

void outbox_tell_of_newest(struct outbox *outbox, kafka_delivered_fn *delivered, void *context)
{
    if (outbox->last != NULL) {
        outbox->last->delivered_fn = delivered;
        outbox->last->context = context;
    }
}
