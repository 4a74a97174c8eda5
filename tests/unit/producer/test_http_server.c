#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "producer/http_server.h"
#include "tests/unit/producer/harness.h"

#define HOST   "Host: x\r\n"
#define TYPE   "Content-Type: application/x-amz-json-1.1\r\n"
#define TARGET "X-Amz-Target: " OPERATION_TARGET_PREFIX "StopTask\r\n"
#define STOP   "{\"cluster\":\"prod\",\"task\":\"" HARNESS_TASK "\"}"

/** A client of a real server on loopback, whose loop the test turns by hand. */
struct client {
    struct harness *harness;
    struct http_server *server;
    int fd;
    char answer[64 * 1024];
    size_t length;
    bool closed;
    struct loop_timer *timer;
    const char *until; /**< what the loop runs for; NULL = the connection's end */
};

static void connect_client(struct client *client)
{
    struct http_listen_address address;
    struct error err = {0};
    assert_int_equal(
        http_listen_resolve(http_server_address(client->server), false, &address, &err), 0);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(client->fd >= 0);
    assert_int_equal(connect(client->fd, (const struct sockaddr *)&address.storage, address.length),
                     0);
    client->length = 0;
    client->closed = false;
}

static void begin(struct client *client, struct harness *harness)
{
    const struct http_server_config config = {
        .listen = "127.0.0.1:0", .max_connections = 16, .idle_timeout_ms = 5000};
    struct error err = {0};
    *client = (struct client){.harness = harness, .fd = -1};
    client->server = http_server_new(&harness->service, &config, &err);
    if (client->server == NULL) {
        fail_msg("%s", err.message);
    }
    connect_client(client);
}

static void end(struct client *client)
{
    if (client->fd >= 0) {
        (void)close(client->fd);
    }
    http_server_free(client->server);
}

static void write_text(struct client *client, const char *text, size_t length)
{
    assert_int_equal(send(client->fd, text, length, MSG_NOSIGNAL), (ssize_t)length);
}

/** Takes what has come. @return true if the client need not wait any longer */
static bool take(struct client *client)
{
    ssize_t got = recv(client->fd, client->answer + client->length,
                       sizeof client->answer - 1 - client->length, MSG_DONTWAIT);
    client->closed = got == 0;
    client->length += got > 0 ? (size_t)got : 0;
    client->answer[client->length] = '\0';
    return client->closed ||
           (client->until != NULL && strstr(client->answer, client->until) != NULL);
}

static void look(void *context)
{
    struct client *client = context;
    if (take(client)) {
        loop_stop(client->harness->service.loop, 0);
    } else {
        loop_timer_arm(client->timer, 1);
    }
}

static void run_until(struct client *client, const char *until)
{
    client->until = until;
    client->timer = loop_timer_new(client->harness->service.loop, look, client);
    assert_non_null(client->timer);
    loop_timer_arm(client->timer, 0);
    (void)loop_run(client->harness->service.loop);
    loop_timer_free(client->timer);
}

static void turn(void *context)
{
    loop_stop(context, 0);
}

/** Lets the server see what was written. */
static void run_a_while(struct client *client)
{
    struct loop *loop = client->harness->service.loop;
    struct loop_timer *timer = loop_timer_new(loop, turn, loop);
    assert_non_null(timer);
    loop_timer_arm(timer, 5);
    (void)loop_run(loop);
    loop_timer_free(timer);
}

/** Sends a request and waits for the end of the answer's JSON. */
static void exchange(struct client *client, const char *request, const char *until)
{
    client->length = 0;
    write_text(client, request, strlen(request));
    run_until(client, until);
}

static void assert_answer(const struct client *client, const char *status, const char *part)
{
    char line[64];
    (void)snprintf(line, sizeof line, "HTTP/1.1 %s ", status);
    if (strncmp(client->answer, line, strlen(line)) != 0 || strstr(client->answer, part) == NULL) {
        fail_msg("wanted %s and %s, got: %s", status, part, client->answer);
    }
}

static void answer_has_the_headers_of_ecs(void **state)
{
    struct client client;
    begin(&client, *state);
    exchange(&client, "POST / HTTP/1.1\r\n" HOST TYPE "Content-Length: 2\r\n\r\n{}", "}");
    assert_answer(&client, "400", "{\"__type\":\"UnknownOperationException\"}");
    assert_answer(&client, "400", "\r\nContent-Type: application/x-amz-json-1.1\r\n");
    assert_answer(&client, "400", "\r\nContent-Length: 38\r\n");
    assert_answer(&client, "400", "\r\nDate: ");
    assert_answer(&client, "400", "\r\nConnection: keep-alive\r\n");
    const char *id = strstr(client.answer, "x-amzn-RequestId: ");
    assert_non_null(id);
    assert_int_equal(strspn(id + strlen("x-amzn-RequestId: "), "0123456789abcdef-"), 36);
    end(&client);
}

static void connection_serves_call_after_call(void **state)
{
    struct client client;
    begin(&client, *state);
    for (int i = 0; i < 3; i++) {
        exchange(&client, "POST / HTTP/1.1\r\n" HOST TYPE TARGET "Content-Length: 3\r\n\r\n[] ",
                 "}");
        assert_answer(&client, "400", "Start of list found where not expected");
    }
    end(&client);
}

static void health_and_readiness(void **state)
{
    struct client client;
    begin(&client, *state);
    exchange(&client, "GET /healthz HTTP/1.1\r\n" HOST "\r\n", "}");
    assert_answer(&client, "200", "{\"status\":\"alive\"}");
    exchange(&client, "GET /readyz HTTP/1.1\r\n" HOST "\r\n", "}");
    assert_answer(&client, "200", "{\"ready\":true,\"problems\":[]}");
    fake.redis_away = true;
    exchange(&client, "GET /readyz HTTP/1.1\r\n" HOST "\r\n", "}");
    assert_answer(&client, "503", "Redis does not answer");
    exchange(&client, "GET /healthz HTTP/1.0\r\n\r\n", NULL);
    assert_int_equal(strncmp(client.answer, "HTTP/1.0 200 ", 13), 0);
    assert_non_null(strstr(client.answer, "\r\nConnection: close\r\n"));
    end(&client);
}

static void other_paths_methods_and_types_are_refused_clearly(void **state)
{
    static const char *const cases[][3] = {
        {"GET / HTTP/1.1\r\n" HOST "\r\n", "405", "/ takes POST only."},
        {"PUT / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", "405", "\r\nAllow: POST\r\n"},
        {"POST /healthz HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", "405",
         "/healthz takes GET only."},
        {"POST /x HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", "404", "There is nothing at /x."},
        {"POST /stop-timeout/x HTTP/1.1\r\n" HOST TYPE "Content-Length: 0\r\n\r\n", "400",
         "stop-timeout must be a whole number of seconds from 0 to 604800, but was x"},
        {"POST / HTTP/1.1\r\n" HOST TYPE
         "X-Stopfleet-Stop-Timeout: 5\r\nContent-Length: 2\r\n\r\n{}",
         "400", "X-Stopfleet-Stop-Timeout must be signed"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", "404",
         "<UnknownOperationException/>"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
         "404", "<UnknownOperationException/>"},
        {"POST /stop-timeout/5?x=y HTTP/1.1\r\n" HOST TYPE "Content-Length: 2\r\n\r\n{}", "400",
         "UnknownOperationException"},
        {"POST http://x/ HTTP/1.1\r\n" HOST TYPE "Content-Length: 2\r\n\r\n{}", "400",
         "UnknownOperationException"},
    };
    struct client client;
    begin(&client, *state);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        exchange(&client, cases[i][0], i == 6 || i == 7 ? "/>" : "}");
        assert_answer(&client, cases[i][1], cases[i][2]);
    }
    end(&client);
}

static void ambiguous_messages_are_refused_and_the_connection_closed(void **state)
{
    static const char *const cases[][2] = {
        {"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", "only one Content-Length"},
        {"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", "only one Content-Length"},
        {"Content-Length: +2\r\n\r\n{}", "Content-Length is not a number"},
        {"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "chunked only"},
        {"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "chunked only"},
        {"Host: y\r\nContent-Length: 2\r\n\r\n{}", "only one Host"},
        {TARGET TARGET "Content-Length: 2\r\n\r\n{}", "only one X-Amz-Target"},
        {"Content-Length : 2\r\n\r\n{}", "A header's name has a character"},
        {"X Y: 2\r\n\r\n{}", "A header's name has a character"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct client client;
        char request[512];
        begin(&client, *state);
        (void)snprintf(request, sizeof request, "POST / HTTP/1.1\r\n" HOST TYPE "%s", cases[i][0]);
        exchange(&client, request, NULL);
        assert_answer(&client, "400", "MalformedHttpRequestException");
        assert_answer(&client, "400", cases[i][1]);
        assert_answer(&client, "400", "\r\nConnection: close\r\n");
        end(&client);
    }
}

static void both_length_and_chunks_are_refused(void **state)
{
    struct client client;
    begin(&client, *state);
    exchange(&client,
             "POST / HTTP/1.1\r\n" HOST TYPE
             "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
             NULL);
    assert_answer(&client, "400", "");
    end(&client);
}

static void missing_host_is_refused(void **state)
{
    struct client client;
    begin(&client, *state);
    exchange(&client, "POST / HTTP/1.1\r\n" TYPE "Content-Length: 2\r\n\r\n{}", NULL);
    assert_answer(&client, "400", "The header Host is missing");
    end(&client);
}

static void chunked_body_is_read(void **state)
{
    struct client client;
    begin(&client, *state);
    exchange(&client,
             "POST / HTTP/1.1\r\n" HOST TYPE TARGET
             "Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n1\r\n]\r\n0\r\n\r\n",
             "}");
    assert_answer(&client, "400", "Start of list found where not expected");
    end(&client);
}

/** A request with a header, or a body, of this size. */
static void send_large(struct client *client, size_t header_bytes, size_t body_bytes)
{
    size_t size = header_bytes + body_bytes + 1024;
    char *request = malloc(size);
    assert_non_null(request);
    int head =
        snprintf(request, size,
                 "POST / HTTP/1.1\r\n" HOST TYPE "Content-Length: %zu\r\nX-Large: ", body_bytes);
    memset(request + head, 'x', header_bytes);
    memcpy(request + head + header_bytes, "\r\n\r\n", 4);
    memset(request + head + header_bytes + 4, ' ', body_bytes);
    /* The server may close before all is sent. */
    (void)send(client->fd, request, (size_t)head + header_bytes + 4 + body_bytes,
               MSG_NOSIGNAL | MSG_DONTWAIT);
    free(request);
}

static void too_large_headers_and_bodies_are_refused(void **state)
{
    struct client client;
    begin(&client, *state);
    send_large(&client, 20 * 1024, 2);
    run_until(&client, "\r\n");
    assert_answer(&client, "400", "");
    end(&client);
    begin(&client, *state);
    send_large(&client, 1, 1024 * 1024 + 1);
    run_until(&client, "\r\n");
    assert_answer(&client, "413", "");
    end(&client);
}

static void rubbish_does_no_harm(void **state)
{
    static const char *const rubbish[] = {
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "POST / HTTP/9.9\r\n\r\n",
        "\x16\x03\x01\x02",
        "POST / HTTP/1.1\r\nnocolon\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "TRACE / HTTP/1.1\r\n" HOST "\r\n",
        "HEAD /healthz HTTP/1.1\r\n" HOST "\r\n",
    };
    struct client client;
    begin(&client, *state);
    for (size_t i = 0; i < sizeof rubbish / sizeof rubbish[0]; i++) {
        (void)close(client.fd);
        connect_client(&client);
        write_text(&client, rubbish[i], strlen(rubbish[i]));
        run_a_while(&client);
    }
    (void)close(client.fd);
    connect_client(&client);
    exchange(&client, "GET /healthz HTTP/1.1\r\n" HOST "\r\n", "}");
    assert_answer(&client, "200", "alive");
    end(&client);
}

static void begin_stop(struct client *client)
{
    char request[512];
    (void)snprintf(request, sizeof request,
                   "POST / HTTP/1.1\r\n" HOST TYPE TARGET
                   "User-Agent: test/1\r\namz-sdk-invocation-id: inv-1\r\n"
                   "Content-Length: %zu\r\n\r\n%s",
                   strlen(STOP), STOP);
    write_text(client, request, strlen(request));
    while (fake.question != FAKE_READ) {
        run_a_while(client);
    }
}

static void answer_the_read(struct harness *harness)
{
    struct redis_task task = harness_task(harness, HARNESS_TASK);
    const struct redis_read read = {
        .complete = true, .cluster_known = true, .tasks = &task, .count = 1};
    fake_answer_read(NULL, &read);
}

static void stop_goes_the_whole_way_over_http(void **state)
{
    struct client client;
    struct event event;
    struct error err = {0};
    begin(&client, *state);
    begin_stop(&client);
    assert_int_equal(http_server_pending(client.server), 1);
    answer_the_read(*state);
    assert_int_equal(event_decode(buffer_span(&fake.sent_value), &event, &err), 0);
    assert_string_equal(event.stop_requested.source_address, "127.0.0.1");
    assert_string_equal(event.stop_requested.user_agent, "test/1");
    assert_string_equal(event.stop_requested.invocation_id, "inv-1");
    assert_int_equal(strlen(event.stop_requested.request_id), 36);
    event_release(&event);
    fake_deliver(NULL, 42);
    fake_answer_read(&(struct error){.code = ERROR_TIMEOUT}, NULL);
    run_until(&client, "}}");
    assert_answer(&client, "200", "\"desiredStatus\":\"STOPPED\"");
    assert_int_equal(http_server_pending(client.server), 0);
    end(&client);
}

static void client_that_leaves_does_no_harm(void **state)
{
    for (int when = 0; when < 3; when++) {
        struct client client;
        begin(&client, *state);
        begin_stop(&client);
        if (when == 0) {
            (void)close(client.fd);
            run_a_while(&client);
        }
        answer_the_read(*state);
        if (when == 1) {
            (void)close(client.fd);
            run_a_while(&client);
        }
        fake_deliver(NULL, 42);
        if (when == 2) {
            (void)close(client.fd);
            run_a_while(&client);
        }
        fake_answer_read(&(struct error){.code = ERROR_TIMEOUT}, NULL);
        client.fd = -1;
        run_a_while(&client);
        assert_int_equal(http_server_pending(client.server), 0);
        end(&client);
    }
}

static void stopping_server_answers_what_is_under_way(void **state)
{
    struct client client;
    begin(&client, *state);
    begin_stop(&client);
    http_server_stop(client.server);
    answer_the_read(*state);
    fake_deliver(NULL, 42);
    fake_answer_read(&(struct error){.code = ERROR_TIMEOUT}, NULL);
    run_until(&client, NULL);
    assert_answer(&client, "200", "\r\nConnection: close\r\n");
    end(&client);
}

static void server_that_ends_drops_what_is_under_way(void **state)
{
    struct harness *harness = *state;
    struct client client;
    begin(&client, harness);
    begin_stop(&client);
    end(&client);
    fake_answer_read(&(struct error){.code = ERROR_UNAVAILABLE}, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answer_has_the_headers_of_ecs),
        TEST(connection_serves_call_after_call),
        TEST(health_and_readiness),
        TEST(other_paths_methods_and_types_are_refused_clearly),
        TEST(ambiguous_messages_are_refused_and_the_connection_closed),
        TEST(both_length_and_chunks_are_refused),
        TEST(missing_host_is_refused),
        TEST(chunked_body_is_read),
        TEST(too_large_headers_and_bodies_are_refused),
        TEST(rubbish_does_no_harm),
        TEST(stop_goes_the_whole_way_over_http),
        TEST(client_that_leaves_does_no_harm),
        TEST(stopping_server_answers_what_is_under_way),
        TEST(server_that_ends_drops_what_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
