/** common/io/kafka.h: readers, which get records in bursts and late. */

#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

enum { CLIENTS = 16, BURST = 4 };

struct kafka_reader {
    struct sim_topic *topic;
    const struct kafka_reader_callbacks *callbacks;
    void *context;
    int owner;
    int64_t next;
    uint64_t assignment;
    bool assigned, paused, pumping, end_told, dead;
};

static struct kafka_reader *readers[CLIENTS];

static void *zeroed(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static void pump(void *context);

static void pump_soon(struct kafka_reader *reader)
{
    if (!reader->pumping && reader->assigned && !reader->paused && !reader->dead &&
        sim_kafka_reached()) {
        reader->pumping = true;
        sim_after(sim_chance(0.1) ? sim_between(10, 300) : sim_between(0, 4), reader->owner, pump,
                  reader);
    }
}

static void deliver(struct kafka_reader *reader)
{
    const struct sim_record *record = &reader->topic->records[reader->next];
    struct kafka_record out = {.offset = reader->next++,
                               .timestamp_unix_ms = record->appended_wall_ms,
                               .key = {record->key, record->key_length},
                               .value = {record->bytes, record->length}};
    if (reader->callbacks->on_record != NULL) {
        reader->callbacks->on_record(reader->context, &out);
    }
}

static void pump(void *context)
{
    struct kafka_reader *reader = context;
    reader->pumping = false;
    if (reader->dead || !reader->assigned || reader->paused || !sim_kafka_reached()) {
        return;
    }
    sim_seam("at a record of the log");
    uint64_t assignment = reader->assignment;
    int64_t burst = sim_between(1, sim_chance(0.2) ? 200 : BURST);
    while (burst-- > 0 && reader->next < reader->topic->count && reader->assignment == assignment &&
           !reader->paused) {
        reader->end_told = false;
        deliver(reader);
    }
    if (reader->assignment == assignment && reader->next == reader->topic->count &&
        !reader->end_told) {
        reader->end_told = true;
        if (reader->callbacks->on_end != NULL) {
            reader->callbacks->on_end(reader->context, 0, reader->next);
        }
    }
    if (reader->next < reader->topic->count) {
        pump_soon(reader);
    }
}

/** In the place of one whose worker is dead. */
static void keep(struct kafka_reader *reader)
{
    size_t at = 0;
    while (readers[at] != NULL && !readers[at]->dead && sim_worker_of(readers[at]->owner) != NULL) {
        at++; /* a worker has few of them */
    }
    readers[at] = reader;
}

struct kafka_reader *kafka_reader_new(struct loop *loop, const struct kafka_config *config,
                                      const char *topic, const char *group,
                                      const struct kafka_reader_callbacks *callbacks, void *context,
                                      struct error *err)
{
    (void)loop;
    (void)config;
    (void)group;
    (void)err;
    struct kafka_reader *reader = zeroed(sizeof *reader);
    *reader = (struct kafka_reader){.topic = sim_topic(topic),
                                    .callbacks = callbacks,
                                    .context = context,
                                    .owner = sim.worker->number};
    keep(reader);
    return reader;
}

void kafka_reader_free(struct kafka_reader *reader)
{
    if (reader != NULL) {
        reader->dead = true;
    }
}

int kafka_reader_assign(struct kafka_reader *reader, int32_t partition, int64_t offset,
                        int64_t timeout_ms, struct error *err)
{
    if (partition == KAFKA_PARTITION_ALL && !sim_kafka_reached()) {
        sim_worker_block(timeout_ms);
        return error_set(err, ERROR_TIMEOUT, "no broker answers");
    }
    reader->assignment++;
    reader->assigned = true;
    reader->end_told = false;
    reader->next = offset == KAFKA_OFFSET_END ? reader->topic->count : offset < 0 ? 0 : offset;
    reader->pumping = false;
    pump_soon(reader);
    return 0;
}

int32_t kafka_reader_partition_count(const struct kafka_reader *reader)
{
    return reader->assigned ? 1 : 0;
}

void kafka_reader_pause(struct kafka_reader *reader)
{
    reader->paused = true;
}

void kafka_reader_resume(struct kafka_reader *reader)
{
    reader->paused = false;
    pump_soon(reader);
}

static void commit_arrives(void *context)
{
    int64_t *offset = context;
    if (sim_kafka_reached()) {
        sim.committed = *offset;
        sim_say("commit %lld", (long long)*offset);
        sim_check_commit(*offset);
    }
    free(offset);
}

int kafka_reader_commit(struct kafka_reader *reader, int32_t partition, int64_t offset,
                        struct error *err)
{
    (void)reader;
    (void)partition;
    (void)err;
    int64_t *copy = zeroed(sizeof *copy);
    *copy = offset;
    sim_seam("before a commit");
    sim_after(sim_between(0, 5), 0, commit_arrives, copy);
    sim_seam("after a commit");
    return 0;
}

int kafka_reader_committed(struct kafka_reader *reader, int32_t partition, int64_t timeout_ms,
                           int64_t *ret_offset, struct error *err)
{
    (void)reader;
    (void)partition;
    if (!sim_kafka_reached()) {
        sim_worker_block(timeout_ms);
        return error_set(err, ERROR_TIMEOUT, "no broker answers");
    }
    *ret_offset = sim.committed;
    return 0;
}

int kafka_reader_bounds(struct kafka_reader *reader, int32_t partition, int64_t timeout_ms,
                        int64_t *ret_first, int64_t *ret_next, struct error *err)
{
    (void)partition;
    if (!sim_kafka_reached()) {
        sim_worker_block(timeout_ms);
        return error_set(err, ERROR_TIMEOUT, "no broker answers");
    }
    *ret_first = 0;
    *ret_next = reader->topic->count;
    return 0;
}

/* ---- coming and going ---- */

static void tell_reader(void *context)
{
    struct kafka_reader *reader = context;
    if (!reader->dead && reader->callbacks->on_state != NULL) {
        reader->callbacks->on_state(reader->context, sim_kafka_reached() ? KAFKA_BACK : KAFKA_AWAY,
                                    "sim");
    }
}

void sim_readers_tell(void)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        if (readers[i] != NULL && !readers[i]->dead) {
            sim_after(sim_between(0, 1000), readers[i]->owner, tell_reader, readers[i]);
            readers[i]->pumping = false;
            pump_soon(readers[i]);
        }
    }
}

void sim_readers_wake(const struct sim_topic *topic)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        if (readers[i] != NULL && readers[i]->topic == topic) {
            pump_soon(readers[i]);
        }
    }
}
