#ifndef PRODUCER_SERVICE_H
#define PRODUCER_SERVICE_H

/** What every call uses: the log, the view, who this instance is, and whether it is ready. */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/domain/arn.h"
#include "common/domain/event.h"
#include "common/io/kafka.h"
#include "common/io/loop.h"
#include "common/io/redis_view.h"
#include "producer/api_options.h"
#include "producer/work.h"

enum { SERVICE_PROBLEM_SIZE = 400 };

/** Who asks: where signatures are not checked, nobody is known. */
#define SERVICE_PRINCIPAL "anonymous"

/** The service of one process. */
struct service {
    struct loop *loop;
    const struct clock *clock;
    struct redis_view *view;
    struct kafka_writer *writer;
    const char *account, *region;      /**< the options' */
    const char *kafka_brokers, *redis; /**< addresses, the options', for messages */
    int64_t request_timeout_ms;
    const char **
        clusters; /**< that exist by configuration: sorted, without repeats, "default" among them */
    size_t cluster_count;
    struct event_actor actor;
    char *instance; /**< actor's texts */
    char incarnation[ID_HEX_SIZE];
    char boot_id[BOOT_ID_SIZE];
    bool kafka_away;
    char topics_problem
        [SERVICE_PROBLEM_SIZE]; /**< why nothing may be written yet; empty = all is well */
    struct work works;          /**< head of the ring */
};

/** Fills the service and opens both connections, which come up by themselves. options must outlive it.
 *  topics_problem is set: nothing is written until the owner has checked the topics and empties it.
 *  @return 0, or -1 with the reason and the service released */
int service_init(struct service *service, struct loop *loop, const struct clock *clock,
                 const struct api_options *options, struct error *err);
/** Closes both connections and frees the work that was under way. */
void service_release(struct service *service);

/** The scope in which identifiers of a request are read. */
struct arn_scope service_scope(const struct service *service, const char *cluster);
/** True for clusters that exist by configuration. */
bool service_has_cluster(const struct service *service, const char *cluster);

/** True if StopTask can be recorded and tasks can be read now. ret_report is
 *  {"ready":…,"problems":[…]}: a new reference, NULL when memory is out. */
bool service_ready(const struct service *service, json_t **ret_report);

#endif
