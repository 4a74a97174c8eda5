/** stopfleet-audit replay: the fold of the log as Task documents. */

#include <stdio.h>

#include "common/base/standard_output.h"
#include "common/domain/task_document.h"
#include "worker/audit/command.h"
#include "worker/audit/log_fold.h"

/* What is said beside the document: an open task of a host that was given up is unproven (docs/hosts.md). */
static int add_proof(const struct log_fold *fold, const struct log_fold_entry *entry,
                     json_t *document)
{
    bool unproven =
        !task_is_terminal(&entry->task) && host_facts_inactive(&fold->hosts, entry->task.host);
    return unproven ? json_object_set_new(document, "unproven", json_true()) : 0;
}

static int print_document(const struct log_fold *fold, const struct log_fold_entry *entry,
                          struct error *err)
{
    json_t *document = task_document(&entry->task, NULL, true, err);
    if (document == NULL) {
        return -1;
    }
    if (add_proof(fold, entry, document) != 0) {
        json_decref(document);
        return error_no_memory(err, "writing a document");
    }
    int status = json_dumpf(document, stdout, TASK_DOCUMENT_DUMP_FLAGS);
    json_decref(document);
    if (status != 0 || putchar('\n') == EOF) {
        return standard_output_failed(err);
    }
    return 0;
}

static enum audit_exit print_all(const struct log_fold *fold, const struct audit_options *options,
                                 struct error *err)
{
    if (options->tasks.count > fold->count) {
        error_set(err, ERROR_NOT_FOUND, "the log names %zu of the %zu tasks asked for", fold->count,
                  options->tasks.count);
    }
    if (fold->count == 0 && options->tasks.count == 0 &&
        (options->cluster != NULL || options->host != NULL)) {
        error_set(err, ERROR_NOT_FOUND, "the log holds no task that matches%s%s",
                  options->cluster == NULL ? "" : " --cluster",
                  options->host == NULL ? "" : " --host");
    }
    for (const struct log_fold_entry *entry = fold->first; entry != NULL; entry = entry->next) {
        if (print_document(fold, entry, err) != 0) {
            return AUDIT_EXIT_USAGE;
        }
    }
    return err->code != ERROR_NONE || fold->scanned.unreadable > 0 ? AUDIT_EXIT_DIFFERS
                                                                   : AUDIT_EXIT_OK;
}

enum audit_exit cmd_replay(const struct audit_options *options, struct error *err)
{
    struct log_fold fold = {0};
    enum audit_exit status = AUDIT_EXIT_INCONCLUSIVE;
    if (log_fold_run(&fold, options, err) == 0) {
        status = print_all(&fold, options, err);
    } else if (err->code == ERROR_INVALID) {
        status = AUDIT_EXIT_USAGE;
    }
    log_fold_release(&fold);
    return status;
}
