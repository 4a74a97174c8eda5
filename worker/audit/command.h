#ifndef WORKER_AUDIT_COMMAND_H
#define WORKER_AUDIT_COMMAND_H

/** The commands of stopfleet-audit, one file each, and what they share. */

#include "common/base/error.h"
#include "worker/audit/audit_options.h"

/** Exit statuses of stopfleet-audit. */
enum audit_exit {
    AUDIT_EXIT_OK = 0,
    AUDIT_EXIT_DIFFERS =
        1, /**< something is not as it should be, records that cannot be read included */
    AUDIT_EXIT_USAGE = 2,       /**< wrong options, or it could not be done */
    AUDIT_EXIT_INCONCLUSIVE = 3 /**< could not check all of it */
};

/** A command: reads the log of options, writes to standard output. On failure err says why and an exit status other than OK is returned. */
typedef enum audit_exit command_fn(const struct audit_options *options, struct error *err);

command_fn cmd_events;
command_fn cmd_replay;
command_fn cmd_check;
command_fn cmd_rebuild;

/** The function of a command's word, NULL if there is none. */
command_fn *command_find(const char *word);
/** Refuses options that the command does not take. @return 0 or -1 with ERROR_INVALID naming those that do */
int command_check_options(const char *word, const struct audit_options *options, struct error *err);
/** "events, replay, …" for messages. */
const char *command_words(void);

#endif
