#include "producer/http_reply.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>

#include "common/base/buffer.h"
#include "common/base/memory.h"
#include "common/domain/json_text.h"

/** A hundred documents of the largest tasks that events can describe. */
enum { ANSWER_MAX_BYTES = 64 * 1024 * 1024 };

static const char *reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

static void add_header(struct evhttp_request *request, const char *name, const char *value)
{
    (void)evhttp_add_header(evhttp_request_get_output_headers(request), name, value);
}

static void free_text(const void *data, size_t length, void *text)
{
    (void)data;
    (void)length;
    memory_free(text);
}

/** Writes the body into the answer. @return false when memory is out, with nothing written */
static bool add_json(struct evbuffer *output, const json_t *body)
{
    struct buffer text;
    buffer_init(&text, ANSWER_MAX_BYTES);
    if (json_text_write(body, &text, NULL) != 0) {
        buffer_release(&text);
        return false;
    }
    size_t length = text.length;
    char *bytes = buffer_steal(&text);
    if (evbuffer_add_reference(output, bytes, length, free_text, bytes) != 0) {
        memory_free(bytes);
        return false;
    }
    return true;
}

static void finish(struct evhttp_request *request, int status, const char *content_type,
                   bool close_after)
{
    add_header(request, "Content-Type", content_type);
    /* evhttp closes after an answer to HTTP/1.0, which has no Content-Length. */
    bool closes = close_after || (request->major == 1 && request->minor == 0);
    add_header(request, "Connection", closes ? "close" : "keep-alive");
    evhttp_send_reply(request, status, reason_of(status), NULL);
}

void http_reply_json(struct evhttp_request *request, int status, const char *request_id,
                     const json_t *body, bool close_after)
{
    static const char out_of_memory[] =
        "{\"__type\":\"ServerException\",\"message\":\"The service failed: out of memory.\"}";
    struct evbuffer *output = evhttp_request_get_output_buffer(request);
    if (!add_json(output, body)) {
        status = 500;
        (void)evbuffer_add_reference(output, out_of_memory, sizeof out_of_memory - 1, NULL, NULL);
    }
    if (request_id != NULL) {
        add_header(request, "x-amzn-RequestId", request_id);
    }
    finish(request, status, request_id != NULL ? "application/x-amz-json-1.1" : "application/json",
           close_after);
}

void http_reply_unknown_media_type(struct evhttp_request *request, bool close_after)
{
    static const char body[] = "<UnknownOperationException/>\n";
    (void)evbuffer_add_reference(evhttp_request_get_output_buffer(request), body, sizeof body - 1,
                                 NULL, NULL);
    finish(request, 404, "text/xml", close_after);
}
