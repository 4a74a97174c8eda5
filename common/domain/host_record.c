#include "common/domain/host_record.h"

#define TEXT(member, flags, max, doc)                                                              \
    RECORD_FIELD_TEXT(struct host_record, member, #member, flags, max, doc)
#define INTEGER(member, flags, doc)                                                                \
    RECORD_FIELD_INTEGER(struct host_record, member, #member, flags, doc)

enum { NEEDED = RECORD_REQUIRED, CUT = RECORD_CUTTABLE };

static const struct record_field attribute_fields[] = {
    RECORD_FIELD_TEXT(struct host_attribute, name, "name", NEEDED | CUT, 128, "name"),
    RECORD_FIELD_TEXT(struct host_attribute, value, "value", CUT, 128, "value"),
};
static const struct record_spec attribute_spec = RECORD_SPEC(
    struct host_attribute, attribute_fields, "HostAttribute", "An attribute given to a host.");

/* The key `status` was one of earlier versions: it is not used again. */
static const struct record_field host_fields[] = {
    RECORD_FIELD_INTEGER(struct host_record, version, "v", NEEDED, "major version: 1"),
    TEXT(host, NEEDED, 255, "host id; key of the record"),
    TEXT(name, CUT, 255, "name of the host, for people"),
    TEXT(account, NEEDED, 64, "account that its tasks belong to"),
    TEXT(region, NEEDED, 64, "region that its tasks belong to"),
    TEXT(cluster, NEEDED, 255, "cluster that it belongs to"),
    INTEGER(partition, NEEDED, "its partition of `stopfleet.events`, kept for ever"),
    INTEGER(registered_at, 0, "when it registered, unix ms"),
    TEXT(runtime, CUT, 16, "`docker` or `process`"),
    TEXT(engine_version, CUT, 128, "the engine's version"),
    TEXT(api_version, CUT, 64, "the engine's API version"),
    TEXT(os, CUT, 64, "`linux`"),
    TEXT(architecture, CUT, 64, "`x86_64` or `arm64`"),
    TEXT(worker_version, CUT, 64, "the worker's version"),
    INTEGER(cpu_units, 0, "capacity in CPU units, 1,024 a core"),
    INTEGER(memory_mib, 0, "capacity in MiB"),
    TEXT(availability_zone, CUT, 64, "as the operator says"),
    RECORD_FIELD_LIST(struct host_record, attributes, "attributes", &attribute_spec, CUT, 64,
                      "attributes that the operator gave it"),
};
const struct record_spec HOST_RECORD_SPEC = RECORD_SPEC(
    struct host_record, host_fields, "HostRecord",
    "A host's registration: the value of its key in `stopfleet.hosts`, repeated in Redis for the "
    "API and in the worker's state directory.");
