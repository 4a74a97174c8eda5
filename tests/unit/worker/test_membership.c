/** Who is left alone, and whom --adopt takes: other supervisors, other clusters, the worker's own surroundings. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/worker/grouping_make.h"

static void test_who_is_left_alone(void **state)
{
    (void)state;
    static const struct {
        const char *labels[4];
        enum group_exclusion reason;
    } cases[] = {
        {{"io.stopfleet.ignore=true", "io.stopfleet.task=x"}, GROUP_IGNORED},
        {{"io.stopfleet.ignore=", "io.stopfleet.task=x"}, GROUP_IGNORED},
        {{"io.stopfleet.ignore=ture", "io.stopfleet.task=x"}, GROUP_IGNORED},
        {{"io.stopfleet.Ignore=true", "io.stopfleet.task=x"}, GROUP_IGNORED},
        {{"io.stopfleet.component=", "io.stopfleet.task=x"}, GROUP_OWN},
        {{"io.stopfleet.cluster=", "io.stopfleet.task=x"}, GROUP_OTHER_CLUSTER},
        {{"io.stopfleet.component=worker", "io.stopfleet.task=x"}, GROUP_OWN},
        {{"com.docker.compose.project=stopfleet"}, GROUP_OWN},
        {{"io.kubernetes.pod.name=x", "io.stopfleet.task=x"}, GROUP_KUBELET},
        {{"com.docker.swarm.task.id=x"}, GROUP_SWARM},
        {{"com.hashicorp.nomad.alloc_id=x"}, GROUP_NOMAD},
        {{"PODMAN_SYSTEMD_UNIT=x.service", "io.stopfleet.task=x"}, GROUP_SYSTEMD},
        {{"some.label=x"}, GROUP_NO_TASK},
        {{"com.docker.compose.project=", "com.docker.compose.config-hash=0a1b"}, GROUP_NO_TASK},
        {{"com.docker.compose.project=shop", "com.docker.compose.service=web",
          "com.docker.compose.version=2.24.6"},
         GROUP_NO_TASK}, /* what Compose writes on an image that it builds */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(NULL);
        add("a", "x", 10, cases[i].labels);
        group();
        assert_int_equal(grouping.groups.count, 0);
        assert_int_equal(grouping.excluded.count, 1);
        assert_int_equal(grouping.excluded.items[0].reason, cases[i].reason);
        assert_true(strlen(group_exclusion_reason(cases[i].reason)) > 10);
    }
}

static void test_the_ecs_agent(void **state)
{
    (void)state;
    for (int round = 0; round < 4; round++) {
        begin(NULL);
        struct runtime_container *agent =
            add("a", round == 1 ? "agent" : "ecs-agent", 10, NO_LABELS);
        agent->described.image =
            round == 1 ? "public.ecr.aws/ecs/amazon-ecs-agent:v1.9" : "someone/agent";
        agent->status = round == 2 ? RUNTIME_EXITED : RUNTIME_RUNNING;
        options.adopted = round == 3 ? 1U << group_exclusion_from_name("ecs") : 0;
        add("b", "web", 11, LABELS("com.amazonaws.ecs.task-arn=" ARN));
        group();
        assert_int_equal(grouping.groups.count, round == 3 ? 1 : 0);
        assert_int_equal(grouping.excluded.items[grouping.excluded.count - 1].reason,
                         round == 3 ? GROUP_NO_TASK : GROUP_ECS_AGENT);
    }
}

static bool describes_b(void *context, const char *container_id)
{
    (void)context;
    return strcmp(container_id, "b") == 0;
}

/* As one that was committed from a container of Compose's or the ECS agent's, and removed: nobody can tell. What the log describes stays, and
 * so does what no such label says. */
static void test_an_image_that_cannot_be_asked(void **state)
{
    (void)state;
    static const struct {
        const char *labels[3];
        bool counts;
    } cases[] = {
        {{PROJECT("shop")}, false},
        {{PROJECT("shop"), "io.stopfleet.task=x"}, false},
        {{"com.amazonaws.ecs.task-arn=" ARN}, false},
        {{"io.stopfleet.task=x"}, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(NULL);
        add("a", "x", 10, cases[i].labels)->image_labels_unknown = true;
        group();
        assert_int_equal(grouping.groups.count, cases[i].counts);
        assert_int_equal(grouping.excluded.count, !cases[i].counts);
        if (!cases[i].counts) {
            assert_int_equal(grouping.excluded.items[0].reason, GROUP_IMAGE_UNKNOWN);
        }
        begin(NULL);
        options.described = describes_b;
        add("b", "x", 10, cases[i].labels)->image_labels_unknown = true;
        group();
        options.described = NULL;
        assert_int_equal(grouping.groups.count, 1);
    }
}

/* What belongs to somebody else by any of its labels is in no group; the warning says what holds. */
static void test_others_containers(void **state)
{
    (void)state;
#define ID "0123456789abcdef0123456789abcdef"
    static const struct {
        const char *labels[4];
        enum group_exclusion reason;
        const char *warned; /**< part of what is accepted; NULL = no warning */
    } cases[] = {
        {{"com.amazonaws.ecs.task-arn=arn:aws:ecs:us-east-1:1:task/dev/" ID},
         GROUP_OTHER_CLUSTER,
         "--cluster"},
        {{"com.amazonaws.ecs.task-arn=arn:aws:ecs:us-east-1:2:task/prod/" ID, PROJECT("shop")},
         GROUP_OTHER_CLUSTER,
         "--account"},
        {{"com.amazonaws.ecs.task-arn=arn:aws:ecs:eu-west-1:1:task/prod/" ID,
          "io.stopfleet.task=shop"},
         GROUP_OTHER_CLUSTER,
         "--region"},
        {{"com.amazonaws.ecs.task-arn=" ARN, "com.amazonaws.ecs.cluster=dev"},
         GROUP_OTHER_CLUSTER,
         NULL},
        {{"com.amazonaws.ecs.task-arn=arn:aws:ecs:us-east-1:1:task/dev/" ID,
          "com.amazonaws.ecs.cluster=prod"},
         GROUP_OTHER_CLUSTER,
         "--cluster"},
        {{"com.amazonaws.ecs.cluster=arn:aws:ecs:us-east-1:2:cluster/prod", PROJECT("shop")},
         GROUP_OTHER_CLUSTER,
         NULL},
        {{"io.stopfleet.cluster=dev", PROJECT("shop")}, GROUP_OTHER_CLUSTER, NULL},
        {{"io.stopfleet.cluster=bad cluster!", PROJECT("shop")},
         GROUP_OTHER_CLUSTER,
         "a cluster's name or ARN"},
        {{"io.stopfleet.cluster=", PROJECT("shop")},
         GROUP_OTHER_CLUSTER,
         "a cluster's name or ARN"},
        {{"com.amazonaws.ecs.cluster=arn:aws:ecs:us-east-1:1:task/prod", PROJECT("shop")},
         GROUP_OTHER_CLUSTER,
         "a cluster's name or ARN"},
        {{"io.stopfleet.cluster=arn:aws:ecs:us-east-1:2:cluster/prod", PROJECT("shop")},
         GROUP_OTHER_CLUSTER,
         NULL},
        {{"com.amazonaws.ecs.task-arn=" ID}, GROUP_NO_TASK, "the ARN of an ECS task"},
        {{"com.amazonaws.ecs.task-arn=arn:aws:ecs:us-east-1:1:task/prod/short"},
         GROUP_NO_TASK,
         "the ARN of an ECS task"},
    };
#undef ID
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(NULL);
        add("a", "x", 10, cases[i].labels);
        group();
        assert_int_equal(grouping.groups.count, 0);
        assert_int_equal(grouping.excluded.items[0].reason, cases[i].reason);
        assert_int_equal(grouping.warnings.list.count, cases[i].warned == NULL ? 0 : 1);
        if (cases[i].warned != NULL) {
            assert_non_null(strstr(grouping.warnings.list.items[0].accepted, cases[i].warned));
        }
    }
}

static void test_the_own_container(void **state)
{
    (void)state;
    options.own_container = "me";
    add("me", "worker", 10, LABELS(PROJECT("tools")));
    add("kafka", "kafka", 10, LABELS(PROJECT("tools")));
    add("web", "web", 10, LABELS(PROJECT("shop")));
    group();
    assert_int_equal(grouping.groups.count, 1);
    assert_string_equal(grouping.groups.items[0].key, "project shop");
    assert_int_equal(grouping.excluded.items[0].reason, GROUP_OWN);
    assert_int_equal(grouping.excluded.items[1].reason, GROUP_OWN_PROJECT);
    options.adopted = 1U << group_exclusion_from_name("own-project");
    group();
    assert_int_equal(grouping.groups.count, 2);
    assert_int_equal(grouping.excluded.count, 1);
    assert_int_equal(grouping.excluded.items[0].reason, GROUP_OWN);
}

/** Other supervisors: what --adopt calls each, what it labels, and the group of one unit of it. */
static const struct {
    const char *name;
    enum group_exclusion exclusion;
    const char *unit, *other_unit; /**< its label, of two units */
    const char *beside;            /**< another label of its own, which is no unit; NULL = none */
    const char *key;
} SUPERVISED[] = {
    {"kubelet", GROUP_KUBELET, "io.kubernetes.pod.uid=u1", "io.kubernetes.pod.uid=u2",
     "io.kubernetes.container.name=c", "adopted kubelet/u1"},
    {"swarm", GROUP_SWARM, "com.docker.swarm.task.id=u1", "com.docker.swarm.task.id=u2",
     "com.docker.swarm.node.id=n", "adopted swarm/u1"},
    {"nomad", GROUP_NOMAD, "com.hashicorp.nomad.alloc_id=u1", "com.hashicorp.nomad.alloc_id=u2",
     "com.hashicorp.nomad.job_name=j", "adopted nomad/u1"},
    {"systemd", GROUP_SYSTEMD, "PODMAN_SYSTEMD_UNIT=u1", "PODMAN_SYSTEMD_UNIT=u2", "other=x",
     "adopted systemd/u1"},
    {"ecs", GROUP_ECS_AGENT, "com.amazonaws.ecs.task-arn=" ARN,
     "com.amazonaws.ecs.task-arn=arn:aws:ecs:us-east-1:1:task/prod/"
     "fedcba9876543210fedcba9876543210",
     "com.amazonaws.ecs.container-name=c", "ecs 0123456789abcdef0123456789abcdef"},
};
enum { SUPERVISED_COUNT = sizeof SUPERVISED / sizeof SUPERVISED[0] };

/* By each label that makes two containers belong together, and by that value of it alone. */
static void test_what_belongs_together_with_the_own_container(void **state)
{
    (void)state;
    static const struct {
        const char *same, *other, *no_value;
    } cases[] = {
        {"com.docker.compose.project=u1", "com.docker.compose.project=u2",
         "com.docker.compose.project="},
        {"com.amazonaws.ecs.task-arn=" ARN,
         "com.amazonaws.ecs.task-arn=arn:aws:ecs:us-east-1:1:task/prod/"
         "fedcba9876543210fedcba9876543210",
         "com.amazonaws.ecs.task-arn="},
        {"io.stopfleet.task=u1", "io.stopfleet.task=u2", "io.stopfleet.task="},
        {"io.kubernetes.pod.uid=u1", "io.kubernetes.pod.uid=u2", "io.kubernetes.pod.uid="},
        {"com.hashicorp.nomad.alloc_id=u1", "com.hashicorp.nomad.alloc_id=u2",
         "com.hashicorp.nomad.alloc_id="},
        {"com.docker.swarm.task.id=u1", "com.docker.swarm.task.id=u2", "com.docker.swarm.task.id="},
    };
    unsigned others = 0;
    for (size_t i = 0; i < SUPERVISED_COUNT; i++) {
        others |= 1U << SUPERVISED[i].exclusion;
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int adopted = 0; adopted < 2; adopted++) {
            begin(NULL);
            options.own_container = "me";
            options.adopted = others | (adopted == 0 ? 0 : 1U << GROUP_OWN_PROJECT);
            add("me", "worker", 10, LABELS(cases[i].same, "com.docker.compose.config-hash=h"));
            add("a", "kafka", 10, LABELS(cases[i].same, "com.docker.compose.config-hash=h"));
            add("b", "web", 10, LABELS(cases[i].other, "com.docker.compose.config-hash=h"));
            group();
            assert_int_equal(grouping.groups.count, adopted == 0 ? 1 : 2);
            assert_int_equal(grouping.excluded.items[0].reason, GROUP_OWN);
            if (adopted == 0) {
                assert_int_equal(grouping.excluded.items[1].reason, GROUP_OWN_PROJECT);
            }
            begin(NULL);
            options.own_container = "me";
            options.adopted = others;
            add("me", "worker", 10, LABELS(cases[i].no_value));
            add("a", "x", 10, LABELS(cases[i].no_value));
            group();
            assert_int_equal(grouping.excluded.count, 2);
            assert_int_equal(grouping.excluded.items[1].reason, GROUP_NO_TASK);
        }
    }
}

/* Where mountinfo alone was there to tell, the id is that of the network's first container. */
static void test_who_shares_the_own_network(void **state)
{
    (void)state;
    for (int found = 0; found < 2; found++) {
        begin(NULL);
        options.own_container = found == 0 ? "vpn" : "me";
        add("vpn", "vpn", 10, LABELS("io.stopfleet.task=vpn"))->network_container = "base";
        add("me", "worker", 10, LABELS(PROJECT("tools"), "io.stopfleet.task=w"))
            ->network_container = "vpn";
        add("kafka", "kafka", 10, LABELS(PROJECT("tools")));
        add("base", "base", 10, LABELS("io.stopfleet.task=base"));
        add("web", "web", 10, LABELS("io.stopfleet.task=web"))->network_container = "gone";
        add("a", "a", 10, LABELS("io.stopfleet.task=circle"))->network_container = "b";
        add("b", "b", 10, LABELS("io.stopfleet.task=circle"))->network_container = "a";
        group();
        assert_int_equal(grouping.groups.count, 2);
        assert_string_equal(grouping.groups.items[0].key, "task circle");
        assert_string_equal(grouping.groups.items[1].key, "task web");
        assert_int_equal(grouping.excluded.count, 4);
        for (size_t i = 0; i < grouping.excluded.count; i++) {
            const char *name = grouping.excluded.items[i].container->described.name;
            assert_int_equal(grouping.excluded.items[i].reason,
                             strcmp(name, "kafka") == 0 ? GROUP_OWN_PROJECT : GROUP_OWN);
        }
    }
    /* The engine no longer lists the one that was found. */
    begin(NULL);
    options.own_container = "vpn";
    add("me", "worker", 10, LABELS("io.stopfleet.task=w"))->network_container = "vpn";
    group();
    assert_int_equal(grouping.groups.count, 0);
}

/* Two containers of one unit and one of another; `more` is on all. */
static void add_units(size_t number, const char *more)
{
    add("agent", "ecs-agent", 10, LABELS("io.stopfleet.ignore=true"));
    add("a", "x", 10, LABELS(SUPERVISED[number].unit, more));
    add("b", "y", 10, LABELS(SUPERVISED[number].unit, more));
    add("c", "z", 10, LABELS(SUPERVISED[number].other_unit, more));
}

/* Whichever others are adopted, who is not stays alone, whatever a task label or a project says. */
static void test_not_adopted(void **state)
{
    (void)state;
    static const char *const more[] = {"io.stopfleet.tag.a=b", "io.stopfleet.task=t",
                                       "com.docker.compose.oneoff=True"};
    for (size_t i = 0; i < SUPERVISED_COUNT; i++) {
        for (size_t j = 0; j < sizeof more / sizeof more[0]; j++) {
            begin(NULL);
            options.adopted = ~0U & ~(1U << SUPERVISED[i].exclusion);
            add_units(i, more[j]);
            group();
            assert_int_equal(grouping.groups.count, 0);
            assert_int_equal(grouping.excluded.count, 4);
            for (size_t k = 1; k < 4; k++) {
                assert_int_equal(grouping.excluded.items[k].reason, SUPERVISED[i].exclusion);
            }
        }
    }
}

static void test_adopted(void **state)
{
    (void)state;
    for (size_t i = 0; i < SUPERVISED_COUNT; i++) {
        begin(NULL);
        assert_int_equal(group_exclusion_from_name(SUPERVISED[i].name), SUPERVISED[i].exclusion);
        assert_string_equal(group_exclusion_name(SUPERVISED[i].exclusion), SUPERVISED[i].name);
        options.adopted = 1U << SUPERVISED[i].exclusion;
        add_units(i, SUPERVISED[i].beside);
        group();
        assert_int_equal(grouping.groups.count, 2);
        size_t first = strcmp(grouping.groups.items[0].key, SUPERVISED[i].key) == 0 ? 0 : 1;
        assert_string_equal(grouping.groups.items[first].key, SUPERVISED[i].key);
        assert_int_equal(grouping.groups.items[first].members.count, 2);
        assert_int_equal(grouping.groups.items[1 - first].members.count, 1);
    }
    assert_int_equal(group_exclusion_from_name("docker"), GROUP_INCLUDED);
}

/* Adopted, but no unit is named: nobody said what it belongs to; a task label says it. */
static void test_adopted_without_a_unit(void **state)
{
    (void)state;
    options.adopted = ~0U;
    add("a", "x", 10, LABELS("io.kubernetes.container.name=c"));
    add("b", "y", 10, LABELS("com.docker.swarm.task.id="));
    add("c", "z", 10, LABELS("com.docker.swarm.task.id=u", "io.stopfleet.task=t"));
    group();
    assert_int_equal(grouping.groups.count, 1);
    assert_string_equal(grouping.groups.items[0].key, "task t");
    assert_int_equal(grouping.excluded.count, 2);
    assert_int_equal(grouping.excluded.items[0].reason, GROUP_NO_TASK);
    assert_int_equal(grouping.excluded.items[1].reason, GROUP_NO_TASK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_is_left_alone),
        TEST(test_the_ecs_agent),
        TEST(test_an_image_that_cannot_be_asked),
        TEST(test_others_containers),
        TEST(test_the_own_container),
        TEST(test_what_belongs_together_with_the_own_container),
        TEST(test_who_shares_the_own_network),
        TEST(test_not_adopted),
        TEST(test_adopted),
        TEST(test_adopted_without_a_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
