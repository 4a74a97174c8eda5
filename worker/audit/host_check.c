#include "worker/audit/host_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"

struct host_check {
    const struct host_facts *facts;
    struct view_session *session;
    struct host_check_result *result;
    bool complete;
    int64_t seen;             /**< of the host that is looked at */
    struct host_compare late; /**< hosts as the view holds them now */
    const char *cluster;      /**< being read */
};

/* ---- one host, read again ---- */

static void on_seen(void *context, const struct error *error, int64_t seen)
{
    struct host_check *check = context;
    check->seen = seen;
    view_session_done(check->session, error);
}

static void on_host(void *context, const struct error *error, const struct redis_hosts *hosts)
{
    struct host_check *check = context;
    struct error failure = {0};
    if (error == NULL && hosts->count > 0 && hosts->hosts[0].found &&
        host_compare_add(&check->late, check->cluster, &hosts->hosts[0], &failure) != 0) {
        error = &failure;
    }
    view_session_done(check->session, error);
}

/* *ret_entry NULL = the view does not have it in that cluster. `seen` is asked for first: what lies below it is in the view. */
static int read_again(struct host_check *check, const char *cluster, const char *host,
                      struct host_compare_entry **ret_entry, struct error *err)
{
    const char *const ids[] = {host};
    redis_view_seen(check->session->view, host, on_seen, check);
    if (view_session_wait(check->session, err) != 0) {
        return -1;
    }
    check->cluster = cluster;
    redis_view_read_hosts(check->session->view, cluster, ids, 1, on_host, check);
    if (view_session_wait(check->session, err) != 0) {
        return -1;
    }
    *ret_entry = host_compare_find(&check->late, cluster, host);
    return 0;
}

/* ---- what is said ---- */

static void say_lack(struct host_check *check, const char *cluster, const char *host,
                     const char *what, int64_t position)
{
    check->result->lacking++;
    printf("lacks: host %s/%s, %s", cluster, host, what);
    if (position >= 0) {
        printf(" %" PRId64, position);
    }
    printf("\n");
}

static void say_verdict(struct host_check *check, const struct host_compare_entry *entry,
                        const struct host_state *log)
{
    if (entry->verdict == HOST_VERDICT_DIFFERS) {
        check->result->differing++;
        printf("differs: host %s/%s is %s in the view, %s by the log\n", entry->cluster,
               entry->host, entry->status, host_state_status(log));
    } else if (entry->verdict == HOST_VERDICT_AHEAD) {
        check->result->differing++;
        printf("ahead of the log: host %s/%s, a fact at position %" PRId64
               " that the log does not hold\n",
               entry->cluster, entry->host, host_version_position(entry->version));
    }
}

/* ---- the comparison ---- */

/* A worker that was killed before it read its own last fact back leaves the view behind it, which is no lie. */
static bool may_be_behind(const struct host_check *check, const struct host_state *log)
{
    bool put_by_worker = check->seen != REDIS_SEEN_ABSENT;
    int64_t newest = host_version_position(host_state_version(log));
    return put_by_worker ? check->seen <= newest : !check->complete;
}

static int look_again(struct host_check *check, const char *cluster, const char *host,
                      const struct host_state *log, struct error *err)
{
    struct host_compare_entry *entry = NULL;
    if (read_again(check, cluster, host, &entry, err) != 0) {
        return -1;
    }
    if (entry == NULL) {
        say_lack(check, cluster, host, "its registration", -1);
        return 0;
    }
    entry->verdict = host_compare_verdict(log, entry->version, entry->status);
    if (entry->verdict == HOST_VERDICT_BEHIND && !may_be_behind(check, log)) {
        say_lack(check, cluster, host, "its fact at position",
                 host_version_position(host_state_version(log)));
    } else if (entry->verdict == HOST_VERDICT_DIFFERS) {
        say_verdict(check, entry, log);
    }
    return 0;
}

static int check_host(struct host_check *check, struct host_compare *before,
                      const struct host_fold_entry *host, struct error *err)
{
    const struct host_state *log = host_facts_state(check->facts, host->host);
    struct host_compare_entry *entry = host_compare_find(before, host->cluster, host->host);
    check->result->checked++;
    if (entry != NULL) {
        entry->verdict = host_compare_verdict(log, entry->version, entry->status);
    }
    if (entry == NULL || entry->verdict == HOST_VERDICT_BEHIND ||
        entry->verdict == HOST_VERDICT_DIFFERS) {
        return look_again(check, host->cluster, host->host, log, err);
    }
    say_verdict(check, entry, log);
    return 0;
}

/* A host that the view listed before the topic was read, and still does. */
static int check_unknown(struct host_check *check, const struct host_compare_entry *entry,
                         struct error *err)
{
    struct host_compare_entry *now = NULL;
    if (read_again(check, entry->cluster, entry->host, &now, err) != 0) {
        return -1;
    }
    if (now != NULL) {
        check->result->differing++;
        printf("differs: host %s/%s is in the view, %s does not have it there\n", entry->cluster,
               entry->host, KAFKA_HOSTS_TOPIC);
    }
    return 0;
}

int host_check_run(struct host_compare *before, const struct host_facts *facts,
                   const struct host_fold *hosts, bool complete, struct view_session *session,
                   struct host_check_result *ret_result, struct error *err)
{
    struct host_check check = {
        .facts = facts, .session = session, .result = ret_result, .complete = complete};
    int status = 0;
    *ret_result = (struct host_check_result){0};
    for (const struct host_fold_entry *host = hosts->first; status == 0 && host != NULL;
         host = host->next) {
        if (host->cluster != NULL) {
            status = check_host(&check, before, host, err);
        }
    }
    for (const struct host_compare_entry *entry = before->first; status == 0 && entry != NULL;
         entry = entry->next) {
        if (entry->verdict == 0) {
            status = check_unknown(&check, entry, err);
        }
    }
    host_compare_release(&check.late);
    return status;
}
