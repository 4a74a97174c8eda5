#include "worker/host/discovery.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/memory.h"
#include "worker/host/discovery_notes.h"
#include "worker/host/ended_ids.h"
#include "worker/host/flights.h"
#include "worker/host/left_alone.h"
#include "worker/host/live_health.h"
#include "worker/host/run_claims.h"
#include "worker/host/task_gone.h"

enum {
    DEBOUNCE_MS = 50,
    /* A list that takes long to compare is made seldom: at most this share of the time is spent. */
    BUSY_FACTOR = 20,
    NOT_YET_MS = 100, /* until settled is asked again */
    AGAIN_MS = 2000   /* after a failure */
};

struct discovery {
    struct discovery_environment env;
    struct loop_timer *soon, *regular;
    struct task_gone *gone;
    struct live_health *health;
    struct flights flights;
    struct discovery_notes notes;
    struct ended_ids ended;
    struct left_alone left;
    uint64_t watch_mark;        /**< when the list under way was asked for */
    int64_t soon_at_boot_ms;    /**< when soon is armed */
    int64_t rest_until_boot_ms; /**< no list before, since the last one took long */
    bool listing, stopped;
    bool again; /**< something failed, or is not old enough */
    bool asked; /**< Redis was asked for a task */
    bool waits; /**< for something that is in flight */
};

/* The next list is made in so many ms, or earlier if that was said. */
static void list_in(struct discovery *discovery, int64_t ms)
{
    int64_t at = clock_boot_ms(discovery->env.clock) + ms;
    if (!loop_timer_armed(discovery->soon) || at < discovery->soon_at_boot_ms) {
        discovery->soon_at_boot_ms = at;
        loop_timer_arm(discovery->soon, ms);
    }
}

/* ---- what is open ---- */

/** Open tasks, collected. */
struct open_tasks {
    struct discovery *discovery;
    struct arena *arena;
    struct open_task *items;
    size_t count;
    bool failed;
};

static void collect_open(void *context, const struct task *base)
{
    struct open_tasks *open = context;
    struct stopper *stopper = open->discovery->env.stopper;
    struct open_task *items = arena_grow(open->arena, open->items, open->count, sizeof *items);
    if (items == NULL) {
        open->failed = true;
        return;
    }
    open->items = items;
    items[open->count++] = (struct open_task){.base = base,
                                              .own = stopper_own(stopper, base->id),
                                              .concerned = stopper_concerned(stopper, base->id)};
}

static int find_open(struct discovery *discovery, struct arena *arena, struct open_tasks *open,
                     struct error *err)
{
    *open = (struct open_tasks){.discovery = discovery, .arena = arena};
    projector_each_open(discovery->env.projector, collect_open, open);
    return open->failed ? error_no_memory(err, "comparing tasks") : 0;
}

/* However it runs by now: what it is was found out when it was observed. */
static bool describes(void *context, const char *container_id)
{
    const struct open_tasks *open = context;
    for (size_t i = 0; i < open->count; i++) {
        const struct description *description = &open->items[i].base->description;
        for (size_t k = 0; k < description->containers.count; k++) {
            if (strcmp(description->containers.items[k].container_id, container_id) == 0) {
                return true;
            }
        }
    }
    return false;
}

bool discovery_claimed(struct discovery *discovery, const char *task, struct run run)
{
    struct arena arena = {0};
    struct error err = {0};
    struct open_tasks open;
    struct run_claims claims = {0};
    bool result = true; /* without memory: better too few runs in a plan than another task's */
    if (find_open(discovery, &arena, &open, &err) == 0) {
        struct observation_input input = {
            .open = open.items,
            .open_count = open.count,
            .flights = (const struct flight *const *)discovery->flights.items,
            .flight_count = discovery->flights.count};
        const struct task *by = NULL;
        for (size_t i = 0; i < open.count && by == NULL; i++) {
            by = strcmp(open.items[i].base->id, task) == 0 ? open.items[i].base : NULL;
        }
        struct task unknown = {.id = task};
        if (run_claims_make(&input, &arena, &claims, &err) == 0) {
            result = run_claims_other(&claims, run, by == NULL ? &unknown : by);
        }
    }
    arena_release(&arena);
    return result;
}

const char *discovery_left(const struct discovery *discovery,
                           const struct runtime_container *container)
{
    return left_alone_why(&discovery->left, container, &discovery->env.grouping);
}

/* ---- what was found ---- */

static void observe(struct discovery *discovery, const struct finding *finding)
{
    const struct discovery_environment *env = &discovery->env;
    const char *cluster = finding->base == NULL ? env->identity->cluster : finding->base->cluster;
    struct event event = {0};
    struct error err = {0};
    char id[37];
    void *flight = NULL;
    int result = identity_event(env->identity, EVENT_TASK_OBSERVED, finding->id,
                                clock_wall_ms(env->clock), id, &event, &err);
    if (result == 0) {
        event.cluster = cluster;
        if (finding->base != NULL) {
            event.account = finding->base->account;
            event.region = finding->base->region;
        }
        event.truncated = finding->truncated;
        event.task_observed.revision = finding->revision;
        event.task_observed.description = finding->description;
        result = flights_add(&discovery->flights, finding, cluster, &flight, &err);
    }
    if (result == 0) {
        result = stopper_write_volatile(env->stopper, &event, flights_delivered, flight, &err);
        if (result != 0) {
            flights_give_up(flight);
        }
    }
    if (result != 0) {
        log_warn("discovery.observe", "a task could not be recorded, trying again",
                 LOG_STR("task", finding->id), LOG_STR("error", err.message));
        discovery->again = true;
        return;
    }
    log_info("discovery.observed", finding->base == NULL ? "a new task" : "a task has changed",
             LOG_STR("task", finding->id), LOG_STR("group", finding->group),
             LOG_INT("revision", finding->revision),
             LOG_INT("containers", finding->description.containers.count));
}

static void act(struct discovery *discovery, const struct finding *finding)
{
    switch (finding->kind) {
    case FINDING_OBSERVED:
        observe(discovery, finding);
        break;
    case FINDING_TOO_LARGE:
        discovery_note_too_large(&discovery->notes, finding->group);
        break;
    case FINDING_ID_TAKEN:
        discovery_note_id_taken(&discovery->notes, finding->group, finding->id);
        break;
    case FINDING_GONE:
        task_gone_begin(discovery->gone, finding->base);
        break;
    }
}

/* The task has ended, and what would have its id has been running ever since. */
static bool lives_on(struct discovery *discovery, const char *cluster, const char *task)
{
    int64_t pos = 0;
    const struct task *base = projector_base(discovery->env.projector, cluster, task, &pos);
    return base != NULL && task_is_terminal(base) &&
           ended_ids_meet(&discovery->ended, task, clock_boot_ms(discovery->env.clock));
}

static enum observation_id know_id(void *context, const char *cluster, const char *task, bool given)
{
    struct discovery *discovery = context;
    struct projector *projector = discovery->env.projector;
    switch (given ? projector_knows_by_log(projector, cluster, task)
                  : projector_knows(projector, cluster, task)) {
    case PROJECTOR_ABSENT:
        return OBSERVATION_ID_NEW;
    case PROJECTOR_KNOWN:
        return lives_on(discovery, cluster, task) ? OBSERVATION_ID_OVER : OBSERVATION_ID_TAKEN;
    case PROJECTOR_UNKNOWN:
        break;
    }
    discovery->asked = true;
    return OBSERVATION_ID_ASKED;
}

static struct optional_integer told_code(void *context, struct run run)
{
    const struct discovery *discovery = context;
    return stopper_told_code(discovery->env.stopper, run);
}

/* ---- a list ---- */

static int compare_containers(const void *a, const void *b)
{
    const struct runtime_container *const *x = a;
    const struct runtime_container *const *y = b;
    return strcmp((*x)->described.container_id, (*y)->described.container_id);
}

static const struct runtime_container **sort_containers(const struct runtime_container *containers,
                                                        size_t count, struct arena *arena)
{
    const struct runtime_container **sorted = arena_alloc(arena, (count + 1) * sizeof *sorted);
    for (size_t i = 0; sorted != NULL && i < count; i++) {
        sorted[i] = &containers[i];
    }
    if (sorted != NULL && count > 1) {
        qsort(sorted, count, sizeof *sorted, compare_containers);
    }
    return sorted;
}

static int compare(struct discovery *discovery, const struct runtime_container *containers,
                   size_t count, struct arena *arena, struct error *err)
{
    const struct discovery_environment *env = &discovery->env;
    struct grouping grouping;
    struct open_tasks open;
    struct observation observation;
    discovery->env.grouping.now_unix_ms = clock_wall_ms(env->clock);
    const struct runtime_container **sorted = sort_containers(containers, count, arena);
    if (sorted == NULL) {
        return error_no_memory(err, "comparing tasks");
    }
    if (find_open(discovery, arena, &open, err) != 0) {
        return -1;
    }
    struct grouping_options options = env->grouping;
    options.described = describes;
    options.context = &open;
    if (grouping_make(containers, count, &options, arena, &grouping, err) != 0 ||
        left_alone_take(&discovery->left, &grouping, err) != 0) {
        return -1;
    }
    struct observation_input input = {.containers = sorted,
                                      .container_count = count,
                                      .grouping = &grouping,
                                      .options = &env->grouping,
                                      .left = &discovery->left,
                                      .open = open.items,
                                      .open_count = open.count,
                                      .flights =
                                          (const struct flight *const *)discovery->flights.items,
                                      .flight_count = discovery->flights.count,
                                      .host = env->identity->host,
                                      .cluster = env->identity->cluster,
                                      .runtime = env->runtime_name,
                                      .know_id = know_id,
                                      .told_code = told_code,
                                      .context = discovery};
    if (observation_make(&input, arena, &observation, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < open.count; i++) {
        live_health_of(discovery->health, open.items[i].base, sorted, count);
    }
    live_health_turn(discovery->health);
    discovery_note(&discovery->notes, &grouping);
    discovery->waits = observation.waits;
    for (size_t i = 0; i < observation.findings.count; i++) {
        act(discovery, &observation.findings.items[i]);
    }
    discovery_notes_turn(&discovery->notes);
    ended_ids_turn(&discovery->ended);
    discovery->again = discovery->again || grouping.settling;
    return 0;
}

static void say_alive(struct discovery *discovery, const struct runtime_container *containers,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (runtime_is_running(containers[i].status)) {
            stopper_saw_alive(discovery->env.stopper, group_run_of(&containers[i]),
                              discovery->watch_mark);
        }
    }
}

static void on_list(void *context, const struct error *error,
                    const struct runtime_container *containers, size_t count)
{
    struct discovery *discovery = context;
    struct arena arena = {0};
    struct error err = {0};
    discovery->listing = false;
    if (discovery->stopped) {
        return;
    }
    if (error != NULL) {
        log_debug("discovery.list", "the runtime could not list its containers",
                  LOG_STR("error", error->message));
        list_in(discovery, AGAIN_MS);
        return;
    }
    say_alive(discovery, containers, count);
    if (!discovery->env.settled(discovery->env.context)) {
        list_in(discovery, NOT_YET_MS);
        return;
    }
    int64_t begin = clock_boot_ms(discovery->env.clock);
    discovery->again = discovery->asked = false;
    if (compare(discovery, containers, count, &arena, &err) != 0) {
        log_error("discovery.compare", "what runs could not be compared with the log",
                  LOG_STR("error", err.message));
        discovery->again = true;
    }
    arena_release(&arena);
    int64_t end = clock_boot_ms(discovery->env.clock);
    discovery->rest_until_boot_ms = end + (end - begin) * BUSY_FACTOR;
    if (discovery->asked && redis_view_connected(discovery->env.view)) {
        discovery_poke(discovery);
    } else if (discovery->again || discovery->asked) {
        list_in(discovery, AGAIN_MS);
    }
}

static void list(struct discovery *discovery)
{
    struct runtime *runtime = discovery->env.runtime;
    if (discovery->stopped || discovery->listing) {
        discovery_poke(discovery);
        return;
    }
    if (!discovery->env.settled(discovery->env.context)) {
        list_in(discovery, NOT_YET_MS);
        return;
    }
    discovery->listing = true;
    discovery->watch_mark = stopper_watch_mark(discovery->env.stopper);
    runtime->ops->list(runtime, on_list, discovery);
}

static void on_soon(void *context)
{
    list(context);
}

static void on_regular(void *context)
{
    struct discovery *discovery = context;
    loop_timer_arm(discovery->regular, discovery->env.interval_ms);
    discovery_poke(discovery);
}

void discovery_poke(struct discovery *discovery)
{
    int64_t pause = discovery->rest_until_boot_ms - clock_boot_ms(discovery->env.clock);
    if (!discovery->stopped) {
        list_in(discovery, pause > DEBOUNCE_MS ? pause : DEBOUNCE_MS);
    }
}

void discovery_on_runtime_event(struct discovery *discovery, const struct runtime_event *event)
{
    (void)event;
    discovery_poke(discovery);
}

void discovery_on_base(struct discovery *discovery, const char *cluster, const char *task)
{
    int64_t pos = 0;
    const struct task *base = projector_base(discovery->env.projector, cluster, task, &pos);
    if (base != NULL && base->id != NULL &&
        (flights_land(&discovery->flights, base) || task_is_terminal(base) || discovery->waits)) {
        discovery_poke(discovery);
    }
}

void discovery_on_view_back(struct discovery *discovery)
{
    live_health_doubt(discovery->health);
    discovery_poke(discovery);
}

/* ---- lifecycle ---- */

struct discovery *discovery_new(const struct discovery_environment *environment, struct error *err)
{
    struct discovery *discovery = memory_calloc(1, sizeof *discovery);
    if (discovery == NULL) {
        error_no_memory(err, "starting discovery");
        return NULL;
    }
    discovery->env = *environment;
    discovery->soon = loop_timer_new(environment->loop, on_soon, discovery);
    discovery->regular = loop_timer_new(environment->loop, on_regular, discovery);
    discovery->gone = task_gone_new(environment, &discovery->flights, &discovery->left, err);
    discovery->health = live_health_new(environment->view, err);
    if (discovery->soon == NULL || discovery->regular == NULL || discovery->gone == NULL ||
        discovery->health == NULL) {
        error_no_memory(err, "starting discovery");
        discovery_free(discovery);
        return NULL;
    }
    return discovery;
}

void discovery_free(struct discovery *discovery)
{
    if (discovery == NULL) {
        return;
    }
    loop_timer_free(discovery->soon);
    loop_timer_free(discovery->regular);
    task_gone_free(discovery->gone);
    live_health_free(discovery->health);
    flights_release(&discovery->flights);
    discovery_notes_release(&discovery->notes);
    ended_ids_release(&discovery->ended);
    left_alone_release(&discovery->left);
    memory_free(discovery);
}

void discovery_start(struct discovery *discovery)
{
    loop_timer_arm(discovery->regular, discovery->env.interval_ms);
    discovery_poke(discovery);
}

void discovery_stop(struct discovery *discovery)
{
    discovery->stopped = true;
    loop_timer_disarm(discovery->soon);
    loop_timer_disarm(discovery->regular);
}
