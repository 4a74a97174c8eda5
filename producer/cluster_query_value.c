#include "producer/cluster_query_value.h"

#include <inttypes.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "producer/cluster_query.h"

/* ---- operators ---- */

struct operator_row {
    enum query_operator operator;
    const char *spellings[2];
    enum query_arguments arguments;
};
static const struct operator_row OPERATORS[] = {
#define OPERATOR(constant, sign, word, arguments)                                                  \
    {QUERY_##constant, {sign, word}, QUERY_ARGUMENTS_##arguments},
    QUERY_OPERATORS(OPERATOR)
#undef OPERATOR
};
enum { OPERATOR_COUNT = sizeof OPERATORS / sizeof OPERATORS[0] };

const char *query_operator_spelling(size_t index)
{
    return index < 2 * OPERATOR_COUNT ? OPERATORS[index / 2].spellings[index % 2] : NULL;
}

enum query_operator query_operator_at(size_t index)
{
    return OPERATORS[index / 2].operator;
}

enum query_arguments query_operator_arguments(enum query_operator operator)
{
    return OPERATORS[operator - 1].arguments;
}

/* ---- subjects ---- */

static bool is_order(enum query_operator operator)
{
    return operator== QUERY_GREATER || operator== QUERY_GREATER_EQUAL || operator== QUERY_LESS ||
    operator== QUERY_LESS_EQUAL;
}

static bool is_equality(enum query_operator operator)
{
    return operator== QUERY_EQUALS || operator== QUERY_NOT_EQUALS;
}

static const struct {
    const char *word;
    enum query_type type;
} MEMBERS[] = {
    {"agentConnected", QUERY_BOOLEAN},   {"agentVersion", QUERY_VERSION},
    {"ec2InstanceId", QUERY_TEXT},       {"registeredAt", QUERY_TIME},
    {"runningTasksCount", QUERY_NUMBER}, {QUERY_TASK_GROUPS, QUERY_TEXTS},
};

bool query_subject_read(const char *word, struct query_subject *ret_subject)
{
    static const char prefix[] = "attribute:";
    if (strncmp(word, prefix, sizeof prefix - 1) == 0 && word[sizeof prefix - 1] != '\0') {
        *ret_subject =
            (struct query_subject){.type = QUERY_TEXT, .attribute = word + sizeof prefix - 1};
        return true;
    }
    for (size_t i = 0; i < sizeof MEMBERS / sizeof MEMBERS[0]; i++) {
        if (strcmp(MEMBERS[i].word, word) == 0) {
            *ret_subject =
                (struct query_subject){.type = MEMBERS[i].type, .member = MEMBERS[i].word};
            return true;
        }
    }
    return false;
}

bool query_subject_takes(const struct query_subject *subject, enum query_operator operator)
{
    if (subject->attribute != NULL) {
        return true;
    }
    bool ordered = subject->type == QUERY_VERSION || subject->type == QUERY_TIME ||
                   subject->type == QUERY_NUMBER;
    bool exists = operator== QUERY_EXISTS || operator== QUERY_NOT_EXISTS;
    if (subject->type == QUERY_TEXTS) {
        return !is_order(operator);
    }
    return is_equality(operator) || (ordered ? is_order(operator) : !is_order(operator) && !exists);
}

const char *query_subject_operators(const struct query_subject *subject)
{
    if (subject->attribute != NULL) {
        return "an operator (== != > >= < <= exists !exists in !in =~ !~)";
    }
    if (subject->type == QUERY_TEXTS) {
        return "one of the operators == != exists !exists in !in =~ !~";
    }
    return subject->type == QUERY_BOOLEAN || subject->type == QUERY_TEXT
               ? "one of the operators == != in !in =~ !~"
               : "one of the operators == != > >= < <=";
}

/* ---- values ---- */

/* 2018-06-18T22:28:28+00:00, 2018-06-18T22:28:28Z, 2018-06-18T22:28:28, 2018-06-18: UTC where no zone is given. */
static bool read_time(const char *text, double *ret_seconds)
{
    struct tm when = {0};
    long zone = 0;
    const char *rest = strptime(text, "%Y-%m-%d", &when);
    if (rest != NULL && *rest == 'T') {
        rest = strptime(rest, "T%H:%M:%S", &when);
    }
    if (rest == NULL) {
        return false;
    }
    if (*rest == 'Z') {
        rest++;
    } else if (*rest == '+' || *rest == '-') {
        struct tm offset = {0};
        long sign = *rest == '-' ? -1 : 1;
        rest = strptime(rest + 1, "%H:%M", &offset);
        zone = sign * (offset.tm_hour * 3600L + offset.tm_min * 60L);
    }
    if (rest == NULL || *rest != '\0') {
        return false;
    }
    *ret_seconds = (double)timegm(&when) - (double)zone;
    return true;
}

static bool read_number(const char *text, double *ret_number)
{
    char *end = NULL;
    *ret_number = strtod(text, &end);
    return end != text && *end == '\0';
}

/* 1.10.0 is above 1.9.3: number by number, whatever stands between them as text. */
static int compare_versions(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        if (*a >= '0' && *a <= '9' && *b >= '0' && *b <= '9') {
            char *end_a = NULL;
            char *end_b = NULL;
            unsigned long long x = strtoull(a, &end_a, 10);
            unsigned long long y = strtoull(b, &end_b, 10);
            if (x != y) {
                return x < y ? -1 : 1;
            }
            a = end_a;
            b = end_b;
        } else if (*a != *b) {
            return *a < *b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    return (*a != '\0') - (*b != '\0');
}

static bool reads_as(enum query_type type, const char *text)
{
    double number = 0;
    switch (type) {
    case QUERY_BOOLEAN:
        return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    case QUERY_TIME:
        return read_time(text, &number);
    case QUERY_NUMBER:
        return read_number(text, &number);
    case QUERY_VERSION:
        return *text >= '0' && *text <= '9';
    case QUERY_TEXT:
    case QUERY_TEXTS:
        break;
    }
    return true;
}

static bool compile(const char *pattern, regex_t *ret_regex)
{
    char whole[2200];
    int length = snprintf(whole, sizeof whole, "^(%s)$", pattern);
    return length > 0 && (size_t)length < sizeof whole &&
           regcomp(ret_regex, whole, REG_EXTENDED | REG_NOSUB) == 0;
}

const char *query_arguments_wanted(const struct query_subject *subject,
                                   enum query_operator operator, const struct text_list * arguments)
{
    if (query_operator_arguments(operator) == QUERY_ARGUMENTS_PATTERN) {
        regex_t regex;
        if (!compile(arguments->items[0], &regex)) {
            return "a POSIX extended regular expression";
        }
        regfree(&regex);
        return NULL;
    }
    for (size_t i = 0; i < arguments->count; i++) {
        if (!reads_as(subject->type, arguments->items[i])) {
            return subject->type == QUERY_BOOLEAN ? "true or false"
                   : subject->type == QUERY_TIME
                       ? "a time such as 2018-06-18T22:28:28Z or 2018-06-18"
                   : subject->type == QUERY_VERSION ? "a version such as 1.10.0"
                                                    : "a number";
        }
    }
    return NULL;
}

/* ---- comparison ---- */

/* The instance's value as text; NULL = it has none. */
static const char *value_of(const struct query_subject *subject, const json_t *instance,
                            char text[64])
{
    const json_t *value = json_object_get(instance, subject->member == NULL ? "" : subject->member);
    if (subject->attribute != NULL) {
        const json_t *list = json_object_get(instance, "attributes");
        for (size_t i = 0; i < json_array_size(list); i++) {
            const json_t *attribute = json_array_get(list, i);
            const char *name = json_string_value(json_object_get(attribute, "name"));
            if (name != NULL && strcmp(name, subject->attribute) == 0) {
                return json_string_value(json_object_get(attribute, "value"));
            }
        }
        return NULL;
    }
    switch (subject->type) {
    case QUERY_BOOLEAN:
        return json_is_true(value) ? "true" : "false";
    case QUERY_VERSION:
        return json_string_value(
            json_object_get(json_object_get(instance, "versionInfo"), subject->member));
    case QUERY_TIME:
    case QUERY_NUMBER:
        if (!json_is_number(value)) {
            return NULL;
        }
        (void)snprintf(text, 64, "%.3f", json_number_value(value));
        return text;
    case QUERY_TEXT:
    case QUERY_TEXTS:
        break;
    }
    return json_string_value(value);
}

static int compare(enum query_type type, const char *value, const char *argument)
{
    double x = 0;
    double y = 0;
    if (type == QUERY_VERSION) {
        return compare_versions(value, argument);
    }
    bool numbers = type == QUERY_TIME ? read_number(value, &x) && read_time(argument, &y)
                                      : type != QUERY_BOOLEAN && read_number(value, &x) &&
                                            read_number(argument, &y);
    return numbers ? (x > y) - (x < y) : strcmp(value, argument);
}

static bool is_match(const char *value, const char *pattern)
{
    regex_t regex;
    bool matches = false;
    if (compile(pattern, &regex)) {
        matches = regexec(&regex, value, 0, NULL, 0) == 0;
        regfree(&regex);
    }
    return matches;
}

static bool is_among(const struct query_subject *subject, const char *value,
                     const struct text_list *arguments)
{
    for (size_t i = 0; i < arguments->count; i++) {
        if (compare(subject->type, value, arguments->items[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* value NULL = the instance has none. */
static bool compare_value(const struct query_subject *subject, enum query_operator operator,
                          const struct text_list * arguments, const char *value)
{
    const char *first = arguments->count > 0 ? arguments->items[0] : "";
    switch (operator) {
    case QUERY_EXISTS:
        return value != NULL;
    case QUERY_NOT_EXISTS:
        return value == NULL;
    case QUERY_EQUALS:
    case QUERY_IN:
        return value != NULL && is_among(subject, value, arguments);
    case QUERY_NOT_EQUALS:
    case QUERY_NOT_IN:
        return value == NULL || !is_among(subject, value, arguments);
    case QUERY_MATCHES:
        return value != NULL && is_match(value, first);
    case QUERY_NOT_MATCHES:
        return value == NULL || !is_match(value, first);
    case QUERY_GREATER:
        return value != NULL && compare(subject->type, value, first) > 0;
    case QUERY_GREATER_EQUAL:
        return value != NULL && compare(subject->type, value, first) >= 0;
    case QUERY_LESS:
        return value != NULL && compare(subject->type, value, first) < 0;
    case QUERY_LESS_EQUAL:
        return value != NULL && compare(subject->type, value, first) <= 0;
    case QUERY_OPERATOR_NONE:
        break;
    }
    return false;
}

/* The operator that this one denies; itself if it denies none. */
static enum query_operator affirmed(enum query_operator operator)
{
    static const enum query_operator denials[][2] = {{QUERY_NOT_EQUALS, QUERY_EQUALS},
                                                     {QUERY_NOT_IN, QUERY_IN},
                                                     {QUERY_NOT_MATCHES, QUERY_MATCHES},
                                                     {QUERY_NOT_EXISTS, QUERY_EXISTS}};
    for (size_t i = 0; i < sizeof denials / sizeof denials[0]; i++) {
        if (denials[i][0] == operator) {
            return denials[i][1];
        }
    }
    return operator;
}

static bool any_passes(const struct query_subject *subject, enum query_operator operator,
                       const struct text_list * arguments, const json_t *values)
{
    for (size_t i = 0; i < json_array_size(values); i++) {
        if (compare_value(subject, operator, arguments,
                          json_string_value(json_array_get(values, i)))) {
            return true;
        }
    }
    return false;
}

bool query_compare(const struct query_subject *subject, enum query_operator operator,
                   const struct text_list * arguments, const json_t *instance)
{
    char text[64];
    if (subject->type == QUERY_TEXTS) {
        enum query_operator positive = affirmed(operator);
        return any_passes(subject, positive, arguments,
                          json_object_get(instance, subject->member)) == (positive == operator);
    }
    return compare_value(subject, operator, arguments, value_of(subject, instance, text));
}
