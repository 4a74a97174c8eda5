#include "worker/audit/view_session.h"

int view_session_open(struct view_session *session, struct loop *loop,
                      const struct audit_options *options, struct error *err)
{
    struct redis_config config = audit_options_redis(options);
    *session = (struct view_session){.loop = loop, .address = options->redis};
    session->view = redis_view_new(loop, &config, NULL, NULL, err);
    return session->view == NULL ? -1 : 0;
}

void view_session_close(struct view_session *session)
{
    redis_view_free(session->view);
    session->view = NULL;
}

void view_session_done(struct view_session *session, const struct error *error)
{
    session->error = error == NULL ? (struct error){0} : *error;
    loop_stop(session->loop, 0);
}

int view_session_wait(struct view_session *session, struct error *err)
{
    loop_run(session->loop);
    if (session->error.code != ERROR_NONE) {
        *err = session->error;
        return error_wrap(err, "Redis at \"%s\"", session->address);
    }
    return 0;
}
