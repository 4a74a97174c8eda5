#include "worker/runtime/process_cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/runtime/process_proc.h"

#define MOUNTED_AT "/sys/fs/cgroup/"
#define MARK       "stopfleet-stop"

enum { LINE_MAX_BYTES = 4096, PROCS_MAX = 4096, PATH_SIZE = PROCESS_CGROUP_PATH_MAX };

bool process_cgroup_path_is_valid(const char *path)
{
    size_t length = strlen(path);
    return strncmp(path, MOUNTED_AT, strlen(MOUNTED_AT)) == 0 && length > strlen(MOUNTED_AT) &&
           length < PATH_SIZE - NAME_MAX && path[length - 1] != '/' && strstr(path, "/.") == NULL &&
           strstr(path, "//") == NULL;
}

/* ---- files of a group ---- */

static int open_file(const char *path, const char *name, int flags)
{
    char file[PATH_SIZE];
    (void)snprintf(file, sizeof file, "%s/%s", path, name);
    return open(file, flags | O_CLOEXEC | O_NOFOLLOW);
}

static bool write_file(const char *path, const char *name, const char *text)
{
    int fd = open_file(path, name, O_WRONLY);
    size_t length = strlen(text);
    bool written = fd >= 0 && write(fd, text, length) == (ssize_t)length;
    if (fd >= 0) {
        (void)close(fd);
    }
    return written;
}

/* @return how many, or -1 with errno */
static int read_procs(const char *path, int64_t pids[PROCS_MAX])
{
    int fd = open_file(path, "cgroup.procs", O_RDONLY);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    char line[64];
    int count = 0;
    if (file == NULL) {
        return -1;
    }
    while (count < PROCS_MAX && fgets(line, sizeof line, file) != NULL) {
        char *end;
        long long pid = strtoll(line, &end, 10);
        if (end != line && pid > 0) {
            pids[count++] = pid;
        }
    }
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    return failed ? -1 : count;
}

static bool has_proc(const char *path, int64_t wanted)
{
    int64_t pids[PROCS_MAX];
    int count = read_procs(path, pids);
    for (int i = 0; i < count; i++) {
        if (pids[i] == wanted) {
            return true;
        }
    }
    return false;
}

/* ---- its making ---- */

/* The line of /proc/self/mountinfo or /proc/self/cgroup for which `take` fills ret. */
static bool find_line(const char *file_name, bool (*take)(char *line, char *ret), char *ret)
{
    char line[LINE_MAX_BYTES];
    FILE *file = fopen(file_name, "re");
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        found = take(line, ret);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}

/* "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw": the fifth field. */
static bool take_mount(char *line, const char *kind, const char *option, char *ret)
{
    char *dash = strstr(line, " - ");
    char *at = line;
    if (dash == NULL || strncmp(dash + 3, kind, strlen(kind)) != 0 ||
        (option != NULL && strstr(dash, option) == NULL)) {
        return false;
    }
    for (int field = 1; at != NULL && field < 5; field++) {
        at = strchr(at, ' ');
        at = at == NULL ? NULL : at + 1;
    }
    if (at == NULL || strcspn(at, " ") >= PATH_SIZE / 4) {
        return false;
    }
    (void)snprintf(ret, PATH_SIZE, "%.*s", (int)strcspn(at, " "), at);
    return true;
}

static bool take_mount_2(char *line, char *ret)
{
    return take_mount(line, "cgroup2 ", NULL, ret);
}

static bool take_mount_1(char *line, char *ret)
{
    return take_mount(line, "cgroup ", "freezer", ret);
}

/* "0::/system.slice/x.service" */
static bool take_own_2(char *line, char *ret)
{
    bool is = strncmp(line, "0::", 3) == 0 && strlen(line) < PATH_SIZE / 2;
    (void)snprintf(ret, PATH_SIZE, "%.*s", PATH_SIZE - 1, is ? line + 3 : "");
    return is;
}

/* "6:freezer:/" */
static bool take_own_1(char *line, char *ret)
{
    char *at = strstr(line, ":freezer:");
    bool is = at != NULL && strlen(at) < PATH_SIZE / 2;
    (void)snprintf(ret, PATH_SIZE, "%.*s", PATH_SIZE - 1, is ? at + strlen(":freezer:") : "");
    return is;
}

bool process_cgroup_make(const char *name, int64_t pid, char ret_path[PROCESS_CGROUP_PATH_MAX])
{
    char mount[PATH_SIZE] = "", own[PATH_SIZE] = "", text[32];
    bool found = find_line("/proc/self/mountinfo", take_mount_2, mount)
                     ? find_line("/proc/self/cgroup", take_own_2, own)
                     : find_line("/proc/self/mountinfo", take_mount_1, mount) &&
                           find_line("/proc/self/cgroup", take_own_1, own);
    int length = snprintf(ret_path, PATH_SIZE, "%s%s/" PROCESS_CGROUP_PREFIX "%s", mount,
                          strcmp(own, "/") == 0 ? "" : own, name);
    (void)snprintf(text, sizeof text, "%lld", (long long)pid);
    if (!found || length >= PATH_SIZE || !process_cgroup_path_is_valid(ret_path)) {
        ret_path[0] = '\0';
        return false;
    }
    process_cgroup_remove(ret_path); /* what an earlier process of that pid left */
    if (mkdir(ret_path, 0755) != 0 || !write_file(ret_path, "cgroup.procs", text)) {
        (void)rmdir(ret_path);
        ret_path[0] = '\0';
        return false;
    }
    return true;
}

/* ---- its end ---- */

static void mark_path(const char *path, char ret[PATH_SIZE])
{
    (void)snprintf(ret, PATH_SIZE, "%s/" MARK, path);
}

static bool has_groups_below(const char *path)
{
    DIR *directory = opendir(path);
    const struct dirent *found;
    bool has = false;
    while (directory != NULL && !has && (found = readdir(directory)) != NULL) {
        has =
            found->d_type == DT_DIR && found->d_name[0] != '.' && strcmp(found->d_name, MARK) != 0;
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    return has;
}

int process_cgroup_mark(const char *path, int64_t pid, struct error *err)
{
    char mark[PATH_SIZE];
    if (!has_proc(path, pid)) {
        return error_set(err, ERROR_INVALID, "process %lld is not in the cgroup \"%.300s\"",
                         (long long)pid, path);
    }
    if (has_proc(path, getpid())) {
        return error_set(err, ERROR_INVALID, "the cgroup \"%.300s\" is this worker's own", path);
    }
    if (has_groups_below(path)) {
        return error_set(err, ERROR_INVALID, "the cgroup \"%.300s\" has others below it", path);
    }
    mark_path(path, mark);
    if (mkdir(mark, 0755) != 0 && errno != EEXIST) {
        return error_set_errno(err, errno, "could not mark the cgroup \"%.300s\"", path);
    }
    return 0;
}

bool process_cgroup_is_marked(const char *path)
{
    char mark[PATH_SIZE];
    mark_path(path, mark);
    return access(mark, F_OK) == 0;
}

/* A pid of the list could be another process' by now: that one is not in the group. */
static void kill_one(const char *path, int64_t pid)
{
    int pidfd = process_pidfd_open(pid);
    if (pidfd >= 0 && has_proc(path, pid)) {
        (void)process_pidfd_signal(pidfd, pid, SIGKILL, false);
    }
    if (pidfd >= 0) {
        (void)close(pidfd);
    }
}

bool process_cgroup_kill(const char *path)
{
    int64_t pids[PROCS_MAX];
    int count = read_procs(path, pids);
    if (count <= 0) {
        return count == 0 || errno == ENOENT;
    }
    if (write_file(path, "cgroup.kill", "1")) {
        return false;
    }
    /* Version 1, or a kernel before 5.14: frozen, they do not fork while they are looked for. */
    bool frozen = write_file(path, "freezer.state", "FROZEN");
    for (int i = 0; i < count; i++) {
        kill_one(path, pids[i]);
    }
    if (frozen) {
        (void)write_file(path, "freezer.state", "THAWED");
    }
    return false;
}

void process_cgroup_remove(const char *path)
{
    const char *name = strrchr(path, '/');
    int64_t pids[PROCS_MAX];
    char mark[PATH_SIZE];
    if (read_procs(path, pids) != 0) {
        return;
    }
    mark_path(path, mark);
    (void)rmdir(mark);
    if (name != NULL &&
        strncmp(name + 1, PROCESS_CGROUP_PREFIX, strlen(PROCESS_CGROUP_PREFIX)) == 0) {
        (void)rmdir(path);
    }
}
