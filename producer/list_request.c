#include "producer/list_request.h"

#include "producer/request_json.h"

int list_members_parse(const json_t *object, struct list_members *ret_members,
                       struct ecs_error *error)
{
    struct list_members members;
    if (request_json_integer(object, "maxResults", &members.max_results, error) != 0 ||
        request_json_text(object, "nextToken", &members.next_token, error) != 0) {
        return -1;
    }
    *ret_members = members;
    return 0;
}

int list_request_read(const struct list_members *members, const struct page_scope *scope,
                      struct list_request *ret_request, struct ecs_error *error)
{
    struct list_request request = {.max_results = LIST_RESULTS_MAX};
    if (members->max_results.known) {
        int64_t wanted = members->max_results.value;
        if (wanted < 1 || wanted > LIST_RESULTS_MAX) {
            return ecs_error_set(error, ECS_ERROR_MAX_RESULTS, NULL, NULL);
        }
        request.max_results = (size_t)wanted;
    }
    if (members->next_token != NULL && members->next_token[0] != '\0') {
        if (page_token_read(members->next_token, scope, request.after) != 0) {
            return ecs_error_set(error, ECS_ERROR_NEXT_TOKEN, NULL, NULL);
        }
        request.has_after = true;
    }
    *ret_request = request;
    return 0;
}

void list_request_add_token(struct json_build *build, json_t *body, const struct page_scope *scope,
                            const char *last)
{
    char token[PAGE_TOKEN_SIZE];
    if (last != NULL) {
        page_token_write(scope, last, token);
        json_build_text(build, body, "nextToken", token);
    }
}
