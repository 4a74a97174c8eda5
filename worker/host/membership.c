#include "worker/host/membership.h"

#include <string.h>

#include "common/domain/arn.h"
#include "worker/host/group_member.h"

#define ECS_PREFIX      "com.amazonaws.ecs."
#define ECS_TASK_ARN    ECS_PREFIX "task-arn"
#define ECS_CLUSTER     ECS_PREFIX "cluster"
#define ECS_AGENT       "ecs-agent"
#define ECS_IMAGE       "amazon-ecs-agent"
#define POD_UID         "io.kubernetes.pod.uid"
#define NOMAD_ALLOC     "com.hashicorp.nomad.alloc_id"
#define SWARM_TASK      "com.docker.swarm.task.id"
#define PODMAN_UNIT     "PODMAN_SYSTEMD_UNIT"
#define TASK_LABEL      LABEL_PREFIX "task"
#define CLUSTER_LABEL   LABEL_PREFIX "cluster"
#define COMPONENT_LABEL LABEL_PREFIX "component"
#define OWN_PROJECT     "stopfleet"

/** Others that stop and start containers: by which label they are known, and what is one task of theirs once adopted. */
struct supervisor {
    enum group_exclusion exclusion;
    const char *label;       /**< ends with '.' = any label that begins so */
    const char *group_label; /**< NULL: the labels say it in a way of their own */
};
static const struct supervisor SUPERVISORS[] = {
    {GROUP_KUBELET, "io.kubernetes.", POD_UID}, {GROUP_SWARM, SWARM_TASK, SWARM_TASK},
    {GROUP_NOMAD, NOMAD_ALLOC, NOMAD_ALLOC},    {GROUP_SYSTEMD, PODMAN_UNIT, PODMAN_UNIT},
    {GROUP_ECS_AGENT, ECS_PREFIX, NULL},
};
enum { SUPERVISOR_COUNT = sizeof SUPERVISORS / sizeof SUPERVISORS[0] };

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static const char *after_last_slash(const char *text)
{
    const char *slash = strrchr(text, '/');
    return slash == NULL ? text : slash + 1;
}

static bool has_label(const struct runtime_container *container, const char *label)
{
    size_t length = strlen(label);
    if (label[length - 1] != '.') {
        return labels_get(container, label) != NULL;
    }
    for (size_t i = 0; i < container->labels.count; i++) {
        if (strncmp(container->labels.items[i].key, label, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Of a label that says who made the container: an image that `docker commit` wrote of it has the same, and whoever runs
 * that image gets it. */
static const char *own_label(const struct runtime_container *container, const char *key)
{
    for (size_t i = 0; i < container->labels.count; i++) {
        const struct runtime_label *label = &container->labels.items[i];
        if (strcmp(label->key, key) == 0) {
            return label->inherited ? NULL : label->value;
        }
    }
    return NULL;
}

/* ---- the scene ---- */

/* ecs-init names the agent's container so and uses this image (amazon-ecs-agent, ecs-init/config). */
static bool is_ecs_agent(const struct runtime_container *container)
{
    const char *image = container->described.image;
    const char *name = image == NULL ? "" : after_last_slash(image);
    size_t length = strcspn(name, ":@");
    return same(container->described.name, ECS_AGENT) ||
           (length == strlen(ECS_IMAGE) && strncmp(name, ECS_IMAGE, length) == 0);
}

static const struct runtime_container *find(const struct membership_scene *scene, const char *id)
{
    for (size_t i = 0; i < scene->count; i++) {
        if (same(scene->containers[i].described.container_id, id)) {
            return &scene->containers[i];
        }
    }
    return NULL;
}

/* The container that a network namespace began with. As many steps as containers: an engine's answer may go in a circle. */
static const char *network_of(const struct membership_scene *scene, const char *id)
{
    for (size_t i = 0; i < scene->count; i++) {
        const struct runtime_container *container = find(scene, id);
        if (container == NULL || container->network_container == NULL) {
            break;
        }
        id = container->network_container;
    }
    return id;
}

static bool has_own_network(const struct membership_scene *scene,
                            const struct runtime_container *container)
{
    const char *id = container->described.container_id;
    return scene->own_network != NULL &&
           same(scene->own_network,
                container->network_container == NULL ? id : network_of(scene, id));
}

/* By mountinfo the container that is found may be one that only shares the worker's network: all that do are its own. */
static void look_for_own(struct membership_scene *scene)
{
    const char *id = scene->options->own_container;
    const struct runtime_container *found = find(scene, id);
    scene->own_network = id == NULL || id[0] == '\0' ? NULL : network_of(scene, id);
    if (found != NULL) {
        scene->own[scene->own_count++] = found;
    }
    for (size_t i = 0; i < scene->count && scene->own_count < MEMBERSHIP_OWN_MAX; i++) {
        if (&scene->containers[i] != found && has_own_network(scene, &scene->containers[i])) {
            scene->own[scene->own_count++] = &scene->containers[i];
        }
    }
}

struct membership_scene membership_look(const struct runtime_container *containers, size_t count,
                                        const struct grouping_options *options)
{
    struct membership_scene scene = {.options = options, .containers = containers, .count = count};
    for (size_t i = 0; i < count; i++) {
        scene.ecs_agent = scene.ecs_agent || is_ecs_agent(&containers[i]);
    }
    look_for_own(&scene);
    return scene;
}

/* ---- who is left alone ---- */

static bool belong_together(const struct runtime_container *a, const struct runtime_container *b)
{
    static const char *const together[] = {COMPOSE_PROJECT, ECS_TASK_ARN, TASK_LABEL,
                                           POD_UID,         NOMAD_ALLOC,  SWARM_TASK};
    for (size_t i = 0; i < sizeof together / sizeof together[0]; i++) {
        const char *value = labels_get(a, together[i]);
        if (value != NULL && value[0] != '\0' && same(value, labels_get(b, together[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_beside_us(const struct membership_scene *scene,
                         const struct runtime_container *container)
{
    for (size_t i = 0; i < scene->own_count; i++) {
        if (belong_together(container, scene->own[i])) {
            return true;
        }
    }
    return false;
}

static bool is_adopted(const struct membership_scene *scene, enum group_exclusion exclusion)
{
    return (scene->options->adopted & 1U << exclusion) != 0;
}

static enum group_exclusion own_exclusion(const struct membership_scene *scene,
                                          const struct runtime_container *container)
{
    if (labels_get(container, COMPONENT_LABEL) != NULL || has_own_network(scene, container) ||
        same(labels_get(container, COMPOSE_PROJECT), OWN_PROJECT)) {
        return GROUP_OWN;
    }
    return is_beside_us(scene, container) && !is_adopted(scene, GROUP_OWN_PROJECT)
               ? GROUP_OWN_PROJECT
               : GROUP_INCLUDED;
}

static const struct supervisor *supervisor_of(const struct membership_scene *scene,
                                              const struct runtime_container *container)
{
    for (size_t i = 0; i < SUPERVISOR_COUNT; i++) {
        const struct supervisor *supervisor = &SUPERVISORS[i];
        bool there = supervisor->exclusion != GROUP_ECS_AGENT || scene->ecs_agent;
        if (there && has_label(container, supervisor->label)) {
            return supervisor;
        }
    }
    return NULL;
}

bool membership_may_be_agents(const struct runtime_container *container,
                              const struct grouping_options *options)
{
    return has_label(container, ECS_PREFIX) && (options->adopted & 1U << GROUP_ECS_AGENT) == 0;
}

static enum arn_problem judge_cluster(const struct membership_scene *scene, const char *cluster)
{
    const struct grouping_options *options = scene->options;
    struct arn_scope scope = {.region = options->region, .account = options->account};
    char name[ARN_NAME_SIZE], detail[ARN_DETAIL_SIZE];
    enum arn_problem problem = arn_parse_cluster(cluster, &scope, name, detail);
    return problem == ARN_OK && strcmp(name, options->cluster) != 0 ? ARN_OTHER_CLUSTER : problem;
}

static bool is_other_cluster(const struct membership_scene *scene, const char *cluster)
{
    return cluster != NULL && judge_cluster(scene, cluster) != ARN_OK;
}

static enum group_exclusion exclusion_of(const struct membership_scene *scene,
                                         const struct runtime_container *container,
                                         const struct label_values *labels)
{
    const struct supervisor *supervisor = supervisor_of(scene, container);
    enum group_exclusion own = own_exclusion(scene, container);
    if (labels->ignore) {
        return GROUP_IGNORED;
    }
    if (own != GROUP_INCLUDED) {
        return own;
    }
    if (supervisor != NULL && !is_adopted(scene, supervisor->exclusion)) {
        return supervisor->exclusion;
    }
    if (is_other_cluster(scene, labels_get(container, CLUSTER_LABEL)) ||
        is_other_cluster(scene, labels_get(container, ECS_CLUSTER))) {
        return GROUP_OTHER_CLUSTER;
    }
    return GROUP_INCLUDED;
}

/* ---- which task ---- */

static bool has_compose_mark(const struct runtime_container *container)
{
    static const char *const of_containers[] = {COMPOSE_HASH, COMPOSE_ONEOFF, COMPOSE_NUMBER};
    bool has = false;
    for (size_t i = 0; i < sizeof of_containers / sizeof of_containers[0]; i++) {
        has = has || labels_get(container, of_containers[i]) != NULL;
    }
    return has;
}

/* A container that Compose makes has a label that its image has not, or not so: at least the hash of its configuration or of its image. */
static bool all_inherited(const struct runtime_container *container, const char *prefix)
{
    for (size_t i = 0; i < container->labels.count; i++) {
        const struct runtime_label *label = &container->labels.items[i];
        if (strncmp(label->key, prefix, strlen(prefix)) == 0 && !label->inherited) {
            return false;
        }
    }
    return true;
}

/* Compose names project and service on the images that it builds, too, and whoever runs one of them gets these labels.
 * Of what it writes on containers alone, podman-compose has the number, and v1's one-off containers have no hash. */
static const char *compose_project_of(const struct runtime_container *container)
{
    const char *project = labels_get(container, COMPOSE_PROJECT);
    bool made = project != NULL && project[0] != '\0' && has_compose_mark(container) &&
                !all_inherited(container, COMPOSE_PREFIX);
    return made ? project : NULL;
}

/* Of an image that was made of a container of Compose's or of the ECS agent's, its task label is no more meant for
 * who runs it than theirs; an image's own LABEL is. */
static const char *task_label_of(const struct runtime_container *container,
                                 const struct label_values *labels)
{
    bool committed =
        (has_compose_mark(container) && all_inherited(container, COMPOSE_PREFIX)) ||
        (labels_get(container, ECS_TASK_ARN) != NULL && own_label(container, ECS_TASK_ARN) == NULL);
    return committed && own_label(container, TASK_LABEL) == NULL ? NULL : labels->task;
}

/* Who made it cannot be told: what its labels say of that its image may have brought, as one that `docker commit` wrote. */
static bool is_of_unknown_image(const struct membership_scene *scene,
                                const struct runtime_container *container)
{
    const struct grouping_options *options = scene->options;
    const struct supervisor *supervisor = supervisor_of(scene, container);
    bool matters = labels_get(container, COMPOSE_PROJECT) != NULL ||
                   labels_get(container, ECS_TASK_ARN) != NULL || supervisor != NULL;
    return container->image_labels_unknown && matters &&
           (options->described == NULL ||
            !options->described(options->context, container->described.container_id));
}

static struct membership in_project(const struct runtime_container *container,
                                    const struct grouping_options *options, const char *project)
{
    const char *service = options->by_service ? labels_get(container, COMPOSE_SERVICE) : NULL;
    return (struct membership){.kind = service == NULL ? GROUP_KIND_PROJECT : GROUP_KIND_SERVICE,
                               .value = project,
                               .part = service,
                               .name = project};
}

static struct membership by_other_labels(const struct membership_scene *scene,
                                         const struct runtime_container *container,
                                         const struct label_values *labels)
{
    const char *project = compose_project_of(container);
    const char *task = task_label_of(container, labels);
    const struct supervisor *supervisor = supervisor_of(scene, container);
    /* Before the task label: `compose run` copies it from the service. */
    if (project != NULL && same(labels_get(container, COMPOSE_ONEOFF), "True")) {
        return (struct membership){.kind = GROUP_KIND_ONEOFF,
                                   .value = container->described.container_id,
                                   .name = task != NULL ? task : project};
    }
    if (task != NULL) {
        return (struct membership){.kind = GROUP_KIND_TASK, .value = task, .name = task};
    }
    if (project != NULL) {
        return in_project(container, scene->options, project);
    }
    const char *unit = supervisor == NULL || supervisor->group_label == NULL
                           ? NULL
                           : own_label(container, supervisor->group_label);
    if (unit != NULL && unit[0] != '\0') {
        return (struct membership){.kind = GROUP_KIND_SUPERVISED,
                                   .value = group_exclusion_name(supervisor->exclusion),
                                   .part = unit,
                                   .name = unit};
    }
    return (struct membership){.exclusion = GROUP_NO_TASK};
}

/** Of an ECS task ARN that is of no use: what may be there, and what holds instead. */
struct arn_verdict {
    bool other; /**< it is somebody else's */
    const char *accepted, *otherwise;
};

static struct arn_verdict judge(enum arn_problem problem)
{
    const char *accepted = problem == ARN_OTHER_CLUSTER   ? "a task ARN of the worker's --cluster"
                           : problem == ARN_OTHER_REGION  ? "a task ARN of the worker's --region"
                           : problem == ARN_OTHER_ACCOUNT ? "a task ARN of the worker's --account"
                                                          : NULL;
    if (accepted == NULL) {
        return (struct arn_verdict){false, "the ARN of an ECS task",
                                    "it is no ECS task: its other labels decide"};
    }
    return (struct arn_verdict){true, accepted, "the container is left alone"};
}

static int warn(struct label_warnings *warnings, const struct runtime_container *container,
                const char *label, const char *value, struct arn_verdict verdict,
                struct arena *arena, struct error *err)
{
    struct label_warning warning = {.container = container->described.name,
                                    .label = label,
                                    .value = value,
                                    .accepted = verdict.accepted,
                                    .otherwise = verdict.otherwise};
    return label_warnings_add(warnings, &warning, arena, err);
}

/* @return 1 if it is a task of ECS (*ret is filled), 0 if other labels decide, -1 */
static int in_ecs(const struct membership_scene *scene, const struct runtime_container *container,
                  const struct label_values *labels, struct arena *arena, struct membership *ret,
                  struct label_warnings *warnings, struct error *err)
{
    static const struct arn_verdict arn_holds = {false, "no such label beside an ECS task's",
                                                 "the ECS task ARN says which task it is"};
    const struct grouping_options *options = scene->options;
    const char *arn = own_label(container, ECS_TASK_ARN);
    struct arn_scope scope = {
        .region = options->region, .account = options->account, .cluster = options->cluster};
    char id[ARN_TASK_ID_SIZE], detail[ARN_DETAIL_SIZE];
    if (arn == NULL) {
        return 0;
    }
    enum arn_problem problem =
        strncmp(arn, "arn:", 4) != 0 ? ARN_OTHER_TYPE : arn_parse_task(arn, &scope, id, detail);
    if (problem != ARN_OK) {
        struct arn_verdict verdict = judge(problem);
        *ret = (struct membership){.exclusion = GROUP_OTHER_CLUSTER};
        int result = warn(warnings, container, ECS_TASK_ARN, arn, verdict, arena, err);
        return result != 0 ? result : (verdict.other ? 1 : 0);
    }
    const char *given = arena_strdup(arena, id);
    if (given == NULL) {
        return error_no_memory(err, "grouping containers");
    }
    *ret = (struct membership){
        .kind = GROUP_KIND_ECS, .value = given, .given_id = given, .name = given};
    return labels->task != NULL &&
                   warn(warnings, container, TASK_LABEL, labels->task, arn_holds, arena, err) != 0
               ? -1
               : 1;
}

/* A wrong cluster is nobody's, and not another one. */
static int check_clusters(const struct membership_scene *scene,
                          const struct runtime_container *container, struct arena *arena,
                          struct label_warnings *warnings, struct error *err)
{
    static const struct arn_verdict wrong = {true, "a cluster's name or ARN", "it is left alone"};
    for (size_t i = 0; i < container->labels.count; i++) {
        const struct runtime_label *label = &container->labels.items[i];
        if (!same(label->key, CLUSTER_LABEL) && !same(label->key, ECS_CLUSTER)) {
            continue;
        }
        enum arn_problem problem = judge_cluster(scene, label->value);
        bool known = problem == ARN_OK || problem == ARN_OTHER_CLUSTER ||
                     problem == ARN_OTHER_REGION || problem == ARN_OTHER_ACCOUNT;
        const char *said = label->member != NULL ? label->member : label->key;
        if (!known && warn(warnings, container, said, label->value, wrong, arena, err) != 0) {
            return -1;
        }
    }
    return 0;
}

int membership_find(const struct membership_scene *scene, const struct runtime_container *container,
                    const struct label_values *labels, struct arena *arena,
                    struct membership *ret_membership, struct label_warnings *warnings,
                    struct error *err)
{
    *ret_membership = (struct membership){.exclusion = exclusion_of(scene, container, labels)};
    if (check_clusters(scene, container, arena, warnings, err) != 0) {
        return -1;
    }
    if (ret_membership->exclusion == GROUP_INCLUDED && is_of_unknown_image(scene, container)) {
        ret_membership->exclusion = GROUP_IMAGE_UNKNOWN;
    }
    if (ret_membership->exclusion != GROUP_INCLUDED) {
        return 0;
    }
    int ecs = in_ecs(scene, container, labels, arena, ret_membership, warnings, err);
    if (ecs == 0) {
        *ret_membership = by_other_labels(scene, container, labels);
    }
    return ecs < 0 ? -1 : 0;
}
