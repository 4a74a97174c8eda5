#ifndef WORKER_HOST_ENDED_IDS_H
#define WORKER_HOST_ENDED_IDS_H

/** Task ids that the log has ended although lists of the runtime still show their containers running: since when. A list may be older
 *  than the end; what lists go on to show runs in truth, and needs another id. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How long lists have to show it. No list takes so long (--engine-timeout). */
enum { ENDED_IDS_BELIEVED_MS = 30000 };

/** {0} is valid and empty. */
struct ended_ids {
    struct ended_id {
        char id[37];
        int64_t since_boot_ms;
        bool met; /**< in this round */
    } * items;
    size_t count;
};

void ended_ids_release(struct ended_ids *ids);
/** A list shows what would have that id. @return true if lists have done so for ENDED_IDS_BELIEVED_MS. Without memory: false */
bool ended_ids_meet(struct ended_ids *ids, const char *id, int64_t now_boot_ms);
/** A list is through: what was not met in it is forgotten. */
void ended_ids_turn(struct ended_ids *ids);

#endif
