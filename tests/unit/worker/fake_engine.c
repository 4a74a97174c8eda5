#include "tests/unit/worker/fake_engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/listener.h>

struct fake_engine {
    struct evhttp *http;
    char socket[108];
    struct fake_engine_route *routes;
    size_t count;
    struct evhttp_request *stream;
    char stream_path[1024];
};

static const char *method_name(const struct evhttp_request *request)
{
    return evhttp_request_get_command(request) == EVHTTP_REQ_POST ? "POST" : "GET";
}

static struct fake_engine_route *find(const struct fake_engine *engine, const char *method,
                                      const char *path)
{
    struct fake_engine_route *best = NULL;
    /* "/v1.41/…" */
    if (strncmp(path, "/v1.", 4) == 0 && strchr(path + 1, '/') != NULL) {
        path = strchr(path + 1, '/');
    }
    for (size_t i = 0; i < engine->count; i++) {
        struct fake_engine_route *route = &engine->routes[i];
        if (strcmp(route->method, method) == 0 &&
            strncmp(route->begin, path, strlen(route->begin)) == 0 &&
            (best == NULL || strlen(best->begin) < strlen(route->begin))) {
            best = route;
        }
    }
    return best;
}

static void answer(struct evhttp_request *request, int status, const char *body)
{
    struct evbuffer *buffer = evbuffer_new();
    assert_non_null(buffer);
    assert_int_equal(evbuffer_add(buffer, body, strlen(body)), 0);
    evhttp_send_reply(request, status, "as told", buffer);
    evbuffer_free(buffer);
}

static void stream_closed(struct evhttp_connection *connection, void *context)
{
    struct fake_engine *engine = context;
    (void)connection;
    /* evhttp lets a request go whose answer is under way: it is ours then. */
    if (engine->stream != NULL && evhttp_request_get_connection(engine->stream) == NULL) {
        evhttp_request_free(engine->stream);
    }
    engine->stream = NULL;
}

static void open_stream(struct fake_engine *engine, struct evhttp_request *request)
{
    engine->stream = request;
    (void)snprintf(engine->stream_path, sizeof engine->stream_path, "%s",
                   evhttp_request_get_uri(request));
    evhttp_connection_set_closecb(evhttp_request_get_connection(request), stream_closed, engine);
    evhttp_send_reply_start(request, 200, "OK");
    /* evhttp writes the head with the first bytes. */
    fake_engine_say(engine, "\n");
}

static void on_request(struct evhttp_request *request, void *context)
{
    struct fake_engine *engine = context;
    struct fake_engine_route *route =
        find(engine, method_name(request), evhttp_request_get_uri(request));
    if (route == NULL) {
        answer(request, 404, "{\"message\":\"No such container\"}");
        return;
    }
    route->requests++;
    int status = route->errors > 0 ? 500 : route->status;
    route->errors -= route->errors > 0;
    switch (route->manner) {
    case FAKE_ANSWER:
        answer(request, status, route->body == NULL ? "" : route->body);
        break;
    case FAKE_STREAM:
        open_stream(engine, request);
        break;
    case FAKE_CLOSE:
        evhttp_connection_free(evhttp_request_get_connection(request));
        break;
    case FAKE_HANG:
        break;
    }
}

void fake_engine_say(struct fake_engine *engine, const char *text)
{
    struct evbuffer *buffer = evbuffer_new();
    assert_non_null(buffer);
    assert_non_null(engine->stream);
    assert_int_equal(evbuffer_add(buffer, text, strlen(text)), 0);
    evhttp_send_reply_chunk(engine->stream, buffer);
    evbuffer_free(buffer);
}

void fake_engine_end_stream(struct fake_engine *engine)
{
    assert_non_null(engine->stream);
    evhttp_send_reply_end(engine->stream);
    engine->stream = NULL;
}

const char *fake_engine_stream_path(const struct fake_engine *engine)
{
    return engine->stream_path;
}

struct fake_engine *fake_engine_new(struct loop *loop, const char *socket,
                                    struct fake_engine_route *routes, size_t count)
{
    struct fake_engine *engine = calloc(1, sizeof *engine);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    assert_non_null(engine);
    (void)snprintf(engine->socket, sizeof engine->socket, "%s", socket);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", socket);
    (void)unlink(socket);
    engine->routes = routes;
    engine->count = count;
    engine->http = evhttp_new(loop_base(loop));
    assert_non_null(engine->http);
    struct evconnlistener *listener = evconnlistener_new_bind(
        loop_base(loop), NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, -1,
        (const struct sockaddr *)&address, sizeof address);
    assert_non_null(listener);
    assert_non_null(evhttp_bind_listener(engine->http, listener));
    evhttp_set_gencb(engine->http, on_request, engine);
    return engine;
}

void fake_engine_free(struct fake_engine *engine)
{
    if (engine != NULL) {
        if (engine->stream != NULL) {
            evhttp_connection_set_closecb(evhttp_request_get_connection(engine->stream), NULL,
                                          NULL);
        }
        evhttp_free(engine->http);
        (void)unlink(engine->socket);
        free(engine);
    }
}
