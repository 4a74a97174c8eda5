#include "tests/support/run_shell.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void read_line(int fd, char *ret_line, size_t size)
{
    FILE *file = fdopen(fd, "re");
    char rest[512];

    ret_line[0] = '\0';
    if (file == NULL) {
        (void)close(fd);
        return;
    }
    if (fgets(ret_line, (int)size, file) != NULL) {
        ret_line[strcspn(ret_line, "\n")] = '\0';
    }
    while (fgets(rest, sizeof rest, file) != NULL) {
        continue;
    }
    (void)fclose(file);
}

int run_shell(const char *command, char *ret_line, size_t size)
{
    int output[2], status = 0;

    if (pipe2(output, O_CLOEXEC) != 0) {
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        if (ret_line != NULL) {
            (void)dup2(output[1], STDOUT_FILENO);
        }
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    (void)close(output[1]);
    if (pid > 0 && ret_line != NULL) {
        read_line(output[0], ret_line, size);
    } else {
        (void)close(output[0]);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
        return -1;
    }
    return WEXITSTATUS(status);
}
