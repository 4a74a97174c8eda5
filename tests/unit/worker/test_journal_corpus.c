#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "common/base/memory.h"
#include "tests/unit/worker/stop_checks.h"

/* State directories of workers that died in mid-stop, and what the log held by then, as every version so far wrote them: the stops are
 * carried on for ever. With STOPFLEET_MAKE_JOURNALS in the environment those that are missing are made; what is there is never written
 * again. */

#define FOLDER "tests/corpus/journals/v1"

enum { GRACE_MS = 5000, PATH_BYTES = 512 };

struct sample {
    const char *name;
    int64_t died_after_ms; /* of the StopRequested */
    bool kafka_away;       /* from the StopRequested on: the log has nothing of the stop */
    bool in_call;          /* it died within the call of the stop signal */
    bool ignores;
    size_t signals; /* stop signals that are still to be sent */
    size_t kills;
};

static const struct sample SAMPLES[] = {
    {"signal-intended", 0, false, true, true, 1, 1},
    {"in-grace", 2000, false, false, true, 0, 1},
    {"in-grace-undelivered", 2000, true, false, true, 0, 1},
    {"killed-undelivered", GRACE_MS + 100, true, false, true, 0, 0},
    {"obeyed-undelivered", 1000, true, false, false, 0, 0},
};

static void path_of(const struct sample *sample, const char *file, char path[PATH_BYTES])
{
    (void)snprintf(path, PATH_BYTES, FOLDER "/%s.%s", sample->name, file);
}

static struct world *new_world(const struct sample *sample)
{
    struct world *world =
        make({.id = "a", .name = "a", .ignores = sample->ignores, .stop_timeout_ms = GRACE_MS});
    return world;
}

static void copy_file(const char *from, const char *to)
{
    char bytes[65536];
    FILE *in = fopen(from, "re");
    FILE *out = fopen(to, "wxe");
    assert_non_null(in);
    assert_non_null(out);
    size_t length = fread(bytes, 1, sizeof bytes, in);
    assert_true(length > 0 && length < sizeof bytes);
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
}

/* ---- making ---- */

static void play(const struct sample *sample, struct world *world)
{
    world_start(world, true);
    world_request(world, "r1", -1);
    if (sample->in_call) {
        run_to_signal_call(world);
        return;
    }
    while (world_read(world)) {
    }
    world->kafka_away = sample->kafka_away;
    world_run(world, sample->died_after_ms);
}

static void save_log(const struct sample *sample, const struct world *world)
{
    char path[PATH_BYTES];
    struct append_file file = {.fd = -1};
    path_of(sample, "log", path);
    assert_int_equal(append_file_open(&file, path, 1, NULL, NULL, NULL, NULL), 0);
    for (size_t i = 0; i < world->log_count; i++) {
        struct span record = {world->log[i].bytes, world->log[i].length};
        assert_int_equal(append_file_append(&file, record, NULL), 0);
    }
    append_file_close(&file);
}

static void make_sample(const struct sample *sample)
{
    char path[PATH_BYTES], from[PATH_BYTES];
    struct stat status;
    path_of(sample, "journal", path);
    if (stat(path, &status) == 0) {
        return;
    }
    struct world *world = new_world(sample);
    play(sample, world);
    (void)snprintf(from, sizeof from, "%s/journal-%s", world->directory, world->incarnation);
    copy_file(from, path);
    save_log(sample, world);
    end_world(world);
}

/* ---- carrying on ---- */

static int load_record(struct span payload, void *context, struct error *err)
{
    struct world *world = context;
    struct event event;
    int rc = event_decode(payload, &event, err);
    if (rc == 0) {
        world_append(world, &event);
    }
    event_release(&event);
    return rc;
}

static void load(const struct sample *sample, struct world *world)
{
    char path[PATH_BYTES], to[PATH_BYTES];
    struct append_file file = {.fd = -1};
    while (world->log_count > 0) {
        memory_free(world->log[--world->log_count].bytes);
    }
    path_of(sample, "log", path);
    (void)snprintf(to, sizeof to, "%s/log", world->directory);
    copy_file(path, to);
    assert_int_equal(append_file_open(&file, to, 0, load_record, world, NULL, NULL), 0);
    append_file_close(&file);
    assert_int_equal(remove(to), 0);
    path_of(sample, "journal", path);
    (void)snprintf(to, sizeof to, "%s/journal-%032d", world->directory, 99);
    copy_file(path, to);
    world->incarnations = 99;
    world->boot_ms += sample->died_after_ms;
    world->wall_ms += sample->died_after_ms;
}

static void check_sample(const struct sample *sample)
{
    struct world *world = new_world(sample);
    load(sample, world);
    bool has_ended = sample->kills == 0;
    if (has_ended) {
        world->containers[0].status = RUNTIME_EXITED;
        world->containers[0].exit_code = sample->ignores ? 137 : 0;
    }
    world_start(world, true);
    assert_true(world->journal_found);
    world_run(world, GRACE_MS + 100);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), sample->signals);
    assert_int_equal(world_signals(world, "a", 0, "SIGKILL"), sample->kills);
    assert_int_equal(world_events(world, EVENT_SIGNAL_SENT), 1);
    assert_int_equal(world_events(world, EVENT_KILL_SENT), sample->ignores ? 1 : 0);
    assert_int_equal(exit_code_of(world, "a"), sample->ignores ? 137 : 0);
    assert_int_equal(said_repeated(world), sample->in_call);
    if (sample->signals == 0 && sample->kills > 0) {
        /* the remaining grace: the signal was sent in the first millisecond */
        int64_t began = world->boot_ms - (GRACE_MS + 100) - sample->died_after_ms;
        assert_in_range(world_signal_at(world, "a", "SIGKILL") - began, GRACE_MS, GRACE_MS + 10);
    }
    end_world(world);
}

static void stops_of_every_version_are_carried_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof SAMPLES / sizeof *SAMPLES; i++) {
        if (getenv("STOPFLEET_MAKE_JOURNALS") != NULL) {
            make_sample(&SAMPLES[i]);
        }
        print_message("%s\n", SAMPLES[i].name);
        check_sample(&SAMPLES[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stops_of_every_version_are_carried_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
