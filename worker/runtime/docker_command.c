#include "worker/runtime/docker_command.h"

#include <string.h>

static bool is_array_of_texts(const json_t *json)
{
    size_t i;
    json_t *item;
    json_array_foreach(json, i, item)
    {
        if (!json_is_string(item)) {
            return false;
        }
    }
    return json_array_size(json) > 0;
}

bool docker_command_is_array(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    bool is = is_array_of_texts(json);
    json_decref(json);
    return is;
}

json_t *docker_command_of(const char *text, bool windows)
{
    json_t *json = text[0] == '[' ? json_loads(text, 0, NULL) : NULL;
    if (is_array_of_texts(json)) {
        return json;
    }
    json_decref(json);
    return windows ? json_pack("[ssss]", "cmd", "/S", "/C", text)
                   : json_pack("[sss]", "/bin/sh", "-c", text);
}
