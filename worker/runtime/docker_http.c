#include "worker/runtime/docker_http.h"

#include "common/base/memory.h"
#include "worker/runtime/docker_http_state.h"

static void finish_transfers(struct docker_http *http)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
        struct docker_transfer *transfer = NULL;
        CURLcode code = message->data.result;
        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer) == CURLE_OK) {
            /* What came before the end is told before it. */
            docker_http_stream_tell(http);
            transfer->done(transfer, code);
        }
    }
    docker_http_stream_tell(http);
    docker_http_start_waiting(http);
}

static void act(struct docker_http *http, curl_socket_t fd, int what)
{
    int running;
    (void)curl_multi_socket_action(http->multi, fd, what, &running);
    finish_transfers(http);
}

static void timer_fired(void *context)
{
    act(context, CURL_SOCKET_TIMEOUT, 0);
}

static void socket_ready(int fd, unsigned what, void *context)
{
    int selected = ((what & LOOP_READ) != 0 ? CURL_CSELECT_IN : 0) |
                   ((what & LOOP_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
    act(context, fd, selected);
}

static int curl_wants_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct docker_http *http = context;
    (void)multi;
    if (timeout_ms < 0) {
        loop_timer_disarm(http->timer);
    } else {
        loop_timer_arm(http->timer, timeout_ms);
    }
    return 0;
}

static int curl_wants_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *watched)
{
    struct docker_http *http = context;
    struct loop_watch *watch = NULL;
    (void)easy;
    loop_watch_free(watched);
    if (what != CURL_POLL_REMOVE && what != CURL_POLL_NONE) {
        unsigned wanted =
            (what != CURL_POLL_OUT ? LOOP_READ : 0U) | (what != CURL_POLL_IN ? LOOP_WRITE : 0U);
        watch = loop_watch_new(http->loop, fd, wanted, socket_ready, http);
    }
    (void)curl_multi_assign(http->multi, fd, watch);
    return 0;
}

static int prepare_multi(struct docker_http *http, struct error *err)
{
    http->multi = curl_multi_init();
    http->timer = loop_timer_new(http->loop, timer_fired, http);
    if (http->multi == NULL || http->timer == NULL ||
        curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, curl_wants_socket) != CURLM_OK ||
        curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http) != CURLM_OK ||
        curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, curl_wants_timer) != CURLM_OK ||
        curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http) != CURLM_OK) {
        return error_no_memory(err, "preparing libcurl");
    }
    return 0;
}

struct docker_http *docker_http_new(struct loop *loop, const struct docker_http_config *config,
                                    struct error *err)
{
    struct docker_http *http = memory_calloc(1, sizeof *http);

    if (http == NULL) {
        error_no_memory(err, "preparing the engine's connection");
        return NULL;
    }
    *http = (struct docker_http){
        .loop = loop,
        .calls_at_once = config->calls_at_once > 0 ? config->calls_at_once : 1,
        .connect_limit_ms = config->connect_limit_ms,
    };
    if (docker_endpoint_init(&http->endpoint, config, err) != 0 || prepare_multi(http, err) != 0) {
        docker_http_free(http);
        return NULL;
    }
    return http;
}

void docker_http_free(struct docker_http *http)
{
    if (http == NULL) {
        return;
    }
    docker_http_stream_close(http);
    docker_http_drop_calls(http);
    if (http->multi != NULL) {
        (void)curl_multi_cleanup(http->multi);
    }
    loop_timer_free(http->timer);
    docker_endpoint_release(&http->endpoint);
    memory_free(http);
}
