/* fill_view REDIS HOSTS TASKS: a view of so many hosts with so many running tasks each, and a fifth as many that have ended, through
 * the code of the worker: bases are folded by the reducer and put by redis_view_put. It then says "filled" and does for each host what its
 * worker does all the time, a heartbeat and a look at its keys every 10 s, until SIGTERM. For view_scale.py. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/event.h"
#include "common/domain/host_record.h"
#include "common/domain/reduce.h"
#include "common/io/loop.h"
#include "common/io/task_put.h"

enum {
    BEAT_MS = 10000, /* the worker's --heartbeat-interval, and PROJECTOR_COMPARE_MS */
    LIFE_MS = 3 * BEAT_MS,
    RETENTION_MS = 86400000,
    STARTED_S = 1764000000
};

struct fill {
    struct loop *loop;
    struct redis_view *view;
    struct loop_timer *timer;
    int waiting, hosts, tasks;
    int64_t began_boot_ms, beats;
    bool beating, ended, failed;
};

static void name_host(int number, char ret_host[33])
{
    (void)snprintf(ret_host, 33, "%032x", (unsigned)number + 1);
}

static void done(struct fill *fill, const struct error *error)
{
    if (error != NULL && !fill->ended) {
        (void)fprintf(stderr, "fill_view: %s\n", error->message);
        fill->failed = true;
    }
    if (--fill->waiting == 0 && !fill->beating) {
        loop_stop(fill->loop, 0);
    } else if (fill->failed) {
        loop_stop(fill->loop, 0);
    }
}

static void on_done(void *context, const struct error *error)
{
    done(context, error);
}

static void on_beat(void *context, const struct error *error, const char *other)
{
    (void)other;
    done(context, error);
}

static void on_put(void *context, const struct error *error, enum redis_put_outcome outcome,
                   int64_t seen)
{
    (void)outcome;
    (void)seen;
    done(context, error);
}

static void on_verified(void *context, const struct error *error, int64_t seen, struct span wrong)
{
    struct error failure = {.code = ERROR_CORRUPT, .message = "a key is wrong"};
    (void)seen;
    done(context, error == NULL && wrong.length > 0 ? &failure : error);
}

static void check(int result, const struct error *err)
{
    if (result != 0) {
        (void)fprintf(stderr, "fill_view: %s\n", err->message);
        exit(1);
    }
}

static void beat(struct fill *fill, const char *host)
{
    const struct redis_beat beat = {.host = host,
                                    .holder = host,
                                    .runtime = "OK",
                                    .ttl_ms = LIFE_MS,
                                    .steady_ms = BEAT_MS,
                                    .now_unix_ms = clock_wall_ms(clock_system())};
    fill->waiting++;
    redis_view_heartbeat(fill->view, &beat, on_beat, fill);
}

static void register_host(struct fill *fill, const char *host)
{
    struct error err = {0};
    struct buffer bytes;
    struct host_record record = {.version = 1,
                                 .host = host,
                                 .name = host,
                                 .account = "000000000000",
                                 .region = "us-east-1",
                                 .cluster = "prod",
                                 .registered_at = INT64_C(1000) * STARTED_S,
                                 .runtime = "docker",
                                 .engine_version = "28.2.2",
                                 .api_version = "1.50",
                                 .os = "linux",
                                 .architecture = "x86_64",
                                 .worker_version = "0.1.0",
                                 .cpu_units = 65536,
                                 .memory_mib = 262144};
    buffer_init(&bytes, 65536);
    check(record_encode(&HOST_RECORD_SPEC, &record, &bytes, NULL, &err), &err);
    fill->waiting += 2;
    redis_view_put_host(fill->view, host, "prod", buffer_span(&bytes), on_done, fill);
    redis_view_host_fact(fill->view, host, "started", 0, "", on_done, fill);
    beat(fill, host);
    buffer_release(&bytes);
}

/* What a worker observes of a service with a sidecar, as Docker describes it; one of a hundred was started by "rare". */
static void observe(const char *host, int number, const char *id, struct task *task)
{
    char first[65], second[65], name[32], group[48], started_by[32];
    struct error err = {0};
    (void)snprintf(first, sizeof first, "%s%s", id, id);
    (void)snprintf(second, sizeof second, "%s%.31sf", id, id);
    (void)snprintf(name, sizeof name, "service-%d", number % 10);
    (void)snprintf(group, sizeof group, "service:%s", name);
    (void)snprintf(started_by, sizeof started_by, number % 100 == 0 ? "rare" : "deploy-%d",
                   number % 10);
    struct network_binding binding = {.bind_ip = "0.0.0.0",
                                      .protocol = "tcp",
                                      .container_port = 8080,
                                      .host_port = 20000 + number};
    struct described_container containers[] = {
        {.name = "app",
         .container_id = first,
         .created_at = INT64_C(1000) * STARTED_S,
         .started_at = INT64_C(1000) * STARTED_S + 120,
         .image = "registry.example/team/app:2026.11",
         .cpu = 256,
         .memory_mib = 512,
         .stop_signal = "SIGTERM",
         .network_bindings = {&binding, 1}},
        {.name = "log",
         .container_id = second,
         .created_at = INT64_C(1000) * STARTED_S,
         .started_at = INT64_C(1000) * STARTED_S + 90,
         .image = "registry.example/team/log:3",
         .cpu = 64,
         .memory_mib = 64,
         .sidecar = true,
         .stop_signal = "SIGTERM"},
    };
    struct event event = {.type = EVENT_TASK_OBSERVED,
                          .id = id,
                          .ts = INT64_C(1000) * STARTED_S + 500,
                          .account = "000000000000",
                          .region = "us-east-1",
                          .cluster = "prod",
                          .task = id,
                          .host = host,
                          .task_observed = {.revision = 1,
                                            .description = {.runtime = "docker",
                                                            .family = name,
                                                            .group = group,
                                                            .started_by = started_by,
                                                            .containers = {containers, 2}}}};
    check(reduce(task, &event, NULL, &err), &err);
}

static void end(const char *host, const char *id, struct task *task)
{
    struct error err = {0};
    struct run_result result = {.container_id = task->description.containers.items[0].container_id,
                                .started_at = task->description.containers.items[0].started_at,
                                .name = "app"};
    struct event event = {.type = EVENT_TASK_GONE,
                          .id = "end",
                          .ts = clock_wall_ms(clock_system()),
                          .account = "000000000000",
                          .region = "us-east-1",
                          .cluster = "prod",
                          .task = id,
                          .host = host,
                          .task_ended = {.results = {&result, 1}}};
    check(reduce(task, &event, NULL, &err), &err);
}

static void put_tasks(struct fill *fill, const char *host, int host_number)
{
    struct error err = {0};
    int count = fill->tasks + fill->tasks / 5;
    struct redis_put *puts = calloc((size_t)count, sizeof *puts);
    struct task *tasks = calloc((size_t)count, sizeof *tasks);
    struct buffer *bytes = calloc((size_t)count, sizeof *bytes);
    char(*reserved)[TASK_RESERVATION_SIZE] = calloc((size_t)count, sizeof *reserved);
    if (puts == NULL || tasks == NULL || bytes == NULL || reserved == NULL) {
        exit(1);
    }
    for (int i = 0; i < count; i++) {
        char id[33];
        (void)snprintf(id, sizeof id, "%08x%08x%016x", (unsigned)host_number * 2654435761U,
                       (unsigned)i * 40503U, (unsigned)(host_number * count + i));
        observe(host, host_number * count + i, id, &tasks[i]);
        if (i >= fill->tasks) {
            end(host, id, &tasks[i]);
        }
        buffer_init(&bytes[i], 65536);
        check(task_encode(&tasks[i], &bytes[i], &err), &err);
        task_put_fill(&tasks[i], i + 1, RETENTION_MS, reserved[i], &puts[i]);
        puts[i].bytes = buffer_span(&bytes[i]);
    }
    fill->waiting++;
    redis_view_put(fill->view, host, REDIS_SEEN_ABSENT, count + 1, puts, (size_t)count, on_put,
                   fill);
    for (int i = 0; i < count; i++) {
        buffer_release(&bytes[i]);
        task_release(&tasks[i]);
    }
    free(puts);
    free(tasks);
    free(bytes);
    free(reserved);
}

/* The hosts beat one after the other, each every BEAT_MS. */
static void on_timer(void *context)
{
    struct fill *fill = context;
    int64_t at = 0, now = clock_boot_ms(clock_system());
    while ((at = fill->began_boot_ms + fill->beats * BEAT_MS / fill->hosts) <= now) {
        char host[33];
        name_host((int)(fill->beats++ % fill->hosts), host);
        beat(fill, host);
        fill->waiting++;
        redis_view_verify(fill->view, host, on_verified, fill);
    }
    loop_timer_arm(fill->timer, at - now);
}

static void on_signal(int signal_number, void *context)
{
    struct fill *fill = context;
    (void)signal_number;
    fill->ended = true; /* what is under way is not answered any more */
    loop_stop(fill->loop, 0);
}

static void beat_until_told(struct fill *fill)
{
    struct error err = {0};
    fill->beating = true;
    fill->began_boot_ms = clock_boot_ms(clock_system());
    fill->timer = loop_timer_new(fill->loop, on_timer, fill);
    check(fill->timer == NULL ? error_no_memory(&err, "beating") : 0, &err);
    check(loop_on_termination(fill->loop, on_signal, fill, &err), &err);
    loop_timer_arm(fill->timer, 0);
    (void)puts("filled");
    (void)fflush(stdout);
    (void)loop_run(fill->loop);
    loop_timer_free(fill->timer);
}

int main(int argc, char **argv)
{
    struct error err = {0};
    struct fill fill = {0};
    struct redis_config config = {.command_timeout_ms = 60000};
    if (argc != 4) {
        (void)fprintf(stderr, "usage: fill_view REDIS HOSTS TASKS\n");
        return 2;
    }
    config.address = argv[1];
    fill.hosts = atoi(argv[2]);
    fill.tasks = atoi(argv[3]);
    fill.loop = loop_new(&err);
    check(fill.loop == NULL ? -1 : 0, &err);
    fill.view = redis_view_new(fill.loop, &config, NULL, NULL, &err);
    check(fill.view == NULL ? -1 : 0, &err);
    for (int i = 0; i < fill.hosts && !fill.failed; i++) {
        char host[33];
        name_host(i, host);
        register_host(&fill, host);
        put_tasks(&fill, host, i);
        (void)loop_run(fill.loop);
    }
    if (!fill.failed) {
        beat_until_told(&fill);
    }
    redis_view_free(fill.view);
    loop_free(fill.loop);
    return fill.failed ? 1 : 0;
}
