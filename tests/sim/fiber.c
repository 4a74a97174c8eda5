/** The worker's own stack; what is left of a worker that was killed. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "common/base/memory.h"
#include "tests/sim/sim.h"
#include "worker/host/worker.h"

enum { STACK_BYTES = 1 << 20 };

static ucontext_t world, fibers[SIM_ALIVE];
static char *stacks[SIM_ALIVE];
static bool on_fiber;
static sim_fn *todo;
static void *todo_context;

/* ---- memory: common/base/memory.h for this program, so that the dead leave nothing ---- */

struct block {
    struct block *next, *previous;
    size_t size;
    size_t of_worker; /**< its number; 0 = the world's */
};
static struct block blocks = {.next = &blocks, .previous = &blocks};
static uint64_t allocations;

static struct block *header_of(void *memory)
{
    return (struct block *)memory - 1;
}

static void *link_block(struct block *block, size_t size)
{
    if (block == NULL) {
        abort();
    }
    allocations++;
    *block = (struct block){.next = &blocks,
                            .previous = blocks.previous,
                            .size = size,
                            .of_worker = on_fiber ? (size_t)sim.worker->number : 0};
    blocks.previous->next = block;
    blocks.previous = block;
    return block + 1;
}

void *memory_alloc(size_t size)
{
    return link_block(malloc(sizeof(struct block) + size), size);
}

/* Of calloc, which does not touch fresh pages: most of them the worker never uses. */
void *memory_calloc(size_t count, size_t size)
{
    struct block *block = calloc(1, sizeof *block + count * size);
    return link_block(block, count * size);
}

void memory_free(void *block)
{
    if (block == NULL) {
        return;
    }
    struct block *header = header_of(block);
    header->next->previous = header->previous;
    header->previous->next = header->next;
    free(header);
}

void *memory_realloc(void *old, size_t size)
{
    void *memory = memory_alloc(size);
    if (old != NULL) {
        size_t before = header_of(old)->size;
        memcpy(memory, old, before < size ? before : size);
        memory_free(old);
    }
    return memory;
}

char *memory_strndup(const char *text, size_t length)
{
    char *copy = memory_alloc(length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *memory_strdup(const char *text)
{
    return memory_strndup(text, strlen(text));
}

void memory_fail_nth(uint64_t n, bool all_after)
{
    (void)n;
    (void)all_after;
}

uint64_t memory_count(void)
{
    return allocations;
}

static void free_blocks_of(int worker)
{
    for (struct block *block = blocks.next; block != &blocks;) {
        struct block *next = block->next;
        if (block->of_worker == (size_t)worker) {
            memory_free(block + 1);
        }
        block = next;
    }
}

/* ---- what the dead leave ---- */

static void bury(struct sim_worker *worker)
{
    if (worker->journal_incomplete) {
        sim_check_state_lost();
        sim.facts_lost = true;
        worker->journal_incomplete = false;
    }
    sim_files_close(worker->number);
    free_blocks_of(worker->number);
}

/* ---- the stack ---- */

static char *copied(const char *text)
{
    return memory_strdup(text);
}

static void run(void)
{
    struct worker_options options = {
        .account = copied("000000000000"),
        .region = copied("us-east-1"),
        .cluster = copied(SIM_CLUSTER),
        .host_id = copied(SIM_HOST),
        .state_directory = copied(sim.worker->directory),
        .journal_max_bytes = 1 << 20,
        .runtime = WORKER_RUNTIME_DOCKER,
        .docker_endpoint = copied("sim"),
        .engine_calls = sim_between(1, 8),
        .engine_timeout_ms = SIM_ENGINE_TIMEOUT_MS,
        .stop_timeout_ms = SIM_DEFAULT_GRACE_MS,
        .group_by = WORKER_GROUP_BY_PROJECT,
        .discovery_interval_ms = 5000,
        .kafka_brokers = copied("sim"),
        .unsafe_topics = true,
        .redis = copied("sim"),
        .heartbeat_interval_ms = 5000,
        .retention_ms = SIM_RETENTION_MS,
    };
    struct host_record record = {0};
    struct error err = {0};
    sim.worker->exit_code = (int)worker_run(&options, &record, &err);
    sim_say("w%d ends with %d %s", sim.worker->number, sim.worker->exit_code, err.message);
    sim.worker->alive = false;
}

static ucontext_t *fiber(void)
{
    return &fibers[sim.worker - sim.workers];
}

static void entry(void)
{
    run();
    on_fiber = false;
    swapcontext(fiber(), &world);
}

/** It is this worker's turn. */
static void resume(struct sim_worker *worker)
{
    struct sim_worker *looked_after = sim.worker;
    sim.worker = worker;
    on_fiber = true;
    swapcontext(&world, fiber());
    on_fiber = false;
    sim.worker = looked_after;
    if (!worker->alive) {
        bury(worker);
    }
}

void sim_worker_yield(void)
{
    swapcontext(fiber(), &world);
}

sim_fn *sim_worker_take(void **ret_context)
{
    sim_fn *fn = todo;
    *ret_context = todo_context;
    todo = NULL;
    return fn;
}

void sim_worker_do(struct sim_worker *worker, sim_fn *fn, void *context)
{
    todo = fn;
    todo_context = context;
    resume(worker);
}

void sim_worker_block(int64_t ms)
{
    struct sim_worker *worker = sim.worker;
    worker->blocked = true;
    worker->blocked_until_ms = sim.now_ms + ms;
    sim_after(ms, worker->number, NULL, NULL);
    do {
        sim_worker_yield();
    } while (sim.now_ms < worker->blocked_until_ms);
    worker->blocked = false;
}

void sim_worker_start(void)
{
    if (sim.worker->alive) {
        return;
    }
    char **stack = &stacks[sim.worker - sim.workers];
    if (*stack == NULL) {
        *stack =
            mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (*stack == MAP_FAILED) {
            abort();
        }
    }
    *sim.worker = (struct sim_worker){.number = ++sim.started, .alive = true};
    memcpy(sim.worker->directory, sim.directory, sizeof sim.directory);
    sim_say("w%d starts", sim.worker->number);
    sim.disturbed_ms = sim.now_ms;
    getcontext(fiber());
    fiber()->uc_stack.ss_sp = *stack;
    fiber()->uc_stack.ss_size = STACK_BYTES;
    fiber()->uc_link = NULL;
    makecontext(fiber(), entry, 0);
    todo = NULL;
    resume(sim.worker);
}

void sim_worker_die(const char *why)
{
    if (!sim.worker->alive) {
        return;
    }
    sim_say("w%d is killed (%s)", sim.worker->number, why);
    sim.crashes++;
    sim.disturbed_ms = sim.now_ms;
    sim.worker->alive = false;
    sim.worker->crash_in = 0;
    if (on_fiber) {
        swapcontext(fiber(), &world);
        abort(); /* the dead do not come back */
    }
    bury(sim.worker);
}

void sim_seam(const char *what)
{
    struct sim_worker *worker = sim.worker;
    if (on_fiber && worker->hang_in > 0 && --worker->hang_in == 0) {
        sim_worker_hangs();
    }
    if (on_fiber && worker->crash_in > 0 && --worker->crash_in == 0) {
        sim_worker_die(what);
    }
}

void sim_worker_forget_all(void)
{
    for (int i = 0; i < SIM_ALIVE; i++) {
        sim.workers[i].alive = false;
        if (sim.workers[i].number > 0) {
            bury(&sim.workers[i]);
        }
    }
}
