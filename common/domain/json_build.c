#include "common/domain/json_build.h"

#include <inttypes.h>
#include <stdio.h>

static json_t *checked(struct json_build *build, json_t *value)
{
    if (value == NULL) {
        build->failed = true;
    }
    return value;
}

json_t *json_build_object(struct json_build *build)
{
    return checked(build, json_object());
}

json_t *json_build_array(struct json_build *build)
{
    return checked(build, json_array());
}

void json_build_set(struct json_build *build, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new_nocheck(object, key, checked(build, value)) != 0) {
        build->failed = true;
    }
}

void json_build_append(struct json_build *build, json_t *array, json_t *value)
{
    if (json_array_append_new(array, checked(build, value)) != 0) {
        build->failed = true;
    }
}

void json_build_text(struct json_build *build, json_t *object, const char *key, const char *text)
{
    if (text != NULL) {
        json_build_set(build, object, key, json_string_nocheck(text));
    }
}

void json_build_integer(struct json_build *build, json_t *object, const char *key, int64_t value)
{
    json_build_set(build, object, key, json_integer(value));
}

void json_build_boolean(struct json_build *build, json_t *object, const char *key, bool value)
{
    json_build_set(build, object, key, json_boolean(value));
}

void json_build_number_text(struct json_build *build, json_t *object, const char *key,
                            int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, value);
    json_build_text(build, object, key, text);
}

void json_build_time(struct json_build *build, json_t *object, const char *key, int64_t unix_ms)
{
    if (unix_ms == 0) {
        return;
    }
    json_build_set(build, object, key,
                   unix_ms % 1000 == 0 ? json_integer(unix_ms / 1000)
                                       : json_real((double)unix_ms / 1000.0));
}

json_t *json_build_finish(struct json_build *build, json_t *root, struct error *err)
{
    if (!build->failed) {
        return root;
    }
    json_decref(root);
    (void)error_no_memory(err, "building JSON");
    return NULL;
}
