#include "producer/request_json.h"

static int refuse_document(const json_error_t *problem, struct ecs_error *error)
{
    if (json_error_code(problem) == json_error_duplicate_key) {
        return ecs_error_set(error, ECS_ERROR_DUPLICATE_MEMBER, "A member occurs twice", NULL);
    }
    return ecs_error_set(error, ECS_ERROR_SERIALIZATION, NULL, NULL);
}

int request_json_parse(struct span body, json_t **ret_object, struct ecs_error *error)
{
    json_error_t problem;
    json_t *json = json_loadb(body.length == 0 ? "" : body.data, body.length,
                              JSON_REJECT_DUPLICATES, &problem);
    if (json == NULL) {
        return refuse_document(&problem, error);
    }
    if (!json_is_object(json)) {
        json_decref(json);
        return ecs_error_set(error, ECS_ERROR_LIST_FOUND, NULL, NULL);
    }
    *ret_object = json;
    return 0;
}

static const json_t *member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

/** The front end's name of a scalar that stands where another type is wanted. */
static const char *token_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return "STRING_VALUE";
    case JSON_TRUE:
        return "TRUE_VALUE";
    case JSON_FALSE:
        return "FALSE_VALUE";
    case JSON_INTEGER:
    case JSON_REAL:
        return "NUMBER_VALUE";
    case JSON_OBJECT:
    case JSON_ARRAY:
    case JSON_NULL:
    default:
        return "VALUE_NULL";
    }
}

/** Refuses a value where a scalar is wanted: wanted is the error for another scalar. */
static int refuse_value(const json_t *value, enum ecs_error_code wanted, struct ecs_error *error)
{
    if (json_is_array(value)) {
        return ecs_error_set(error, ECS_ERROR_LIST_FOUND, NULL, NULL);
    }
    if (json_is_object(value)) {
        return ecs_error_set(error, ECS_ERROR_STRUCTURE_FOUND, NULL, NULL);
    }
    return ecs_error_set(error, wanted, token_name(value), NULL);
}

int request_json_text(const json_t *object, const char *name, const char **ret_text,
                      struct ecs_error *error)
{
    const json_t *value = member(object, name);
    if (value != NULL && !json_is_string(value)) {
        return refuse_value(value, ECS_ERROR_NOT_A_STRING, error);
    }
    *ret_text = json_string_value(value);
    return 0;
}

static int64_t whole_part(double real)
{
    if (real >= 9223372036854775807.0) {
        return INT64_MAX;
    }
    return real <= -9223372036854775808.0 ? INT64_MIN : (int64_t)real;
}

int request_json_integer(const json_t *object, const char *name,
                         struct optional_integer *ret_integer, struct ecs_error *error)
{
    const json_t *value = member(object, name);
    *ret_integer = (struct optional_integer){.known = value != NULL};
    if (value == NULL) {
        return 0;
    }
    if (json_is_integer(value)) {
        ret_integer->value = json_integer_value(value);
        return 0;
    }
    if (json_is_real(value)) {
        ret_integer->value = whole_part(json_real_value(value));
        return 0;
    }
    return refuse_value(value, ECS_ERROR_NOT_AN_INTEGER, error);
}

int request_json_boolean(const json_t *object, const char *name, bool *ret_boolean,
                         struct ecs_error *error)
{
    const json_t *value = member(object, name);
    if (value != NULL && !json_is_boolean(value)) {
        return refuse_value(value, ECS_ERROR_NOT_A_BOOLEAN, error);
    }
    *ret_boolean = json_is_true(value);
    return 0;
}

int request_json_texts(const json_t *object, const char *name, const json_t **ret_list,
                       struct ecs_error *error)
{
    const json_t *list = member(object, name);
    if (list != NULL && !json_is_array(list)) {
        return json_is_object(list) ? ecs_error_set(error, ECS_ERROR_STRUCTURE_FOUND, NULL, NULL)
                                    : ecs_error_set(error, ECS_ERROR_NOT_A_LIST, NULL, NULL);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_string(value) && !json_is_null(value)) {
            return refuse_value(value, ECS_ERROR_NOT_A_STRING, error);
        }
    }
    *ret_list = list;
    return 0;
}

const char *request_json_text_at(const json_t *list, size_t index)
{
    return json_string_value(json_array_get(list, index));
}
