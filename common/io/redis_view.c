#include "common/io/redis_view_private.h"

static const char DEFAULT_PREFIX[] = "stopfleet";

struct redis_view *redis_view_new(struct loop *loop, const struct redis_config *config,
                                  redis_state_fn *on_state, void *context, struct error *err)
{
    struct redis_view *view = memory_calloc(1, sizeof *view);

    if (view == NULL) {
        error_no_memory(err, "making the view");
        return NULL;
    }
    view->prefix = memory_strdup(config->prefix != NULL ? config->prefix : DEFAULT_PREFIX);
    if (view->prefix == NULL) {
        error_no_memory(err, "making the view");
        memory_free(view);
        return NULL;
    }
    view->connection = redis_connection_new(loop, config, on_state, context, err);
    if (view->connection == NULL) {
        redis_view_free(view);
        return NULL;
    }
    return view;
}

void redis_view_free(struct redis_view *view)
{
    if (view == NULL) {
        return;
    }
    redis_connection_free(view->connection);
    memory_free(view->prefix);
    memory_free(view);
}

bool redis_view_connected(const struct redis_view *view)
{
    return redis_connection_ready(view->connection);
}

struct error redis_view_no_memory(void)
{
    struct error error = {0};

    error_no_memory(&error, "asking redis");
    return error;
}

int redis_view_is_complete(const struct redis_view *view, const redisReply *reply,
                           bool *ret_complete, struct error *err)
{
    struct span marker = {0};

    if (redis_reply_text(reply, 0, &marker, err) < 0) {
        return -1;
    }
    *ret_complete = span_equal_text(marker, redis_connection_run_id(view->connection));
    return 0;
}

int redis_view_flag(const redisReply *reply, size_t index, bool *ret_flag, struct error *err)
{
    struct span text = {0};

    if (redis_reply_text(reply, index, &text, err) < 0) {
        return -1;
    }
    *ret_flag = span_equal_text(text, "1");
    return 0;
}

void redis_view_answer_done(struct redis_request *request, const struct error *error,
                            const redisReply *reply)
{
    (void)reply;
    request->fn.done(request->context, error);
}
