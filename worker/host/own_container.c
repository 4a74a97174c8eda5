#include "worker/host/own_container.h"

#include <stdlib.h>
#include <string.h>

enum { ID_LENGTH = OWN_CONTAINER_SIZE - 1 };

/* The last run of exactly 64 hex digits. */
static bool find_id(const char *text, char ret_id[OWN_CONTAINER_SIZE])
{
    bool found = false;
    while (*text != '\0') {
        size_t length = strspn(text, "0123456789abcdef");
        if (length == ID_LENGTH) {
            memcpy(ret_id, text, ID_LENGTH);
            ret_id[ID_LENGTH] = '\0';
            found = true;
        }
        text += length > 0 ? length : 1;
    }
    return found;
}

/* "36 35 98:0 ROOT MOUNTPOINT OPTIONS ..." (proc_pid_mountinfo(5)). */
static bool of_mount(char *line, char ret_id[OWN_CONTAINER_SIZE])
{
    char *rest = NULL;
    char *field = strtok_r(line, " ", &rest);
    char *fields[5] = {0};
    for (size_t i = 0; i < 5 && field != NULL; i++) {
        fields[i] = field;
        field = strtok_r(NULL, " ", &rest);
    }
    return fields[4] != NULL && strcmp(fields[4], "/etc/hostname") == 0 &&
           find_id(fields[3], ret_id);
}

/* "4:memory:/docker/ID", "0::/system.slice/docker-ID.scope" (cgroups(7)). */
static bool of_cgroup(char *line, char ret_id[OWN_CONTAINER_SIZE])
{
    return find_id(line, ret_id);
}

static bool search(const char *path, bool (*of_line)(char *line, char *ret_id), char *ret_id)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    bool found = false;
    while (file != NULL && !found && getline(&line, &size, file) >= 0) {
        found = of_line(line, ret_id);
    }
    free(line);
    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}

bool own_container_find(const char *mountinfo_path, const char *cgroup_path,
                        char ret_id[OWN_CONTAINER_SIZE])
{
    return search(cgroup_path, of_cgroup, ret_id) || search(mountinfo_path, of_mount, ret_id);
}
