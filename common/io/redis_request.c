#include "common/io/redis_request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/io/redis_connection.h"
#include "common/io/redis_view_private.h"

enum { REQUEST_MAX_BYTES = 256 * 1024 * 1024, FIXED_ARGUMENTS = 3 };

struct redis_request *redis_request_new(struct redis_view *view, enum redis_script_name name,
                                        redis_answer_fn *answer, void *context)
{
    struct redis_request *request = memory_calloc(1, sizeof *request);

    if (request == NULL) {
        return NULL;
    }
    buffer_init(&request->bytes, REQUEST_MAX_BYTES);
    request->view = view;
    request->answer = answer;
    request->context = context;
    request->script = redis_script(name);
    request->failed_before = request->script == NULL;
    redis_request_add_text(request, view->prefix);
    return request;
}

void redis_request_free(struct redis_request *request)
{
    if (request == NULL) {
        return;
    }
    buffer_release(&request->bytes);
    memory_free(request->lengths);
    memory_free(request);
}

void redis_request_add(struct redis_request *request, struct span argument)
{
    if (request->count == request->capacity) {
        const size_t capacity = request->capacity == 0 ? 16 : request->capacity * 2;
        size_t *lengths = memory_realloc(request->lengths, capacity * sizeof *lengths);

        if (lengths == NULL) {
            request->failed_before = true;
            return;
        }
        request->lengths = lengths;
        request->capacity = capacity;
    }
    if (argument.length > 0 &&
        buffer_append(&request->bytes, argument.data, argument.length, NULL) < 0) {
        request->failed_before = true;
        return;
    }
    request->lengths[request->count++] = argument.length;
}

void redis_request_add_text(struct redis_request *request, const char *argument)
{
    redis_request_add(request, span_of(argument));
}

void redis_request_add_number(struct redis_request *request, int64_t argument)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%" PRId64, argument);
    redis_request_add_text(request, text);
}

struct span redis_request_argument(const struct redis_request *request, size_t index)
{
    size_t at = 0;

    for (size_t i = 0; i < index; i++) {
        at += request->lengths[i];
    }
    return (struct span){request->bytes.data + at, request->lengths[index]};
}

long long redis_request_format(const struct redis_request *request, char **ret_command)
{
    const size_t count = request->count + FIXED_ARGUMENTS;
    const char **argv = memory_calloc(count, sizeof *argv);
    size_t *lengths = memory_calloc(count, sizeof *lengths);
    const char *next = request->bytes.data != NULL ? request->bytes.data : "";
    long long length = -1;

    if (argv != NULL && lengths != NULL) {
        argv[0] = request->with_source ? "EVAL" : "EVALSHA";
        argv[1] = request->with_source ? request->script->source : request->script->sha;
        argv[2] = "0";
        for (size_t i = 0; i < FIXED_ARGUMENTS; i++) {
            lengths[i] = strlen(argv[i]);
        }
        for (size_t i = 0; i < request->count; i++) {
            argv[FIXED_ARGUMENTS + i] = next;
            lengths[FIXED_ARGUMENTS + i] = request->lengths[i];
            next += request->lengths[i];
        }
        length = redisFormatCommandArgv(ret_command, (int)count, argv, lengths);
    }
    memory_free(argv);
    memory_free(lengths);
    return length;
}
