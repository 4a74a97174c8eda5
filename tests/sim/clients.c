/** API writers: read the view, record in the log, add to pending, answer. Each step can be the last one. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain/view.h"
#include "tests/sim/sim.h"

enum { API_TIMEOUT_MS = 5000 };

struct client {
    int number, attempts;
    bool tags;
    char task[40], id[37], reason[16];
    struct optional_integer timeout_ms;
    int64_t began_ms, offset;
    int64_t ts;
    bool given_up; /**< the API has answered 500; what is on its way may still arrive */
    int twins;     /**< records of this attempt that arrive */
};

static int numbers;

static void call(void *context);
static void record(void *context);
static void answer(void *context);

static void later(struct client *client, sim_fn *fn)
{
    if (sim_chance(0.01)) {
        sim_say("api: the call of client %d is cut by a crash", client->number);
        return;
    }
    sim_after(sim_chance(0.05) ? sim_between(5, 1500) : sim_between(0, 5), 0, fn, client);
}

static void again(struct client *client)
{
    if (--client->attempts > 0) {
        sim_after(sim_between(10, 3000), 0, call, client);
    }
}

static struct span encode(const struct client *client, struct buffer *bytes)
{
    struct tag tag = {.key = "k1", .value = client->reason};
    struct event event = {.type = client->tags ? EVENT_TASK_TAGGED : EVENT_STOP_REQUESTED,
                          .version = EVENT_MAJOR_VERSION,
                          .id = client->id,
                          .ts = client->ts,
                          .account = "000000000000",
                          .region = "us-east-1",
                          .cluster = SIM_CLUSTER,
                          .task = client->task,
                          .host = SIM_HOST,
                          .actor = {.program = "stopfleet-api",
                                    .instance = "api",
                                    .incarnation = "00000000000000000000000000000000",
                                    .boot_id = "00000000-0000-4000-8000-000000000000"}};
    if (client->tags) {
        event.task_tagged.added.items = &tag;
        event.task_tagged.added.count = 1;
        event.task_tagged.principal = "arn:aws:iam::000000000000:user/a";
    } else {
        event.stop_requested =
            (struct event_stop_requested){.principal = "arn:aws:iam::000000000000:user/a",
                                          .reason = client->reason,
                                          .stop_timeout_ms = client->timeout_ms};
    }
    struct error err = {0};
    buffer_init(bytes, EVENT_MAX_BYTES);
    if (event_encode(&event, bytes, &err) != 0) {
        sim_broken("a client's event cannot be encoded", "%s", err.message);
    }
    return buffer_span(bytes);
}

/* ---- 1: the view is read ---- */

static void call(void *context)
{
    struct client *client = context;
    sim_say("api: client %d calls %s for task %.6s%s", client->number,
            client->tags ? "TagResource" : "StopTask", client->task,
            client->timeout_ms.known ? " with a stop-timeout" : "");
    if (!sim.redis_up) {
        again(client);
        return;
    }
    if (sim_base_find(client->task) == NULL) {
        if (sim_redis_complete()) {
            sim_check_not_found(client->task);
        }
        return;
    }
    client->began_ms = sim.now_ms;
    client->given_up = false;
    client->twins = sim_chance(0.04) ? 2 : 1;
    later(client, record);
}

/* ---- 2: the record is written ---- */

static void give_up(struct client *client)
{
    if (!client->given_up) {
        client->given_up = true;
        sim_say("api: client %d is told that it may not have been recorded", client->number);
        again(client);
    }
}

static void record(void *context)
{
    struct client *client = context;
    if (!sim.kafka_up) {
        if (sim.now_ms - client->began_ms > API_TIMEOUT_MS) {
            give_up(client);
            if (sim_chance(0.7)) {
                return; /* the record is dropped */
            }
        }
        sim_after(200, 0, record, client);
        return;
    }
    struct buffer bytes;
    bool lost = !sim.healing && sim_chance(0.04);
    if (sim.broken_rule == SIM_BREAK_API_EARLY && sim_chance(0.3)) {
        client->offset = sim.events.count;
        later(client, answer);
        return;
    }
    client->offset = sim_append(&sim.events, span_of(SIM_HOST), encode(client, &bytes));
    buffer_release(&bytes);
    if (--client->twins > 0) {
        sim_after(sim_between(1, 2000), 0, record, client);
    }
    if (client->given_up) {
        return;
    }
    if (lost) {
        give_up(client);
    } else {
        later(client, answer);
    }
}

/* ---- 3: pending, and the answer ---- */

static void tell(struct client *client, const struct task *fold)
{
    struct sim_answer said = {.request = client->id,
                              .reason = client->reason,
                              .offset = client->offset,
                              .terminal = task_is_terminal(fold)};
    memcpy(said.task, client->task, sizeof said.task);
    char *first = fold->request_event_id == NULL ? NULL : strdup(fold->request_event_id);
    said.first = first;
    sim_say("api: client %d has its answer: %s", client->number, task_last_status(fold));
    if (!client->tags) {
        sim_check_answer(&said);
    }
    free(first);
}

static void answer(void *context)
{
    struct client *client = context;
    struct buffer bytes;
    struct error err = {0};
    struct task fold = {0};
    struct view_pending pending[40];
    size_t count = 0;
    int64_t pos = -1;
    struct span event = encode(client, &bytes);
    const struct sim_base *base = sim_base_find(client->task);
    if (client->given_up || !sim.redis_up || base == NULL) {
        buffer_release(&bytes);
        return;
    }
    (void)sim_redis_pend(client->task, client->offset, event);
    pos = base->pos;
    for (int i = 0; i < base->pending_count; i++) {
        const struct sim_pending *p = &base->pending[i];
        pending[count++] =
            (struct view_pending){.offset = p->offset, .bytes = {p->bytes, p->length}};
    }
    if (task_decode((struct span){base->bytes, base->length}, &fold, &err) != 0 ||
        view_fold(&fold, pos, pending, count, &err) != 0) {
        sim_broken("the view cannot be folded", "%s", err.message);
    } else {
        tell(client, &fold);
    }
    task_release(&fold);
    buffer_release(&bytes);
}

/* ---- a client ---- */

void sim_client_call(void)
{
    if (sim.task_count == 0) {
        return;
    }
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        abort();
    }
    client->number = ++numbers;
    client->attempts = (int)sim_between(1, 3);
    client->tags = sim_chance(0.15);
    client->ts = sim_wall_ms();
    /* mostly the latest tasks, which are alive */
    int64_t back = sim_chance(0.4) ? 0 : sim_chance(0.6) ? sim_below(3) : sim_below(sim.task_count);
    int at = sim.task_count - 1 - (int)(back >= sim.task_count ? 0 : back);
    memcpy(client->task, sim.tasks[at]->id, sizeof client->task);
    if (sim_chance(0.45)) {
        static const int64_t timeouts[] = {0, 1000, 1500, 6000, 9000, 60000};
        client->timeout_ms = (struct optional_integer){true, timeouts[sim_below(6)]};
    }
    snprintf(client->id, sizeof client->id, "%08x-0000-8000-8000-%012llx", (unsigned)client->number,
             (unsigned long long)(sim_random() & 0xffffffffffff));
    snprintf(client->reason, sizeof client->reason, "r%d", client->number);
    call(client);
}
