#include "common/io/redis_request.h"

void redis_request_list_append(struct redis_request_list *list, struct redis_request *request)
{
    request->next = NULL;
    request->previous = list->last;
    if (list->last != NULL) {
        list->last->next = request;
    } else {
        list->first = request;
    }
    list->last = request;
}

void redis_request_list_remove(struct redis_request_list *list, struct redis_request *request)
{
    if (request->previous != NULL) {
        request->previous->next = request->next;
    } else {
        list->first = request->next;
    }
    if (request->next != NULL) {
        request->next->previous = request->previous;
    } else {
        list->last = request->previous;
    }
    request->previous = NULL;
    request->next = NULL;
}
