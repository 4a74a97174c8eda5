#ifndef WORKER_HOST_DISCOVERY_NOTES_H
#define WORKER_HOST_DISCOVERY_NOTES_H

/** What discovery says to people: containers that are left alone, labels of no use. Each once, for as long as it holds. */

#include "worker/host/grouping.h"
#include "worker/host/text_set.h"

/** {0} to begin. */
struct discovery_notes {
    struct text_set excluded, warned;
};

void discovery_notes_release(struct discovery_notes *notes);
/** Logs what the grouping left alone and warned of, unless it was said. */
void discovery_note(struct discovery_notes *notes, const struct grouping *grouping);
/** A task that no event can describe. */
void discovery_note_too_large(struct discovery_notes *notes, const char *group);
/** Containers whose ECS task id is that of a task that has ended, or of another host's. */
void discovery_note_id_taken(struct discovery_notes *notes, const char *group, const char *task);
/** One list is through: what it did not show is forgotten. */
void discovery_notes_turn(struct discovery_notes *notes);

#endif
