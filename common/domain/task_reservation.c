#include "common/domain/task_reservation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t sum_or_most(int64_t a, int64_t b)
{
    int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static void add_limits(const struct description *description, bool with_ended, int64_t *ret_cpu,
                       int64_t *ret_memory_mib)
{
    int64_t cpu = 0;
    int64_t memory_mib = 0;
    for (size_t i = 0; i < description->containers.count; i++) {
        const struct described_container *container = &description->containers.items[i];
        if (with_ended || !container->ended) {
            cpu = sum_or_most(cpu, container->cpu);
            memory_mib = sum_or_most(memory_mib, container->memory_mib);
        }
    }
    *ret_cpu = description->cpu > 0 ? description->cpu : cpu;
    *ret_memory_mib = description->memory_mib > 0 ? description->memory_mib : memory_mib;
}

void task_reservation_limits(const struct description *description, int64_t *ret_cpu,
                             int64_t *ret_memory_mib)
{
    add_limits(description, true, ret_cpu, ret_memory_mib);
}

/* ---- the group ---- */

static bool stands_for_itself(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr(".-_:/", c) != NULL);
}

/* As the Task document says it: "family:FAMILY" without a label (ECS API, Task.group). */
static void add_group(char *text, const struct description *description)
{
    static const char hex[] = "0123456789abcdef";
    char group[TASK_GROUP_SIZE];
    if (description->group == NULL && description->family == NULL) {
        return;
    }
    (void)snprintf(group, sizeof group, "%s%s", description->group == NULL ? "family:" : "",
                   description->group == NULL ? description->family : description->group);
    char *at = stpcpy(text + strlen(text), " group:");
    for (const char *c = group; *c != '\0'; c++) {
        if (stands_for_itself(*c)) {
            *at++ = *c;
        } else {
            *at++ = '%';
            *at++ = hex[(unsigned char)*c / 16];
            *at++ = hex[(unsigned char)*c % 16];
        }
    }
    *at = '\0';
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void task_reservation_group(struct span text, char ret_group[TASK_GROUP_SIZE])
{
    static const char begin[] = " group:";
    size_t length = 0;
    const char *at =
        text.length == 0 ? NULL : memmem(text.data, text.length, begin, sizeof begin - 1);
    const char *end = text.length == 0 ? NULL : text.data + text.length;
    for (at = at == NULL ? end : at + sizeof begin - 1;
         at != end && *at != ' ' && length + 1 < TASK_GROUP_SIZE; at++) {
        if (*at != '%') {
            ret_group[length++] = *at;
        } else if (end - at > 2 && hex_value(at[1]) >= 0 && hex_value(at[2]) >= 0) {
            ret_group[length++] = (char)(hex_value(at[1]) * 16 + hex_value(at[2]));
            at += 2;
        }
    }
    ret_group[length] = '\0';
}

/* ---- the ports ---- */

/* @return false when there is no more room */
static bool add_port(char *text, const struct network_binding *binding)
{
    size_t length = strlen(text);
    size_t room = TASK_RESERVATION_SIZE - length;
    const char *protocol = binding->protocol == NULL ? "tcp" : binding->protocol;
    int written =
        binding->host_port_range != NULL
            ? snprintf(text + length, room, " %.8s:%.16s", protocol, binding->host_port_range)
            : snprintf(text + length, room, " %.8s:%" PRId64, protocol, binding->host_port);
    if (written < 0 || (size_t)written >= room) {
        text[length] = '\0';
        return false;
    }
    return true;
}

void task_reservation_write(const struct task *task, char ret_text[TASK_RESERVATION_SIZE])
{
    int64_t cpu = 0;
    int64_t memory_mib = 0;
    ret_text[0] = '\0';
    if (task_is_terminal(task)) {
        return;
    }
    add_limits(&task->description, false, &cpu, &memory_mib);
    (void)snprintf(ret_text, TASK_RESERVATION_SIZE, "%" PRId64 " %" PRId64, cpu, memory_mib);
    add_group(ret_text, &task->description);
    for (size_t i = 0; i < task->description.containers.count; i++) {
        const struct described_container *container = &task->description.containers.items[i];
        for (size_t k = 0; !container->ended && k < container->network_bindings.count; k++) {
            if (!add_port(ret_text, &container->network_bindings.items[k])) {
                return;
            }
        }
    }
}

/* Takes the next number; @return false if there is none */
static bool take_number(const char **text, int64_t *ret_number)
{
    char *end = NULL;
    long long number = strtoll(*text, &end, 10);
    if (end == *text || number < 0) {
        return false;
    }
    *text = end;
    *ret_number = number;
    return true;
}

static void mark_ports(struct task_reservations *sum, const char *word)
{
    bool *ports = strncmp(word, "tcp:", 4) == 0   ? sum->tcp
                  : strncmp(word, "udp:", 4) == 0 ? sum->udp
                                                  : NULL;
    int64_t first = 0;
    const char *rest = word + 4;
    if (ports == NULL || !take_number(&rest, &first)) {
        return;
    }
    int64_t last = first;
    if (*rest == '-') {
        rest++;
        if (!take_number(&rest, &last)) {
            return;
        }
    }
    for (int64_t port = first; port <= last && port < HOST_PORTS; port++) {
        ports[port] = true;
    }
}

void task_reservations_add(struct task_reservations *sum, struct span text)
{
    char copy[TASK_RESERVATION_SIZE];
    int64_t cpu = 0;
    int64_t memory_mib = 0;
    if (text.length == 0 || text.length >= sizeof copy) {
        return;
    }
    memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    const char *rest = copy;
    if (!take_number(&rest, &cpu) || !take_number(&rest, &memory_mib)) {
        return;
    }
    if (cpu <= INT32_MAX && memory_mib <= INT32_MAX) {
        sum->cpu += cpu;
        sum->memory_mib += memory_mib;
    }
    char *saved = NULL;
    for (char *word = strtok_r(copy + (rest - copy), " ", &saved); word != NULL;
         word = strtok_r(NULL, " ", &saved)) {
        mark_ports(sum, word);
    }
}
