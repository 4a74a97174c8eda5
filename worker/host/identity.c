#include "worker/host/identity.h"

#include "common/base/id.h"

int identity_event(const struct identity *identity, enum event_type type, const char *task,
                   int64_t now_unix_ms, char id_storage[37], struct event *ret_event,
                   struct error *err)
{
    char id[ID_UUID_SIZE];
    if (id_uuid_v7(now_unix_ms, id, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < ID_UUID_SIZE; i++) {
        id_storage[i] = id[i];
    }
    *ret_event = (struct event){
        .type = type,
        .type_name = event_type_name(type),
        .version = EVENT_MAJOR_VERSION,
        .id = id_storage,
        .ts = now_unix_ms,
        .account = identity->account,
        .region = identity->region,
        .cluster = identity->cluster,
        .task = task,
        .host = identity->host,
        .actor = {.program = "stopfleet-worker",
                  .instance = identity->instance,
                  .incarnation = identity->incarnation,
                  .boot_id = identity->boot_id},
    };
    return 0;
}
