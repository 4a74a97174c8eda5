#ifndef WORKER_AUDIT_VIEW_SESSION_H
#define WORKER_AUDIT_VIEW_SESSION_H

/** Redis one call at a time, for commands that go step by step. */

#include "common/io/redis_view.h"
#include "worker/audit/audit_options.h"

struct view_session {
    struct loop *loop;
    struct redis_view *view;
    const char *address;
    struct error error; /**< of the last call */
};

/** Begins to connect: a call waits for the connection, each at most options->timeout_ms. Close in every case.
 *  @return 0 or -1 with ERROR_INVALID (address), ERROR_NO_MEMORY */
int view_session_open(struct view_session *session, struct loop *loop,
                      const struct audit_options *options, struct error *err);
void view_session_close(struct view_session *session);
/** To be called by the callback of a call: remembers error (NULL = none) and lets view_session_wait return. */
void view_session_done(struct view_session *session, const struct error *error);
/** Runs the loop until view_session_done. @return 0 or -1 with the call's error */
int view_session_wait(struct view_session *session, struct error *err);

#endif
