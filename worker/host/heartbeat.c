#include "worker/host/heartbeat.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/memory.h"

enum {
    LIFE_FACTOR = 3,      /* missed beats until a host counts as disconnected */
    STEADY_INTERVALS = 2, /* without a gap until it counts as connected again: the third beat */
    CHECK_MS = 1000,      /* between two looks at a foreign key */
    COMPLAIN_MS = 60000,
    HOLDER_MAX_BYTES = 1024
};

struct heartbeat {
    struct heartbeat_environment env;
    struct loop_timer *timer, *patience;
    char *holder;
    heartbeat_free_fn *on_free;
    heartbeat_taken_fn *on_taken;
    void *context;
    int64_t foreign_since_boot_ms; /**< 0 = nobody else's */
    struct log_limit complaints;
    bool decided, beating;
};

static void decide(struct heartbeat *heartbeat)
{
    if (!heartbeat->decided) {
        heartbeat->decided = true;
        loop_timer_disarm(heartbeat->patience);
        heartbeat->on_free(heartbeat->context);
    }
}

/* Same name (before a reboot) or same boot (in a container before this one). */
static bool is_same_machine(const struct heartbeat *heartbeat, const char *other)
{
    const char *slash = strrchr(other, '/');
    size_t name = strcspn(heartbeat->holder, "/");
    if (slash == NULL) {
        return false;
    }
    return ((size_t)(slash - other) == name && strncmp(other, heartbeat->holder, name) == 0) ||
           strcmp(slash + 1, heartbeat->env.identity->boot_id) == 0;
}

static void complain(struct heartbeat *heartbeat, const char *other)
{
    uint64_t suppressed = 0;
    if (log_limit_pass(&heartbeat->complaints, clock_boot_ms(heartbeat->env.clock), COMPLAIN_MS,
                       &suppressed)) {
        log_error("heartbeat.taken",
                  "another worker has this host's identity: give each machine its own --host-id",
                  LOG_STR("host", heartbeat->env.identity->host), LOG_STR("holder", other));
    }
}

static void on_other(struct heartbeat *heartbeat, const char *other)
{
    int64_t now = clock_boot_ms(heartbeat->env.clock);
    int64_t life = heartbeat->env.interval_ms * LIFE_FACTOR;
    if (heartbeat->foreign_since_boot_ms == 0) {
        heartbeat->foreign_since_boot_ms = now;
    }
    if (is_same_machine(heartbeat, other)) {
        decide(heartbeat);
        loop_timer_arm(heartbeat->timer, CHECK_MS);
        return;
    }
    if (now - heartbeat->foreign_since_boot_ms <= life) {
        loop_timer_disarm(heartbeat->patience);
        loop_timer_arm(heartbeat->timer, CHECK_MS < life ? CHECK_MS : life);
        return;
    }
    if (!heartbeat->decided) {
        heartbeat->decided = true;
        heartbeat->on_taken(heartbeat->context, other);
        return;
    }
    complain(heartbeat, other);
    loop_timer_arm(heartbeat->timer, heartbeat->env.interval_ms);
}

static void on_beat(void *context, const struct error *error, const char *other)
{
    struct heartbeat *heartbeat = context;
    heartbeat->beating = false;
    if (error == NULL && other != NULL) {
        on_other(heartbeat, other);
        return;
    }
    if (error == NULL) {
        heartbeat->foreign_since_boot_ms = 0;
        decide(heartbeat);
    }
    loop_timer_arm(heartbeat->timer, heartbeat->env.interval_ms);
}

static void beat(void *context)
{
    struct heartbeat *heartbeat = context;
    const struct heartbeat_environment *env = &heartbeat->env;
    if (heartbeat->beating) {
        return;
    }
    heartbeat->beating = true;
    const struct redis_beat sent = {.host = env->identity->host,
                                    .holder = heartbeat->holder,
                                    .runtime = env->runtime(env->context),
                                    .ttl_ms = env->interval_ms * LIFE_FACTOR,
                                    .steady_ms =
                                        env->interval_ms * STEADY_INTERVALS - env->interval_ms / 2,
                                    .now_unix_ms = clock_wall_ms(env->clock)};
    redis_view_heartbeat(env->view, &sent, on_beat, heartbeat);
}

static void on_patience(void *context)
{
    decide(context);
}

struct heartbeat *heartbeat_new(const struct heartbeat_environment *environment, struct error *err)
{
    struct heartbeat *heartbeat = memory_calloc(1, sizeof *heartbeat);
    struct buffer holder;
    buffer_init(&holder, HOLDER_MAX_BYTES);
    if (heartbeat != NULL) {
        heartbeat->env = *environment;
        heartbeat->timer = loop_timer_new(environment->loop, beat, heartbeat);
        heartbeat->patience = loop_timer_new(environment->loop, on_patience, heartbeat);
        if (buffer_append_format(&holder, err, "%.255s/%s", environment->identity->instance,
                                 environment->identity->boot_id) == 0) {
            heartbeat->holder = buffer_steal(&holder);
        }
    }
    buffer_release(&holder);
    if (heartbeat == NULL || heartbeat->timer == NULL || heartbeat->patience == NULL ||
        heartbeat->holder == NULL) {
        error_no_memory(err, "starting the heartbeat");
        heartbeat_free(heartbeat);
        return NULL;
    }
    return heartbeat;
}

void heartbeat_free(struct heartbeat *heartbeat)
{
    if (heartbeat == NULL) {
        return;
    }
    loop_timer_free(heartbeat->timer);
    loop_timer_free(heartbeat->patience);
    memory_free(heartbeat->holder);
    memory_free(heartbeat);
}

void heartbeat_start(struct heartbeat *heartbeat, int64_t patience_ms, heartbeat_free_fn *on_free,
                     heartbeat_taken_fn *on_taken, void *context)
{
    heartbeat->on_free = on_free;
    heartbeat->on_taken = on_taken;
    heartbeat->context = context;
    loop_timer_arm(heartbeat->patience, patience_ms);
    beat(heartbeat);
}

void heartbeat_hurry(struct heartbeat *heartbeat)
{
    if (heartbeat->on_free != NULL) {
        loop_timer_arm(heartbeat->timer, 0);
    }
}
