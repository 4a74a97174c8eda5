#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buffer.h"
#include "common/domain/ecs_error.h"

/** Texts that clients are known to look for, as they must come out. */
static void texts_are_those_of_ecs(void **state)
{
    (void)state;
    static const struct {
        enum ecs_error_code code;
        const char *first, *second, *exception;
        int status;
        const char *message;
    } cases[] = {
        {ECS_ERROR_UNKNOWN_OPERATION, NULL, NULL, "UnknownOperationException", 400, ""},
        {ECS_ERROR_UNKNOWN_MEDIA_TYPE, NULL, NULL, "UnknownOperationException", 404, ""},
        {ECS_ERROR_SERIALIZATION, NULL, NULL, "SerializationException", 400, ""},
        {ECS_ERROR_LIST_FOUND, NULL, NULL, "SerializationException", 400,
         "Start of list found where not expected"},
        {ECS_ERROR_STRUCTURE_FOUND, NULL, NULL, "SerializationException", 400,
         "Start of structure or map found where not expected."},
        {ECS_ERROR_NOT_A_STRING, "TRUE_VALUE", NULL, "SerializationException", 400,
         "TRUE_VALUE can not be converted to a String"},
        {ECS_ERROR_NOT_AN_INTEGER, "STRING_VALUE", NULL, "SerializationException", 400,
         "STRING_VALUE can not be converted to an Integer"},
        {ECS_ERROR_NOT_A_LIST, NULL, NULL, "SerializationException", 400, "Expected list or null"},
        {ECS_ERROR_CLUSTER_NOT_FOUND, NULL, NULL, "ClusterNotFoundException", 400,
         "Cluster not found."},
        {ECS_ERROR_CLUSTER_BAD_NAME, "a b", NULL, "InvalidParameterException", 400,
         "Cluster must match ^[a-zA-Z0-9\\-_]{1,255}$, but was a b"},
        {ECS_ERROR_TASK_NOT_FOUND, NULL, NULL, "InvalidParameterException", 400,
         "The referenced task was not found."},
        {ECS_ERROR_TASK_ID_LENGTH, NULL, NULL, "InvalidParameterException", 400,
         "taskId length should be one of [32,36]"},
        {ECS_ERROR_IDENTIFIER_SEPARATORS, NULL, NULL, "InvalidParameterException", 400,
         "Invalid identifier: Unexpected number of separators"},
        {ECS_ERROR_IDENTIFIER_OTHER_CLUSTER, "jan7", "default", "InvalidParameterException", 400,
         "Invalid identifier: Identifier is for cluster jan7. Your cluster is default"},
        {ECS_ERROR_IDENTIFIER_OTHER_REGION, NULL, NULL, "InvalidParameterException", 400,
         "Invalid Region in ARN"},
        {ECS_ERROR_IDENTIFIER_OTHER_ACCOUNT, "111111111111", "222222222222",
         "InvalidParameterException", 400,
         "Identifier is for 111111111111. Your accountId is 222222222222"},
        {ECS_ERROR_IDENTIFIER_OTHER_TYPE, "Task", NULL, "InvalidParameterException", 400,
         "Task Identifier is invalid"},
        {ECS_ERROR_IDENTIFIER_BLANK, "Container instance", NULL, "InvalidParameterException", 400,
         "Container instance can not be blank."},
        {ECS_ERROR_TASKS_EMPTY, NULL, NULL, "InvalidParameterException", 400,
         "Tasks cannot be empty."},
        {ECS_ERROR_TASKS_TOO_MANY, NULL, NULL, "InvalidParameterException", 400,
         "taskIds can have at most 100 items."},
        {ECS_ERROR_STARTED_BY_WITH_OTHERS, NULL, NULL, "InvalidParameterException", 400,
         "cannot specify startedBy with other arguments"},
        {ECS_ERROR_SERVICE_NOT_FOUND, NULL, NULL, "ServiceNotFoundException", 400,
         "Service not found."},
        {ECS_ERROR_LONGER_THAN, "reason", "1024", "InvalidParameterException", 400,
         "reason longer than 1024."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ecs_error error;
        assert_int_equal(ecs_error_set(&error, cases[i].code, cases[i].first, cases[i].second), -1);
        assert_int_equal(error.code, cases[i].code);
        assert_string_equal(error.message, cases[i].message);
        assert_string_equal(ecs_error_exception(error.code), cases[i].exception);
        assert_int_equal(ecs_error_http_status(error.code), cases[i].status);
    }
}

static void every_row_is_fit_to_be_sent(void **state)
{
    (void)state;
    for (int code = ECS_ERROR_NONE + 1; code < ECS_ERROR_COUNT; code++) {
        struct ecs_error error;
        (void)ecs_error_set(&error, (enum ecs_error_code)code, "ONE", "TWO");
        const char *template = ecs_error_template(error.code);
        assert_true((strstr(template, "%1") != NULL) == (strstr(error.message, "ONE") != NULL));
        assert_true((strstr(template, "%2") != NULL) == (strstr(error.message, "TWO") != NULL));
        assert_null(strchr(error.message, '%'));
        const char *exception = ecs_error_exception(error.code);
        assert_string_equal(exception + strlen(exception) - strlen("Exception"), "Exception");
        int status = ecs_error_http_status(error.code);
        assert_true((status == 500) == (strcmp(exception, "ServerException") == 0));
        assert_true(status == 500 || (status >= 400 && status <= 405));
    }
}

static void body_has_a_message_only_if_there_is_one(void **state)
{
    (void)state;
    struct ecs_error error;
    (void)ecs_error_set(&error, ECS_ERROR_CLUSTER_NOT_FOUND, NULL, NULL);
    json_t *body = ecs_error_body(&error);
    char *text = json_dumps(body, JSON_COMPACT);
    assert_string_equal(
        text, "{\"__type\":\"ClusterNotFoundException\",\"message\":\"Cluster not found.\"}");
    free(text);
    json_decref(body);
    (void)ecs_error_set(&error, ECS_ERROR_SERIALIZATION, NULL, NULL);
    body = ecs_error_body(&error);
    text = json_dumps(body, JSON_COMPACT);
    assert_string_equal(text, "{\"__type\":\"SerializationException\"}");
    free(text);
    json_decref(body);
}

static void long_values_are_cut_at_a_character(void **state)
{
    (void)state;
    char value[2 * ECS_ERROR_MESSAGE_SIZE];
    struct ecs_error error;
    for (size_t shift = 0; shift < 2; shift++) {
        memset(value, 'x', sizeof value);
        for (size_t i = shift; i + 2 < sizeof value; i += 2) {
            memcpy(value + i, "\xc3\xbc", 2);
        }
        value[sizeof value - 1 - shift] = '\0';
        (void)ecs_error_set(&error, ECS_ERROR_CLUSTER_BAD_NAME, value, NULL);
        size_t length = strlen(error.message);
        assert_in_range(length, ECS_ERROR_MESSAGE_SIZE - 2, ECS_ERROR_MESSAGE_SIZE - 1);
        assert_true(span_is_utf8(span_of(error.message)));
    }
}

static void bytes_that_are_no_text_are_replaced(void **state)
{
    (void)state;
    struct ecs_error error;
    (void)ecs_error_set(&error, ECS_ERROR_INTERNAL, "a\xff\xc3\xbc\xc3", NULL);
    assert_string_equal(error.message, "The service failed: a?\xc3\xbc?.");
    json_t *body = ecs_error_body(&error);
    assert_non_null(body);
    json_decref(body);
}

static void documentation_has_every_text(void **state)
{
    (void)state;
    static char page[64 * 1024];
    FILE *file = fopen("docs/api.md", "re");
    assert_non_null(file);
    size_t length = fread(page, 1, sizeof page - 1, file);
    (void)fclose(file);
    page[length] = '\0';
    for (int code = ECS_ERROR_NONE + 1; code < ECS_ERROR_COUNT; code++) {
        char row[1024];
        const char *text = ecs_error_template((enum ecs_error_code)code);
        const char *quote = text[0] == '\0' ? "" : "`";
        (void)snprintf(row, sizeof row, "| `%s` | %d | %s%s%s |\n",
                       ecs_error_exception((enum ecs_error_code)code),
                       ecs_error_http_status((enum ecs_error_code)code), quote,
                       text[0] == '\0' ? "(none)" : text, quote);
        if (strstr(page, row) == NULL) {
            fail_msg("docs/api.md lacks the line %s", row);
        }
    }
}

static void value_may_come_from_the_error_itself(void **state)
{
    (void)state;
    struct ecs_error error;
    (void)ecs_error_set(&error, ECS_ERROR_INTERNAL, "a reason", NULL);
    (void)ecs_error_set(&error, ECS_ERROR_INTERNAL, error.message, NULL);
    assert_string_equal(error.message, "The service failed: The service failed: a reason..");
}

static void code_outside_the_table_is_a_server_error(void **state)
{
    (void)state;
    assert_string_equal(ecs_error_exception(ECS_ERROR_COUNT), "ServerException");
    assert_int_equal(ecs_error_http_status(ECS_ERROR_NONE), 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_those_of_ecs),
        cmocka_unit_test(every_row_is_fit_to_be_sent),
        cmocka_unit_test(body_has_a_message_only_if_there_is_one),
        cmocka_unit_test(long_values_are_cut_at_a_character),
        cmocka_unit_test(bytes_that_are_no_text_are_replaced),
        cmocka_unit_test(documentation_has_every_text),
        cmocka_unit_test(value_may_come_from_the_error_itself),
        cmocka_unit_test(code_outside_the_table_is_a_server_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
