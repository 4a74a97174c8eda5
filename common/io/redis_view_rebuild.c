#include "common/io/redis_view_private.h"

/* Where the run stands in the call of rebuild_complete.lua: prefix, token, run_id. */
enum { RUN_ID_ARGUMENT = 2 };

static void answer_begin(struct redis_request *request, const struct error *error,
                         const redisReply *reply)
{
    (void)reply;
    request->fn.run(request->context, error,
                    error == NULL ? redis_connection_run_id(request->view->connection) : NULL);
}

void redis_view_rebuild_begin(struct redis_view *view, const char *token, redis_run_fn *fn,
                              void *context)
{
    struct redis_request *request =
        redis_request_new(view, REDIS_SCRIPT_REBUILD_BEGIN, answer_begin, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error, NULL);
        return;
    }
    request->fn.run = fn;
    redis_request_add_text(request, token);
    redis_connection_send(view->connection, request);
}

/* A marker for a run that is over is harmless: it equals no run's id any more. So the run is
 * compared after the answer, when it is known which Redis gave it. */
static void answer_complete(struct redis_request *request, const struct error *error,
                            const redisReply *reply)
{
    const char *run_id = redis_connection_run_id(request->view->connection);
    struct error failure = {0};
    bool token_same = false;

    if (error == NULL) {
        if (redis_view_flag(reply, 0, &token_same, &failure) < 0) {
            error = &failure;
        } else if (!token_same) {
            error_set(&failure, ERROR_CONFLICT,
                      "redis was emptied or another rebuild began; start this rebuild anew");
            error = &failure;
        } else if (!span_equal_text(redis_request_argument(request, RUN_ID_ARGUMENT), run_id)) {
            error_set(&failure, ERROR_CONFLICT,
                      "redis was started anew meanwhile; start this rebuild anew");
            error = &failure;
        }
    }
    request->fn.done(request->context, error);
}

void redis_view_rebuild_complete(struct redis_view *view, const char *token, const char *run_id,
                                 redis_done_fn *fn, void *context)
{
    struct redis_request *request =
        redis_request_new(view, REDIS_SCRIPT_REBUILD_COMPLETE, answer_complete, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error);
        return;
    }
    request->fn.done = fn;
    redis_request_add_text(request, token);
    redis_request_add_text(request, run_id);
    redis_connection_send(view->connection, request);
}
