/** stopfleet-audit rebuild --watch: keeps the view complete by itself. */

#include <stdio.h>
#include <string.h>

#include "worker/audit/rebuild.h"
#include "worker/audit/view_session.h"

enum { LOOK_MS = 1000, RETRY_MS = 3000, LINE_MAX_BYTES = 512 };

struct watch {
    const struct audit_options *options;
    struct view_session session;
    struct loop_timer *timer;
    char said[LINE_MAX_BYTES]; /**< the last line, which is not repeated */
    bool complete, ended;
};

static void say(struct watch *watch, const char *line)
{
    if (strcmp(watch->said, line) != 0) {
        snprintf(watch->said, sizeof watch->said, "%s", line);
        printf("%s\n", line);
        (void)fflush(stdout);
    }
}

static void on_page(void *context, const struct error *error, const struct redis_page *page)
{
    struct watch *watch = context;
    watch->complete = error == NULL && page->complete;
    view_session_done(&watch->session, error);
}

static void on_time(void *context)
{
    struct watch *watch = context;
    view_session_done(&watch->session, NULL);
}

static void on_signal(int signal_number, void *context)
{
    struct watch *watch = context;
    (void)signal_number;
    watch->ended = true;
    view_session_done(&watch->session, NULL);
}

/* One look after another on one connection, until the view is not complete, cannot be read, or a signal came. */
static int look(struct watch *watch, struct error *err)
{
    watch->complete = true;
    while (!watch->ended) {
        redis_view_list_clusters(watch->session.view, NULL, 1, on_page, watch);
        if (view_session_wait(&watch->session, err) != 0) {
            return -1;
        }
        if (watch->ended || !watch->complete) {
            break;
        }
        say(watch, "watching: the view is complete");
        loop_timer_arm(watch->timer, LOOK_MS);
        if (view_session_wait(&watch->session, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static void pause_for(struct watch *watch, const struct error *why)
{
    struct error err = {0};
    char line[LINE_MAX_BYTES];
    snprintf(line, sizeof line, "waiting: %.400s", why->message);
    say(watch, line);
    if (!watch->ended) {
        loop_timer_arm(watch->timer, RETRY_MS);
        (void)view_session_wait(&watch->session, &err);
    }
}

/* On a loop of its own, so that a scan of the log can have the signals for itself. @return 0: rebuild or end, -1: cannot go on */
static int wait_until_incomplete(struct watch *watch, const struct error *why, struct error *err)
{
    struct loop *loop = loop_new(err);
    int status = -1;
    if (loop != NULL && loop_on_termination(loop, on_signal, watch, err) == 0) {
        watch->timer = loop_timer_new(loop, on_time, watch);
        status = watch->timer == NULL
                     ? error_no_memory(err, "watching the view")
                     : view_session_open(&watch->session, loop, watch->options, err);
        if (status == 0 && why->code != ERROR_NONE) {
            pause_for(watch, why);
        }
        struct error failure = {0};
        while (status == 0 && !watch->ended && look(watch, &failure) != 0) {
            pause_for(watch, &failure);
            failure = (struct error){0};
        }
        view_session_close(&watch->session);
        loop_timer_free(watch->timer);
    }
    loop_free(loop);
    return status;
}

enum audit_exit rebuild_watch(const struct audit_options *options, struct error *err)
{
    struct watch watch = {.options = options};
    struct error why = {0};
    while (wait_until_incomplete(&watch, &why, err) == 0) {
        bool interrupted = false;
        if (watch.ended) {
            return AUDIT_EXIT_OK;
        }
        say(&watch, "rebuilding: the view is not complete in this Redis");
        why = (struct error){0};
        (void)rebuild_once(options, &interrupted, &why);
        if (interrupted) {
            return AUDIT_EXIT_OK;
        }
        if (why.code == ERROR_INVALID) {
            *err = why;
            return AUDIT_EXIT_USAGE;
        }
    }
    return AUDIT_EXIT_USAGE;
}
