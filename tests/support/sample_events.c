#include "tests/support/sample_events.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const int64_t first_ts = 1700000000000;
static const char digits[] = "0123456789abcdef";
static const struct event_caller sample_caller = {
    .principal = "arn:aws:iam::111122223333:user/jane",
    .source_address = "10.1.2.3",
    .user_agent = "aws-cli/2.19.1 md/awscrt#0.23.4",
    .request_id = "1c62c49f-347e-4fc4-9331-6e8eEXAMPLE"};

static void *must(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static const char *format(struct event *event, const char *text, ...)
    __attribute__((format(printf, 2, 3)));

static const char *format(struct event *event, const char *text, ...)
{
    char formatted[128];
    va_list args;
    va_start(args, text);
    (void)vsnprintf(formatted, sizeof formatted, text, args);
    va_end(args);
    return must(arena_strdup(&event->arena, formatted));
}

const char *sample_id(struct event *event, unsigned number)
{
    return format(event, "00000000-0000-4000-8000-%012u", number);
}

void sample_event(struct event *event, enum event_type type, unsigned number)
{
    bool is_of_host = type == EVENT_WORKER_STARTED || type == EVENT_HOST_DEREGISTERED ||
                      type == EVENT_HOST_STATE_CHANGED;
    bool is_of_api = type == EVENT_STOP_REQUESTED || type == EVENT_TASK_TAGGED ||
                     type == EVENT_HOST_DEREGISTERED || type == EVENT_HOST_STATE_CHANGED;
    *event = (struct event){
        .type = type,
        .type_name = event_type_name(type),
        .version = EVENT_MAJOR_VERSION,
        .ts = first_ts + (int64_t)number * 1000,
        .account = "111122223333",
        .region = "eu-central-1",
        .cluster = "prod",
        .task = is_of_host ? NULL : SAMPLE_TASK,
        .host = "5f0c6e1b8f9a4c7d9e2b3a4c5d6e7f80",
        .actor = {.program = is_of_api ? "stopfleet-api" : "stopfleet-worker",
                  .instance = "node-7",
                  .incarnation = "aaaabbbbccccddddeeeeffff00001111",
                  .boot_id = "11111111-2222-4333-8444-555555555555"},
    };
    event->id = sample_id(event, number);
}

struct run sample_run(struct event *event, unsigned which, unsigned start)
{
    char id[65] = "";
    for (size_t i = 0; i < 64; i++) {
        id[i] = digits[(which * 7 + i) % 16];
    }
    return (struct run){.container_id = must(arena_strdup(&event->arena, id)),
                        .started_at = start == 0 ? 0 : first_ts - 60000 + (int64_t)start * 1000};
}

static const char **texts(struct event *event, size_t count, const char *const *items)
{
    const char **copy = must(arena_alloc(&event->arena, count * sizeof *copy));
    memcpy(copy, items, count * sizeof *copy);
    return copy;
}

static void add_tag(struct event *event, void *list_of_tags, const char *key, const char *value)
{
    struct {
        struct tag *items;
        size_t count;
    } list;
    memcpy(&list, list_of_tags, sizeof list);
    list.items = must(arena_grow(&event->arena, list.items, list.count, sizeof *list.items));
    list.items[list.count++] = (struct tag){.key = key, .value = value};
    memcpy(list_of_tags, &list, sizeof list);
}

static struct described_container *add_container(struct event *event, struct run run,
                                                 const char *name)
{
    struct description *d = &event->task_observed.description;
    d->containers.items = must(arena_grow(&event->arena, d->containers.items, d->containers.count,
                                          sizeof *d->containers.items));
    struct described_container *container = &d->containers.items[d->containers.count++];
    *container = (struct described_container){.name = name,
                                              .container_id = run.container_id,
                                              .created_at = first_ts - 61000,
                                              .started_at = run.started_at,
                                              .image = "registry.example/shop:7",
                                              .stop_signal = "SIGTERM"};
    return container;
}

static struct planned_run *add_planned(struct event *event, struct run run, const char *name,
                                       int64_t grace_ms)
{
    struct event_stop_accepted *accepted = &event->stop_accepted;
    accepted->plan.items = must(arena_grow(&event->arena, accepted->plan.items,
                                           accepted->plan.count, sizeof *accepted->plan.items));
    struct planned_run *planned = &accepted->plan.items[accepted->plan.count++];
    *planned = (struct planned_run){.container_id = run.container_id,
                                    .started_at = run.started_at,
                                    .name = name,
                                    .signal = "SIGTERM",
                                    .grace_ms = grace_ms};
    return planned;
}

static struct run_result *add_result(struct event *event, struct run run, const char *name)
{
    struct event_task_ended *ended = &event->task_ended;
    ended->results.items = must(arena_grow(&event->arena, ended->results.items,
                                           ended->results.count, sizeof *ended->results.items));
    struct run_result *result = &ended->results.items[ended->results.count++];
    *result = (struct run_result){
        .container_id = run.container_id, .started_at = run.started_at, .name = name};
    return result;
}

static void fill_container(struct event *event, struct described_container *container)
{
    static const struct network_binding bindings[] = {
        {.bind_ip = "0.0.0.0", .protocol = "tcp", .container_port = 80, .host_port = 8080},
        {.bind_ip = "::",
         .protocol = "udp",
         .container_port_range = "8000-8010",
         .host_port_range = "9000-9010"},
    };
    static const struct network_interface interface = {
        .attachment_id = "macvlan0", .private_ipv4 = "192.0.2.7", .ipv6 = "2001:db8::7"};
    container->image_digest = "sha256:8c7cd4d2c3f1c3e9";
    container->cpu = 512;
    container->memory_mib = 256;
    container->memory_reservation_mib = 128;
    container->non_essential = true;
    container->sidecar = true;
    container->stop_timeout_ms = (struct optional_integer){.known = true, .value = 12000};
    container->drain_delay_ms = 1500;
    container->pre_stop = "/bin/drain --now";
    container->depends_on.items = texts(event, 2, (const char *const[]){"cache", "db"});
    container->depends_on.count = 2;
    container->gpu_ids.items = texts(event, 1, (const char *const[]){"GPU-1"});
    container->gpu_ids.count = 1;
    container->network_bindings.items = must(arena_alloc(&event->arena, sizeof bindings));
    memcpy(container->network_bindings.items, bindings, sizeof bindings);
    container->network_bindings.count = 2;
    container->network_interfaces.items = must(arena_alloc(&event->arena, sizeof interface));
    memcpy(container->network_interfaces.items, &interface, sizeof interface);
    container->network_interfaces.count = 1;
    container->auto_remove = true;
    container->restart_policy = "unless-stopped";
}

static void fill_observed(struct event *event)
{
    struct description *description = &event->task_observed.description;
    event->task_observed.revision = 1;
    *description = (struct description){.runtime = "docker",
                                        .family = "shop",
                                        .family_revision = "12",
                                        .group = "service:shop",
                                        .started_by = "compose",
                                        .cpu = 1024,
                                        .memory_mib = 512,
                                        .created_at = first_ts - 90000};
    fill_container(event, add_container(event, sample_run(event, 1, 2), "envoy"));
    struct described_container *migrate = add_container(event, sample_run(event, 2, 1), "migrate");
    migrate->ended = migrate->oom_killed = true;
    migrate->exit_code = (struct optional_integer){.known = true, .value = 137};
    migrate->finished_at = first_ts - 30000;
    migrate->end_reason = "OutOfMemoryError: Container killed due to memory usage";
    add_container(event, sample_run(event, 0, 1), "web");
    add_tag(event, &description->tags, "env", "prod");
    add_tag(event, &description->tags, "team", "checkout");
}

static void fill_requested(struct event *event)
{
    event->stop_requested =
        (struct event_stop_requested){.principal = "arn:aws:iam::111122223333:user/jane",
                                      .access_key_id = "AKIDEXAMPLE",
                                      .source_address = "198.51.100.7",
                                      .user_agent = "aws-cli/2.15.0",
                                      .request_id = "7a62c49f-347e-4fc4-9331-6e8eEXAMPLE",
                                      .invocation_id = "f0e1d2c3",
                                      .reason = "rolling node 7",
                                      .stop_timeout_ms = {.known = true, .value = 5000}};
}

static void fill_accepted(struct event *event, unsigned number)
{
    event->stop_accepted.requests.items =
        texts(event, 1, (const char *const[]){sample_id(event, number)});
    event->stop_accepted.requests.count = 1;
    struct run web = sample_run(event, 0, 1);
    add_planned(event, web, "web", 5000);
    struct planned_run *planned = add_planned(event, sample_run(event, 1, 2), "envoy", 12000);
    planned->drain_delay_ms = 1500;
    planned->pre_stop = "/bin/drain --now";
    planned->after.items = texts(event, 1, (const char *const[]){web.container_id});
    planned->after.count = 1;
}

static void fill_signal(struct event *event, struct run run, const char *signal)
{
    event->signal_sent =
        (struct event_signal_sent){.run = run,
                                   .signal = signal,
                                   .answer = "204",
                                   .sent_unix_ms = event->ts - 3,
                                   .sent_boot_ms = 86400000,
                                   .boot_id = "11111111-2222-4333-8444-555555555555",
                                   .deadline_unix_ms = event->ts + 4997};
}

static void fill_pre_stop_started(struct event *event, struct run run)
{
    event->pre_stop_started =
        (struct event_pre_stop_started){.run = run,
                                        .exec_id = "5f1e",
                                        .begun_unix_ms = event->ts - 3,
                                        .begun_boot_ms = 86400000,
                                        .boot_id = "11111111-2222-4333-8444-555555555555",
                                        .deadline_unix_ms = event->ts + 4997};
}

static void fill_result(struct run_result *result, int64_t exit_code, int64_t finished_at)
{
    result->exit_code = (struct optional_integer){.known = true, .value = exit_code};
    result->finished_at = finished_at;
}

static void fill_exited(struct event *event)
{
    struct run run = sample_run(event, 1, 2);
    event->container_exited.result =
        (struct run_result){.container_id = run.container_id,
                            .started_at = run.started_at,
                            .name = "envoy",
                            .oom_killed = true,
                            .reason = "OutOfMemoryError: Container killed due to memory usage"};
    fill_result(&event->container_exited.result, 137, event->ts - 20);
}

static void fill_ended(struct event *event)
{
    fill_result(add_result(event, sample_run(event, 0, 1), "web"), 0, event->ts - 40);
    struct run_result *second = add_result(event, sample_run(event, 1, 2), "envoy");
    fill_result(second, 137, event->ts - 20);
    second->oom_killed = true;
    second->reason = "OutOfMemoryError: Container killed due to memory usage";
}

static void fill_tagged(struct event *event)
{
    add_tag(event, &event->task_tagged.added, "owner", "jane");
    add_tag(event, &event->task_tagged.added, "stage", "");
    event->task_tagged.removed.items = texts(event, 1, (const char *const[]){"team"});
    event->task_tagged.removed.count = 1;
    event->task_tagged.principal = "arn:aws:iam::111122223333:user/jane";
    event->task_tagged.request_id = "9b62c49f-347e-4fc4-9331-6e8eEXAMPLE";
}

void sample_full_event(struct event *event, enum event_type type, unsigned number)
{
    sample_event(event, type, number);
    event->cause = sample_id(event, 4);
    switch (type) {
    case EVENT_WORKER_STARTED:
        event->worker_started = (struct event_worker_started){true, "0.1.0"};
        break;
    case EVENT_TASK_OBSERVED:
        fill_observed(event);
        break;
    case EVENT_STOP_REQUESTED:
        fill_requested(event);
        break;
    case EVENT_STOP_ACCEPTED:
        fill_accepted(event, 4);
        break;
    case EVENT_SIGNAL_SENT:
    case EVENT_KILL_SENT:
        fill_signal(event, sample_run(event, 1, 2),
                    type == EVENT_KILL_SENT ? "SIGKILL" : "SIGTERM");
        event->signal_sent.maybe_repeated = true;
        break;
    case EVENT_PRE_STOP_STARTED:
        fill_pre_stop_started(event, sample_run(event, 1, 2));
        break;
    case EVENT_PRE_STOP_ENDED:
        event->pre_stop_ended =
            (struct event_pre_stop_ended){.run = sample_run(event, 1, 2),
                                          .exit_code = {.known = true, .value = 3},
                                          .reason = "-"};
        break;
    case EVENT_CONTAINER_EXITED:
        fill_exited(event);
        break;
    case EVENT_TASK_STOPPED:
    case EVENT_TASK_GONE:
        fill_ended(event);
        event->task_ended.reason = "it vanished while nobody watched";
        break;
    case EVENT_STOP_STUCK:
        event->stop_stuck.run = sample_run(event, 1, 2);
        event->stop_stuck.reason = "the engine answers 500: cannot kill container";
        break;
    case EVENT_TASK_TAGGED:
        fill_tagged(event);
        break;
    case EVENT_HOST_DEREGISTERED:
        event->host_deregistered =
            (struct event_host_deregistered){.force = true, .caller = sample_caller};
        break;
    case EVENT_HOST_STATE_CHANGED:
        event->host_state_changed =
            (struct event_host_state_changed){.status = "DRAINING", .caller = sample_caller};
        break;
    case EVENT_UNKNOWN_TYPE:
    case EVENT_TYPE_COUNT:
        abort();
    }
}

/* The steps of the sample's stop. A second signal of one run stands for a crash between intent and
 * fact, the stuck one for an engine that refused for a while. */
static const enum event_type stop_types[SAMPLE_STOP_EVENTS] = {
    EVENT_WORKER_STARTED,   EVENT_TASK_OBSERVED, EVENT_TASK_TAGGED,      EVENT_STOP_REQUESTED,
    EVENT_STOP_ACCEPTED,    EVENT_SIGNAL_SENT,   EVENT_CONTAINER_EXITED, EVENT_SIGNAL_SENT,
    EVENT_STOP_STUCK,       EVENT_KILL_SENT,     EVENT_CONTAINER_EXITED, EVENT_TASK_STOPPED,
    EVENT_HOST_DEREGISTERED};

void sample_stop_event(struct event *event, unsigned index)
{
    enum event_type type = stop_types[index];
    unsigned number = index + 1;
    if (index == 5) {
        sample_event(event, type, number);
        fill_signal(event, sample_run(event, 0, 1), "SIGTERM");
    } else if (index == 6) {
        sample_event(event, type, number);
        struct run run = sample_run(event, 0, 1);
        event->container_exited.result = (struct run_result){
            .container_id = run.container_id, .started_at = run.started_at, .name = "web"};
        fill_result(&event->container_exited.result, 0, event->ts - 40);
    } else {
        sample_full_event(event, type, number);
    }
    event->cause = index >= 4 && index < SAMPLE_STOP_EVENTS - 1 ? sample_id(event, 4) : NULL;
}

struct sample_random sample_random_of(uint64_t seed)
{
    return (struct sample_random){.state = seed * 0x9E3779B97F4A7C15ULL + 1};
}

unsigned sample_random_below(struct sample_random *random, unsigned below)
{
    uint64_t x = random->state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    random->state = x;
    return (unsigned)((x * 0x2545F4914F6CDD1DULL) >> 33) % below;
}

static struct run random_run(struct event *event, struct sample_random *random)
{
    return sample_run(event, sample_random_below(random, 3), 1 + sample_random_below(random, 2));
}

static void random_description(struct event *event, struct sample_random *random)
{
    static const char *const keys[] = {"env", "owner", "team"};
    static const char *const values[] = {"a", "b"};
    struct description *description = &event->task_observed.description;
    event->task_observed.revision = 1 + sample_random_below(random, 6);
    description->family = values[sample_random_below(random, 2)];
    for (unsigned i = 0; i < 3; i++) {
        if (sample_random_below(random, 2) == 0) {
            add_container(event, sample_run(event, i, sample_random_below(random, 3)), keys[i]);
        }
        if (sample_random_below(random, 2) == 0) {
            add_tag(event, &description->tags, keys[i], values[sample_random_below(random, 2)]);
        }
    }
}

static void random_plan(struct event *event, struct sample_random *random)
{
    unsigned requests = 1 + sample_random_below(random, 4);
    const char *ids[4];
    for (unsigned i = 0; i < requests; i++) {
        ids[i] = sample_id(event, 900 + (i + sample_random_below(random, 2)) % 4);
    }
    event->stop_accepted.requests.items = texts(event, requests, ids);
    event->stop_accepted.requests.count = requests;
    for (unsigned i = 0; i < 3; i++) {
        if (sample_random_below(random, 2) == 0) {
            struct planned_run *planned =
                add_planned(event, sample_run(event, i, 1 + sample_random_below(random, 2)), "c",
                            (int64_t)sample_random_below(random, 3) * 1000);
            planned->drain_delay_ms = sample_random_below(random, 2) * 500;
        }
    }
}

static void random_result(struct run_result *result, struct sample_random *random)
{
    if (sample_random_below(random, 2) == 0) {
        result->exit_code = (struct optional_integer){
            .known = true, .value = sample_random_below(random, 2) == 0 ? 0 : 137};
    }
    result->finished_at = sample_random_below(random, 3) * 1000;
    result->reason = sample_random_below(random, 3) == 0 ? "ContainerVanishedError: gone" : NULL;
}

static void random_tags(struct event *event, struct sample_random *random)
{
    static const char *const keys[] = {"env", "owner", "team", "zone"};
    for (unsigned i = 0; i < 4; i++) {
        unsigned choice = sample_random_below(random, 3);
        if (choice == 0) {
            add_tag(event, &event->task_tagged.added, keys[i],
                    sample_random_below(random, 2) == 0 ? "a" : NULL);
        } else if (choice == 1) {
            event->task_tagged.removed.items = texts(event, 1, &keys[i]);
            event->task_tagged.removed.count = 1;
        }
    }
}

static enum event_type random_type(struct sample_random *random)
{
    /* A terminal event ends everything: seldom, or histories are short. */
    if (sample_random_below(random, 12) == 0) {
        return sample_random_below(random, 2) == 0 ? EVENT_TASK_STOPPED : EVENT_TASK_GONE;
    }
    enum event_type type = (enum event_type)(1 + sample_random_below(random, EVENT_TYPE_COUNT - 1));
    return type == EVENT_TASK_STOPPED || type == EVENT_TASK_GONE ? EVENT_STOP_STUCK : type;
}

void sample_random_event(struct event *event, struct sample_random *random, unsigned number)
{
    enum event_type type = random_type(random);
    sample_event(event, type, number);
    event->ts += (int64_t)sample_random_below(random, 9000) - 4500;
    switch (type) {
    case EVENT_TASK_OBSERVED:
        random_description(event, random);
        break;
    case EVENT_STOP_ACCEPTED:
        random_plan(event, random);
        break;
    case EVENT_SIGNAL_SENT:
    case EVENT_KILL_SENT:
        fill_signal(event, random_run(event, random), "SIGTERM");
        event->signal_sent.maybe_repeated = sample_random_below(random, 2) == 0;
        break;
    case EVENT_PRE_STOP_STARTED:
        fill_pre_stop_started(event, random_run(event, random));
        break;
    case EVENT_PRE_STOP_ENDED:
        event->pre_stop_ended.run = random_run(event, random);
        event->pre_stop_ended.reason = sample_random_below(random, 2) == 0 ? NULL : "away";
        break;
    case EVENT_CONTAINER_EXITED: {
        struct run run = random_run(event, random);
        event->container_exited.result = (struct run_result){
            .container_id = run.container_id, .started_at = run.started_at, .name = "c"};
        random_result(&event->container_exited.result, random);
        break;
    }
    case EVENT_TASK_STOPPED:
    case EVENT_TASK_GONE:
        for (unsigned i = 0; i < 6; i++) {
            if (sample_random_below(random, 5) != 0) {
                random_result(add_result(event, sample_run(event, i / 2, 1 + i % 2), "c"), random);
            }
        }
        break;
    case EVENT_STOP_STUCK:
        event->stop_stuck.run = random_run(event, random);
        event->stop_stuck.reason = sample_random_below(random, 2) == 0 ? "busy" : "away";
        break;
    case EVENT_TASK_TAGGED:
        random_tags(event, random);
        break;
    case EVENT_STOP_REQUESTED:
        fill_requested(event);
        break;
    case EVENT_WORKER_STARTED:
    case EVENT_HOST_DEREGISTERED:
    case EVENT_HOST_STATE_CHANGED:
    case EVENT_UNKNOWN_TYPE:
    case EVENT_TYPE_COUNT:
        break;
    }
}
