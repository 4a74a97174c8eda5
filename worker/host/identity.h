#ifndef WORKER_HOST_IDENTITY_H
#define WORKER_HOST_IDENTITY_H

/** Who this worker is: filled at start and constant from then on. */

#include "common/domain/event.h"

struct identity {
    const char *account, *region, *cluster;
    const char *host;        /**< host id: Kafka key */
    int32_t partition;       /**< of stopfleet.events */
    const char *instance;    /**< host name */
    const char *incarnation; /**< 32 random hex of this start */
    const char *boot_id;
    const char *version;
};

/** Fills the common members of an event of this worker: version, type, a new id (UUID version 7), ts, account … host, actor.
 *  id_storage (37 bytes) must live as long as the event. @return 0 or -1 with ERROR_IO */
int identity_event(const struct identity *identity, enum event_type type, const char *task,
                   int64_t now_unix_ms, char id_storage[37], struct event *ret_event,
                   struct error *err);

#endif
