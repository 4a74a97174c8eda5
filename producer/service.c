#include "producer/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/memory.h"

static void on_kafka(void *context, enum kafka_state state, const char *detail)
{
    struct service *service = context;
    service->kafka_away = state == KAFKA_AWAY;
    if (service->kafka_away) {
        log_warn("kafka.away",
                 "Kafka does not answer; StopTask ends in ServerException until it does",
                 LOG_STR("brokers", service->kafka_brokers), LOG_STR("detail", detail));
    } else {
        log_info("kafka.back", "Kafka answers", LOG_STR("detail", detail));
    }
}

static void on_redis(void *context, enum redis_state state, const char *detail)
{
    const struct service *service = context;
    if (state == REDIS_AWAY) {
        log_warn("redis.away", "Redis does not answer, or refuses; calls are refused until it does",
                 LOG_STR("address", service->redis), LOG_STR("detail", detail));
    } else {
        log_info("redis.back", "Redis answers", LOG_STR("detail", detail));
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int init_clusters(struct service *service, const struct option_list *given,
                         struct error *err)
{
    service->clusters = memory_calloc(given->count + 1, sizeof *service->clusters);
    if (service->clusters == NULL) {
        return error_no_memory(err, "listing the clusters");
    }
    service->clusters[0] = "default";
    for (size_t i = 0; i < given->count; i++) {
        service->clusters[i + 1] = given->items[i];
    }
    qsort(service->clusters, given->count + 1, sizeof *service->clusters, compare_texts);
    for (size_t i = 0; i < given->count + 1; i++) {
        if (i == 0 || strcmp(service->clusters[i], service->clusters[i - 1]) != 0) {
            service->clusters[service->cluster_count++] = service->clusters[i];
        }
    }
    return 0;
}

static int init_actor(struct service *service, const char *instance, struct error *err)
{
    char host[256] = "";
    if (instance == NULL) {
        if (gethostname(host, sizeof host - 1) != 0) {
            return error_set_errno(err, errno, "could not read the host name");
        }
        instance = host;
    }
    service->instance = memory_strdup(instance);
    if (service->instance == NULL) {
        return error_no_memory(err, "keeping the instance's name");
    }
    if (id_random_hex(service->incarnation, err) != 0 ||
        clock_boot_id(service->boot_id, err) != 0) {
        return -1;
    }
    service->actor = (struct event_actor){.program = "stopfleet-api",
                                          .instance = service->instance,
                                          .incarnation = service->incarnation,
                                          .boot_id = service->boot_id};
    return 0;
}

static int connect_all(struct service *service, const struct api_options *options,
                       struct error *err)
{
    struct redis_config redis = api_options_redis(options);
    struct kafka_config kafka = api_options_kafka(options);
    service->view = redis_view_new(service->loop, &redis, on_redis, service, err);
    if (service->view == NULL) {
        return error_wrap(err, "--redis");
    }
    service->writer = kafka_writer_new(service->loop, &kafka, KAFKA_WRITER_API,
                                       options->request_timeout_ms, on_kafka, service, err);
    return service->writer == NULL ? -1 : 0;
}

int service_init(struct service *service, struct loop *loop, const struct clock *clock,
                 const struct api_options *options, struct error *err)
{
    *service = (struct service){
        .loop = loop,
        .clock = clock,
        .account = options->account,
        .region = options->region,
        .kafka_brokers = options->kafka_brokers,
        .redis = options->redis,
        .request_timeout_ms = options->request_timeout_ms,
        .topics_problem = "the topics have not been checked yet",
    };
    work_ring_init(&service->works);
    if (init_clusters(service, &options->clusters, err) != 0 ||
        init_actor(service, options->instance, err) != 0 ||
        connect_all(service, options, err) != 0) {
        service_release(service);
        return -1;
    }
    return 0;
}

void service_release(struct service *service)
{
    /* Redis last: its calls end with an error when it is freed, the log's reports do not come. */
    kafka_writer_free(service->writer, service->request_timeout_ms);
    service->writer = NULL;
    redis_view_free(service->view);
    service->view = NULL;
    work_ring_release(&service->works);
    memory_free(service->clusters);
    service->clusters = NULL;
    memory_free(service->instance);
    service->instance = NULL;
}

struct arn_scope service_scope(const struct service *service, const char *cluster)
{
    return (struct arn_scope){
        .region = service->region, .account = service->account, .cluster = cluster};
}

bool service_has_cluster(const struct service *service, const char *cluster)
{
    for (size_t i = 0; i < service->cluster_count; i++) {
        if (strcmp(service->clusters[i], cluster) == 0) {
            return true;
        }
    }
    return false;
}

/** Adds a problem to the list. @return always false: not ready */
static bool add_problem(json_t *problems, const char *problem)
{
    json_t *text = json_string(problem);
    (void)json_array_append_new(problems, text != NULL ? text : json_string("unknown"));
    return false;
}

bool service_ready(const struct service *service, json_t **ret_report)
{
    json_t *problems = json_array();
    bool ready = true;
    if (service->kafka_away) {
        ready = add_problem(problems, "Kafka does not answer");
    } else if (service->topics_problem[0] != '\0') {
        ready = add_problem(problems, service->topics_problem);
    }
    if (!redis_view_connected(service->view)) {
        ready = add_problem(problems, "Redis does not answer");
    }
    *ret_report = json_pack("{s:b,s:o}", "ready", ready, "problems", problems);
    return ready;
}
