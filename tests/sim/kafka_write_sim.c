/** common/io/kafka.h: two topics of one partition in memory, and writers, whose records get lost, refused or repeated on the way. */

#include <stdlib.h>
#include <string.h>

#include "common/io/kafka.h"
#include "tests/sim/sim.h"

enum { CLIENTS = 16 };

/** A record on its way. */
struct sending {
    struct sending *next;
    struct kafka_writer *writer;
    struct sim_topic *topic;
    struct sim_record record;
    kafka_delivered_fn *delivered;
    void *context;
    int64_t offset;
    struct error error;
};

struct kafka_writer {
    struct sending *first, *last;
    kafka_state_fn *on_state;
    void *context;
    int owner;
    bool moving, dead;
};

static struct kafka_writer *writers[CLIENTS];

static void *zeroed(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

struct sim_topic *sim_topic(const char *name)
{
    return strcmp(name, KAFKA_HOSTS_TOPIC) == 0 ? &sim.hosts : &sim.events;
}

static char *copy_of(struct span bytes)
{
    char *copy = zeroed(bytes.length + 1);
    memcpy(copy, bytes.data, bytes.length);
    return copy;
}

/* ---- the log ---- */

int64_t sim_append(struct sim_topic *topic, struct span key, struct span value)
{
    if (topic->count == topic->room) {
        topic->room = topic->room == 0 ? 256 : 2 * topic->room;
        topic->records = realloc(topic->records, (size_t)topic->room * sizeof *topic->records);
        if (topic->records == NULL) {
            abort();
        }
    }
    int64_t offset = topic->count++;
    topic->records[offset] = (struct sim_record){.key = copy_of(key),
                                                 .bytes = copy_of(value),
                                                 .key_length = key.length,
                                                 .length = value.length,
                                                 .appended_wall_ms = sim_wall_ms()};
    if (topic == &sim.events) {
        sim_check_appended(offset, value);
    }
    sim_readers_wake(topic);
    return offset;
}

/* ---- writing ---- */

static void arrive(void *context);

static void move(struct kafka_writer *writer)
{
    if (!writer->moving && writer->first != NULL) {
        writer->moving = true;
        sim_after(sim_chance(0.05) ? sim_between(20, 1500) : sim_between(1, 4), 0, arrive, writer);
    }
}

static void report(void *context)
{
    struct sending *sending = context;
    const struct error *error = sending->error.code == ERROR_NONE ? NULL : &sending->error;
    if (!sending->writer->dead) {
        sim_seam("before a delivery report");
        sending->delivered(sending->context, error, error == NULL ? sending->offset : -1);
    }
    free(sending->record.key);
    free(sending->record.bytes);
    free(sending);
}

static struct sending *take(struct kafka_writer *writer)
{
    struct sending *sending = writer->first;
    writer->first = sending->next;
    writer->last = writer->first == NULL ? NULL : writer->last;
    return sending;
}

static bool is_dead(const struct kafka_writer *writer)
{
    return writer->dead || sim_worker_of(writer->owner) == NULL;
}

/** The first record reaches the broker: maybe twice, maybe without an answer. */
static void arrive(void *context)
{
    struct kafka_writer *writer = context;
    writer->moving = false;
    bool dead = is_dead(writer);
    if (!dead && sim_worker_of(writer->owner)->frozen_until_ms > sim.now_ms) {
        writer->moving = true; /* its threads are frozen too */
        sim_after(sim_worker_of(writer->owner)->frozen_until_ms - sim.now_ms, 0, arrive, writer);
        return;
    }
    if (writer->first == NULL || (!sim_kafka_reached() && dead)) {
        return;
    }
    if (!sim_kafka_reached()) {
        return; /* it goes on when Kafka is back */
    }
    struct sending *sending = writer->first;
    bool refused = !sim.healing && sim_chance(0.01);
    if (!refused || sim_chance(0.5)) {
        sending->offset = sim_append(sending->topic,
                                     (struct span){sending->record.key, sending->record.key_length},
                                     (struct span){sending->record.bytes, sending->record.length});
    }
    if (dead) {
        writer->first = sim_chance(0.5) ? NULL : sending->next;
        move(writer);
        return;
    }
    if (!refused && !sim.healing && sim_chance(0.04)) {
        sim_say("the acknowledgement of record %lld is lost: it is sent again",
                (long long)sending->offset);
        move(writer);
        return;
    }
    if (refused) {
        error_set(&sending->error, ERROR_UNAVAILABLE, "the broker refuses for now");
    }
    take(writer);
    sim_after(sim_between(0, 3), writer->owner, report, sending);
    move(writer);
}

/** In the place of one whose worker is dead. */
static void keep(struct kafka_writer *writer)
{
    size_t at = 0;
    while (writers[at] != NULL && !writers[at]->dead && sim_worker_of(writers[at]->owner) != NULL) {
        at++; /* a worker has few of them */
    }
    writers[at] = writer;
}

struct kafka_writer *kafka_writer_new(struct loop *loop, const struct kafka_config *config,
                                      enum kafka_writer_kind kind, int64_t delivery_timeout_ms,
                                      kafka_state_fn *on_state, void *context, struct error *err)
{
    (void)loop;
    (void)config;
    (void)kind;
    (void)delivery_timeout_ms;
    (void)err;
    struct kafka_writer *writer = zeroed(sizeof *writer);
    *writer = (struct kafka_writer){
        .on_state = on_state, .context = context, .owner = sim.worker->number};
    keep(writer);
    return writer;
}

void kafka_writer_free(struct kafka_writer *writer, int64_t flush_ms)
{
    (void)flush_ms;
    if (writer != NULL) {
        writer->dead = true;
    }
}

int kafka_writer_send(struct kafka_writer *writer, const char *topic, int32_t partition,
                      struct span key, struct span value, const char *traceparent,
                      kafka_delivered_fn *delivered, void *context, struct error *err)
{
    (void)partition;
    (void)traceparent;
    sim_seam("before a record is handed to Kafka");
    if (!sim.healing && sim_chance(0.01)) {
        return error_set(err, ERROR_FULL, "the local queue is full");
    }
    struct sending *sending = zeroed(sizeof *sending);
    *sending = (struct sending){.writer = writer,
                                .topic = sim_topic(topic),
                                .record = {.key = copy_of(key),
                                           .bytes = copy_of(value),
                                           .key_length = key.length,
                                           .length = value.length},
                                .delivered = delivered,
                                .context = context};
    if (writer->last == NULL) {
        writer->first = sending;
    } else {
        writer->last->next = sending;
    }
    writer->last = sending;
    move(writer);
    sim_seam("after a record is handed to Kafka");
    return 0;
}

/* ---- coming and going ---- */

static void tell_writer(void *context)
{
    struct kafka_writer *writer = context;
    if (!writer->dead && writer->on_state != NULL) {
        writer->on_state(writer->context, sim_kafka_reached() ? KAFKA_BACK : KAFKA_AWAY, "sim");
    }
}

static void tell_all(void)
{
    sim.disturbed_ms = sim.now_ms;
    for (size_t i = 0; i < CLIENTS; i++) {
        if (writers[i] != NULL && !writers[i]->dead) {
            sim_after(sim_between(0, 1000), writers[i]->owner, tell_writer, writers[i]);
            if (sim_kafka_reached() && !is_dead(writers[i])) {
                move(writers[i]);
            }
        }
    }
    sim_readers_tell();
}

void sim_kafka_state(bool up)
{
    if (sim.kafka_up == up) {
        return;
    }
    sim.kafka_up = up;
    sim_say("Kafka is %s", up ? "back" : "AWAY");
    tell_all();
}

void sim_kafka_cut(bool cut)
{
    if (sim.kafka_cut != cut) {
        sim.kafka_cut = cut;
        sim_say("the worker is %s Kafka", cut ? "CUT OFF from" : "joined again with");
        tell_all();
    }
}

bool sim_kafka_reached(void)
{
    return sim.kafka_up && !sim.kafka_cut;
}

int kafka_topic_check(const struct kafka_config *config, const struct kafka_topic_wish *wish,
                      int64_t timeout_ms, int32_t *ret_partitions, struct buffer *ret_problems,
                      struct error *err)
{
    (void)config;
    (void)wish;
    (void)timeout_ms;
    (void)ret_problems;
    (void)err;
    *ret_partitions = 1;
    return 0;
}
