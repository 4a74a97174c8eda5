#include "worker/host/observation.h"

#include <stdlib.h>
#include <string.h>

#include "worker/host/ended_members.h"
#include "worker/host/run_claims.h"

enum {
    /* A description is cut to this before it is compared, so that its event never has to be cut. */
    DESCRIPTION_MAX_BYTES = EVENT_MAX_BYTES - 8 * 1024
};

/** Where a living container is grouped. */
struct place {
    const char *container_id;
    struct task_group *group;
    struct group_member *member;
};

struct work {
    const struct observation_input *in;
    struct arena *arena;
    struct observation out;
    struct run_claims claims;
    struct place *places;
    size_t place_count;
};

bool observation_is_earlier(const struct task *a, const struct task *b)
{
    if (a->observed_at != b->observed_at) {
        return a->observed_at < b->observed_at;
    }
    return strcmp(a->id, b->id) < 0;
}

bool observation_continues(const struct described_container *described,
                           const struct runtime_container *container)
{
    bool restarts =
        described->restart_policy != NULL && strcmp(described->restart_policy, "no") != 0;
    return described->started_at == container->described.started_at || described->started_at == 0 ||
           restarts;
}

static int compare_container_id(const void *key, const void *item)
{
    const struct runtime_container *const *container = item;
    return strcmp(key, (*container)->described.container_id);
}

const struct runtime_container *observation_find(const struct runtime_container *const *containers,
                                                 size_t count, const char *container_id)
{
    const struct runtime_container *const *found =
        count == 0
            ? NULL
            : bsearch(container_id, containers, count, sizeof *containers, compare_container_id);
    return found == NULL ? NULL : *found;
}

/* ---- places ---- */

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;
    return strcmp(x->container_id, y->container_id);
}

static int collect_places(struct work *work, struct error *err)
{
    struct grouping *grouping = work->in->grouping;
    size_t count = 1;
    for (size_t i = 0; i < grouping->groups.count; i++) {
        count += grouping->groups.items[i].members.count;
    }
    work->places = arena_alloc(work->arena, count * sizeof *work->places);
    if (work->places == NULL) {
        return error_no_memory(err, "comparing tasks");
    }
    for (size_t i = 0; i < grouping->groups.count; i++) {
        struct task_group *group = &grouping->groups.items[i];
        for (size_t k = 0; k < group->members.count; k++) {
            struct group_member *member = &group->members.items[k];
            member->chosen = member->owned = false;
            work->places[work->place_count++] = (struct place){
                .container_id = member->described.container_id, .group = group, .member = member};
        }
    }
    qsort(work->places, work->place_count, sizeof *work->places, compare_places);
    return 0;
}

static const struct place *place_of(const struct work *work, const char *container_id)
{
    struct place key = {.container_id = container_id};
    return work->place_count == 0 ? NULL
                                  : bsearch(&key, work->places, work->place_count,
                                            sizeof *work->places, compare_places);
}

/* ---- one open task ---- */

static bool in_flight(const struct work *work, const char *task)
{
    size_t low = 0;
    size_t high = work->in->flight_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(work->in->flights[middle]->task, task);
        if (order == 0) {
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

static struct finding *add_finding(struct work *work, struct error *err)
{
    struct finding *items =
        arena_grow(work->arena, work->out.findings.items, work->out.findings.count, sizeof *items);
    if (items == NULL) {
        error_no_memory(err, "comparing tasks");
        return NULL;
    }
    work->out.findings.items = items;
    struct finding *finding = &items[work->out.findings.count++];
    *finding = (struct finding){0};
    return finding;
}

/* What the stop under way deals with is no other task's. */
static void own_planned(struct work *work, const struct open_task *open)
{
    for (size_t i = 0; i < open->own->plan.count; i++) {
        const struct planned_run *planned = &open->own->plan.items[i];
        const struct place *place = place_of(work, planned->container_id);
        if (place == NULL) {
            continue;
        }
        struct run run = group_run_of(place->member->container);
        if (run_equal(run, run_of_planned(planned)) ||
            !run_claims_other(&work->claims, run, open->base)) {
            place->member->owned = true;
        }
    }
}

/** Where the described runs of a task live. */
struct life {
    struct task_group *group; /**< of the first that lives and is grouped; NULL = none */
    bool lives;
    bool left; /**< and all that lives is somebody else's by now */
};

static struct life life_of(const struct work *work, const struct task *base)
{
    struct life life = {0};
    bool ours = false;
    for (size_t i = 0; i < base->description.containers.count; i++) {
        const struct described_container *d = &base->description.containers.items[i];
        const struct runtime_container *container =
            observation_find(work->in->containers, work->in->container_count, d->container_id);
        if (d->ended || container == NULL || !grouping_is_alive(container) ||
            !observation_continues(d, container)) {
            continue;
        }
        life.lives = true;
        ours = ours || work->in->left == NULL ||
               left_alone_listed(work->in->left, d->container_id) == NULL;
        const struct place *place = place_of(work, d->container_id);
        if (life.group == NULL && place != NULL) {
            life.group = place->group;
        }
    }
    life.left = life.lives && !ours;
    return life;
}

/* What has ended gives way to what runs. */
static int encode_description(struct description *want, struct buffer *wanted, bool *ret_truncated,
                              struct error *err)
{
    int result = 0;
    do {
        buffer_clear(wanted);
        *ret_truncated = false;
        result = record_encode_within(&DESCRIPTION_SPEC, want, DESCRIPTION_MAX_BYTES, wanted,
                                      ret_truncated, err);
    } while (((result != 0 && err->code == ERROR_FULL) || *ret_truncated) &&
             ended_members_drop(want));
    return result;
}

/* Makes of `want` what the log would hold, and compares it with what it holds (NULL: nothing). */
static int canonicalize(struct work *work, const struct description *have, struct description *want,
                        bool *ret_truncated, bool *ret_differs, struct error *err)
{
    struct buffer wanted, held;
    buffer_init(&wanted, DESCRIPTION_MAX_BYTES);
    buffer_init(&held, EVENT_MAX_BYTES);
    int result = encode_description(want, &wanted, ret_truncated, err);
    if (result == 0 && have != NULL) {
        result = record_encode(&DESCRIPTION_SPEC, have, &held, NULL, err);
    }
    *ret_differs = !span_equal(buffer_span(&wanted), buffer_span(&held));
    if (result == 0 && *ret_differs && *ret_truncated) {
        result = record_decode(&DESCRIPTION_SPEC, buffer_span(&wanted), work->arena, want, err);
    }
    buffer_release(&wanted);
    buffer_release(&held);
    return result;
}

/* Adds the finding if the description is new. What cannot be written at all is left out, and said. */
static int observe(struct work *work, struct finding *found, struct error *err)
{
    const struct description *have = found->base == NULL ? NULL : &found->base->description;
    bool changed = false;
    if (have != NULL && record_equal(&DESCRIPTION_SPEC, &found->description, have)) {
        return 0;
    }
    if (canonicalize(work, have, &found->description, &found->truncated, &changed, err) != 0) {
        if (err->code == ERROR_NO_MEMORY) {
            return -1;
        }
        found->kind = FINDING_TOO_LARGE;
        changed = true;
    }
    struct finding *finding = changed ? add_finding(work, err) : NULL;
    if (finding != NULL) {
        *finding = *found;
    }
    return changed && finding == NULL ? -1 : 0;
}

/* What image a container runs never changes: a digest that was known stays known where the engine cannot tell it now, for
 * the image was removed or the question failed. */
static void keep_digests(const struct description *have, struct description *want)
{
    for (size_t i = 0; i < want->containers.count; i++) {
        struct described_container *container = &want->containers.items[i];
        for (size_t k = 0; container->image_digest == NULL && k < have->containers.count; k++) {
            const struct described_container *known = &have->containers.items[k];
            if (strcmp(known->container_id, container->container_id) == 0) {
                container->image_digest = known->image_digest;
            }
        }
    }
}

static int describe_again(struct work *work, const struct task *base, struct task_group *group,
                          struct error *err)
{
    for (size_t i = 0; i < group->members.count; i++) {
        struct group_member *member = &group->members.items[i];
        member->chosen = !run_claims_other(&work->claims, group_run_of(member->container), base);
        member->owned = member->owned || member->chosen;
    }
    if (base->request_event_id != NULL) {
        return 0;
    }
    if (in_flight(work, base->id)) {
        work->out.waits = true;
        return 0;
    }
    struct finding found = {.kind = FINDING_OBSERVED,
                            .base = base,
                            .group = group->key,
                            .revision = base->revision + 1};
    struct ended_members members = {.in = work->in,
                                    .claims = &work->claims,
                                    .base = base,
                                    .group = group,
                                    .arena = work->arena};
    memcpy(found.id, base->id, strnlen(base->id, sizeof found.id - 1));
    if (ended_members_name(&members, err) != 0 ||
        group_describe(group, work->in->options, work->in->runtime, work->arena, &found.description,
                       err) != 0) {
        return -1;
    }
    keep_digests(&base->description, &found.description);
    if (found.description.containers.count > 0 &&
        ended_members_keep(&members, &found.description, err) != 0) {
        return -1;
    }
    return observe(work, &found, err);
}

/* Before its end is written: what had ended may have run again while nobody watched. @return 1 if the end has to wait, 0 if not,
 * -1 without memory */
static int describe_ends(struct work *work, const struct task *base, struct error *err)
{
    struct finding found = {
        .kind = FINDING_OBSERVED, .base = base, .group = "", .revision = base->revision + 1};
    struct ended_members members = {
        .in = work->in, .claims = &work->claims, .base = base, .arena = work->arena};
    memcpy(found.id, base->id, strnlen(base->id, sizeof found.id - 1));
    int again = ended_members_again(&members, &found.description, err);
    if (again > 0 && in_flight(work, base->id)) {
        work->out.waits = true;
    } else if (again > 0 && observe(work, &found, err) != 0) {
        return -1;
    }
    return again;
}

static int find_gone(struct work *work, const struct task *base, struct error *err)
{
    struct finding *finding = add_finding(work, err);
    if (finding == NULL) {
        return -1;
    }
    finding->kind = FINDING_GONE;
    finding->base = base;
    return 0;
}

static int consider_open(struct work *work, const struct open_task *open, struct error *err)
{
    const struct task *base = open->base;
    if (open->own != NULL && task_is_terminal(open->own)) {
        return 0;
    }
    if (open->own != NULL && open->own->plan.count > 0) {
        own_planned(work, open);
        return 0;
    }
    if (base->revision == 0) {
        return 0; /* consider_unobserved */
    }
    struct life life = life_of(work, base);
    if (life.group != NULL) {
        return describe_again(work, base, life.group, err);
    }
    if (life.left) {
        return find_gone(work, base, err);
    }
    /* A StopTask is on its way: the stop itself will find that nothing runs. */
    if (life.lives || base->request_event_id != NULL || open->concerned) {
        return 0;
    }
    int waits = describe_ends(work, base, err);
    return waits != 0 ? (waits < 0 ? -1 : 0) : find_gone(work, base, err);
}

/* ---- new tasks ---- */

static bool group_in_flight(const struct work *work, const char *key)
{
    for (size_t i = 0; i < work->in->flight_count; i++) {
        if (strcmp(work->in->flights[i]->group, key) == 0) {
            return true;
        }
    }
    return false;
}

/* Where a log was begun anew a StopRequested can come before anyone observed its task in it. */
static const struct task *never_observed(const struct work *work, const char *id)
{
    for (size_t i = 0; i < work->in->open_count; i++) {
        const struct task *base = work->in->open[i].base;
        if (strcmp(base->id, id) == 0 && strcmp(base->cluster, work->in->cluster) == 0) {
            return base->revision == 0 ? base : NULL;
        }
    }
    return NULL;
}

static bool is_open(const struct work *work, const char *id)
{
    for (size_t i = 0; i < work->in->open_count; i++) {
        if (strcmp(work->in->open[i].base->id, id) == 0) {
            return true;
        }
    }
    return false;
}

/* A minted id is taken for the moment in which its task ends: not worth a word. */
static int say_taken(struct work *work, const struct task_group *group, const struct finding *found,
                     struct error *err)
{
    if (group->given_id == NULL || is_open(work, found->id)) {
        return 0;
    }
    struct finding *finding = add_finding(work, err);
    if (finding == NULL) {
        return -1;
    }
    *finding = *found;
    finding->kind = FINDING_ID_TAKEN;
    return 0;
}

static enum observation_id know(const struct work *work, struct finding *found, bool given)
{
    found->base = never_observed(work, found->id);
    return found->base != NULL
               ? OBSERVATION_ID_NEW
               : work->in->know_id(work->in->context, work->in->cluster, found->id, given);
}

/* A run whose minted id is over, as that of a task that lost its runs to another one which has ended since: what runs has to be a task
 * that somebody can stop. */
static enum observation_id find_id(const struct work *work, const struct task_group *group,
                                   struct finding *found)
{
    group_task_id(group, work->in->host, found->id);
    enum observation_id known = know(work, found, group->given_id != NULL);
    while (known == OBSERVATION_ID_OVER && group->given_id == NULL) {
        char over[37];
        memcpy(over, found->id, sizeof over);
        event_mint_task_id(work->in->host, group->name, over, 0, found->id);
        known = know(work, found, false);
    }
    return known;
}

static int consider_new(struct work *work, struct task_group *group, struct error *err)
{
    size_t rest = 0;
    for (size_t i = 0; i < group->members.count; i++) {
        struct group_member *member = &group->members.items[i];
        member->chosen = !member->owned;
        rest += member->chosen;
        if (member->chosen &&
            run_claims_described(&work->claims, group_run_of(member->container))) {
            work->out.waits = true;
            return 0;
        }
    }
    if (rest == 0) {
        return 0;
    }
    struct finding found = {.kind = FINDING_OBSERVED, .group = group->key, .revision = 1};
    if (group_in_flight(work, group->key)) {
        work->out.waits = true;
        return 0;
    }
    enum observation_id known = find_id(work, group, &found);
    if (known != OBSERVATION_ID_NEW) {
        return known == OBSERVATION_ID_ASKED ? 0 : say_taken(work, group, &found, err);
    }
    if (group_describe(group, work->in->options, work->in->runtime, work->arena, &found.description,
                       err) != 0) {
        return -1;
    }
    return observe(work, &found, err);
}

/* ---- tasks that the log never observed ---- */

static bool is_a_group(const struct work *work, const char *task)
{
    const struct grouping *grouping = work->in->grouping;
    for (size_t i = 0; i < grouping->groups.count; i++) {
        char id[37];
        group_task_id(&grouping->groups.items[i], work->in->host, id);
        if (strcmp(id, task) == 0) {
            return true;
        }
    }
    return false;
}

/* Such a base is what a log that was begun anew makes of a StopRequested. What runs of the task was just found as a new one; where
 * nothing runs, nobody will observe it any more. Its stop may be over by the journal, which then speaks of the older log. */
static int consider_unobserved(struct work *work, const struct open_task *open, struct error *err)
{
    const struct task *base = open->base;
    bool stopping = open->own != NULL && open->own->plan.count > 0 && !task_is_terminal(open->own);
    if (base->revision > 0 || stopping || work->out.waits || work->in->grouping->settling ||
        in_flight(work, base->id) || is_a_group(work, base->id)) {
        return 0;
    }
    return find_gone(work, base, err);
}

int observation_make(const struct observation_input *input, struct arena *arena,
                     struct observation *ret_observation, struct error *err)
{
    struct work work = {.in = input, .arena = arena};
    if (run_claims_make(input, arena, &work.claims, err) != 0 || collect_places(&work, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < input->open_count; i++) {
        if (consider_open(&work, &input->open[i], err) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < input->grouping->groups.count; i++) {
        if (consider_new(&work, &input->grouping->groups.items[i], err) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < input->open_count; i++) {
        if (consider_unobserved(&work, &input->open[i], err) != 0) {
            return -1;
        }
    }
    *ret_observation = work.out;
    return 0;
}
