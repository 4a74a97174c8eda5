#include "worker/runtime/docker_api.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "worker/runtime/docker_json.h"

struct api_version {
    int64_t major, minor;
};

static bool parse_version(const char *text, struct api_version *ret_version)
{
    struct span whole = span_of(text);
    const char *dot = whole.length == 0 ? NULL : memchr(whole.data, '.', whole.length);
    if (dot == NULL || whole.length >= DOCKER_API_VERSION_SIZE) {
        return false;
    }
    struct span major = {.data = whole.data, .length = (size_t)(dot - whole.data)};
    struct span minor = {.data = dot + 1, .length = whole.length - major.length - 1};
    return span_to_int64(major, 1, 9999, &ret_version->major) &&
           span_to_int64(minor, 0, 9999, &ret_version->minor);
}

static bool is_older(struct api_version a, struct api_version b)
{
    return a.major != b.major ? a.major < b.major : a.minor < b.minor;
}

static bool is_podman(const json_t *version)
{
    size_t i;
    json_t *component;
    json_array_foreach(json_object_get(version, "Components"), i, component)
    {
        const char *name = docker_json_text(component, "Name");
        if (name != NULL && strncmp(name, "Podman", strlen("Podman")) == 0) {
            return true;
        }
    }
    return false;
}

int docker_api_negotiate(const json_t *version, struct docker_engine *ret_engine, struct error *err)
{
    struct api_version ours, oldest, theirs, least = {0};
    const char *spoken = docker_json_text(version, "ApiVersion");
    const char *minimum = docker_json_text(version, "MinAPIVersion");

    if (!parse_version(DOCKER_API_NEWEST, &ours) || !parse_version(DOCKER_API_OLDEST, &oldest)) {
        return error_set(err, ERROR_BUG, "API versions of this program");
    }
    if (!parse_version(spoken, &theirs)) {
        return error_set(err, ERROR_CORRUPT,
                         "the engine's answer to GET /version has no ApiVersion such as \"1.41\": "
                         "is this a Docker engine?");
    }
    if (is_older(theirs, oldest)) {
        return error_set(err, ERROR_UNSUPPORTED,
                         "the engine speaks API %s, but at least " DOCKER_API_OLDEST
                         " is needed: upgrade to Docker 1.12 or later",
                         spoken);
    }
    if (parse_version(minimum, &least) && is_older(ours, least)) {
        return error_set(err, ERROR_UNSUPPORTED,
                         "the engine wants API %s or later, but this program speaks up "
                         "to " DOCKER_API_NEWEST ": upgrade it",
                         minimum);
    }
    struct docker_engine engine = {.podman = is_podman(version)};
    (void)snprintf(engine.api_version, sizeof engine.api_version, "%s",
                   is_older(theirs, ours) ? spoken : DOCKER_API_NEWEST);
    *ret_engine = engine;
    return 0;
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

int docker_api_path(struct buffer *path, const char *api_version, struct error *err,
                    const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    if (api_version[0] != '\0' && buffer_append_format(path, err, "/v%s", api_version) != 0) {
        return -1;
    }
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return error_no_memory(err, "making a path of the engine's API");
    }
    int result = buffer_append(path, text, (size_t)length, err);
    free(text);
    return result;
}

int docker_api_path_escaped(struct buffer *path, const char *text, struct error *err)
{
    for (const char *c = text; *c != '\0'; c++) {
        bool plain = is_letter_or_digit(*c) || strchr("-._~", *c) != NULL;
        int result = plain ? buffer_append(path, c, 1, err)
                           : buffer_append_format(path, err, "%%%02X", (unsigned char)*c);
        if (result != 0) {
            return -1;
        }
    }
    return 0;
}
