#include "common/io/redis_reply.h"

#include <string.h>

static bool begins_with(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

int redis_reply_error(const redisReply *reply, struct error *err)
{
    /* Scripts' own errors come wrapped, differently by version. */
    const char *corrupt = strstr(reply->str, "CORRUPT ");

    if (corrupt != NULL) {
        return error_set(err, ERROR_CORRUPT,
                         "redis key %s; its worker makes it anew, or stopfleet-audit rebuild",
                         corrupt + strlen("CORRUPT "));
    }
    if (strstr(reply->str, "WRONGTYPE") != NULL) {
        return error_set(err, ERROR_CORRUPT, "a redis key of ours holds another type: %s",
                         reply->str);
    }
    return error_set(err, ERROR_UNAVAILABLE, "redis refuses: %s", reply->str);
}

bool redis_reply_is_wrong_server(const redisReply *reply)
{
    return begins_with(reply->str, "READONLY") || begins_with(reply->str, "LOADING") ||
           begins_with(reply->str, "MASTERDOWN") || strstr(reply->str, "-READONLY") != NULL;
}

int redis_reply_corrupt(struct error *err, const char *what)
{
    return error_set(err, ERROR_CORRUPT, "redis answered in another shape than %s", what);
}

int redis_reply_text(const redisReply *array, size_t index, struct span *ret_text,
                     struct error *err)
{
    const redisReply *member;

    if (array->type != REDIS_REPLY_ARRAY || index >= (size_t)array->elements) {
        return redis_reply_corrupt(err, "a list long enough");
    }
    member = array->element[index];
    if (member == NULL || member->type != REDIS_REPLY_STRING) {
        return redis_reply_corrupt(err, "a list of texts");
    }
    *ret_text = (struct span){member->str, (size_t)member->len};
    return 0;
}

int redis_reply_number(const redisReply *array, size_t index, int64_t min, int64_t *ret_number,
                       struct error *err)
{
    struct span text = {0};

    if (redis_reply_text(array, index, &text, err) < 0) {
        return -1;
    }
    if (!span_to_int64(text, min, INT64_MAX, ret_number)) {
        const struct span shown = span_cut_utf8(text, 40);

        return error_set(err, ERROR_CORRUPT, "redis holds \"%.*s\" where a number belongs",
                         (int)shown.length, shown.data);
    }
    return 0;
}
