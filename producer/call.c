#include "producer/call.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/log.h"
#include "common/io/loop.h"
#include "producer/service.h"

static void on_timer(void *context)
{
    struct call *call = context;
    if (call->on_deadline != NULL) {
        call->on_deadline(call, call->deadline_context);
        return;
    }
    char text[64];
    (void)snprintf(text, sizeof text, "no answer within %" PRId64 " ms",
                   call->service->request_timeout_ms);
    call_refuse_with(call, ECS_ERROR_VIEW_AWAY, text, NULL);
}

int call_start(struct call *call, struct error *err)
{
    call->deadline = loop_timer_new(call->service->loop, on_timer, call);
    if (call->deadline == NULL) {
        return error_no_memory(err, "starting a call");
    }
    loop_timer_arm(call->deadline, call->service->request_timeout_ms);
    return 0;
}

void call_hold(struct call *call, struct call **holder)
{
    *holder = call;
    call->holder = holder;
}

void call_on_deadline(struct call *call, call_deadline_fn *fn, void *context)
{
    call->on_deadline = fn;
    call->deadline_context = context;
}

void call_release(struct call *call)
{
    loop_timer_free(call->deadline);
    call->deadline = NULL;
    json_decref(call->json);
    call->json = NULL;
    if (call->holder != NULL) {
        *call->holder = NULL;
        call->holder = NULL;
    }
}

static void end(struct call *call, int http_status, json_t *body)
{
    if (log_enabled(LOG_LEVEL_DEBUG)) {
        log_debug("call.ended", "answered a call",
                  LOG_STR("operation", call->operation == NULL ? "?" : call->operation),
                  LOG_INT("status", http_status), LOG_STR("request", call->request_id));
    }
    call_release(call);
    call->reply(call, http_status, body);
    json_decref(body);
}

void call_answer(struct call *call, json_t *body)
{
    if (body == NULL) {
        call_refuse_with(call, ECS_ERROR_INTERNAL, "out of memory", NULL);
        return;
    }
    end(call, 200, body);
}

void call_refuse(struct call *call, const struct ecs_error *error)
{
    end(call, ecs_error_http_status(error->code), ecs_error_body(error));
}

void call_refuse_with(struct call *call, enum ecs_error_code code, const char *first,
                      const char *second)
{
    struct ecs_error error;
    (void)ecs_error_set(&error, code, first, second);
    call_refuse(call, &error);
}
