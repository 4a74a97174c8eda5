#include "producer/serve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/memory.h"
#include "producer/http_server.h"
#include "producer/topic_gate.h"

enum { EXIT_NOT_BEGUN = 2, DRAIN_CHECK_MS = 20, SPARE_DESCRIPTORS = 128 };

/** The running program. */
struct server {
    const struct api_options *options;
    struct loop *loop;
    struct service service;
    struct topic_gate *gate;
    struct http_server *http;
    struct loop_timer *drain;
    int64_t drain_until_boot_ms;
    bool initialized; /**< service holds something */
};

static void on_drain(void *context)
{
    struct server *server = context;
    if (http_server_pending(server->http) == 0 ||
        clock_boot_ms(server->service.clock) >= server->drain_until_boot_ms) {
        loop_stop(server->loop, 0);
    } else {
        loop_timer_arm(server->drain, DRAIN_CHECK_MS);
    }
}

static void on_termination(int signal_number, void *context)
{
    struct server *server = context;
    log_info("api.stopping", "ending: no more connections are accepted",
             LOG_STR("signal", strsignal(signal_number)),
             LOG_INT("calls", (int64_t)http_server_pending(server->http)));
    http_server_stop(server->http);
    server->drain_until_boot_ms =
        clock_boot_ms(server->service.clock) + server->service.request_timeout_ms + 1000;
    loop_timer_arm(server->drain, DRAIN_CHECK_MS);
}

/** As many descriptors as max-connections wants, if the hard limit lets it. */
static int raise_descriptor_limit(int64_t max_connections, struct error *err)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)max_connections + SPARE_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return error_set_errno(err, errno, "could not read the limit of open files");
    }
    if (limit.rlim_cur >= wanted) {
        return 0;
    }
    if (limit.rlim_max < wanted) {
        return error_set(err, ERROR_INVALID,
                         "--max-connections %lld needs %llu open files, and the hard limit is "
                         "%llu: lower the one or raise the other (ulimit -Hn, LimitNOFILE=)",
                         (long long)max_connections, (unsigned long long)wanted,
                         (unsigned long long)limit.rlim_max);
    }
    limit.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return error_set_errno(err, errno, "could not raise the limit of open files");
    }
    return 0;
}

/** Written beside the file and renamed, so that who waits for it never reads half an address. */
static int write_address(const char *path, const char *address, struct error *err)
{
    struct buffer temporary;
    buffer_init(&temporary, 64 * 1024);
    if (buffer_append_format(&temporary, err, "%s.new", path) != 0) {
        return -1;
    }
    int result = 0;
    FILE *file = fopen(temporary.data, "we");
    if (file == NULL) {
        result = error_set_errno(err, errno, "could not write --address-file \"%s\"", path);
    } else {
        int written = fprintf(file, "%s\n", address);
        if (fclose(file) != 0 || written < 0 || rename(temporary.data, path) != 0) {
            result = error_set_errno(err, errno, "could not write --address-file \"%s\"", path);
        }
    }
    buffer_release(&temporary);
    return result;
}

static int start(struct server *server, struct error *err)
{
    const struct api_options *options = server->options;
    const struct http_server_config http = {
        .listen = options->listen,
        .allow_network = options->insecure_network,
        .max_connections = options->max_connections,
        .idle_timeout_ms = options->idle_timeout_ms,
    };
    if (raise_descriptor_limit(options->max_connections, err) != 0) {
        return -1;
    }
    server->loop = loop_new(err);
    if (server->loop == NULL ||
        service_init(&server->service, server->loop, clock_system(), options, err) != 0) {
        return -1;
    }
    server->initialized = true;
    server->drain = loop_timer_new(server->loop, on_drain, server);
    if (server->drain == NULL) {
        return error_no_memory(err, "starting");
    }
    server->http = http_server_new(&server->service, &http, err);
    if (server->http == NULL) {
        return -1;
    }
    server->gate = topic_gate_new(&server->service, options, err);
    if (server->gate == NULL ||
        loop_on_termination(server->loop, on_termination, server, err) != 0) {
        return -1;
    }
    return options->address_file == NULL
               ? 0
               : write_address(options->address_file, http_server_address(server->http), err);
}

static void release(struct server *server)
{
    topic_gate_free(server->gate);
    if (server->initialized) {
        service_release(&server->service);
    }
    http_server_free(server->http);
    loop_timer_free(server->drain);
    loop_free(server->loop);
}

int serve(const struct api_options *options, struct error *err)
{
    struct server server = {.options = options};
    int result = EXIT_NOT_BEGUN;
    if (start(&server, err) == 0) {
        log_info("api.serving", "serving", LOG_STR("address", http_server_address(server.http)),
                 LOG_STR("region", options->region), LOG_STR("account", options->account));
        if (options->insecure_network) {
            log_warn("api.unsigned", "requests are not signed: everybody who reaches this address "
                                     "can stop every task");
        }
        result = loop_run(server.loop);
        if (options->address_file != NULL) {
            (void)unlink(options->address_file);
        }
    }
    release(&server);
    return result;
}
