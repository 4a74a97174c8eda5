#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker/host/own_container.h"

#define ME    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static void check(const char *mountinfo, const char *cgroup, const char *wanted)
{
    char paths[2][32] = {"/tmp/own-container-XXXXXX", "/tmp/own-container-XXXXXX"};
    const char *texts[2] = {mountinfo, cgroup};
    char id[OWN_CONTAINER_SIZE] = "";
    for (int i = 0; i < 2; i++) {
        int fd = mkstemp(paths[i]);
        assert_int_equal(write(fd, texts[i], strlen(texts[i])), strlen(texts[i]));
        close(fd);
    }
    bool found = own_container_find(paths[0], paths[1], id);
    unlink(paths[0]);
    unlink(paths[1]);
    assert_int_equal(found, wanted != NULL);
    if (wanted != NULL) {
        assert_string_equal(id, wanted);
    }
}

static void test_in_a_container(void **state)
{
    (void)state;
    check("1 2 8:1 /var/lib/docker/containers/" ME "/resolv.conf /etc/resolv.conf rw - ext4 x rw\n"
          "1 2 8:1 /var/lib/docker/containers/" ME "/hostname /etc/hostname rw - ext4 x rw\n",
          "0::/\n", ME);
    /* --network container:OTHER: the names' files are OTHER's, the cgroup is the own. */
    check("1 2 8:1 /var/lib/docker/containers/" OTHER "/hostname /etc/hostname rw - ext4 x rw\n",
          "4:memory:/docker/" ME "\n", ME);
    check("", "4:memory:/docker/" OTHER "/docker/" ME "\n", ME);
    check("", "0::/system.slice/docker-" ME ".scope\n", ME);
}

/* A host's mounts are those of its containers too: they are not where the process runs. */
static void test_on_a_host(void **state)
{
    (void)state;
    check("1 2 0:50 / /var/lib/docker/containers/" OTHER "/mounts/shm rw - tmpfs shm rw\n"
          "1 2 8:1 / / rw - ext4 x rw\n1 2 8:1 /etc/x /etc/hostname rw - ext4 x rw\nshort\n",
          "0::/user.slice/session-1.scope\n", NULL);
    check("", "", NULL);
    char id[OWN_CONTAINER_SIZE];
    assert_false(own_container_find("/nowhere/a", "/nowhere/b", id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_a_container),
        cmocka_unit_test(test_on_a_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
