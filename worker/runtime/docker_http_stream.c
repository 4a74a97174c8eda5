#include <stdio.h>

#include "common/base/memory.h"
#include "worker/runtime/docker_http_state.h"
#include "worker/runtime/line_splitter.h"

enum { DETAIL_SIZE = 400 };

struct docker_stream {
    struct docker_transfer transfer;
    struct docker_http *http;
    struct line_splitter lines;
    bool opened, overrun;
    struct docker_stream_callbacks callbacks;
    void *context;
};

static void stream_free(struct docker_stream *stream)
{
    docker_transfer_release(&stream->transfer);
    line_splitter_release(&stream->lines);
    memory_free(stream);
}

static void stream_done(struct docker_transfer *transfer, CURLcode code)
{
    struct docker_stream *stream = (struct docker_stream *)transfer;
    struct docker_http *http = stream->http;
    char detail[DETAIL_SIZE];
    long status = docker_transfer_status(transfer);

    if (stream->overrun) {
        (void)snprintf(detail, sizeof detail, "events came faster than they were read");
    } else if (code != CURLE_OK) {
        (void)snprintf(detail, sizeof detail, "%s", docker_transfer_error(transfer, code));
    } else if (status != 200) {
        (void)snprintf(detail, sizeof detail, "the engine answered %ld to GET %.120s", status,
                       transfer->path);
    } else {
        (void)snprintf(detail, sizeof detail, "the engine ended its event stream");
    }
    (void)curl_multi_remove_handle(http->multi, transfer->easy);
    http->stream = NULL;
    stream->callbacks.on_end(stream->context, detail);
    stream_free(stream);
}

static size_t stream_write(char *bytes, size_t size, size_t count, void *context)
{
    struct docker_stream *stream = context;
    struct span span = {.data = bytes, .length = size * count};
    struct error err = {0};
    if (line_splitter_feed(&stream->lines, span, &err) != 0) {
        stream->overrun = true;
        return 0;
    }
    return size * count;
}

void docker_http_stream_tell(struct docker_http *http)
{
    struct docker_stream *stream = http->stream;
    struct span line;
    if (stream == NULL || docker_transfer_status(&stream->transfer) != 200) {
        return;
    }
    if (!stream->opened) {
        stream->opened = true;
        stream->callbacks.on_open(stream->context);
    }
    while (http->stream == stream && line_splitter_next(&stream->lines, &line)) {
        stream->callbacks.on_line(stream->context, line);
    }
}

int docker_http_stream(struct docker_http *http, const char *path,
                       const struct docker_stream_callbacks *callbacks, void *context,
                       struct error *err)
{
    struct docker_stream *stream = memory_calloc(1, sizeof *stream);

    docker_http_stream_close(http);
    if (stream == NULL) {
        return error_no_memory(err, "opening the engine's event stream");
    }
    *stream = (struct docker_stream){
        .transfer.done = stream_done, .http = http, .callbacks = *callbacks, .context = context};
    line_splitter_init(&stream->lines, DOCKER_HTTP_LINE_MAX_BYTES);
    if (docker_transfer_init(&stream->transfer, &http->endpoint, "GET", path, NULL, stream_write,
                             err) != 0) {
        memory_free(stream);
        return -1;
    }
    (void)curl_easy_setopt(stream->transfer.easy, CURLOPT_CONNECTTIMEOUT_MS,
                           (long)http->connect_limit_ms);
    if (curl_multi_add_handle(http->multi, stream->transfer.easy) != CURLM_OK) {
        stream_free(stream);
        return error_no_memory(err, "opening the engine's event stream");
    }
    http->stream = stream;
    return 0;
}

void docker_http_stream_close(struct docker_http *http)
{
    struct docker_stream *stream = http->stream;
    http->stream = NULL;
    if (stream != NULL) {
        (void)curl_multi_remove_handle(http->multi, stream->transfer.easy);
        stream_free(stream);
    }
}
