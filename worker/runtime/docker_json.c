#include "worker/runtime/docker_json.h"

#include "common/base/clock.h"

json_t *docker_json_parse(struct span text, struct error *err)
{
    json_error_t at;
    json_t *json = json_loadb(text.data == NULL ? "" : text.data, text.length, JSON_ALLOW_NUL, &at);
    if (json == NULL) {
        error_set(err, ERROR_CORRUPT, "the engine's answer is no JSON: %s at byte %d", at.text,
                  at.position);
    }
    return json;
}

const char *docker_json_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL || text[0] == '\0' ? NULL : text;
}

int64_t docker_json_integer(const json_t *object, const char *key, int64_t otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? (int64_t)json_integer_value(value) : otherwise;
}

bool docker_json_is_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

int64_t docker_json_time_ms(const json_t *object, const char *key)
{
    const char *text = docker_json_text(object, key);
    int64_t unix_ms = 0;
    struct error ignored = {0};
    if (text == NULL || clock_parse_rfc3339(text, &unix_ms, &ignored) != 0) {
        return 0;
    }
    return unix_ms > 0 ? unix_ms : 0;
}
