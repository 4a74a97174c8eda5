#include "common/domain/description.h"

#include <stdlib.h>
#include <string.h>

#define TEXT(type, member, flags, max, doc)                                                        \
    RECORD_FIELD_TEXT(struct type, member, #member, flags, max, doc)
#define INTEGER(type, member, flags, doc)                                                          \
    RECORD_FIELD_INTEGER(struct type, member, #member, flags, doc)
#define BOOLEAN(type, member, flags, doc)                                                          \
    RECORD_FIELD_BOOLEAN(struct type, member, #member, flags, doc)

enum {
    CUT = RECORD_CUTTABLE,
    DROP = RECORD_DROPPABLE,
    CUT_OR_DROP = RECORD_CUTTABLE | RECORD_DROPPABLE
};

static const struct record_field tag_fields[] = {
    TEXT(tag, key, RECORD_REQUIRED | CUT, 512, "key"),
    TEXT(tag, value, CUT, 1024, "value"),
};
const struct record_spec TAG_SPEC = RECORD_SPEC(struct tag, tag_fields, "Tag", "A tag of a task.");

static const struct record_field binding_fields[] = {
    TEXT(network_binding, bind_ip, CUT, 64, "address of the host, IPv4 or IPv6"),
    TEXT(network_binding, protocol, CUT, 16, "`tcp`, `udp` or `sctp`"),
    INTEGER(network_binding, container_port, 0, "absent for a range"),
    INTEGER(network_binding, host_port, 0, "absent for a range"),
    TEXT(network_binding, container_port_range, CUT, 32, "`8000-8010`"),
    TEXT(network_binding, host_port_range, CUT, 32, "`8000-8010`"),
};
static const struct record_spec binding_spec =
    RECORD_SPEC(struct network_binding, binding_fields, "NetworkBinding", "A published port.");

static const struct record_field interface_fields[] = {
    TEXT(network_interface, attachment_id, CUT, 128, "the network that it is attached to"),
    TEXT(network_interface, private_ipv4, CUT, 64, "IPv4 address of its own"),
    TEXT(network_interface, ipv6, CUT, 64, "IPv6 address of its own"),
};
static const struct record_spec interface_spec =
    RECORD_SPEC(struct network_interface, interface_fields, "NetworkInterface",
                "An address of the container's own (macvlan, ipvlan).");

static const struct record_field container_fields[] = {
    TEXT(described_container, name, CUT, 255, "name within the task"),
    TEXT(described_container, container_id, RECORD_REQUIRED, 80,
         "the runtime's id: Docker's 64 hex digits, or BOOT-PID-STARTTIME of a process"),
    INTEGER(described_container, created_at, DROP, "when it was created, unix ms"),
    INTEGER(described_container, started_at, 0,
            "when this run started, unix ms; absent = created, not started"),
    TEXT(described_container, image, CUT_OR_DROP, 512, "image as configured"),
    TEXT(described_container, image_digest, CUT_OR_DROP, 256, "the matching repository digest"),
    INTEGER(described_container, cpu, DROP, "CPU units"),
    INTEGER(described_container, memory_mib, DROP, "hard limit in MiB; absent = unlimited"),
    INTEGER(described_container, memory_reservation_mib, DROP, "soft limit in MiB"),
    BOOLEAN(described_container, non_essential, 0,
            "true: the label says that the task can do without it"),
    BOOLEAN(described_container, sidecar, 0, "true: stopped after all others"),
    TEXT(described_container, stop_signal, 0, 24, "`SIGTERM`"),
    RECORD_FIELD_OPTIONAL(struct described_container, stop_timeout_ms, "stop_timeout_ms", 0,
                          "grace of its own, ms; absent = the worker's default"),
    INTEGER(described_container, drain_delay_ms, 0, "wait before the stop signal, ms"),
    TEXT(described_container, pre_stop, DROP, 1024, "command of the label `io.stopfleet.pre-stop`"),
    RECORD_FIELD_TEXT_LIST(struct described_container, depends_on, "depends_on", CUT_OR_DROP, 256,
                           "names of containers that this one needs: it is stopped before them"),
    RECORD_FIELD_TEXT_LIST(struct described_container, gpu_ids, "gpu_ids", CUT_OR_DROP, 64,
                           "ids of its GPUs"),
    RECORD_FIELD_LIST(struct described_container, network_bindings, "network_bindings",
                      &binding_spec, CUT_OR_DROP, 256, "published ports"),
    RECORD_FIELD_LIST(struct described_container, network_interfaces, "network_interfaces",
                      &interface_spec, CUT_OR_DROP, 32, "addresses of its own"),
    BOOLEAN(described_container, auto_remove, DROP, "true: the engine removes it when it ends"),
    TEXT(described_container, restart_policy, DROP, 32,
         "`always`, `unless-stopped` or `on-failure`; absent = `no`"),
    BOOLEAN(described_container, ended, 0,
            "true: this run has ended while others of its task run on"),
    RECORD_FIELD_OPTIONAL(struct described_container, exit_code, "exit_code", 0,
                          "what it ended with, as the runtime says; absent = unknown"),
    BOOLEAN(described_container, oom_killed, 0, "true: it ended for lack of memory"),
    INTEGER(described_container, finished_at, 0, "when it ended, unix ms, as the runtime says"),
    TEXT(described_container, end_reason, CUT_OR_DROP, 1024, "why it ended, as ECS words it"),
};
const struct record_spec DESCRIBED_CONTAINER_SPEC =
    RECORD_SPEC(struct described_container, container_fields, "DescribedContainer",
                "A container of a task as it was observed. `container_id` and `started_at` name "
                "the run.");

static const struct record_field description_fields[] = {
    TEXT(description, runtime, 0, 16, "`docker` or `process`"),
    TEXT(description, family, CUT, 255, "family of the task definition"),
    TEXT(description, family_revision, CUT, 32, "its revision, as ECS labels say it"),
    TEXT(description, group, CUT, 255, "group; absent = `family:FAMILY`"),
    TEXT(description, started_by, CUT, 128, "who started it"),
    INTEGER(description, cpu, 0, "CPU units of the task; absent = the sum of its containers"),
    INTEGER(description, memory_mib, 0, "MiB of the task; absent = the sum of its containers"),
    INTEGER(description, created_at, 0,
            "when the earliest container that it had was created, unix ms; absent = it is listed"),
    RECORD_FIELD_LIST(struct description, containers, "containers", &DESCRIBED_CONTAINER_SPEC, 0,
                      256, "sorted by name, then id; never cut"),
    RECORD_FIELD_LIST(struct description, tags, "tags", &TAG_SPEC, CUT_OR_DROP, 64,
                      "tags from labels, sorted by key"),
};
const struct record_spec DESCRIPTION_SPEC =
    RECORD_SPEC(struct description, description_fields, "Description", "A whole task as observed.");

static int compare_texts(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b);
}

static int compare_integers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_containers(const void *a, const void *b)
{
    const struct described_container *x = a;
    const struct described_container *y = b;
    int order = compare_texts(x->name, y->name);
    return order != 0 ? order : compare_texts(x->container_id, y->container_id);
}

static int compare_tags(const void *a, const void *b)
{
    const struct tag *x = a;
    const struct tag *y = b;
    int order = compare_texts(x->key, y->key);
    return order != 0 ? order : compare_texts(x->value, y->value);
}

static int compare_bindings(const void *a, const void *b)
{
    const struct network_binding *x = a;
    const struct network_binding *y = b;
    const int orders[] = {
        compare_integers(x->container_port, y->container_port),
        compare_texts(x->container_port_range, y->container_port_range),
        compare_texts(x->protocol, y->protocol),
        compare_texts(x->bind_ip, y->bind_ip),
        compare_integers(x->host_port, y->host_port),
        compare_texts(x->host_port_range, y->host_port_range),
    };
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        if (orders[i] != 0) {
            return orders[i];
        }
    }
    return 0;
}

static int compare_interfaces(const void *a, const void *b)
{
    const struct network_interface *x = a;
    const struct network_interface *y = b;
    int order = compare_texts(x->attachment_id, y->attachment_id);
    if (order == 0) {
        order = compare_texts(x->private_ipv4, y->private_ipv4);
    }
    return order != 0 ? order : compare_texts(x->ipv6, y->ipv6);
}

static int compare_items(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;
    return compare_texts(*x, *y);
}

static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    if (count > 1) {
        qsort(items, count, size, compare);
    }
}

void description_canonicalize(struct description *description)
{
    for (size_t i = 0; i < description->containers.count; i++) {
        struct described_container *c = &description->containers.items[i];
        sort(c->depends_on.items, c->depends_on.count, sizeof *c->depends_on.items, compare_items);
        sort(c->gpu_ids.items, c->gpu_ids.count, sizeof *c->gpu_ids.items, compare_items);
        sort(c->network_bindings.items, c->network_bindings.count,
             sizeof *c->network_bindings.items, compare_bindings);
        sort(c->network_interfaces.items, c->network_interfaces.count,
             sizeof *c->network_interfaces.items, compare_interfaces);
    }
    sort(description->containers.items, description->containers.count,
         sizeof *description->containers.items, compare_containers);
    sort(description->tags.items, description->tags.count, sizeof *description->tags.items,
         compare_tags);
}
