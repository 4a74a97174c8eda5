#ifndef TESTS_UNIT_DOMAIN_DOCUMENT_SAMPLE_H
#define TESTS_UNIT_DOMAIN_DOCUMENT_SAMPLE_H

/** A task of two containers in every detail, its document, and what stands in it. Include after cmocka.h. */

#include "common/domain/task_document.h"

#define TASK_ID "0123456789abcdef0123456789abcdef"
#define PREFIX  "arn:aws:ecs:us-east-1:123456789012:"

/** Built anew for each test. */
struct sample {
    struct network_binding bindings[2];
    struct network_interface interfaces[1];
    const char *gpus[2];
    struct described_container containers[2];
    struct tag tags[1];
    struct run_result exits[2];
    struct stuck_run stuck[1];
    struct task task;
    struct host_attribute attributes[1];
    struct host_record host;
    struct live_health health[2];
    struct task_live live;
};

void document_sample_fill(struct sample *sample);
/** As both containers ended. */
void document_sample_fill_exits(struct sample *sample);
/** The caller's; fails the test if there is none. */
json_t *document_of(const struct sample *sample);

/** The document's member at a path like "containers.0.name"; fails if it is not there. */
const json_t *document_at(const json_t *json, const char *path);
/** As JSON text. */
void assert_member(const json_t *json, const char *path, const char *wanted);
void assert_absent(const json_t *json, const char *name);

#endif
