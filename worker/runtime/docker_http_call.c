#include <stdio.h>

#include "common/base/memory.h"
#include "worker/runtime/docker_http_state.h"

enum { DETAIL_SIZE = 400 };

struct docker_call {
    struct docker_transfer transfer;
    struct docker_http *http;
    struct docker_call *next; /* in its queue, or among the open ones */
    struct loop_timer *limit;
    int64_t limit_ms;
    enum docker_priority priority;
    bool too_large;
    struct buffer body;
    docker_response_fn *fn;
    void *context;
};

/* ---- lists ---- */

static void list_append(struct call_list *list, struct docker_call *call)
{
    call->next = NULL;
    if (list->last != NULL) {
        list->last->next = call;
    } else {
        list->first = call;
    }
    list->last = call;
}

static bool list_remove(struct call_list *list, const struct docker_call *call)
{
    struct docker_call *before = NULL;
    for (struct docker_call *at = list->first; at != NULL; before = at, at = at->next) {
        if (at != call) {
            continue;
        }
        if (before != NULL) {
            before->next = at->next;
        } else {
            list->first = at->next;
        }
        if (list->last == at) {
            list->last = before;
        }
        return true;
    }
    return false;
}

static struct docker_call *list_take(struct call_list *list)
{
    struct docker_call *call = list->first;
    if (call != NULL) {
        (void)list_remove(list, call);
    }
    return call;
}

/* ---- calls ---- */

static void call_free(struct docker_call *call)
{
    loop_timer_free(call->limit);
    docker_transfer_release(&call->transfer);
    buffer_release(&call->body);
    memory_free(call);
}

/* The call is in no list and in no multi handle any more. */
static void call_answer(struct docker_call *call, struct docker_response *response)
{
    call->fn(call->context, response);
    call_free(call);
}

static void call_close(struct docker_call *call)
{
    struct docker_http *http = call->http;
    if (list_remove(&http->open, call)) {
        http->open_counted -= call->priority == DOCKER_EXEMPT ? 0 : 1;
        (void)curl_multi_remove_handle(http->multi, call->transfer.easy);
    }
}

static void call_fail(struct docker_call *call, bool sent, bool timed_out, const char *why)
{
    char detail[DETAIL_SIZE];
    struct docker_response response = {.outcome = sent ? DOCKER_NO_ANSWER : DOCKER_NOT_SENT,
                                       .detail = detail,
                                       .timed_out = timed_out};
    (void)snprintf(detail, sizeof detail, "%.120s: %.200s", call->transfer.path, why);
    call_answer(call, &response);
}

static void call_done(struct docker_transfer *transfer, CURLcode code)
{
    struct docker_call *call = (struct docker_call *)transfer;
    call_close(call);
    if (code == CURLE_OK) {
        struct docker_response response = {.outcome = DOCKER_ANSWERED,
                                           .status = docker_transfer_status(transfer),
                                           .body = buffer_span(&call->body)};
        call_answer(call, &response);
    } else {
        call_fail(call, docker_transfer_was_sent(transfer), false,
                  call->too_large ? "the answer is larger than 8 MiB"
                                  : docker_transfer_error(transfer, code));
    }
}

static void call_limit_reached(void *context)
{
    struct docker_call *call = context;
    struct docker_http *http = call->http;
    char why[DETAIL_SIZE];
    bool waited = list_remove(&http->urgent, call) || list_remove(&http->normal, call);
    bool sent = !waited && docker_transfer_was_sent(&call->transfer);

    (void)snprintf(why, sizeof why, "%s within %lld ms", waited ? "no call was free" : "no answer",
                   (long long)call->limit_ms);
    call_close(call);
    call_fail(call, sent, true, why);
    docker_http_start_waiting(http);
}

static size_t call_write(char *bytes, size_t size, size_t count, void *context)
{
    struct docker_call *call = context;
    struct error err = {0};
    if (buffer_append(&call->body, bytes, size * count, &err) != 0) {
        call->too_large = err.code == ERROR_FULL;
        return 0;
    }
    return size * count;
}

static void call_start(struct docker_http *http, struct docker_call *call)
{
    http->open_counted += call->priority == DOCKER_EXEMPT ? 0 : 1;
    list_append(&http->open, call);
    if (curl_multi_add_handle(http->multi, call->transfer.easy) != CURLM_OK) {
        /* Its limit will tell. */
        (void)snprintf(call->transfer.error_text, sizeof call->transfer.error_text,
                       "libcurl took no more transfers");
    }
}

void docker_http_start_waiting(struct docker_http *http)
{
    while (http->open_counted < http->calls_at_once) {
        struct docker_call *call = list_take(&http->urgent);
        if (call == NULL) {
            call = list_take(&http->normal);
        }
        if (call == NULL) {
            return;
        }
        call_start(http, call);
    }
}

int docker_http_call(struct docker_http *http, const struct docker_request *request,
                     docker_response_fn *fn, void *context, struct error *err)
{
    struct docker_call *call = memory_calloc(1, sizeof *call);

    if (call == NULL) {
        return error_no_memory(err, "calling the engine");
    }
    *call = (struct docker_call){.transfer.done = call_done,
                                 .http = http,
                                 .limit_ms = request->limit_ms,
                                 .priority = request->priority,
                                 .fn = fn,
                                 .context = context};
    buffer_init(&call->body, DOCKER_HTTP_BODY_MAX_BYTES);
    call->limit = loop_timer_new(http->loop, call_limit_reached, call);
    if (call->limit == NULL ||
        docker_transfer_init(&call->transfer, &http->endpoint, request->method, request->path,
                             request->body, call_write, err) != 0) {
        loop_timer_free(call->limit);
        memory_free(call);
        return error_no_memory(err, "calling the engine");
    }
    loop_timer_arm(call->limit, request->limit_ms);
    if (request->priority == DOCKER_EXEMPT) {
        call_start(http, call);
    } else {
        list_append(request->priority == DOCKER_URGENT ? &http->urgent : &http->normal, call);
        docker_http_start_waiting(http);
    }
    return 0;
}

static void drop_list(struct call_list *list)
{
    for (struct docker_call *call = list_take(list); call != NULL; call = list_take(list)) {
        call_free(call);
    }
}

void docker_http_drop_calls(struct docker_http *http)
{
    while (http->open.first != NULL) {
        struct docker_call *call = http->open.first;
        call_close(call);
        call_free(call);
    }
    drop_list(&http->urgent);
    drop_list(&http->normal);
}
