/** stopfleet-audit check: every base in Redis against the fold of the log to its position, every task of the log against
 *  the bases, the hosts, and every recorded stop against the promises. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "worker/audit/command.h"
#include "worker/audit/host_check.h"
#include "worker/audit/log_fold.h"
#include "worker/audit/view_compare.h"
#include "worker/audit/view_lack.h"
#include "worker/audit/view_session.h"
#include "worker/audit/view_walk.h"

struct check {
    struct view_session session;
    struct view_compare compare;
    struct view_lacks lacks;
    struct log_fold fold;
    struct host_compare hosts;
    struct host_fold registered;
    struct host_check_result of_hosts;
    struct stop_history stops;
};

static void print_finding(void *context, const struct stop_finding *finding)
{
    (void)context;
    stop_finding_print(finding, stdout);
}

/* What the log holds of it, where the base is of records that it does not hold. */
static bool print_ahead(const struct view_compare_base *base, const struct log_fold *fold)
{
    const struct log_fold_entry *entry = log_fold_find(fold, base->key);
    if (entry == NULL) {
        printf("ahead of the log: %s, position %" PRId64 ": the log holds nothing of it\n",
               base->key, base->pos);
    } else if (entry->pos < base->pos) {
        printf("ahead of the log: %s, position %" PRId64
               ": the log's last record of it is at %" PRId64 "\n",
               base->key, base->pos, entry->pos);
    }
    return entry == NULL || entry->pos < base->pos;
}

static size_t print_differing(const struct view_compare *compare, const struct log_fold *fold)
{
    size_t ahead = 0;
    size_t differing = 0;
    for (const struct view_compare_base *base = compare->first; base != NULL; base = base->next) {
        if (base->state == VIEW_COMPARE_DIFFERS) {
            differing++;
            if (print_ahead(base, fold)) {
                ahead++;
                continue;
            }
            printf("differs: %s, position %" PRId64 "\n", base->key, base->pos);
        }
    }
    if (ahead > 0) {
        printf(
            "%zu bases are ahead of the log: it was begun anew or put back from an older copy, or "
            "the view is another's; empty the view and run stopfleet-audit rebuild\n",
            ahead);
    }
    return differing;
}

static void print_lacks(const struct view_lacks *lacks)
{
    for (size_t i = 0; i < lacks->count; i++) {
        const struct view_lack *lack = &lacks->items[i];
        printf("lacks: %s, position %" PRId64 "%s\n", lack->entry->key, lack->entry->pos,
               lack->cluster_known ? "" : ", and does not know its cluster");
    }
}

/* Open tasks of hosts that were given up: whether they run is not known. */
static size_t count_unproven(const struct log_fold *fold)
{
    size_t count = 0;
    for (const struct log_fold_entry *entry = fold->first; entry != NULL; entry = entry->next) {
        count +=
            !task_is_terminal(&entry->task) && host_facts_inactive(&fold->hosts, entry->task.host);
    }
    return count;
}

/* False for a name that neither the log nor the view has. */
static bool knows_cluster(const struct check *check, const char *cluster)
{
    for (const struct host_fold_entry *host = check->registered.first; host != NULL;
         host = host->next) {
        if (host->cluster != NULL && strcmp(host->cluster, cluster) == 0) {
            return true;
        }
    }
    return check->fold.count > 0 || check->compare.count > 0 || check->hosts.count > 0;
}

/* Recorded, and not taken by a worker yet: of hosts that are away, but for those of this moment. */
static size_t count_waiting(const struct log_fold *fold)
{
    size_t count = 0;
    for (const struct log_fold_entry *entry = fold->first; entry != NULL; entry = entry->next) {
        const struct task *task = &entry->task;
        count += task_stop_requested(task) && task->accepted_at == 0 && !task_is_terminal(task);
    }
    return count;
}

/* Accepted, and without an end yet. */
static size_t count_open(const struct log_fold *fold)
{
    size_t count = 0;
    for (const struct log_fold_entry *entry = fold->first; entry != NULL; entry = entry->next) {
        count += entry->task.plan.count > 0 && !task_is_terminal(&entry->task);
    }
    return count;
}

static enum audit_exit report(const struct check *check, const char *cluster)
{
    size_t broken = stop_history_report(&check->stops, print_finding, NULL);
    size_t differing = print_differing(&check->compare, &check->fold);
    size_t lacking = check->lacks.count;
    bool complete = check->lacks.complete;
    print_lacks(&check->lacks);
    printf("checked: %zu bases, %zu differ, %zu of %zu tasks lack; %llu records read, %llu "
           "unreadable; the view %s\n",
           check->compare.count, differing, lacking, check->fold.count,
           (unsigned long long)check->fold.scanned.records,
           (unsigned long long)check->fold.scanned.unreadable,
           complete ? "is marked complete" : "is not marked complete");
    const struct host_check_result *hosts = &check->of_hosts;
    if (hosts->checked > 0) {
        printf("hosts: %zu checked, %zu differ, %zu lack\n", hosts->checked, hosts->differing,
               hosts->lacking);
    }
    if (cluster != NULL) {
        printf("hosts: left out because of --cluster or STOPFLEET_CLUSTER\n");
    }
    differing += hosts->differing;
    lacking += hosts->lacking;
    size_t unproven = count_unproven(&check->fold);
    if (unproven > 0) {
        printf("unproven: %zu open tasks are on hosts that were deregistered\n", unproven);
    }
    size_t waiting = count_waiting(&check->fold);
    if (waiting > 0) {
        printf("stops that wait for a host: %zu\n", waiting);
    }
    printf("stops: %zu checked, %zu broken promises, %zu open\n", check->stops.stops, broken,
           count_open(&check->fold));
    if (differing > 0 || broken > 0 || (lacking > 0 && complete)) {
        return AUDIT_EXIT_DIFFERS;
    }
    return lacking > 0 ? AUDIT_EXIT_INCONCLUSIVE : AUDIT_EXIT_OK;
}

static int read_view(struct check *check, struct loop *loop, const struct audit_options *options,
                     struct error *err)
{
    int status = view_session_open(&check->session, loop, options, err);
    if (status == 0) {
        status = view_walk_run(&check->session, options->cluster, &check->compare, &check->hosts,
                               &check->lacks.complete, err);
    }
    view_session_close(&check->session);
    return status;
}

static int find_lacks(struct check *check, struct loop *loop, const struct audit_options *options,
                      struct error *err)
{
    int status = view_session_open(&check->session, loop, options, err);
    if (status == 0) {
        status = view_lacks_find(&check->lacks, &check->session, &check->compare, &check->fold,
                                 options->retention_ms, err);
    }
    /* Facts are in the cluster that their host was in: of one cluster they may be a part. */
    if (status == 0 && options->cluster == NULL) {
        status = host_check_run(&check->hosts, &check->fold.hosts, &check->registered,
                                check->lacks.complete, &check->session, &check->of_hosts, err);
    }
    view_session_close(&check->session);
    return status;
}

static int check_run(struct check *check, struct loop *loop, const struct audit_options *options,
                     struct error *err)
{
    check->fold.before = view_compare_before;
    check->fold.before_context = &check->compare;
    check->fold.stops = &check->stops;
    if (read_view(check, loop, options, err) != 0 ||
        log_fold_run(&check->fold, options, err) != 0 ||
        view_compare_finish(&check->compare, &check->fold, err) != 0 ||
        host_fold_run(&check->registered, options, err) != 0) {
        return -1;
    }
    return find_lacks(check, loop, options, err);
}

enum audit_exit cmd_check(const struct audit_options *options, struct error *err)
{
    struct check check = {0};
    enum audit_exit status = AUDIT_EXIT_USAGE;
    struct loop *loop = loop_new(err);
    if (loop == NULL) {
        return AUDIT_EXIT_USAGE;
    }
    if (check_run(&check, loop, options, err) == 0) {
        status = report(&check, options->cluster);
        if (options->cluster != NULL && !knows_cluster(&check, options->cluster)) {
            error_set(err, ERROR_NOT_FOUND,
                      "neither the log nor the view knows the cluster \"%s\": nothing was checked",
                      options->cluster);
            status = AUDIT_EXIT_DIFFERS;
        }
    } else if (err->code != ERROR_INVALID) {
        status = AUDIT_EXIT_INCONCLUSIVE;
    }
    log_fold_release(&check.fold);
    stop_history_release(&check.stops);
    view_compare_release(&check.compare);
    view_lacks_release(&check.lacks);
    host_compare_release(&check.hosts);
    host_fold_release(&check.registered);
    loop_free(loop);
    return status;
}
