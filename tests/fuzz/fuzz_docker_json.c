/* What engines and task files say: nothing of it may crash, whatever it is. The first byte chooses the
 * reader, the rest is its input. */

#include <stdint.h>
#include <string.h>

#include "common/base/memory.h"
#include "worker/runtime/docker_api.h"
#include "worker/runtime/docker_container.h"
#include "worker/runtime/docker_event.h"
#include "worker/runtime/docker_json.h"
#include "worker/runtime/line_splitter.h"
#include "worker/runtime/process_file.h"
#include "worker/runtime/process_proc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const json_t *repo_digests(void *context, const char *image_id)
{
    (void)image_id;
    return json_object_get(context, "RepoDigests");
}

static const json_t *image_labels(void *context, const char *image_id)
{
    (void)image_id;
    return json_object_get(context, "Labels");
}

static const char *network_driver(void *context, const char *network_id)
{
    (void)context;
    return network_id[0] % 2 == 0 ? "macvlan" : NULL;
}

static void each_network(void *context, const char *network_id)
{
    *(size_t *)context += strlen(network_id);
}

static void read_container(struct span text)
{
    struct runtime_container container;
    struct arena arena = {0};
    struct error err = {0};
    size_t length = 0;
    json_t *json = docker_json_parse(text, &err);
    const struct docker_facts facts = {.repo_digests = repo_digests,
                                       .image_labels = image_labels,
                                       .network_driver = network_driver,
                                       .context = json};
    (void)docker_container_read(json, &facts, &arena, &container, &err);
    docker_container_each_network(json, each_network, &length);
    (void)docker_container_image_id(json);
    arena_release(&arena);
    json_decref(json);
}

static void read_events(struct span bytes)
{
    struct line_splitter lines;
    struct docker_event event;
    struct arena arena = {0};
    struct error err = {0};
    struct span line;
    line_splitter_init(&lines, 256);
    for (size_t at = 0; at < bytes.length; at += 100) {
        size_t left = bytes.length - at;
        struct span part = {.data = bytes.data + at, .length = left < 100 ? left : 100};
        if (line_splitter_feed(&lines, part, &err) != 0) {
            break;
        }
        while (line_splitter_next(&lines, &line)) {
            (void)docker_event_read(line, &arena, &event, &err);
        }
    }
    line_splitter_release(&lines);
    arena_release(&arena);
}

static void read_version(struct span text)
{
    struct docker_engine engine;
    struct error err = {0};
    json_t *json = docker_json_parse(text, &err);
    (void)docker_api_negotiate(json, &engine, &err);
    json_decref(json);
}

static void read_process_files(struct span text)
{
    struct process_file file;
    struct process_status status;
    struct process_stat stat;
    struct arena arena = {0};
    struct error err = {0};
    struct buffer written;
    buffer_init(&written, PROCESS_FILE_MAX_BYTES);
    if (process_file_read(text, &arena, &file, &err) == 0 &&
        process_file_write(&file, &written, &err) == 0 &&
        process_file_read(buffer_span(&written), &arena, &file, &err) != 0) {
        __builtin_trap(); /* what was written is read again */
    }
    (void)process_status_read(text, &status, &err);
    (void)process_stat_parse(text, &stat);
    buffer_release(&written);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct span rest = {.data = (const char *)data + 1, .length = size - 1};
    switch (data[0] % 4) {
    case 0:
        read_container(rest);
        break;
    case 1:
        read_events(rest);
        break;
    case 2:
        read_version(rest);
        break;
    default:
        read_process_files(rest);
        break;
    }
    return 0;
}
