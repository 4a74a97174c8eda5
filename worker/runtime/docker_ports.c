#include "worker/runtime/docker_ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/runtime/docker_json.h"

enum { RANGE_MIN_PORTS = 3, RANGE_TEXT_SIZE = 24, PORT_MAX = 65535 };

/* One published port; the list is made first, joined then. */
struct port {
    const char *bind_ip, *protocol;
    int64_t container_port, host_port;
};

struct port_list {
    struct port *items;
    size_t count;
};

static int add_port(struct port_list *list, struct arena *arena, struct port port,
                    struct error *err)
{
    struct port *items = arena_grow(arena, list->items, list->count, sizeof *items);
    if (items == NULL) {
        return error_no_memory(err, "reading a container's ports");
    }
    list->items = items;
    items[list->count++] = port;
    return 0;
}

/* What ECS knows (botocore, TransportProtocol); Docker also publishes sctp. */
static bool is_of_ecs(const char *protocol)
{
    return strcmp(protocol, "tcp") == 0 || strcmp(protocol, "udp") == 0;
}

/* "80/tcp" */
static bool parse_key(const char *key, struct arena *arena, struct port *ret_port)
{
    const char *slash = strchr(key, '/');
    struct span number = {.data = key, .length = slash == NULL ? 0 : (size_t)(slash - key)};
    if (slash == NULL || !is_of_ecs(slash + 1) ||
        !span_to_int64(number, 1, PORT_MAX, &ret_port->container_port)) {
        return false;
    }
    ret_port->protocol = arena_strdup(arena, slash + 1);
    return ret_port->protocol != NULL;
}

static int add_bindings(struct port_list *list, struct arena *arena, struct port port,
                        const json_t *bindings, struct error *err)
{
    size_t i;
    json_t *binding;
    json_array_foreach(bindings, i, binding)
    {
        const char *host_ip = docker_json_text(binding, "HostIp");
        struct span host_port = span_of(docker_json_text(binding, "HostPort"));
        if (!span_to_int64(host_port, 1, PORT_MAX, &port.host_port)) {
            continue;
        }
        /* Podman leaves the address of "all" empty. */
        port.bind_ip = arena_strdup(arena, host_ip == NULL ? "0.0.0.0" : host_ip);
        if (port.bind_ip == NULL || add_port(list, arena, port, err) != 0) {
            return error_no_memory(err, "reading a container's ports");
        }
    }
    return 0;
}

static int compare_ports(const void *left, const void *right)
{
    const struct port *a = left, *b = right;
    int order = strcmp(a->protocol, b->protocol);
    order = order != 0 ? order : strcmp(a->bind_ip, b->bind_ip);
    if (order != 0) {
        return order;
    }
    if (a->container_port != b->container_port) {
        return a->container_port < b->container_port ? -1 : 1;
    }
    return (a->host_port > b->host_port) - (a->host_port < b->host_port);
}

static size_t neighbours(const struct port_list *list, size_t first)
{
    size_t count = 1;
    for (; first + count < list->count; count++) {
        const struct port *a = &list->items[first + count - 1], *b = a + 1;
        if (strcmp(a->protocol, b->protocol) != 0 || strcmp(a->bind_ip, b->bind_ip) != 0 ||
            a->container_port + 1 != b->container_port || a->host_port + 1 != b->host_port) {
            break;
        }
    }
    return count;
}

static const char *range_text(struct arena *arena, int64_t first, size_t count)
{
    char text[RANGE_TEXT_SIZE];
    (void)snprintf(text, sizeof text, "%lld-%lld", (long long)first,
                   (long long)first + (long long)count - 1);
    return arena_strdup(arena, text);
}

static int add_binding(struct described_container *described, struct arena *arena,
                       const struct port *port, size_t count, struct error *err)
{
    struct network_binding *items = arena_grow(arena, described->network_bindings.items,
                                               described->network_bindings.count, sizeof *items);
    struct network_binding binding = {.bind_ip = port->bind_ip, .protocol = port->protocol};
    if (count == 1) {
        binding.container_port = port->container_port;
        binding.host_port = port->host_port;
    } else {
        binding.container_port_range = range_text(arena, port->container_port, count);
        binding.host_port_range = range_text(arena, port->host_port, count);
    }
    bool whole =
        count == 1 || (binding.container_port_range != NULL && binding.host_port_range != NULL);
    if (items == NULL || !whole) {
        return error_no_memory(err, "reading a container's ports");
    }
    described->network_bindings.items = items;
    items[described->network_bindings.count++] = binding;
    return 0;
}

int docker_ports_read(json_t *ports, struct arena *arena, struct described_container *described,
                      struct error *err)
{
    struct port_list list = {0};
    const char *key;
    json_t *bindings;

    json_object_foreach(ports, key, bindings)
    {
        struct port port = {0};
        if (parse_key(key, arena, &port) && add_bindings(&list, arena, port, bindings, err) != 0) {
            return -1;
        }
    }
    if (list.count > 0) {
        qsort(list.items, list.count, sizeof *list.items, compare_ports);
    }
    for (size_t i = 0; i < list.count;) {
        size_t count = neighbours(&list, i);
        count = count < RANGE_MIN_PORTS ? 1 : count;
        if (add_binding(described, arena, &list.items[i], count, err) != 0) {
            return -1;
        }
        i += count;
    }
    return 0;
}
