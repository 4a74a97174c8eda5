#include "producer/stop_timeout.h"

#include <stdio.h>
#include <string.h>

int stop_timeout_parse(struct span digits, const char *text, struct optional_integer *ret_ms,
                       struct ecs_error *error)
{
    int64_t seconds;
    if (digits.length == 0 || digits.data[0] == '-' ||
        !span_to_int64(digits, 0, STOP_TIMEOUT_MAX_SECONDS, &seconds)) {
        return ecs_error_set(error, ECS_ERROR_STOP_TIMEOUT_RANGE, text, "604800");
    }
    *ret_ms = (struct optional_integer){.known = true, .value = seconds * 1000};
    return 0;
}

/** True if the list "a;b;c", which ends at a comma or space, has the name. */
static bool list_names(const char *list, const char *name)
{
    const char *end = list + strcspn(list, ", \t");
    size_t length = strlen(name);
    while (list < end) {
        size_t item = strcspn(list, ";, \t");
        if (item == length && strncmp(list, name, length) == 0) {
            return true;
        }
        list += item + 1;
    }
    return false;
}

static bool is_signed(const char *authorization, const char *lower_case_name)
{
    static const char algorithm[] = "AWS4-HMAC-SHA256 ", member[] = "SignedHeaders=";
    if (authorization == NULL || strncmp(authorization, algorithm, sizeof algorithm - 1) != 0) {
        return false;
    }
    const char *list = strstr(authorization, member);
    return list != NULL && list_names(list + sizeof member - 1, lower_case_name);
}

int stop_timeout_add_header(const char *value, const char *authorization,
                            struct optional_integer *ms, struct ecs_error *error)
{
    struct optional_integer asked = {0};
    if (value == NULL) {
        return 0;
    }
    if (!is_signed(authorization, "x-stopfleet-stop-timeout")) {
        return ecs_error_set(error, ECS_ERROR_STOP_TIMEOUT_UNSIGNED, NULL, NULL);
    }
    if (stop_timeout_parse(span_of(value), value, &asked, error) != 0) {
        return -1;
    }
    if (ms->known && ms->value != asked.value) {
        char of_path[24];
        (void)snprintf(of_path, sizeof of_path, "%lld", (long long)(ms->value / 1000));
        return ecs_error_set(error, ECS_ERROR_STOP_TIMEOUT_TWICE, of_path, value);
    }
    *ms = asked;
    return 0;
}
