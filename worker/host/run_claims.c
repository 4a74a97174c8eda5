#include "worker/host/run_claims.h"

#include <stdlib.h>
#include <string.h>

/** Who says that a run is his. */
enum claim_kind { CLAIM_DESCRIBED = 1, CLAIM_PLANNED, CLAIM_FLYING };
struct run_claim {
    struct run run;
    enum claim_kind kind;
    const struct task *base; /**< of the claimant; NULL = a new task in flight */
    const char *task;
};

static int compare_claims(const void *a, const void *b)
{
    const struct run_claim *x = a;
    const struct run_claim *y = b;
    return strcmp(x->run.container_id, y->run.container_id);
}

static void claim(struct run_claims *claims, struct run run, enum claim_kind kind,
                  const struct task *base, const char *task)
{
    claims->items[claims->count++] =
        (struct run_claim){.run = run, .kind = kind, .base = base, .task = task};
}

int run_claims_make(const struct observation_input *in, struct arena *arena,
                    struct run_claims *ret_claims, struct error *err)
{
    struct run_claims made = {0};
    struct run_claims *claims = &made;
    size_t most = 1;
    for (size_t i = 0; i < in->open_count; i++) {
        most += in->open[i].base->description.containers.count;
        most += in->open[i].own == NULL ? 0 : in->open[i].own->plan.count;
    }
    for (size_t i = 0; i < in->flight_count; i++) {
        most += in->flights[i]->runs.count;
    }
    claims->items = arena_alloc(arena, most * sizeof *claims->items);
    if (claims->items == NULL) {
        return error_no_memory(err, "comparing tasks");
    }
    for (size_t i = 0; i < in->open_count; i++) {
        const struct task *base = in->open[i].base;
        const struct task *own = in->open[i].own;
        for (size_t k = 0; k < base->description.containers.count; k++) {
            const struct described_container *d = &base->description.containers.items[k];
            struct run run = {.container_id = d->container_id, .started_at = d->started_at};
            claim(claims, run, CLAIM_DESCRIBED, base, base->id);
        }
        for (size_t k = 0; own != NULL && k < own->plan.count; k++) {
            claim(claims, run_of_planned(&own->plan.items[k]), CLAIM_PLANNED, base, base->id);
        }
    }
    for (size_t i = 0; i < in->flight_count; i++) {
        const struct flight *flight = in->flights[i];
        for (size_t k = 0; k < flight->runs.count; k++) {
            claim(claims, flight->runs.items[k], CLAIM_FLYING, NULL, flight->task);
        }
    }
    qsort(claims->items, claims->count, sizeof *claims->items, compare_claims);
    *ret_claims = made;
    return 0;
}

/* The first claim on this container, and how many follow. */
static const struct run_claim *claims_on(const struct run_claims *claims, const char *container_id)
{
    size_t low = 0;
    size_t high = claims->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(claims->items[middle].run.container_id, container_id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return &claims->items[low];
}

static bool is_claim_on(const struct run_claims *claims, const struct run_claim *at,
                        const char *container_id)
{
    return at < claims->items + claims->count && strcmp(at->run.container_id, container_id) == 0;
}

bool run_claims_other(const struct run_claims *claims, struct run run, const struct task *by)
{
    for (const struct run_claim *at = claims_on(claims, run.container_id);
         is_claim_on(claims, at, run.container_id); at++) {
        if (!run_equal(at->run, run) || strcmp(at->task, by->id) == 0) {
            continue;
        }
        bool ours_first = at->kind == CLAIM_DESCRIBED && task_described(by, run) != NULL &&
                          observation_is_earlier(by, at->base);
        if (!ours_first) {
            return true;
        }
    }
    return false;
}

bool run_claims_described(const struct run_claims *claims, struct run run)
{
    for (const struct run_claim *at = claims_on(claims, run.container_id);
         is_claim_on(claims, at, run.container_id); at++) {
        if (at->kind != CLAIM_PLANNED && run_equal(at->run, run)) {
            return true;
        }
    }
    return false;
}
