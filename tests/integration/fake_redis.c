#include "tests/integration/fake_redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

struct fake_redis {
    struct loop *loop;
    const char *info, *answer;
    int listener, client;
    struct loop_watch *listener_watch, *client_watch;
    redisReader *reader;
    char directory[64];
    char address[128];
};

static void hang_up(struct fake_redis *fake)
{
    loop_watch_free(fake->client_watch);
    fake->client_watch = NULL;
    if (fake->client >= 0) {
        (void)close(fake->client);
    }
    fake->client = -1;
    if (fake->reader != NULL) {
        redisReaderFree(fake->reader);
    }
    fake->reader = NULL;
}

static void answer_one(struct fake_redis *fake, const redisReply *command)
{
    assert_int_equal(command->type, REDIS_REPLY_ARRAY);
    if (strcmp(command->element[0]->str, "INFO") == 0) {
        assert_true(dprintf(fake->client, "$%zu\r\n%s\r\n", strlen(fake->info), fake->info) > 0);
    } else {
        assert_true(dprintf(fake->client, "%s", fake->answer) > 0);
    }
}

static void client_readable(int fd, unsigned what, void *context)
{
    struct fake_redis *fake = context;
    char bytes[4096];
    const ssize_t got = read(fd, bytes, sizeof bytes);
    void *command = NULL;

    (void)what;
    if (got <= 0) {
        hang_up(fake);
        return;
    }
    assert_int_equal(redisReaderFeed(fake->reader, bytes, (size_t)got), REDIS_OK);
    while (redisReaderGetReply(fake->reader, &command) == REDIS_OK && command != NULL) {
        answer_one(fake, command);
        freeReplyObject(command);
    }
}

static void listener_readable(int fd, unsigned what, void *context)
{
    struct fake_redis *fake = context;

    (void)what;
    hang_up(fake);
    fake->client = accept(fd, NULL, NULL);
    assert_true(fake->client >= 0);
    fake->reader = redisReaderCreate();
    fake->client_watch = loop_watch_new(fake->loop, fake->client, LOOP_READ, client_readable, fake);
    assert_non_null(fake->client_watch);
}

struct fake_redis *fake_redis_new(struct loop *loop, const char *info, const char *answer)
{
    struct fake_redis *fake = calloc(1, sizeof *fake);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    assert_non_null(fake);
    fake->loop = loop;
    fake->info = info;
    fake->answer = answer;
    fake->client = -1;
    (void)snprintf(fake->directory, sizeof fake->directory, "/tmp/stopfleet-fake-XXXXXX");
    assert_non_null(mkdtemp(fake->directory));
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/redis", fake->directory);
    (void)snprintf(fake->address, sizeof fake->address, "unix:%s/redis", fake->directory);
    fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fake->listener >= 0);
    assert_int_equal(bind(fake->listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fake->listener, 5), 0);
    fake->listener_watch = loop_watch_new(loop, fake->listener, LOOP_READ, listener_readable, fake);
    assert_non_null(fake->listener_watch);
    return fake;
}

void fake_redis_free(struct fake_redis *fake)
{
    hang_up(fake);
    loop_watch_free(fake->listener_watch);
    (void)close(fake->listener);
    (void)unlink(fake->address + strlen("unix:"));
    (void)rmdir(fake->directory);
    free(fake);
}

const char *fake_redis_address(const struct fake_redis *fake)
{
    return fake->address;
}
