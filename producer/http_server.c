#include "producer/http_server.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>

#include "common/base/log.h"
#include "common/base/memory.h"
#include "producer/http_check.h"
#include "producer/http_reply.h"
#include "producer/http_route.h"
#include "producer/operation.h"
#include "producer/stop_timeout.h"

enum {
    OTHER_DESCRIPTORS = 64, /**< of Kafka, Redis, the loop */
    FULL_PAUSE_MS = 100     /**< how long nothing is accepted when the limit is reached */
};

struct http_server {
    struct service *service;
    struct evhttp *http;
    struct evconnlistener *listener; /**< owned by http */
    struct loop_timer *resume;
    int64_t max_connections;
    struct log_limit full_limit;
    char address[HTTP_LISTEN_TEXT_SIZE];
    bool stopping;
    size_t pending;
    struct exchange *first;
};

/** One request whose answer is owed. */
struct exchange {
    struct call call; /**< first member: the call's reply finds its exchange by it */
    struct http_server *server;
    struct evhttp_request *request;
    struct exchange *previous, *next;
};

static void add_exchange(struct http_server *server, struct exchange *exchange)
{
    exchange->next = server->first;
    if (server->first != NULL) {
        server->first->previous = exchange;
    }
    server->first = exchange;
    server->pending++;
}

static void free_exchange(struct exchange *exchange)
{
    struct http_server *server = exchange->server;
    if (exchange->previous != NULL) {
        exchange->previous->next = exchange->next;
    } else {
        server->first = exchange->next;
    }
    if (exchange->next != NULL) {
        exchange->next->previous = exchange->previous;
    }
    server->pending--;
    memory_free(exchange);
}

static void reply_to_call(struct call *call, int http_status, const json_t *body)
{
    struct exchange *exchange = (struct exchange *)call;
    http_reply_json(exchange->request, http_status, call->request_id, body,
                    exchange->server->stopping);
    free_exchange(exchange);
}

/** Answers a request that became no call. */
static void refuse(const struct http_server *server, struct evhttp_request *request,
                   const struct ecs_error *error, bool close_after)
{
    char request_id[ID_UUID_SIZE] = "";
    struct error err;
    (void)id_uuid_v4(request_id, &err);
    json_t *body = ecs_error_body(error);
    http_reply_json(request, ecs_error_http_status(error->code), request_id, body,
                    close_after || server->stopping);
    json_decref(body);
}

static void refuse_with(const struct http_server *server, struct evhttp_request *request,
                        enum ecs_error_code code, const char *first, const char *second)
{
    struct ecs_error error;
    (void)ecs_error_set(&error, code, first, second);
    refuse(server, request, &error, false);
}

/* ---- calls ---- */

static const char *header(struct evhttp_request *request, const char *name)
{
    return evhttp_find_header(evhttp_request_get_input_headers(request), name);
}

/** traceparent as W3C Trace Context has it, 55 characters; anything else is not passed on. */
static const char *traceparent(struct evhttp_request *request)
{
    const char *text = header(request, "traceparent");
    bool valid = text != NULL && strlen(text) == 55 && strspn(text, "0123456789abcdef-") == 55;
    return valid ? text : NULL;
}

static void fill_call(struct exchange *exchange)
{
    struct evhttp_request *request = exchange->request;
    struct call *call = &exchange->call;
    struct evbuffer *input = evhttp_request_get_input_buffer(request);
    size_t length = evbuffer_get_length(input);
    /* The connection's own text would go with the connection. */
    call->source_address = request->remote_host;
    call->user_agent = header(request, "User-Agent");
    call->invocation_id = header(request, "amz-sdk-invocation-id");
    call->traceparent = traceparent(request);
    call->body =
        (struct span){length == 0 ? NULL : (const char *)evbuffer_pullup(input, -1), length};
}

static void start_call(struct http_server *server, struct evhttp_request *request,
                       struct optional_integer stop_timeout_ms)
{
    struct exchange *exchange = memory_calloc(1, sizeof *exchange);
    struct error err = {0};
    if (exchange == NULL) {
        refuse_with(server, request, ECS_ERROR_INTERNAL, "out of memory", NULL);
        return;
    }
    exchange->server = server;
    exchange->request = request;
    exchange->call.service = server->service;
    exchange->call.reply = reply_to_call;
    exchange->call.stop_timeout_ms = stop_timeout_ms;
    add_exchange(server, exchange);
    if (id_uuid_v4(exchange->call.request_id, &err) != 0 ||
        call_start(&exchange->call, &err) != 0) {
        call_refuse_with(&exchange->call, ECS_ERROR_INTERNAL, err.message, NULL);
        return;
    }
    fill_call(exchange);
    operation_run(header(request, "X-Amz-Target"), &exchange->call);
}

/* ---- requests ---- */

static void answer_health(const struct http_server *server, struct evhttp_request *request,
                          enum http_route route)
{
    json_t *report;
    int status = 200;
    if (route == HTTP_ROUTE_READY) {
        status = service_ready(server->service, &report) && !server->stopping ? 200 : 503;
    } else {
        report = json_pack("{s:s}", "status", "alive");
    }
    http_reply_json(request, status, NULL, report, server->stopping);
    json_decref(report);
}

/** @return 0 if the method fits the route, else -1 with the request answered */
static int check_method(const struct http_server *server, struct evhttp_request *request,
                        enum http_route route, const char *path)
{
    enum evhttp_cmd_type method = evhttp_request_get_command(request);
    bool operation = route == HTTP_ROUTE_OPERATION;
    if (operation ? method == EVHTTP_REQ_POST : method == EVHTTP_REQ_GET) {
        return 0;
    }
    (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Allow",
                            operation ? "POST" : "GET");
    refuse_with(server, request, ECS_ERROR_BAD_METHOD, path, operation ? "POST" : "GET");
    return -1;
}

static void on_request(struct evhttp_request *request, void *context)
{
    struct http_server *server = context;
    bool host_needed = request->major > 1 || (request->major == 1 && request->minor >= 1);
    struct ecs_error error;
    struct optional_integer stop_timeout_ms;
    enum http_route route;
    if (http_check_headers(evhttp_request_get_input_headers(request), host_needed, &error) != 0) {
        refuse(server, request, &error, true);
        return;
    }
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *path = uri == NULL ? NULL : evhttp_uri_get_path(uri);
    if (http_route_read(path, &route, &stop_timeout_ms, &error) != 0) {
        refuse(server, request, &error, false);
        return;
    }
    if (check_method(server, request, route, path == NULL ? "/" : path) != 0) {
        return;
    }
    if (route != HTTP_ROUTE_OPERATION) {
        answer_health(server, request, route);
    } else if (!http_check_is_amz_json(header(request, "Content-Type"))) {
        http_reply_unknown_media_type(request, server->stopping);
    } else if (server->stopping) {
        refuse_with(server, request, ECS_ERROR_STOPPING_SERVICE, NULL, NULL);
    } else if (stop_timeout_add_header(header(request, STOP_TIMEOUT_HEADER),
                                       header(request, "Authorization"), &stop_timeout_ms,
                                       &error) != 0) {
        refuse(server, request, &error, false);
    } else {
        start_call(server, request, stop_timeout_ms);
    }
}

/* ---- connections ---- */

static void on_resume(void *context)
{
    struct http_server *server = context;
    (void)evconnlistener_enable(server->listener);
}

/** Stops accepting for a moment: new connections wait in the kernel's queue. */
static void pause_accepting(struct http_server *server, const char *why)
{
    uint64_t suppressed;
    if (log_limit_pass(&server->full_limit, clock_boot_ms(server->service->clock), 10000,
                       &suppressed)) {
        log_warn("http.full", "new connections wait: no more can be served at a time",
                 LOG_STR("reason", why), LOG_INT("max_connections", server->max_connections));
    }
    (void)evconnlistener_disable(server->listener);
    loop_timer_arm(server->resume, FULL_PAUSE_MS);
}

/** Called for each accepted connection, which evhttp gives no other sign of, nor of its end. Descriptors are
 *  handed out lowest first, so the lowest free one tells how many are open. */
static struct bufferevent *on_connection(struct event_base *base, void *context)
{
    struct http_server *server = context;
    (void)base;
    int lowest_free = fcntl(evconnlistener_get_fd(server->listener), F_DUPFD_CLOEXEC, 0);
    if (lowest_free >= 0) {
        (void)close(lowest_free);
    }
    if (lowest_free < 0 || lowest_free >= server->max_connections + OTHER_DESCRIPTORS) {
        pause_accepting(server, "max-connections is reached");
    }
    return NULL;
}

static void on_accept_error(struct evconnlistener *listener, void *context)
{
    (void)listener;
    pause_accepting(context, strerror(errno));
}

static int listen_on(struct http_server *server, const struct http_server_config *config,
                     struct error *err)
{
    struct http_listen_address address;
    if (http_listen_resolve(config->listen, config->allow_network, &address, err) != 0) {
        return -1;
    }
    int fd = http_listen_open(&address, config->listen, err);
    if (fd < 0) {
        return -1;
    }
    server->listener = evconnlistener_new(loop_base(server->service->loop), NULL, NULL,
                                          LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (server->listener == NULL) {
        (void)close(fd);
        return error_no_memory(err, "listening");
    }
    if (evhttp_bind_listener(server->http, server->listener) == NULL) {
        evconnlistener_free(server->listener);
        return error_no_memory(err, "listening");
    }
    evconnlistener_set_error_cb(server->listener, on_accept_error);
    return http_listen_bound(fd, server->address, err);
}

static void configure(struct http_server *server, const struct http_server_config *config)
{
    server->max_connections = config->max_connections;
    evhttp_set_allowed_methods(server->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
                                                 EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
                                                 EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
    evhttp_set_max_headers_size(server->http, HTTP_HEADER_MAX_BYTES);
    evhttp_set_max_body_size(server->http, HTTP_BODY_MAX_BYTES);
    evhttp_set_timeout(server->http, (int)((config->idle_timeout_ms + 999) / 1000));
    evhttp_set_default_content_type(server->http, NULL);
    evhttp_set_bevcb(server->http, on_connection, server);
    evhttp_set_gencb(server->http, on_request, server);
}

struct http_server *http_server_new(struct service *service,
                                    const struct http_server_config *config, struct error *err)
{
    struct http_server *server = memory_calloc(1, sizeof *server);
    if (server == NULL) {
        (void)error_no_memory(err, "serving");
        return NULL;
    }
    server->service = service;
    server->http = evhttp_new(loop_base(service->loop));
    server->resume = loop_timer_new(service->loop, on_resume, server);
    if (server->http == NULL || server->resume == NULL) {
        (void)error_no_memory(err, "serving");
        http_server_free(server);
        return NULL;
    }
    configure(server, config);
    if (listen_on(server, config, err) != 0) {
        http_server_free(server);
        return NULL;
    }
    return server;
}

const char *http_server_address(const struct http_server *server)
{
    return server->address;
}

void http_server_stop(struct http_server *server)
{
    server->stopping = true;
    loop_timer_disarm(server->resume);
    (void)evconnlistener_disable(server->listener);
}

size_t http_server_pending(const struct http_server *server)
{
    return server->pending;
}

void http_server_free(struct http_server *server)
{
    if (server == NULL) {
        return;
    }
    while (server->first != NULL) {
        call_release(&server->first->call);
        free_exchange(server->first);
    }
    if (server->http != NULL) {
        evhttp_free(server->http);
    }
    loop_timer_free(server->resume);
    memory_free(server);
}
