#include "producer/http_check.h"

#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "producer/stop_timeout.h"

/** Headers that may be there once at most. */
static const char *const SINGLE[] = {
    "Host",       "Content-Length",        "Transfer-Encoding", "Content-Type",      "X-Amz-Target",
    "X-Amz-Date", "amz-sdk-invocation-id", "Authorization",     STOP_TIMEOUT_HEADER,
};

enum { SINGLE_COUNT = sizeof SINGLE / sizeof SINGLE[0], HOST = 0 };

static int refuse(struct ecs_error *error, const char *what)
{
    return ecs_error_set(error, ECS_ERROR_MALFORMED_REQUEST, what, NULL);
}

/** RFC 9110 section 5.6.2. A space before the colon would hide a header from one of two readers. */
static bool is_token(const char *name)
{
    static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789!#$%&'*+-.^_`|~";
    return name[0] != '\0' && name[strspn(name, characters)] == '\0';
}

static int count_singles(const struct evkeyvalq *headers, unsigned counts[SINGLE_COUNT],
                         struct ecs_error *error)
{
    const struct evkeyval *header;
    for (header = headers->tqh_first; header != NULL; header = header->next.tqe_next) {
        if (!is_token(header->key)) {
            return refuse(error, "A header's name has a character that names cannot have");
        }
        for (size_t i = 0; i < SINGLE_COUNT; i++) {
            counts[i] += strcasecmp(header->key, SINGLE[i]) == 0;
        }
    }
    return 0;
}

static int check_length(const char *length, const char *encoding, struct ecs_error *error)
{
    if (length != NULL && encoding != NULL) {
        return refuse(error, "Content-Length and Transfer-Encoding cannot both be there");
    }
    if (length != NULL && (length[0] == '\0' || length[strspn(length, "0123456789")] != '\0')) {
        return refuse(error, "Content-Length is not a number");
    }
    if (encoding != NULL && strcasecmp(encoding, "chunked") != 0) {
        return refuse(error, "Transfer-Encoding can be chunked only");
    }
    return 0;
}

int http_check_headers(const struct evkeyvalq *headers, bool host_needed, struct ecs_error *error)
{
    unsigned counts[SINGLE_COUNT] = {0};
    if (count_singles(headers, counts, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < SINGLE_COUNT; i++) {
        if (counts[i] > 1) {
            char text[64] = "There can be only one ";
            (void)strncat(text, SINGLE[i], sizeof text - strlen(text) - 1);
            return refuse(error, text);
        }
    }
    if (host_needed && counts[HOST] == 0) {
        return refuse(error, "The header Host is missing");
    }
    return check_length(evhttp_find_header(headers, "Content-Length"),
                        evhttp_find_header(headers, "Transfer-Encoding"), error);
}

bool http_check_is_amz_json(const char *content_type)
{
    static const char wanted[] = "application/x-amz-json-1.1";
    if (content_type == NULL || strncasecmp(content_type, wanted, sizeof wanted - 1) != 0) {
        return false;
    }
    const char *rest = content_type + sizeof wanted - 1;
    rest += strspn(rest, " \t");
    return *rest == '\0' || *rest == ';';
}
