#include "producer/http_reply.h"

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>

#include "common/domain/task_document.h"

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
    free(text);
}

/** Hands a text from jansson's allocator to the buffer. */
static int add_text(struct evbuffer *output, char *text)
{
    if (evbuffer_add_reference(output, text, strlen(text), free_text, text) != 0) {
        free(text);
        return -1;
    }
    return 0;
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
    char *text = body == NULL ? NULL : json_dumps(body, TASK_DOCUMENT_DUMP_FLAGS);
    if (text == NULL || add_text(output, text) != 0) {
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
